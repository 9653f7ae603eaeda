import pytest

from tests.acceptance.verdict import Arrival, verdict

GOOD = (
    Arrival("m1", "SendAcknowledgment", "e1"),
    Arrival("m2", "AssignInvestigator", "e1"),
    Arrival("m3", "SendAcknowledgment", "e2"),
    Arrival("m4", "AssignInvestigator", "e2"),
)


@pytest.mark.parametrize("arrivals", [GOOD, GOOD + GOOD[1:3]], ids=["once", "redelivered"])
def test_a_run_without_fault_passes(arrivals: tuple[Arrival, ...]) -> None:
    """A redelivery under the same id is what consumers are told to expect."""
    assert verdict({"e1", "e2"}, arrivals) == []


@pytest.mark.parametrize(
    ("arrivals", "problem"),
    [
        pytest.param(GOOD[1:], "e1: SendAcknowledgment is lost", id="lost"),
        pytest.param(
            (*GOOD, Arrival("m5", "AssignInvestigator", "e2")),
            "e2: AssignInvestigator came under 2 ids",
            id="two ids",
        ),
        pytest.param(
            (*GOOD, Arrival("m5", "SendAcknowledgment", "e3")),
            "e3: SendAcknowledgment for an event that nobody published",
            id="unasked",
        ),
        pytest.param(
            (*GOOD[:3], Arrival("m3", "AssignInvestigator", "e2")),
            "e2: AssignInvestigator shares its id with another command",
            id="shared id",
        ),
    ],
)
def test_each_kind_of_fault_is_named(arrivals: tuple[Arrival, ...], problem: str) -> None:
    """A verdict that lets one of these pass would make every fault test worthless."""
    assert problem in verdict({"e1", "e2"}, arrivals)
