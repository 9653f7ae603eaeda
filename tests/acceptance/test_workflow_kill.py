"""SIGKILL of daemon and departments while restaurants open: each case ends as a model says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.acceptance.opening import Application
from tests.acceptance.opening_day import CARELESS, FORGETFUL, OpeningDay

if TYPE_CHECKING:
    import random

    from tests.acceptance.harness import Site

LATE = Application("R-1", renovation=True, alcohol=False, refused_by="health_inspection")


def applications(number: int) -> list[Application]:
    """Return some, of which a third is refused by one department or another."""
    return [Application.numbered(each) for each in range(number)]


@pytest.mark.timeout(180)
def test_every_restaurant_opens_or_is_taken_back(site: Site, chance: random.Random) -> None:
    """All processes are killed by turns; nobody is stuck, no fee is kept, nothing is left over."""
    assert OpeningDay(site, applications(40)).wrong(chance, kills=8) == []


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_hundreds_of_restaurants_open_or_are_taken_back(site: Site, chance: random.Random) -> None:
    """The same for minutes."""
    assert OpeningDay(site, applications(500)).wrong(chance, kills=60) == []


@pytest.mark.timeout(150)
def test_a_daemon_that_acknowledges_on_arrival_is_found_out(
    site: Site, chance: random.Random
) -> None:
    """Negative control: the same workflow, killed the same way, without the order of our steps."""
    wrong = OpeningDay(site, applications(40), daemon=CARELESS).wrong(chance, kills=8)
    assert any("it has 0 ends" in problem for problem in wrong)


@pytest.mark.timeout(120)
def test_departments_that_keep_what_they_took_back_are_found_out(
    site: Site, chance: random.Random
) -> None:
    """Negative control: all that they say is right, so only their books can tell."""
    wrong = OpeningDay(site, [LATE], departments=FORGETFUL).wrong(chance, kills=1)
    assert wrong == ["R-1 paid [150, 300, 500], not []"]
