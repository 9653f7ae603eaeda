"""Cases that nobody took, and cases that take long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumers.hr.desks import Desks
from consumers.hr.service import assign, escalate, remind
from consumers.messages.hr import (
    AssignInvestigator,
    EscalateCase,
    InvestigatorReminded,
    RemindInvestigator,
)
from tests.unit.consumers.contexts import NOW, context

if TYPE_CHECKING:
    from consumers.store import Store


async def test_an_escalated_case_goes_to_whoever_has_the_fewest(desks: Desks) -> None:
    """Of all regions, and only once: a command that comes again changes nothing."""
    for number, region in enumerate(["north"] * 3 + ["south"] * 2 + ["east"] * 2):
        await desks.assign(f"busy-{number}", f"key-{number}", NOW, region=region, priority="normal")

    replies = [await escalate(EscalateCase(), context(desks, "k1", "C-1")) for _ in range(2)]

    assert replies[0] == replies[1]
    assert replies[0] is not None
    assert (replies[0].investigator.name, replies[0].region) == ("Greta Olsen", "west")
    assert (replies[0].open_cases, replies[0].priority) == (1, "high")
    assert sum((await desks.caseload()).values()) == 8


async def test_a_case_that_somebody_has_is_not_escalated(desks: Desks) -> None:
    """The timer and the assignment can cross on the way: the investigator stays."""
    await desks.assign("C-1", "key", NOW, region="west", priority="normal")

    assert await escalate(EscalateCase(), context(desks, "k1", "C-1")) is None
    assert sum((await desks.caseload()).values()) == 1


async def test_a_withdrawn_case_is_not_escalated(desks: Desks) -> None:
    """Also where nobody ever had it: nobody may be given a case that is over."""
    assert await desks.close("C-1", "withdrawn", NOW) is None
    assert await desks.close("C-1", "withdrawn", NOW) is None

    assert await escalate(EscalateCase(), context(desks, "k1", "C-1")) is None
    assert set((await desks.caseload()).values()) == {0}


async def test_nobody_is_told_of_an_assignment_that_came_too_late(desks: Desks) -> None:
    """The staffing desk would look for somebody to take a case that is over."""
    await desks.close("C-1", "withdrawn", NOW)
    command = AssignInvestigator(region="west", priority="normal")

    assert await assign(command, context(desks, "k1", "C-1")) is None
    assert set((await desks.caseload()).values()) == {0}


async def test_a_case_escalated_to_nobody_is_left(store: Store) -> None:
    """An office without staff says nothing, rather than failing six times."""
    assert await escalate(EscalateCase(), context(Desks(store), "k1", "C-1")) is None


async def test_whoever_has_the_open_case_is_reminded(desks: Desks) -> None:
    """Nobody hears of a case that is closed, or that nobody has."""
    command = RemindInvestigator(missing="There is no result yet.")
    assigned = await desks.assign("C-1", "key", NOW, region="west", priority="normal")
    assert assigned is not None

    assert await remind(command, context(desks, "k1", "C-1")) == InvestigatorReminded(
        investigator=assigned.investigator, missing="There is no result yet."
    )
    assert await remind(command, context(desks, "k1", "C-2")) is None
    await desks.close("C-1", "close", NOW)
    assert await remind(command, context(desks, "k1", "C-1")) is None
