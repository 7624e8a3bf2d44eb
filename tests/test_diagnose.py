"""Joining suspicion with proof, folding consequences, ranking."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from gradproof.diagnose import diagnose, one_a_mend
from gradproof.evidence.applies import Apply, Pair, Step, Update
from gradproof.evidence.gradients import GradientCall, Source, Target
from gradproof.evidence.loop import Loop, Spot
from gradproof.evidence.run import Run
from gradproof.evidence.variable import Variable
from gradproof.fault import Diagnosis, Fault, Verdict
from gradproof.finding import Edit, Finding, Fix, Place, Related, Span
from gradproof.standing import rules, standings, step_count

LOOP = Loop("train.py")


def at(line: int, column: int = 0, end_column: int = 0, path: str = "train.py") -> Place:
    return Place(path, Span(line, column or 1, line, end_column))


def fault(
    code: str,
    name: str,
    find: Iterable[Finding] = (),
    prove: Iterable[Finding] = (),
    settle: Callable[[Finding, Run], Any] | None = None,
    **named: Any,
) -> Fault:
    return Fault(
        code,
        name,
        f"The {name} title.",
        find=lambda loop: find,
        prove=lambda run: prove,
        settle=settle,
        **named,
    )


def names(diagnoses: Iterable[Diagnosis]) -> list[str]:
    return [diagnosis.fault.name for diagnosis in diagnoses]


class TestJoining:
    """A suspicion and its proof become one diagnosis."""

    def test_what_the_program_wants(self):
        """Source says that a part is left out on purpose: a proof of it is no fault."""
        left = fault("GP109", "left-out", prove=[Finding("nothing moves it", at(4, 30, 40))])
        meant = LOOP._replace(meant=(("left-out", Spot(Span(4, 1, 4, 60))),))
        assert diagnose([left], [meant], Run()) == []
        for other in (("left-out", Spot(Span(5, 1, 5, 60))), ("others", Spot(Span(4, 1, 4, 60)))):
            assert len(diagnose([left], [LOOP._replace(meant=(other,))], Run())) == 1

    def test_same_line(self):
        """Words and numbers of the proof, place, label and fix of the source."""
        fix = Fix("use one list", False, (Edit(at(4, 30, 40), "a"),))
        seen = Finding("lists differ", at(4, 30, 40), "applied to these", fix=fix)
        proof = Finding("moved by 0.1", at(4), variables=("a",), step=1, evidence={"norm": 0.1})
        (one,) = diagnose([fault("GP403", "mispaired", [seen], [proof])], [LOOP], Run())
        assert one.verdict is Verdict.PROVEN
        assert (one.message, one.place, one.label) == ("moved by 0.1", at(4, 30, 40), seen.label)
        assert (one.fix, one.variables, one.step) == (fix, ("a",), 1)
        assert one.evidence == {"norm": 0.1}

    def test_a_second_place_of_the_proof(self):
        """What source says of it is no diagnosis of its own; both places are mended."""

        def seen(line: int, name: str) -> Finding:
            fix = Fix("subtract it", False, (Edit(at(line, 3, 5), "sub"),))
            return Finding("climbs", at(line, 3, 5), "up", variables=(name,), fix=fix)

        proof = Finding(
            "both climbed", at(4), related=(Related(at(5), "and here"),), variables=("a", "b")
        )
        found = [seen(4, "a"), seen(5, "b"), seen(5, "c")]
        one, other = diagnose([fault("GP504", "uphill", found, [proof])], [LOOP], Run())
        assert (one.verdict, one.place) == (Verdict.PROVEN, at(4, 3, 5))
        assert one.fix
        assert [edit.place.line for edit in one.fix.edits] == [4, 5]
        assert (other.verdict, other.variables) == (Verdict.SUSPECTED, ("c",))

    def test_same_variable_at_another_line(self):
        """The proof's place stands; that of the source is told beside it."""
        seen = Finding("made bare", at(3, 5, 9), "here", variables=("scale",))
        proof = Finding("no gradient", at(20), variables=("layer/scale:0",))
        (one,) = diagnose([fault("GP101", "untracked", [seen], [proof])], [LOOP], Run())
        assert one.place == at(20)
        assert one.related == (Related(at(3, 5, 9), "here"),)

    def test_line_wins_over_order(self):
        """Of two suspicions the one at the proof's line is confirmed."""
        seen = [Finding("one", at(3)), Finding("two", at(9))]
        found = diagnose([fault("GP201", "outside", seen, [Finding("p", at(9))])], [LOOP], Run())
        assert [(one.message, one.verdict.value) for one in found] == [
            ("p", "proven"),
            ("one", "suspected"),
        ]

    def test_proof_without_place_takes_that_of_source(self):
        """A run does not always know a line."""
        seen, proof = Finding("s", at(7, 1, 4)), Finding("p", variables=("w",))
        (one,) = diagnose([fault("GP501", "zero-rate", [seen], [proof])], [LOOP], Run())
        assert (one.place, one.variables) == (at(7, 1, 4), ("w",))

    def test_two_proofs_and_two_suspicions_without_names(self):
        """What is confirmed by its line is not taken by another proof."""
        seen = [Finding("one", at(3)), Finding("two", at(9))]
        proofs = [Finding("p3", at(3), variables=("a",)), Finding("p9", at(9), variables=("b",))]
        found = diagnose([fault("GP201", "outside", seen, proofs)], [LOOP], Run())
        assert sorted((one.message, one.place.line) for one in found if one.place) == [
            ("p3", 3),
            ("p9", 9),
        ]

    def test_different_files_are_different_places(self):
        """Line 3 of one file is not line 3 of another."""
        seen = Finding("s", at(3, path="a.py"), variables=("u",))
        proof = Finding("p", at(3, path="b.py"), variables=("v",))
        assert len(diagnose([fault("GP201", "outside", [seen], [proof])], [LOOP], Run())) == 2

    def test_places_are_compared_as_they_are_shown(self):
        """Source says `train.py`, the run `/home/me/train.py`."""
        seen, proof = Finding("s", at(3, 2, 5)), Finding("p", at(3, path="/me/train.py"))
        (one,) = diagnose(
            [fault("GP201", "outside", [seen], [proof])],
            [LOOP],
            Run(),
            locate=lambda place: Place(place.path.removeprefix("/me/"), place.span),
        )
        assert one.place == at(3, 2, 5)


