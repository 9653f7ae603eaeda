"""The rules of the departments: tables of applications and what follows. No Redis."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from consumers.businesses.opening import conditions, is_incomplete, renewals
from consumers.department import Check, Grant, working_day_after, years_later
from consumers.emergency.crews import AT_RISK, CREWS, EQUIPMENT, crews, resources
from consumers.messages.businesses import (
    Approval,
    GrantOperatingPermit,
    IssueBusinessLicense,
    IssueLiquorLicense,
)
from consumers.messages.casefiles import CreateCasefile, StoreMessage
from consumers.messages.emergency import AllocateResources, DispatchResponders
from consumers.messages.environment import AssessEnvironment
from consumers.messages.fire import InspectFireSafety, PlanFireProtection
from consumers.messages.health import InspectKitchen, IssueHealthPermit
from consumers.messages.planning import (
    ApproveFinalPlat,
    ApprovePreliminaryPlat,
    AssessSchoolImpact,
    CheckZoning,
    IssueBuildingPermit,
    IssueOccupancyCertificate,
)
from consumers.messages.traffic import AcceptRoads, AssessParking, ParkingApproved, StudyTraffic
from consumers.messages.utilities import ConnectUtilities
from orchestrator.errors import Misconfigured
from orchestrator.service.registry import find
from tests.unit.consumers.contexts import context

if TYPE_CHECKING:
    from consumers.messages.message import Message

DAY = date(2026, 3, 2)
NEXT_YEAR = date(2027, 3, 2)
KINDS = (
    *("business_license", "zoning", "health_permit", "health_inspection"),
    *("fire_inspection", "parking"),
)


class _NoRegister:
    """A register that must not be needed."""


async def denial(service: str, command: Message) -> Any:
    return (
        await find(service)
        .handlers[type(command).__name__]
        .function(command, context(_NoRegister()))
    )


def test_checks_that_nobody_hears_of_are_refused() -> None:
    """They would be looked at, and the grant given all the same."""
    with pytest.raises(Misconfigured, match="AssessParking has checks, and no event that says no"):
        Grant(
            asked=AssessParking,
            granted=ParkingApproved,
            prefix="PK",
            checks=[Check("Never.", lambda _asked: True)],
        )


def opening(*kinds: str, alcohol: bool = False, renovation: bool = False) -> GrantOperatingPermit:
    return GrantOperatingPermit(
        business_name="Harbor Grill",
        seats=60,
        requires_renovation=renovation,
        serves_alcohol=alcohol,
        total_cost=450,
        approvals=[Approval(kind=kind, number="X-1", valid_until=NEXT_YEAR) for kind in kinds],
    )


@pytest.mark.parametrize(
    ("service", "command", "reason"),
    [
        (
            "businesses",
            IssueBusinessLicense(business_name="Bank of Soup", address="x"),
            "A restaurant may not be called a bank or a university.",
        ),
        (
            "businesses",
            IssueLiquorLicense(business_name="x", business_license="BL-1", meters_to_school=99),
            "There is a school within 100 meters.",
        ),
        (
            "health",
            IssueHealthPermit(business_name="x", seats=51, sinks=1),
            "The kitchen needs a sink for every 50 seats.",
        ),
        (
            "fire",
            InspectFireSafety(address="x", seats=101, exits=2),
            "There must be an exit for every 50 seats.",
        ),
        (
            "traffic",
            AssessParking(seats=61, parking_spaces=15),
            "There must be a parking space for every 4 seats.",
        ),
        (
            "planning",
            IssueBuildingPermit(area_m2=50_000, floors=9),
            "The area exceeds what a floor may have. No building may have more than 8 floors.",
        ),
        ("businesses", opening(*KINDS[1:]), "An approval is missing."),
        (
            "health",
            InspectKitchen(health_permit="HP-1", cold_store_celsius=5.1),
            "The cold store is warmer than 5 degrees.",
        ),
        (
            "fire",
            PlanFireProtection(units=1, road_meters=5.9),
            "An engine needs roads of 6 meters.",
        ),
        (
            "traffic",
            StudyTraffic(units=101, access_roads=1),
            "There must be an access road for every 100 homes.",
        ),
        ("traffic", AcceptRoads(road_meters=5.4), "Roads must be 5.5 meters wide."),
        (
            "planning",
            CheckZoning(zone="industrial", use="restaurant"),
            "The zone does not allow this use.",
        ),
        (
            "planning",
            ApprovePreliminaryPlat(development="x", units=61, area_hectares=1.5),
            "There may be 40 homes on a hectare, and no more.",
        ),
        (
            "planning",
            AssessSchoolImpact(units=501),
            "The schools around have seats for 250 more children.",
        ),
        (
            "planning",
            ApproveFinalPlat(development="x", preliminary_plat="FL-1"),
            "The plat refers to no preliminary plat.",
        ),
        (
            "planning",
            IssueOccupancyCertificate(unit="N1", building="north", building_permit="CO-1"),
            "The certificate refers to no building permit.",
        ),
        (
            "utilities",
            ConnectUtilities(units=501),
            "No more than 500 homes can be connected at once.",
        ),
        (
            "environment",
            AssessEnvironment(area_hectares=2.1, wetland=True),
            "No more than 2 hectares of wetland may be built upon.",
        ),
        (
            "emergency",
            DispatchResponders(emergency_type="other", severity="low", location=" Here "),
            "Nobody knows where that is: ask the caller.",
        ),
        ("casefiles", CreateCasefile(title=" "), "A file needs a title."),
        (
            "casefiles",
            StoreMessage(session="CS-1", position=200, text=" "),
            "A message says something. A talk has 200 messages, and no more.",
        ),
    ],
)
async def test_a_denial_names_every_reason(service: str, command: Message, reason: str) -> None:
    """And enters nothing: the same command is denied again by its data alone."""
    assert (await denial(service, command)).reason == reason


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (opening(*KINDS), False),
        (opening(*KINDS[1:]), True),
        (opening(*KINDS, renovation=True), True),
        (opening(*KINDS, "building_permit", renovation=True), False),
        (opening(*KINDS, alcohol=True), True),
        (opening(*KINDS, "liquor_license", alcohol=True), False),
    ],
)
def test_a_restaurant_needs_what_its_options_ask_for(
    asked: GrantOperatingPermit, *, expected: bool
) -> None:
    """No more and no less."""
    assert is_incomplete(asked) is expected


def test_the_conditions_depend_on_the_options() -> None:
    """A plain restaurant has fewer."""
    plain, both = opening(), opening(alcohol=True, renovation=True)

    assert set(conditions(plain)) < set(conditions(both))
    assert len(conditions(both)) == 4


def test_licenses_are_renewed_with_thirty_days_of_notice() -> None:
    """What does not end, or has ended, needs no renewal; the earliest is first."""
    asked = opening("business_license", "liquor_license")
    first = Approval(kind="health_permit", number="HP-1", valid_until=date(2026, 9, 1))
    others = [
        Approval(kind="zoning", number="ZN-1"),
        Approval(kind="old", number="O-1", valid_until=DAY),
    ]
    asked = asked.model_copy(update={"approvals": [*asked.approvals, *others, first]})

    found = renewals(asked, DAY)

    assert [each.kind for each in found] == ["health_permit", "business_license", "liquor_license"]
    assert {each.valid_until - each.remind_on for each in found} == {timedelta(days=30)}


def test_every_emergency_has_its_crews() -> None:
    """An unknown type would be sent nobody."""
    assert CREWS.keys() == EQUIPMENT.keys() == AT_RISK.keys()
    critical = DispatchResponders(emergency_type="other", severity="critical", location="x")
    assert crews(critical) == ["patrol", "incident commander"]
    flood = AllocateResources(emergency_type="flooding", people_affected=3)
    assert resources(flood) == ["sandbags", "pumps", "boats", "shelter"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (years_later(DAY, 1), NEXT_YEAR),
        (years_later(date(2028, 2, 29), 1), date(2029, 2, 28)),
        (working_day_after(DAY, 2), date(2026, 3, 4)),
        (working_day_after(DAY, 5), date(2026, 3, 9)),
    ],
)
def test_days_are_days_that_exist(found: date, expected: date) -> None:
    """Leap days included; nobody inspects on a weekend."""
    assert found == expected
