"""What hr and permits keep in Redis: atomic, and once per case however often it is asked for."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

from consumers.hr.__main__ import caseload
from consumers.hr.desks import ClosedSinceError, Desks
from consumers.hr.staff import read_staff
from consumers.permits.register import Register
from consumers.store import open_store
from orchestrator.errors import Misconfigured
from orchestrator.service import DependencyDown
from tests.unit.consumers.contexts import NOW

if TYPE_CHECKING:
    from pathlib import Path

    from consumers.store import Store

SOON = timedelta(milliseconds=1)
LATER = NOW + timedelta(minutes=5)


async def test_cases_go_to_whoever_has_the_fewest(desks: Desks) -> None:
    """Also when a hundred are assigned at the same time: the loads differ by one at most."""
    found = await asyncio.gather(
        *(
            desks.assign(f"case-{n}", f"key-{n}", NOW, region="north", priority="normal")
            for n in range(100)
        )
    )

    counts = Counter(assignment.investigator.id for assignment in found if assignment)
    assert sorted(counts.values()) == [33, 33, 34]
    open_cases = await desks.caseload()
    assert {name: open_cases[name] for name in counts} == counts


async def test_a_case_keeps_its_investigator(desks: Desks) -> None:
    """A repeated command, and a second one, say who has the case and add none."""
    first = await desks.assign("case", "key", NOW, region="north", priority="high")

    again = await desks.assign("case", "key", NOW, region="north", priority="high")
    other = await desks.assign("case", "another key", NOW, region="north", priority="low")

    assert first == again == other
    assert sum((await desks.caseload()).values()) == 1


async def test_a_closed_case_leaves_its_desk_once(desks: Desks) -> None:
    """A repeated command says the same again, and takes nothing off twice."""
    assigned = await desks.assign("case", "key", NOW, region="north", priority="high")

    closed = [await desks.close("case", "close", NOW) for _ in range(2)]

    assert closed == [assigned, assigned]
    assert await desks.close("case", "later", NOW) is None
    assert await desks.close("unknown", "close", NOW) is None
    assert set((await desks.caseload()).values()) == {0}


async def test_only_a_new_command_opens_a_closed_case_again(desks: Desks) -> None:
    """A late repetition of the first assignment must not put the case back on a desk."""
    await desks.assign("case", "key", NOW, region="north", priority="high")
    await desks.close("case", "close", NOW)

    await desks.assign("case", "key", NOW, region="north", priority="high")
    assert sum((await desks.caseload()).values()) == 0

    await desks.assign("case", "reopened", LATER, region="north", priority="high")
    assert sum((await desks.caseload()).values()) == 1


async def test_what_was_asked_before_a_case_was_closed_opens_it_no_more(desks: Desks) -> None:
    """An assignment may be tried for an hour, and the complaint be withdrawn meanwhile."""
    await desks.close("case", "close", LATER)
    await desks.close("case", "again", NOW)

    for asked in (NOW, LATER):
        with pytest.raises(ClosedSinceError):
            await desks.assign("case", "late", asked, region="north", priority="high")
    assert set((await desks.caseload()).values()) == {0}

    await desks.assign("case", "new", LATER + SOON, region="north", priority="high")
    assert sum((await desks.caseload()).values()) == 1


async def test_nobody_works_overseas(desks: Desks) -> None:
    """Which is an answer, not a failure."""
    assert await desks.assign("case", "key", NOW, region="overseas", priority="normal") is None


async def test_entering_the_staff_again_keeps_open_cases(desks: Desks) -> None:
    """Every replica enters the staff when it starts."""
    await desks.assign("case", "key", NOW, region="west", priority="normal")

    await desks.enter(read_staff({}))

    assert (await desks.caseload())["inv-08"] == 1


async def test_the_caseload_can_be_looked_at(desks: Desks) -> None:
    """``python -m consumers.hr`` prints one line per desk."""
    await desks.assign("case", "key", NOW, region="west", priority="normal")

    assert "west\tGreta Olsen\t1" in (await caseload()).splitlines()


def test_the_staff_can_be_ones_own(tmp_path: Path) -> None:
    """Sample data is for demonstrations; a broken file is told by its place."""
    file = tmp_path / "staff.json"
    file.write_text('{"harbor": [{"id": "h1", "name": "Ida", "email": "ida@example.org"}]}')
    assert list(read_staff({"HR_STAFF": str(file)})) == ["harbor"]

    file.write_text('{"harbor": [{"id": "h1", "name": "Ida"}]}')
    with pytest.raises(Misconfigured, match=r"HR_STAFF: .*: harbor/0/email: Field required"):
        read_staff({"HR_STAFF": str(file)})
    with pytest.raises(Misconfigured, match="HR_STAFF: nowhere: No such file"):
        read_staff({"HR_STAFF": "nowhere"})


class Note(BaseModel):
    """Something to enter."""

    text: str


async def test_an_application_is_entered_once_and_numbers_have_no_gaps(store: Store) -> None:
    """A fee is charged once, and auditors find every number."""
    register = Register(store)

    found = await asyncio.gather(
        *(register.enter("book", f"A-{n % 20}", Note(text=str(n))) for n in range(60))
    )

    assert sorted({entry.number for entry in found}) == list(range(1, 21))
    assert len({entry.content.text for entry in found}) == 20
    other = await register.enter("other book", "A-1", Note(text="x"))
    assert other.number == 1


async def test_redis_away_is_a_dependency_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime then pauses, and no case loses an attempt."""
    monkeypatch.setenv("CONSUMERS_REDIS_URL", "redis://127.0.0.1:1/0")
    async with open_store("hr") as store:
        with pytest.raises(DependencyDown, match="Redis cannot be used"):
            await Desks(store).caseload()