class TestSettling:
    """What no proof confirms is weighed against the run."""

    def settled(self, outcome: object) -> list[Diagnosis]:
        seen = Finding("s", at(3))
        one = fault("GP302", "zero-region", [seen], settle=lambda finding, run: outcome)
        return diagnose([one], [LOOP], Run())

    def test_cleared(self):
        """Measured fine: not reported."""
        assert self.settled(Verdict.CLEARED) == []

    def test_measured(self):
        """Measured words make it proven."""
        (one,) = self.settled(Finding("norm 0 at step 1", at(3)))
        assert (one.verdict, one.message) == (Verdict.PROVEN, "norm 0 at step 1")

    def test_unknown(self):
        """Nothing known: still suspected."""
        (one,) = self.settled(None)
        assert one.verdict is Verdict.SUSPECTED

    def test_source_alone_is_never_settled(self):
        """Without a run there is nothing to weigh against."""
        seen = Finding("s", at(3))
        one = fault("GP302", "zero-region", [seen], settle=lambda finding, run: 1 / 0)
        assert diagnose([one], [LOOP])[0].verdict is Verdict.SUSPECTED


class TestMerging:
    """The same fault at the same place is one diagnosis."""

    def test_what_the_run_only_inferred_stands_where_the_source_sees_it(self):
        """The same gradient call ends both stories; another one's suspicion stays where it is."""
        proof = Finding("left", at(9), related=(Related(at(12), "asked"),), inferred=True)
        for asked, line in ((12, 3), (30, 9)):
            seen = Finding("asarray", at(3, 5, 9), "left", related=(Related(at(asked), "asked"),))
            (one,) = diagnose([fault("GP202", "numpy", [seen], [proof])], [LOOP], Run())
            assert one.place is not None
            assert one.place.line == line

    @pytest.mark.parametrize(("usual", "level"), [("advice", "warning"), ("error", "error")])
    def test_a_level_of_the_source_stays_where_it_is_worse(self, usual, level):
        """A proof makes nothing milder; what the source warned of may be an error."""
        seen, proof = Finding("sure", at(3), level="warning"), Finding("seen", at(3))
        (one,) = diagnose([fault("GP508", "apart", [seen], [proof], level=usual)], [LOOP], Run())
        assert one.level == level

    def test_what_the_same_edits_mend_is_one(self):
        fix = Fix("use one order", False, (Edit(at(2), "a + b"),))
        one, two = (
            Finding("mixed up", at(line), "applied", variables=(name,), fix=fix)
            for line, name in ((4, "a"), (5, "b"))
        )
        both = diagnose([fault("GP403", "mispaired", (), [one, two])], [LOOP], Run())
        (found,) = one_a_mend(both)
        assert found.variables == ("a", "b")
        assert found.related == (Related(at(5), "applied"),)
        other = replace(both[1], fix=Fix("use one order", False, (Edit(at(3), "b + a"),)))
        assert one_a_mend([both[0], other]) == [both[0], other]
        bare = [replace(each, fix=None) for each in both]
        assert one_a_mend(bare) == bare

    def test_variables_are_united(self):
        """Each variable is named once."""
        proofs = [Finding("a", at(3), variables=("a",)), Finding("b", at(3), variables=("b", "a"))]
        (one,) = diagnose([fault("GP208", "unconnected", (), proofs)], [], Run())
        assert (one.message, one.variables) == ("a", ("a", "b"))

    def test_other_columns_are_another_place(self):
        """Two calls may share a line."""
        seen = [Finding("a", at(3, 1, 5)), Finding("b", at(3, 7, 9))]
        assert len(diagnose([fault("GP208", "unconnected", seen)], [LOOP])) == 2


