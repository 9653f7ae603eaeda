"""A real case becomes a test that passes unchanged, and tells nobody's name."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.catalog import Catalog, read_catalog, read_schema_files
from orchestrator.rulefile import read_rule_files, read_rules
from orchestrator.ruletest import Case, play, read_cases, read_test_files
from orchestrator.ruletest.case import Advance, Given
from orchestrator.ruletest.compared import fields_compared
from orchestrator.ruletest.recording import record
from orchestrator.ruletest.transcript import Recorded, RecordedEvent

if TYPE_CHECKING:
    from orchestrator.core.definitions import Rulebook
    from orchestrator.ruletest.recording import Recording

ROOT = Path(__file__).parents[3]
_OPEN = re.compile(r"rule (\S+) still remembers something about (.*)")


def shipped() -> tuple[Catalog, Rulebook, list[Case]]:
    catalog, problems = read_catalog(read_schema_files(ROOT / "schemas"))
    assert catalog is not None, problems
    rulebook, problems = read_rules(read_rule_files(ROOT / "rules"), catalog)
    assert rulebook is not None, problems
    cases, problems = read_cases(read_test_files(ROOT / "rules"), catalog, rulebook.by_name.keys())
    assert problems == []
    return catalog, rulebook, cases


CATALOG, RULEBOOK, CASES = shipped()
SIMPLE = [
    case
    for case in CASES
    if not case.isolated
    and any(isinstance(step, Given) and step.type in RULEBOOK.by_type for step in case.steps)
]


A_MOMENT = timedelta(milliseconds=5)
"""No answer comes at the very moment at which a timer fires: only in a case does it."""


async def happened(case: Case) -> Recorded:
    """What the log and the store would hold after the case, had it been real."""
    quiet = replace(case, without_schedules=True, instances=(), messages=(), letters=())
    outcome = await play(quiet, RULEBOOK)
    clock, events = case.start, []
    for number, step in enumerate(case.steps):
        if isinstance(step, Advance):
            clock += step.by + A_MOMENT
        elif step.type in RULEBOOK.by_type:
            clock = max(clock, step.at or clock)
            events.append(_event(step, number, clock))
        elif isinstance(step, Given):
            clock = max(clock, step.at or clock)
    found = [_OPEN.fullmatch(failure.message) for failure in outcome.failures]
    letters = [_LETTER.search(failure.message) for failure in outcome.failures]
    late = timedelta(milliseconds=7)
    return Recorded(
        key=events[0].key if events else "",
        events=events,
        sent=[(m.rule or "", m.type, case.start + m.after + late) for _, m in outcome.sent],
        open=[(each[1], each[2]) for each in found if each],
        letters=[(each[1], each[2]) for each in letters if each],
        until=clock + late,
    )


_LETTER = re.compile(r"(?:rule (\S+) failed on )?\w+: dead letter with reason ([\w-]+)")


def _event(given: Given, number: int, clock: datetime) -> RecordedEvent:
    return RecordedEvent(
        given.type,
        given.data,
        given.key,
        given.id or f"e-{number}",
        given.at or clock,
        clock,
        str(given.answers.value) if given.answers else None,
    )


async def again(recording: Recording) -> list[str]:
    """Play the text as a file would be, and return what is wrong."""
    cases, problems = read_cases([("r.yaml", recording.text)], CATALOG, RULEBOOK.by_name.keys())
    assert problems == []
    (case,) = cases
    return [str(failure) for failure in (await play(case, RULEBOOK)).failures]


@pytest.mark.parametrize("with_data", [False, True])
@pytest.mark.parametrize("case", SIMPLE, ids=lambda case: case.name)
async def test_every_shipped_case_can_be_recorded(case: Case, *, with_data: bool) -> None:
    """Joins, timeouts, repetitions and failures among them."""
    recorded = await happened(case)
    recording = await record(recorded, RULEBOOK, CATALOG, with_data=with_data)
    assert recording.problems == ()
    assert await again(recording) == []


def test_the_shipped_cases_hold_what_is_hard_to_record() -> None:
    """Otherwise the test above proves little."""
    assert any(isinstance(step, Advance) for case in SIMPLE for step in case.steps)
    assert any(case.letters for case in SIMPLE)
    assert any(case.instances for case in SIMPLE)


FILED = RecordedEvent(
    "ComplaintFiled",
    {
        "complainant": {"name": "Ada Keller", "email": "ada.keller@example.org"},
        "category": "overtime-pay",
        "employer": "Harbor Logistics",
        "amount": 12400.5,
        "region": "north",
        "description": "Ada Keller was not paid. See C-991.",
        "filed_at": "2026-02-27T10:11:12Z",
    },
    "C-991",
    "e-1",
    datetime(2026, 3, 1, 9, 0, 0, 123456, UTC),
)


async def filed(**options: bool) -> Recording:
    outcome = await _sent(FILED)
    return await record(Recorded("C-991", [FILED], outcome), RULEBOOK, CATALOG, **options)


async def _sent(event: RecordedEvent) -> list[tuple[str, str, datetime]]:
    given = Given(event.type, event.data, event.key, event.id, "test", None)
    case = replace(SIMPLE[0], start=event.time, steps=(given,), without_schedules=True)
    return [
        (m.rule or "", m.type, event.time + m.after) for _, m in (await play(case, RULEBOOK)).sent
    ]


async def test_personal_data_is_replaced_and_what_decides_is_kept() -> None:
    """A test goes into a repository that many may read."""
    text = (await filed()).text
    for secret in ("Ada", "Keller", "Harbor", "C-991", "2026-02-27"):
        assert secret not in text
    assert "12400.5" in text
    assert "overtime-pay" in text
    assert "@example.org" in text


async def test_data_is_left_as_it_is_on_demand() -> None:
    """The negative control, and what a case in a test system is recorded with."""
    text = (await filed(with_data=True)).text
    for word in ("Ada Keller", "Harbor Logistics", "C-991", "2026-02-27T10:11:12Z"):
        assert word in text


async def test_a_case_that_went_another_way_is_told() -> None:
    """A rule that was changed since then must not turn into a test of what it does now."""
    sent = [("gone", "SendAcknowledgment", FILED.time)]
    recording = await record(Recorded("C-991", [FILED], sent), RULEBOOK, CATALOG)
    assert "rule gone sent SendAcknowledgment, and does not now" in recording.problems
    assert any("sends AssignInvestigator, and did not then" in one for one in recording.problems)


def test_conditions_name_what_must_be_kept() -> None:
    """Guards, conditions of actions, and those inside of templates."""
    assert ("amount",) in fields_compared(RULEBOOK, "ComplaintFiled")
    assert ("priority",) in fields_compared(RULEBOOK, "InvestigatorAssigned")
    assert fields_compared(RULEBOOK, "Unheard") == frozenset()


def test_what_makes_a_workflow_go_its_way_is_kept() -> None:
    """Its conditions read the event that starts it, and an order names the workflow it is for."""
    assert ("pipeline",) in fields_compared(RULEBOOK, "StylingRequested")
    assert ("injured",) in fields_compared(RULEBOOK, "EmergencyReported")
    assert ("workflow",) in fields_compared(RULEBOOK, "InstanceOrder")
    assert ("workflow",) in fields_compared(RULEBOOK, "StartWorkflow")
    assert ("input", "injured") in fields_compared(RULEBOOK, "StartWorkflow")
    assert fields_compared(RULEBOOK, "AreaClosed") == frozenset()


async def test_a_case_that_a_person_started_can_be_recorded() -> None:
    """By the command line or over HTTP: what is wanted, and of what, stands in the same data."""
    (told, *_) = CATALOG.types["EmergencyReported"].examples
    data = {"workflow": "emergency-response", "input": told}
    start = RecordedEvent("StartWorkflow", data, "E-1", "M-1", FILED.time)
    recorded = Recorded("E-1", [start], await _sent(start), [("emergency-response", "E-1")])
    recording = await record(recorded, RULEBOOK, CATALOG)
    assert recording.problems == ()
    assert "Foundry" in str(told)
    assert "Foundry" not in recording.text
