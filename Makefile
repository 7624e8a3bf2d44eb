# Every target makes .venv first if it is not there; needs only python3 and make.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
JOBS ?= 2
EXAMPLE ?= examples/stuck/spiral.py
EXAM_ANSWERS ?= exam-answers.jsonl

.PHONY: run test test-all test-matrix lint docs bench bench-reading exam clean

run: $(READY) ## Run gradproof on a loop that fails silently (EXAMPLE=path for another one).
	@TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/gradproof run --exit-zero $(EXAMPLE)

test: $(READY) ## All tests but the slow ones, in two processes (JOBS=N for more).
	@TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --timeout 600 -m "not slow"

test-all: $(READY) ## All tests.
	@TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile

test-matrix: $(READY) ## A sample on other versions of TensorFlow and Python, in environments of their own.
	@$(BIN)/python tests/matrix.py

lint: $(READY) ## ruff, mypy and typos.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/typos

docs: $(READY) ## The documentation, into site/; broken links are errors.
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet
	@echo "site/index.html; its search needs a server: $(BIN)/python -m http.server -d site"

bench: $(READY) ## Watched / bare, in one run.
	@TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python benchmarks/overhead.py

bench-reading: $(READY) ## gradproof check beside ruff, pyflakes and pylint, in one run.
	@$(BIN)/python benchmarks/reading.py

exam: $(READY) ## The public exam, with every tool; hours. Goes on where it was stopped.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[exam]"
	@$(BIN)/python benchmarks/exam/run.py --answers $(EXAM_ANSWERS)

clean: ## Throw away .venv and what tools left behind.
	rm -rf .venv .venv-* site .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Installed again only when pyproject.toml says something new.
$(READY): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[tensorflow,dev,docs]"
	@touch $(READY)
