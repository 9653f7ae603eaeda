"""What departments grant and take back, in Redis: once, whatever comes twice or late."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from consumers.businesses import service as businesses
from consumers.businesses.opening import REQUIRED
from consumers.casefiles import service as casefiles
from consumers.department.register import Entry, Register
from consumers.health import service as health
from consumers.messages.businesses import (
    Approval,
    BusinessLicenseCancelled,
    BusinessLicenseDenied,
    BusinessLicenseIssued,
    CancelBusinessLicense,
    GrantOperatingPermit,
    IssueBusinessLicense,
    IssueLiquorLicense,
    OperatingPermitDenied,
    OperatingPermitGranted,
    RevokeOperatingPermit,
)
from consumers.messages.casefiles import (
    CasefileMissing,
    CreateCasefile,
    DeleteCasefile,
    FetchCasefile,
    StoreMessage,
)
from consumers.messages.health import IssueHealthPermit
from consumers.messages.planning import (
    ApproveSiteWork,
    CancelBuildingPermit,
    IssueBuildingPermit,
    IssueOccupancyCertificate,
    RevokeOccupancyCertificate,
    StopSiteWork,
)
from consumers.messages.utilities import ShutOffUtility
from consumers.planning import service as planning
from consumers.utilities import service as utilities
from orchestrator.service import Reject
from tests.unit.consumers.contexts import context

if TYPE_CHECKING:
    from datetime import datetime

    from consumers.messages.message import Message
    from consumers.store import Store
    from orchestrator.service import Context, Service

APPLICATION = IssueBusinessLicense(business_name="Harbor Grill", address="12 Harbor Street")


@pytest.fixture
def register(store: Store) -> Register:
    """The books of a department."""
    return Register(store)


def at(register: Register, seconds: int = 0, case: str = "R-1") -> Context[Register]:
    """Return the context of a command that was sent so long after the first."""
    found = context(register, case=case)
    return replace(found, event=replace(found.event, time=found.now + timedelta(seconds=seconds)))


async def tell(service: Service[Any], command: Message, told: Context[Register]) -> Any:
    return await service.handlers[type(command).__name__].function(command, told)


async def test_a_grant_is_numbered_once(register: Register) -> None:
    """Thirty cases, each command twice and all at once: thirty numbers, without gaps."""
    replies = await asyncio.gather(
        *(tell(businesses, APPLICATION, at(register, case=f"R-{n % 30}")) for n in range(60))
    )

    numbers = [reply.number for reply in replies]
    assert sorted(set(numbers)) == [f"BL-{n:06}" for n in range(1, 31)]
    assert numbers[:30] == numbers[30:]
    assert {reply.fee for reply in replies} == {150}


async def test_a_grant_is_taken_back_once(register: Register) -> None:
    """A repeated command gets the same answer; the grant that comes again is still history."""
    issued = await tell(businesses, APPLICATION, at(register))
    command = CancelBusinessLicense(number=issued.number)

    undone = [await tell(businesses, command, at(register, 60)) for _ in range(2)]

    assert undone == [BusinessLicenseCancelled(number="BL-000001", refund=150)] * 2
    assert await tell(businesses, APPLICATION, at(register)) == issued


async def test_what_is_taken_back_before_it_was_granted_never_is(register: Register) -> None:
    """The command timed out, and comes late: nobody would take the license back then."""
    undone = await tell(businesses, CancelBusinessLicense(), at(register, 60))
    late = await tell(businesses, APPLICATION, at(register))

    assert undone == BusinessLicenseCancelled(refund=0)
    assert isinstance(late, BusinessLicenseDenied)


async def test_whoever_applies_again_is_granted_again(register: Register) -> None:
    """With a number of its own, which an old command does not take back."""
    first = await tell(businesses, APPLICATION, at(register))
    await tell(businesses, CancelBusinessLicense(number=first.number), at(register, 60))

    second = await tell(businesses, APPLICATION, at(register, 120))

    assert isinstance(second, BusinessLicenseIssued)
    assert second.number == "BL-000002"
    for old in (CancelBusinessLicense(number=first.number), CancelBusinessLicense()):
        assert await tell(businesses, old, at(register, 60)) == BusinessLicenseCancelled(refund=0)
    assert await tell(businesses, APPLICATION, at(register, 120)) == second


async def test_a_second_application_is_taken_back_while_it_is_under_way(
    register: Register,
) -> None:
    """Each time the case ends, whatever it asked for until then is over."""
    for seconds in (60, 180):
        await tell(businesses, CancelBusinessLicense(), at(register, seconds))

    late = await tell(businesses, APPLICATION, at(register, 120))

    assert isinstance(late, BusinessLicenseDenied)


async def test_a_case_has_several_buildings(register: Register) -> None:
    """Each with a permit of its own, and taken back alone."""
    north, south = (IssueBuildingPermit(building=name, area_m2=900) for name in ("north", "south"))

    permits = [await tell(planning, each, at(register)) for each in (north, south, north)]
    await tell(planning, CancelBuildingPermit(building="north"), at(register, 60))

    assert [permit.number for permit in permits] == ["BP-000001", "BP-000002", "BP-000001"]
    again = [await tell(planning, each, at(register, 120)) for each in (north, south)]
    assert [permit.number for permit in again] == ["BP-000003", "BP-000002"]


async def test_buildings_have_units_of_the_same_name(register: Register) -> None:
    """Each is certified for its own building, and loses no more than its own certificate."""
    homes = [("north", "1", "BP-000001"), ("south", "1", "BP-000002"), ("a/b", "c", "BP-000003")]
    asked = [
        IssueOccupancyCertificate(building=building, unit=unit, building_permit=permit)
        for building, unit, permit in [*homes, ("a", "b/c", "BP-000004")]
    ]

    issued = [await tell(planning, each, at(register)) for each in asked]
    revoke = RevokeOccupancyCertificate(building="north", unit="1")
    revoked = await tell(planning, revoke, at(register, 60))
    again = await tell(planning, asked[1], at(register, 120))

    assert [each.building_permit for each in issued] == [each.building_permit for each in asked]
    assert len({each.number for each in issued}) == 4
    assert (revoked.number, again) == (issued[0].number, issued[1])


async def test_the_last_word_is_taken_back_unseen(register: Register) -> None:
    """Whose opening was given up must not be allowed to open by a command that waited."""
    await tell(businesses, RevokeOperatingPermit(), at(register, 60))

    late = GrantOperatingPermit(
        business_name="Harbor Grill",
        seats=60,
        requires_renovation=False,
        serves_alcohol=False,
        approvals=[Approval(kind=kind, number="X-1") for kind in REQUIRED],
        total_cost=450,
    )

    assert isinstance(await tell(businesses, late, at(register)), OperatingPermitDenied)
    assert isinstance(await tell(businesses, late, at(register, 120)), OperatingPermitGranted)


@pytest.mark.parametrize(
    ("department", "command", "fee"),
    [
        (businesses, APPLICATION, 150),
        (health, IssueHealthPermit(business_name="x", seats=60, sinks=2), 300),
        (planning, IssueBuildingPermit(area_m2=220), 500),
        (
            businesses,
            IssueLiquorLicense(business_name="x", business_license="x", meters_to_school=350),
            1200,
        ),
    ],
    ids=["business license", "health permit", "building permit", "liquor license"],
)
async def test_fees_are_what_the_law_says(
    register: Register, department: Service[Any], command: Message, fee: float
) -> None:
    """Together 2,150 dollars: workflows add up what they are told, and check nothing."""
    assert (await tell(department, command, at(register))).fee == fee


async def test_what_cannot_be_refused_is_rejected(register: Register) -> None:
    """A number of another kind is a mistake of the sender, and no attempt would help."""
    with pytest.raises(Reject, match="no number of the kind BL-000001"):
        await tell(businesses, CancelBusinessLicense(number="HP-000001"), at(register))


async def test_what_nobody_waits_for_is_not_answered(register: Register) -> None:
    """Site work that was stopped before it was granted cannot be denied: nobody asks any more."""
    await tell(planning, StopSiteWork(), at(register, 60))

    work = ApproveSiteWork(area_hectares=1, preliminary_plat="PP-000001")

    assert await tell(planning, work, at(register)) is None
    assert (await tell(planning, work, at(register, 120))).number == "SW-000001"


class Forgetful(Register):
    """A register that enters everything anew."""

    async def grant(self, book: str, subject: str, asked: datetime, content: str) -> Entry:
        """Enter `content` under a subject of its own."""
        return await super().grant(book, f"{subject}/{uuid4()}", asked, content)


async def test_a_register_that_forgets_is_noticed(store: Store) -> None:
    """The negative control of the tests above: two numbers for one case, and nothing is over."""
    forgetful = Forgetful(store)

    numbers = [(await tell(businesses, APPLICATION, at(forgetful))).number for _ in range(2)]
    await tell(businesses, CancelBusinessLicense(), at(forgetful, 60))
    late = await tell(businesses, APPLICATION, at(forgetful))

    assert numbers == ["BL-000001", "BL-000002"]
    assert isinstance(late, BusinessLicenseIssued)


async def test_utilities_are_shut_off_each(register: Register) -> None:
    """Gas and water of one emergency are two valves to turn."""
    found = [
        await tell(utilities, ShutOffUtility(utility=each, location="x"), at(register))
        for each in ("gas", "water")
    ]

    assert [reply.valves for reply in found] == [6, 4]
    assert len({reply.number for reply in found}) == 2


async def test_a_file_is_read_as_it_was_told(register: Register) -> None:
    """In order, each message once; a file of another case, or one that is closed, is not there."""
    created = await tell(casefiles, CreateCasefile(title="Pay"), at(register))
    said = [StoreMessage(session="CS-1", position=n, text=f"Message {n}.") for n in (1, 0, 1)]
    for each in said:
        await tell(casefiles, each, at(register))
    wanted = FetchCasefile(casefile=created.number)

    fetched = await tell(casefiles, wanted, at(register))
    other = await tell(casefiles, wanted, at(register, case="R-2"))
    await tell(casefiles, DeleteCasefile(number=created.number), at(register, 60))
    closed = await tell(casefiles, wanted, at(register, 120))

    assert fetched.texts == ["Message 0.", "Message 1."]
    assert isinstance(other, CasefileMissing)
    assert isinstance(closed, CasefileMissing)
