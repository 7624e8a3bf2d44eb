"""Notebooks for tests, in the form that Jupyter writes."""

from __future__ import annotations

import json


def notebook(*cells: str) -> str:
    """A notebook of these code cells, with outputs and metadata."""
    made = [
        {
            "cell_type": "code",
            "execution_count": number,
            "metadata": {"id": f"n{number}"},
            "outputs": [
                {"name": "stdout", "output_type": "stream", "text": ["gr\u00f6\u00dfer\n"]}
            ],
            "source": cell.splitlines(keepends=True),
        }
        for number, cell in enumerate(cells, 1)
    ]
    text = {"cell_type": "markdown", "metadata": {}, "source": ["# A title"]}
    about = {"kernelspec": {"name": "python3"}}
    form = {"cells": [text, *made], "metadata": about, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(form, indent=1, ensure_ascii=False) + "\n"