class TestFolding:
    """What only follows from another fault is told under it."""

    def test_symptom_with_the_same_variables(self):
        """By the fault's own list."""
        cause = fault("GP202", "numpy", [Finding("c", at(5), variables=("enc/kernel",))])
        cause = Fault("GP202", "numpy", "T.", find=cause.find, symptoms=("unconnected",))
        effect = fault(
            "GP208", "unconnected", [Finding("e", at(8), variables=("enc",))], level="warning"
        )
        (one,) = diagnose([effect, cause], [LOOP])
        assert names([one]) == ["numpy"]
        assert names(one.consequences) == ["unconnected"]

    def test_symptom_with_other_variables_stands_alone(self):
        """Two faults that do not cause each other are both named."""
        cause = fault(
            "GP202",
            "numpy",
            [Finding("c", at(5), variables=("enc",))],
            symptoms=("unconnected",),
        )
        effect = fault("GP208", "unconnected", [Finding("e", at(8), variables=("head",))])
        assert sorted(names(diagnose([cause, effect], [LOOP]))) == ["numpy", "unconnected"]

    def test_symptom_of_other_variables_on_the_same_line(self):
        """One call before the tape cuts some variables off in one way, the rest in another."""
        cause = fault(
            "GP210", "inner", [Finding("c", at(5), variables=("net",))], symptoms=("outside",)
        )
        effect = fault("GP201", "outside", [Finding("e", at(5), variables=("damping",))])
        assert names(diagnose([cause, effect], [LOOP])) == ["inner"]

    def test_symptom_named_by_the_finding(self):
        """A finding may account for more than its fault does in general."""
        cause = fault("GP101", "untracked", [Finding("c", at(5), symptoms=("misuse",))])
        effect = fault("GP406", "misuse", [Finding("e", at(8))])
        assert names(diagnose([cause, effect], [LOOP])) == ["untracked"]

    def test_mild_cause_does_not_hide_an_error(self):
        """Advice never swallows what is worse."""
        cause = fault("GP801", "slow", [Finding("c", at(5))], level="advice", symptoms=("misuse",))
        effect = fault("GP406", "misuse", [Finding("e", at(8))])
        assert names(diagnose([cause, effect], [LOOP])) == ["misuse", "slow"]

    def test_circle_of_symptoms_ends(self):
        """Two faults that claim each other: one of them stays on top."""
        one = fault("GP201", "one", [Finding("c", at(5))], symptoms=("two",))
        two = fault("GP202", "two", [Finding("e", at(8))], symptoms=("one",))
        (top,) = diagnose([one, two], [LOOP])
        assert names(top.consequences) != names([top])

    def test_chain(self):
        """The effect of an effect stands below it."""
        one = fault("GP201", "one", [Finding("c", at(5))], symptoms=("two",))
        two = fault("GP202", "two", [Finding("e", at(8))], symptoms=("three",))
        three = fault("GP203", "three", [Finding("f", at(9))])
        (top,) = diagnose([three, two, one], [LOOP])
        assert names(top.consequences) == ["two"]
        assert names(top.consequences[0].consequences) == ["three"]


