"""What makes a workflow go its way is kept in a recorded case, wherever an event says it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.ruletest.compared import fields_compared
from orchestrator.ruletest.recording import record
from orchestrator.ruletest.transcript import Recorded, RecordedEvent
from tests.engine.written import types, written

CATALOG = types(("Asked", "Paid", "Rated", "Untold"), ("Charge", "Praise", "Write"))
WORKFLOW = """
workflows:
  - name: visit
    when: Asked
    timeout: 1h
    announce: none
    steps:
      ask:
        approve:
          role: boss
          form: {type: object, properties: {kind: {enum: [good, bad]}, note: {type: string}}}
      pay:
        if: get(steps.ask.output.data.kind, "") == "good"
        send: Charge
        await: Paid
        timeout: 10m
      rate:
        await: {event: Rated, if: data.tag == "right" && data.for != input.who}
        timeout: 10m
      last:
        await: {event: Rated, if: data.tag == "last"}
        timeout: 10m
    then:
      - {send: Praise, if: steps.pay.output.mood == "glad"}
      - Write
"""
RULES = written(WORKFLOW, CATALOG)
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
HAPPENED = (
    ("Asked", {"who": "Ada"}, None),
    (
        "ApprovalGiven",
        {
            "step": "ask",
            "decision": "approved",
            "by": "Ines",
            "role": "boss",
            "data": {"kind": "good", "note": "for Ada"},
        },
        None,
    ),
    ("Paid", {"mood": "glad", "by": "Ada"}, "pay"),
    ("Rated", {"tag": "right", "for": "Ines"}, None),
    ("Rated", {"tag": "last", "for": "Ada"}, None),
)
SENT = ("ApprovalRequested", "Charge", "Praise", "Write")


def a_case() -> Recorded:
    """What the log holds of a visit."""
    events = [
        RecordedEvent(kind, data, "V-7", f"e-{at}", NOW + timedelta(seconds=at), None, answers)
        for at, (kind, data, answers) in enumerate(HAPPENED)
    ]
    return Recorded("V-7", events, [("visit", kind, NOW) for kind in SENT])


async def test_a_workflow_goes_its_way_again_and_names_nobody() -> None:
    """By what people and services answered, not only by what began it; forms are filled in."""
    recording = await record(a_case(), RULES, CATALOG)
    assert recording.problems == ()
    for secret in ("Ada", "Ines", "V-7"):
        assert secret not in recording.text


@pytest.mark.parametrize(
    ("event_type", "kept"),
    [
        ("ApprovalGiven", {("data", "kind"), ("workflow",), ("step",), ("role",)}),
        ("Paid", {("mood",)}),
        ("Rated", {("tag",)}),
        ("Asked", set()),
        ("Untold", set()),
    ],
)
def test_what_conditions_read_of_an_answer(event_type: str, kept: set[tuple[str, ...]]) -> None:
    """Of two texts that are compared, placeholders are equal where the texts are."""
    assert fields_compared(RULES, event_type) == kept


RUNS = """
workflows:
  - {name: whole, when: Asked, timeout: 1h, announce: none, steps: {part: {run: part}, end: Write}}
  - {name: part, timeout: 1h, announce: none, steps: {pay: {send: Charge, await: Paid}}}
"""


async def test_what_went_on_under_a_key_of_its_own_is_told() -> None:
    """The log of the case has nothing of it: somebody has to add it, and must know under which."""
    asked = RecordedEvent("Asked", {}, "V-7", "e-1", NOW)
    sent = [("whole", "Write", NOW)]
    recording = await record(Recorded("V-7", [asked], sent), written(RUNS, CATALOG), CATALOG)
    assert any(
        "runs a workflow under the key C-1/whole.part" in each for each in recording.problems
    )
