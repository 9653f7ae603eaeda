"""Every example of the reference page of workflows is a whole file without problems."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.core.expression.times import compact_duration
from orchestrator.rulefile import read_rules
from orchestrator.rulefile.workflows.commands import DEFAULT_RETRY
from orchestrator.rulefile.workflows.forms import (
    APPROVE_FORM,
    COMPENSATE_FORM,
    PARAMETER_FORM,
    PARTICIPANT_FORM,
    RETRY_FORM,
    ROUTE_FORM,
    STEP_FORM,
    WORKFLOW_FORM,
)

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog
    from orchestrator.rulefile.parts import Form

PAGE = (Path(__file__).parents[3] / "docs/reference/workflows.md").read_text()
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
(PYTHON,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_can_be_copied(example: str, catalog: Catalog) -> None:
    """Readers paste examples: each must pass the check as it stands."""
    rulebook, problems = read_rules([("example.yaml", example)], catalog)

    assert problems == []
    assert rulebook is not None


def test_there_are_examples() -> None:
    """The control of the test above, which would pass on a page without any."""
    assert len(EXAMPLES) > 3


def test_the_example_in_python_gives_a_file_that_can_be_read(
    catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is pasted too."""
    exec(PYTHON, {})  # noqa: S102 - our own page
    rulebook, problems = read_rules([("python.yaml", capsys.readouterr().out)], catalog)

    assert problems == []
    assert rulebook is not None


@pytest.mark.parametrize("key", [*WORKFLOW_FORM.keys, *STEP_FORM.keys, *APPROVE_FORM.keys])
def test_every_key_is_described(key: str) -> None:
    """A key in no table is a key nobody finds."""
    assert f"| `{key}` |" in PAGE


@pytest.mark.parametrize(
    ("form", "table"),
    [
        (RETRY_FORM, "key of `retry`"),
        (COMPENSATE_FORM, "key of `compensate`"),
        (ROUTE_FORM, "key of `route`"),
        (PARTICIPANT_FORM, "key of a participant"),
        (PARAMETER_FORM, "key of a parameter"),
    ],
)
def test_every_key_inside_a_key_is_described_and_no_other(form: Form, table: str) -> None:
    """Each has its own defaults: the same word means something else elsewhere on the page."""
    rows = PAGE.partition(f"\n| {table} |")[2].partition("\n\n")[0]

    assert sorted(re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE)) == sorted(form.keys)


def test_the_defaults_of_retry_are_those_described() -> None:
    """Who leaves a key out relies on the table."""
    rows = dict(re.findall(r"^\| `(\w+)` \| `(\w+)`", PAGE, re.MULTILINE))
    kinds = {True: "exponential", False: "fixed"}

    assert rows["attempts"] == str(DEFAULT_RETRY.attempts)
    assert rows["delay"] == compact_duration(DEFAULT_RETRY.delay)
    assert rows["backoff"] == kinds[DEFAULT_RETRY.exponential]
    assert rows["max_delay"] == compact_duration(DEFAULT_RETRY.max_delay or timedelta())
    assert rows["jitter"] == str(DEFAULT_RETRY.jitter).lower()
