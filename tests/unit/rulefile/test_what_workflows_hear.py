"""Which channels a rulebook listens to because of its workflows."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.catalog import read_catalog, read_schema_files
from orchestrator.rulefile import read_rules

OFFICE = """
asyncapi: 3.0.0
info: {title: An office, version: 1.0.0}
channels:
  office:
    address: office.v1
    messages:
      Ask: {$ref: '#/components/messages/Ask'}
      Answered: {$ref: '#/components/messages/Answered'}
components:
  messages:
    Ask: {x-kind: command, summary: Asks, payload: {type: object}}
    Answered: {x-kind: event, summary: Answers, payload: {type: object}}
"""
ASKING = "workflows: [{name: ask, timeout: 1d, steps: {ask: {send: Ask, await: Answered}}}]"
FAILURES = Path(__file__).parents[3] / "schemas" / "failures.yaml"


@pytest.mark.parametrize(
    ("failures", "expected"),
    [
        ("", {"office.v1", "orchestrator.v1"}),
        (FAILURES.read_text(), {"office.v1", "orchestrator.v1", "failures.v1"}),
    ],
    ids=["without", "with"],
)
def test_failures_of_commands_are_heard_where_they_are_described(
    failures: str, expected: set[str], tmp_path: Path
) -> None:
    """Who has no services that say `CommandFailed` needs no document about it."""
    for name, text in (("office", OFFICE), ("failures", failures)):
        if text:
            (tmp_path / f"{name}.yaml").write_text(text)
    catalog, problems = read_catalog(read_schema_files(tmp_path))
    assert catalog is not None, problems
    rulebook, problems = read_rules([("rules.yaml", ASKING)], catalog)
    assert rulebook is not None, problems
    assert rulebook.channels == expected