class TestRanking:
    """The cause that explains most comes first."""

    def test_level_then_proof_then_size_then_stage(self):
        """Each rule decides where those before it do not."""
        faults = [
            fault("GP801", "advice", (), [Finding("m", at(1))], level="advice"),
            fault("GP208", "warning", (), [Finding("m", at(1))], level="warning"),
            fault("GP101", "suspected", [Finding("m", at(1), variables=("a", "b", "c"))]),
            fault("GP403", "late", (), [Finding("m", at(2), variables=("a",))]),
            fault("GP203", "early", (), [Finding("m", at(3), variables=("z",))]),
            fault("GP405", "large", (), [Finding("m", at(4), variables=("x", "y"))]),
        ]
        found = diagnose(faults, [LOOP], Run())
        assert names(found) == ["large", "early", "late", "suspected", "warning", "advice"]

    def test_order_does_not_depend_on_the_order_of_faults(self):
        """The same evidence gives the same report."""
        faults = [
            fault("GP403", "a", [Finding("m", at(2))]),
            fault("GP404", "b", [Finding("m", at(2))]),
            fault("GP403", "c", [Finding("m")]),
        ]
        assert names(diagnose(faults, [LOOP])) == names(diagnose(faults[::-1], [LOOP]))


def test_a_failing_fault_leaves_the_others():
    """Our own mistake in one fault is told, and the rest is judged."""
    broken = Fault("GP101", "broken", "T.", find=lambda loop: 1 / 0)  # type: ignore[arg-type]
    told: list[str] = []
    found = diagnose(
        [broken, fault("GP403", "sound", [Finding("m", at(2))])],
        [LOOP],
        on_failure=lambda fault, failure: told.append(f"{fault.name}: {failure}"),
    )
    assert names(found) == ["sound"]
    assert told == ["broken: division by zero"]
    with pytest.raises(ZeroDivisionError):
        diagnose([broken], [LOOP])


def run_of(**named: Any) -> Run:
    """A run with the variables `a` (1), `b` (2) and one of an optimizer (3)."""
    variables = (
        Variable(1, "a", (2,)),
        Variable(2, "b", (3,)),
        Variable(3, "adam/m", (2,), role="optimizer"),
        Variable(4, "frozen", trainable=False),
    )
    return Run(variables=variables, **named)


def call(connected: bool | None) -> GradientCall:
    return GradientCall(1, (at(4),), 1, 1, 0, (Target(0),), (Source(2, connected=connected),))


def adam(*keys: int, **named: Any) -> Apply:
    return Apply(1, (at(5),), 1, 0, "Adam", 1, tuple(Pair(key) for key in keys), **named)


