"""The model of restaurants that open finds each kind of fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.acceptance.opening import KINDS, OPENED, Application, Seen, audit, verdict

OPEN = Application("R-1", renovation=False, alcohol=False, refused_by=None)
REFUSED = Application("R-1", renovation=False, alcohol=False, refused_by="health_inspection")


def message(kind: str, **data: object) -> Seen:
    return Seen(f"id of {kind}", kind, "R-1", data)


BOUGHT = (
    message("IssueBusinessLicense"),
    message("BusinessLicenseIssued", fee=150),
    message("IssueHealthPermit"),
    message("HealthPermitIssued", fee=300),
)
OPENING = (*BOUGHT, message(OPENED, total_cost=450), message("SendNotification"))
TAKEN_BACK = (
    message("CancelHealthPermit"),
    message("HealthPermitCancelled", refund=300),
    message("CancelBusinessLicense"),
    message("BusinessLicenseCancelled", refund=150),
)
ENDING = (
    message("RestaurantOpeningFailed", step="health_inspection"),
    message("SendNotification"),
)
REFUSAL = (*BOUGHT, *TAKEN_BACK, *ENDING)


@pytest.mark.parametrize(
    ("application", "seen"),
    [(OPEN, OPENING), (REFUSED, REFUSAL), (REFUSED, REFUSAL + REFUSAL[2:])],
    ids=["opened", "taken back", "redelivered"],
)
def test_a_case_without_fault_passes(application: Application, seen: tuple[Seen, ...]) -> None:
    """What comes again under the same id is what consumers are told to expect."""
    assert verdict([application], seen) == []


@pytest.mark.parametrize(
    ("application", "seen", "problem"),
    [
        pytest.param(OPEN, OPENING[:-2], "it has 0 ends", id="stuck"),
        pytest.param(
            OPEN, (*OPENING, BOUGHT[0]._replace(id="x")), "IssueBusinessLicense has 2 ids", id="ids"
        ),
        pytest.param(
            OPEN, (*BOUGHT, message(OPENED, total_cost=150), OPENING[-1]), "cost 150", id="fees"
        ),
        pytest.param(OPEN, (*OPENING, *TAKEN_BACK), "taken back", id="taken back for nothing"),
        pytest.param(REFUSED, (*BOUGHT, *TAKEN_BACK[:2], *ENDING), "taken back", id="kept"),
        pytest.param(REFUSED, OPENING, "not with a refusal", id="opened all the same"),
        pytest.param(
            REFUSED,
            (*BOUGHT, *TAKEN_BACK[2:], *TAKEN_BACK[:2], *ENDING),
            "business_license was taken back before health_permit",
            id="order",
        ),
        pytest.param(
            REFUSED,
            (*REFUSAL[:5], message("HealthPermitCancelled", refund=3), *REFUSAL[6:]),
            "health_permit gave back 3",
            id="refund",
        ),
        pytest.param(
            replace(REFUSED, refused_by="health_permit"), REFUSAL, "was granted", id="too much"
        ),
    ],
)
def test_each_kind_of_fault_is_named(
    application: Application, seen: tuple[Seen, ...], problem: str
) -> None:
    """A model that lets one of these pass would make the kill test worthless."""
    assert problem in "; ".join(verdict([application], seen))


@pytest.mark.parametrize(
    ("paid", "problems"),
    [
        ({"R-1": [150.0, 300.0]}, []),
        ({}, ["R-1 paid [], not [150, 300]"]),
        ({"R-1": [150.0]}, ["R-1 paid [150.0], not [150, 300]"]),
        ({"R-1": [150.0, 300.0], "R-2": [500.0]}, ["R-2 paid [500.0], not []"]),
        ({"R-1": [150.0, 300.0], "R-9": [500.0]}, ["R-9 paid [500.0], not []"]),
    ],
    ids=["right", "nothing", "too little", "kept", "of nobody"],
)
def test_the_books_are_compared_with_what_is_due(
    paid: dict[str, list[float]], problems: list[str]
) -> None:
    """A department may say that it gave a fee back: what it holds decides."""
    assert audit([OPEN, replace(REFUSED, key="R-2")], paid) == problems


def test_every_kind_of_grant_is_part_of_the_whole() -> None:
    """With both options the fees are 2,150 dollars, as the law says."""
    assert Application("R-1", renovation=True, alcohol=True, refused_by=None).fees == [
        *(150, 300, 500, 1200)
    ]
    assert sum(kind.fee for kind in KINDS.values()) == 2150
