"""Workflows, tested as an operator tests them: whose command an event answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.rulefile import read_rules
from orchestrator.ruletest import play, read_cases

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog
    from tests.unit.ruletest.conftest import Problems

WORKFLOW = """
workflows:
  - name: shutoff
    when: EmergencyReported
    timeout: 1d
    steps:
      valves:
        for_each: '["water", "gas"]'
        as: utility
        send: ShutOffUtility
        with: {utility: "${utility}", location: here}
        await: UtilityShutOff
        compensate:
          send: RestoreUtility
          with: {utility: "${utility}", location: here, priority: 1}
          await: UtilityRestored
      crews:
        send: DispatchResponders
        with: {emergency_type: other, severity: low, location: here}
        await: RespondersDispatched
        fail_on: RespondersRefused
    otherwise:
      - SendNotification: {to: a@example.org, subject: Ended, text: "${instance.error.step}"}
"""
FIRST = "- {event: UtilityShutOff, answers: 'valves[0]'}"
SECOND = "- {event: UtilityShutOff, answers: 'valves[1]'}"
EXPECTED = "[ShutOffUtility, ShutOffUtility, DispatchResponders]"


async def failures(
    catalog: Catalog, *given: str, expect: str = EXPECTED, workflow: str = WORKFLOW
) -> list[str]:
    rulebook, problems = read_rules([("r.yaml", workflow)], catalog)
    assert rulebook is not None, problems
    steps = "\n    ".join(("- EmergencyReported", *given))
    text = f"- name: c\n  given:\n    {steps}\n  expect: {expect}\n"
    cases, found = read_cases([("t.yaml", text)], catalog, rulebook.by_name.keys())
    assert found == []
    (case,) = cases
    return [failure.message for failure in (await play(case, rulebook)).failures]


@pytest.mark.parametrize("answers", [(FIRST, SECOND), (SECOND, FIRST), (FIRST, FIRST, SECOND)])
async def test_an_event_answers_the_item_it_names(
    catalog: Catalog, answers: tuple[str, ...]
) -> None:
    """In any order, and twice; each item is its own."""
    assert await failures(catalog, *answers) == []


async def test_an_item_is_not_answered_by_another(catalog: Catalog) -> None:
    """The next step waits for all of them: the case above can fail."""
    assert await failures(catalog, FIRST, FIRST) == ["DispatchResponders was not sent"]


@pytest.mark.parametrize(
    ("max_items", "expect"), [(2, EXPECTED), (1, "[SendNotification]")], ids=["enough", "too few"]
)
async def test_a_list_may_have_as_many_items_as_the_step_says(
    catalog: Catalog, max_items: int, expect: str
) -> None:
    """A longer one fails the step, before any item is begun."""
    limited = WORKFLOW.replace("as: utility", f"as: utility\n        max_items: {max_items}")
    answers = (FIRST, SECOND) if expect == EXPECTED else ()
    assert await failures(catalog, *answers, expect=expect, workflow=limited) == []


async def test_an_event_answers_a_compensation(catalog: Catalog) -> None:
    """Which is told from the step itself by the tilde."""
    given = (
        *(FIRST, SECOND, "- RespondersRefused"),
        "- {event: UtilityRestored, answers: 'valves[1]~'}",
        "- {event: UtilityRestored, answers: 'valves[0]~'}",
    )
    expect = "[RestoreUtility: {utility: gas}, RestoreUtility: {utility: water}, SendNotification]"

    assert await failures(catalog, *given, expect=expect) == []


async def test_a_step_that_asked_nothing_cannot_be_answered(catalog: Catalog) -> None:
    """Otherwise a misspelt step would look like an answer that changes nothing."""
    given = ("- {event: UtilityShutOff, answers: 'valve[0]'}",)

    assert await failures(catalog, *given, expect="[ShutOffUtility, ShutOffUtility]") == [
        "step valve[0] had sent no command that this could answer: did you mean valves[0]?"
    ]


def test_an_answer_is_a_text(problems: Problems) -> None:
    """The name of a step, with the number of its item."""
    text = "- name: c\n  given: [{event: ComplaintFiled, answers: 0}]\n  expect: [CloseCase]\n"

    assert problems(text) == [
        "t.yaml:2:44: error: `answers` is a number: name the step, such as license or units[2]"
    ]


@pytest.mark.parametrize("strategy", ["least_busy", "round_robin"])
async def test_somebody_is_there_for_every_capability(catalog: Catalog, strategy: str) -> None:
    """A case is about the workflow: who lives is no part of it, and nobody runs in a test."""
    dispatch = "        send: DispatchResponders\n"
    route = f"{dispatch}        route: {{capability: hazmat, strategy: {strategy}}}\n"
    workflow = WORKFLOW.replace(dispatch, route)
    assert "route" in workflow
    assert await failures(catalog, FIRST, SECOND, workflow=workflow) == []