class TestStandings:
    """Each trainable model variable has one row."""

    def row(self, run: Run, name: str = "b") -> tuple[str, str | None]:
        (found,) = [one for one in standings(run, []) if one.variable == name]
        return found.state, found.stage

    def test_only_trainable_model_variables_have_a_row(self):
        """Slots, seeds and frozen variables stand still for good reasons."""
        assert sorted(one.variable for one in standings(run_of(), [])) == ["a", "b"]

    def test_what_the_program_keeps_by_hand(self):
        """A slot or an average that is assigned, and asked for no gradient, has no row."""
        kept = replace(adam(2), by="assign", optimizer=None)
        assert [one.variable for one in standings(run_of(applies=(kept,)), [])] == ["a"]

    def test_moved(self):
        """By how much and by whose rule."""
        steps = (Step(1, 1, (Update(2, 0.5, 1.0, 0.01),)),)
        run = run_of(applies=(adam(2, counted=1),), steps=steps)
        (row,) = [one for one in standings(run, []) if one.variable == "b"]
        assert (row.state, row.why) == ("moved", "changed by 0.01 (norm) when last seen (Adam)")
        assert rules(run) == ("Adam",)

    def test_unconnected(self):
        """A gradient of None is lost at recorded."""
        assert self.row(run_of(calls=(call(False),))) == ("broken", "recorded")

    def test_never_applied(self):
        """A gradient that nobody hands over is lost at applied."""
        assert self.row(run_of(calls=(call(True),))) == ("broken", "applied")

    @pytest.mark.parametrize(
        ("norm", "stage"),
        [
            (0.0, "differentiated"),
            (float("nan"), "differentiated"),
            (0.3, "moved"),
            (None, "applied"),
        ],
    )
    def test_still(self, norm, stage):
        """The gradient tells at which stage a variable that stands still is lost."""
        steps = (Step(1, 1, (Update(2, norm, 1.0, 0.0),)),)
        run = run_of(calls=(call(True),), applies=(adam(2),), steps=steps)
        assert self.row(run) == ("broken", stage)

    def test_not_asked_for_is_no_fault(self):
        """A target network or an encoder that is kept rests."""
        assert self.row(run_of()) == ("resting", None)

    def test_diagnosis_decides(self):
        """What a diagnosis, or its consequence, says goes before the facts."""
        finding = Finding("m", at(3), variables=("b",))
        found = diagnose([fault("GP403", "mispaired", (), [finding])], [], Run())
        (row,) = [one for one in standings(run_of(), found) if one.variable == "b"]
        assert (row.state, row.stage) == ("broken", "applied")
        assert row.why == "GP403 mispaired"

    def test_consequence_names_its_cause(self):
        """So that the table says what to mend."""
        cause = fault("GP403", "mispaired", (), [Finding("m", at(3))], symptoms=("dropped",))
        effect = fault("GP401", "dropped", (), [Finding("m", at(4), variables=("b",))])
        found = diagnose([cause, effect], [], Run())
        (row,) = [one for one in standings(run_of(), found) if one.variable == "b"]
        assert row.why == "GP401 dropped, follows from GP403"

    def test_broken_ones_come_first(self):
        """By stage, so that the earliest is on top."""
        run = run_of(calls=(call(False),))
        assert [one.variable for one in standings(run, [])] == ["b", "a"]


def test_steps_of_a_traced_function_are_measured_ones():
    """Such an apply call is made once a trace, and passed at every step."""
    run = run_of(applies=(adam(2, traced=True, counted=1),), steps=(Step(80, 1, ()),))
    assert step_count(run) == 80


def test_steps_of_all_traces_of_a_function():
    """One for each shape of a batch: each has a call of its own, at the same line."""
    applies = [Apply(key, (at(5),), key, 0, "Adam", 1, traced=True, counted=1) for key in (1, 2, 3)]
    steps = tuple(Step(20, key, ()) for key in (1, 2, 3))
    assert step_count(run_of(applies=tuple(applies), steps=steps)) == 60


def test_steps_by_hand_of_several_variables_and_traces():
    """A step changes every variable, so those of one trace count once."""
    keys = [(1, 1), (2, 1), (3, 2), (4, 2)]
    applies = [Apply(key, (at(5),), trace, 0, "assign_sub", traced=True) for key, trace in keys]
    steps = tuple(Step(20, key, ()) for key, _ in keys)
    assert step_count(run_of(applies=tuple(applies), steps=steps)) == 40


def test_steps_by_hand():
    """Without an optimizer the busiest place counts."""
    applies = tuple(Apply(key, (at(key),), 1, 0, "assign_sub", counted=5) for key in (1, 2))
    assert step_count(run_of(applies=applies)) == 5
