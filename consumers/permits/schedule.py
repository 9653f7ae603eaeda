"""The rules of the permit office: fees, limits, terms. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from consumers.department import years_later

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from consumers.messages.permits import ReviewPermit


@dataclass(frozen=True, slots=True)
class Tariff:
    """What holds for one type of permit.

    Attributes:
        prefix: of its permit numbers.
        base_fee: in US dollars.
        fee_per_m2: in US dollars, for each square metre in use.
        most_m2: what this district allows.
        years: how long a permit is valid.
    """

    prefix: str
    base_fee: float
    fee_per_m2: float
    most_m2: float
    years: int


SCHEDULE: Final[Mapping[str, Tariff]] = {
    "building": Tariff("BD", base_fee=500, fee_per_m2=4, most_m2=5_000, years=3),
    "food-service": Tariff("FS", base_fee=250, fee_per_m2=2, most_m2=1_000, years=1),
    "signage": Tariff("SG", base_fee=80, fee_per_m2=10, most_m2=20, years=5),
    "street-event": Tariff("SE", base_fee=150, fee_per_m2=0.5, most_m2=10_000, years=1),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the office thinks of an application.

    Attributes:
        fee: in US dollars; 0 when it is denied.
        reasons: why it is denied, in sentences for the applicant; empty when it is approved.
    """

    fee: float
    reasons: tuple[str, ...]

    @property
    def approved(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons


def review(application: ReviewPermit) -> Verdict:
    """Return the verdict on `application`, with every reason there is, not the first."""
    tariff = SCHEDULE[application.permit_type]
    reasons = []
    if application.area_m2 > tariff.most_m2:
        reasons.append("The area exceeds what this district allows.")
    if not any(character.isdigit() for character in application.address):
        reasons.append("The address has no house number.")
    if reasons:
        return Verdict(0, tuple(reasons))
    return Verdict(round(tariff.base_fee + tariff.fee_per_m2 * application.area_m2, 2), ())


def valid_until(permit_type: str, issued: date) -> date:
    """Return the last day of a permit that is issued on `issued`."""
    return years_later(issued, SCHEDULE[permit_type].years)
