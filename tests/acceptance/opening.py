"""What must become of restaurant applications, and what is wrong with what did. Knows no broker."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

PLAIN: Final[Mapping[str, object]] = {
    "applicant": {"name": "Lena Brandt", "email": "lena.brandt@example.org"},
    "business_name": "Harbor Grill",
    "address": "12 Harbor Street",
    "zone": "commercial",
    "area_m2": 220,
    "seats": 60,
    "exits": 2,
    "sinks": 2,
    "parking_spaces": 20,
    "cold_store_celsius": 4,
    "meters_to_school": 350,
}
REFUSED: Final[Mapping[str, Mapping[str, object]]] = {
    "business_license": {"business_name": "First Bank"},
    "zoning": {"zone": "industrial"},
    "parking": {"parking_spaces": 2},
    "health_permit": {"sinks": 1},
    "health_inspection": {"cold_store_celsius": 9},
    "fire_inspection": {"exits": 1},
    "building_permit": {"area_m2": 90_000, "requires_renovation": True},
    "liquor_license": {"meters_to_school": 20, "serves_alcohol": True},
}
"""Step -> what in an application it refuses."""


class Kind(NamedTuple):
    """What is granted for a fee, and can be taken back; the message types say what is what."""

    granted: str
    cancel: str
    cancelled: str
    fee: int


KINDS: Final = {
    name: Kind(f"{noun}Issued", f"Cancel{noun}", f"{noun}Cancelled", fee)
    for name, noun, fee in (
        ("business_license", "BusinessLicense", 150),
        ("health_permit", "HealthPermit", 300),
        ("building_permit", "BuildingPermit", 500),
        ("liquor_license", "LiquorLicense", 1200),
    )
}
BEFORE: Final[Mapping[str, frozenset[str]]] = {
    "health_permit": frozenset({"business_license"}),
    "building_permit": frozenset({"business_license"}),
    "liquor_license": frozenset({"business_license", "health_permit"}),
    "health_inspection": frozenset({"business_license", "health_permit", "building_permit"}),
    "fire_inspection": frozenset({"building_permit", "business_license"}),
}
"""Step -> what was granted before it begins, where it is asked for at all."""

AFTER: Final[Mapping[str, frozenset[str]]] = {
    "business_license": frozenset(KINDS),
    "zoning": frozenset({"building_permit"}),
    "health_permit": frozenset({"health_permit", "liquor_license"}),
    "building_permit": frozenset({"building_permit"}),
    "liquor_license": frozenset({"liquor_license"}),
}
"""Step -> what cannot have been granted where it refuses."""

OPENED, FAILED, LETTER = "RestaurantOpened", "RestaurantOpeningFailed", "SendNotification"
COMMANDS: Final = (
    *(f"Issue{kind.granted.removesuffix('Issued')}" for kind in KINDS.values()),
    *(kind.cancel for kind in KINDS.values()),
    *("CheckZoning", "AssessParking", "InspectKitchen", "InspectFireSafety"),
    *("GrantOperatingPermit", "RevokeOperatingPermit", LETTER),
)


class Seen(NamedTuple):
    """A message as it was on the bus."""

    id: str
    type: str
    key: str
    data: Any


@dataclass(frozen=True)
class Application:
    """An application, and who refuses it.

    Attributes:
        key: its correlation key.
        renovation: whether a building permit is asked for.
        alcohol: whether a liquor license is asked for.
        refused_by: the step that refuses; None for none.
    """

    key: str
    renovation: bool
    alcohol: bool
    refused_by: str | None

    @classmethod
    def numbered(cls, number: int) -> Application:
        """Return one of many that differ; every third is refused, by one step after another."""
        refusing = list(REFUSED)[number // 3 % len(REFUSED)] if number % 3 == 0 else None
        return cls(
            f"R-{number:04d}",
            renovation=number % 2 == 0 or refusing == "building_permit",
            alcohol=number % 4 < 2 or refusing == "liquor_license",
            refused_by=refusing,
        )

    @property
    def data(self) -> dict[str, object]:
        """What is applied for."""
        options = {"requires_renovation": self.renovation, "serves_alcohol": self.alcohol}
        refused = REFUSED[self.refused_by] if self.refused_by else {}
        return {**PLAIN, **options, **refused}

    @property
    def asked(self) -> frozenset[str]:
        """What is granted for a fee if nobody refuses."""
        left_out = {"building_permit": self.renovation, "liquor_license": self.alcohol}
        return frozenset(kind for kind in KINDS if left_out.get(kind, True))

    @property
    def fees(self) -> list[int]:
        """What is paid in the end and not given back, in dollars, the lowest first."""
        return [] if self.refused_by else sorted(KINDS[kind].fee for kind in self.asked)


def verdict(applications: Iterable[Application], seen: Iterable[Seen]) -> list[str]:
    """Return what is wrong, a sentence each. However often a message came, its id counts once."""
    once = {message.id: message for message in seen}
    cases: dict[str, list[Seen]] = defaultdict(list)
    for message in once.values():
        cases[message.key].append(message)
    return [
        f"{application.key}: {problem}"
        for application in applications
        for problem in _wrong(application, cases[application.key])
    ]


def audit(applications: Iterable[Application], paid: Mapping[str, Sequence[float]]) -> list[str]:
    """Return what departments hold against the model, a sentence each.

    Args:
        applications: all there were.
        paid: by key, the fees of the grants that it still has, the lowest first.
    """
    due = {application.key: application.fees for application in applications}
    return [
        f"{key} paid {paid.get(key, [])}, not {due.get(key, [])}"
        for key in sorted(due.keys() | paid.keys())
        if list(paid.get(key, [])) != due.get(key, [])
    ]


def _wrong(application: Application, messages: Sequence[Seen]) -> Iterator[str]:
    counts = Counter(message.type for message in messages)
    yield from (f"{name} has {counts[name]} ids" for name in COMMANDS if counts[name] > 1)
    ends = [message for message in messages if message.type in {OPENED, FAILED}]
    if len(ends) != 1 or counts[LETTER] != 1:
        last = messages[-1].type if messages else "nothing"
        yield f"it has {len(ends)} ends and {counts[LETTER]} letters; the last is {last}"
        return
    granted = {name for name, kind in KINDS.items() if counts[kind.granted]}
    taken_back = {name for name, kind in KINDS.items() if counts[kind.cancelled]}
    if application.refused_by is None:
        yield from _opened(application, ends[0], granted, taken_back)
    else:
        yield from _failed(application.refused_by, application, ends[0], granted, taken_back)
        yield from _in_a_wrong_order([message.type for message in messages])
    yield from _fees(messages)


def _opened(
    application: Application, end: Seen, granted: set[str], taken_back: set[str]
) -> Iterator[str]:
    if end.type != OPENED:
        yield f"it failed, at {end.data['step']}, and nobody refuses it"
    elif end.data["total_cost"] != sum(application.fees):
        yield f"it cost {end.data['total_cost']}, not {sum(application.fees)}"
    if granted != application.asked or taken_back:
        yield f"granted {sorted(granted)}, taken back {sorted(taken_back)}"


def _failed(
    step: str, application: Application, end: Seen, granted: set[str], taken_back: set[str]
) -> Iterator[str]:
    if end.type != FAILED or end.data["step"] != step:
        yield f"it ended with {end.type} {end.data}, not with a refusal of {step}"
    if granted != taken_back:
        yield f"granted {sorted(granted)}, taken back {sorted(taken_back)}"
    missing = BEFORE.get(step, frozenset()) & application.asked - granted
    if missing:
        yield f"{step} was asked before {sorted(missing)} was there"
    if early := AFTER.get(step, frozenset()) & granted:
        yield f"{sorted(early)} was granted, although {step} refuses"


def _in_a_wrong_order(types: Sequence[str]) -> Iterator[str]:
    """Yield what was taken back before something that was granted after it."""
    order = [name for kind in types for name in KINDS if KINDS[name].cancel == kind]
    for one, later in combinations(order, 2):
        if one in BEFORE.get(later, frozenset()):
            yield f"{one} was taken back before {later}"


def _fees(messages: Iterable[Seen]) -> Iterator[str]:
    for message in messages:
        for name, kind in KINDS.items():
            if message.type == kind.granted and message.data["fee"] != kind.fee:
                yield f"{name} cost {message.data['fee']}"
            if message.type == kind.cancelled and message.data["refund"] != kind.fee:
                yield f"{name} gave back {message.data['refund']}"
