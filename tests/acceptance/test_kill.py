"""SIGKILL under load: nothing confirmed is lost, and no command comes under two ids."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.experiment import Experiment, kill_repeatedly
from tests.acceptance.process import READY

if TYPE_CHECKING:
    import random

    from tests.acceptance.harness import Site

BETWEEN_SECONDS = (0.5, 3.0)


@pytest.mark.timeout(90)
def test_a_daemon_killed_again_and_again_loses_nothing(site: Site, chance: random.Random) -> None:
    """The promise of the product, on a real process at moments nobody chose."""
    run_and_kill(site, chance, per_second=200, seconds=15)


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_a_daemon_killed_for_minutes_loses_nothing(site: Site, chance: random.Random) -> None:
    """The same for two minutes at 500 events/s."""
    run_and_kill(site, chance, per_second=500, seconds=120)


def run_and_kill(site: Site, chance: random.Random, *, per_second: float, seconds: float) -> None:
    with site.daemon() as daemon, Experiment(site, per_second=per_second) as experiment:
        kills = kill_repeatedly(daemon, chance, seconds=seconds, between=BETWEEN_SECONDS)
        wrong = experiment.count()
        daemon.wait_for(READY)
        site.let_work_off()
        assert daemon.terminate() == 0
        told = f"{len(experiment.confirmed)} events, {len(experiment.collector.arrivals)} commands"
        print(f"{told}, {kills} kills")  # noqa: T201 - figures for `pytest -rP`
    assert wrong == []
    assert site.leftovers() == {}
    assert kills >= seconds / BETWEEN_SECONDS[1]


@pytest.mark.timeout(90)
def test_two_replicas_share_the_work_while_one_is_killed(site: Site, chance: random.Random) -> None:
    """Deliveries move between replicas: the commit decides, whoever has them."""
    with (
        site.daemon("survivor") as survivor,
        site.daemon("victim") as victim,
        Experiment(site, per_second=200) as experiment,
    ):
        kill_repeatedly(victim, chance, seconds=5, between=(0.5, 2.0))
        wrong = experiment.count()
        victim.wait_for(READY)
        site.let_work_off()
        assert (survivor.terminate(), victim.terminate()) == (0, 0)
    assert wrong == []
    assert site.leftovers() == {}


@pytest.mark.parametrize(
    ("mode", "symptom"), [("ack-first", "is lost"), ("random-ids", "came under 2 ids")]
)
def test_the_count_catches_a_wrong_consumer(
    site: Site, chance: random.Random, mode: str, symptom: str
) -> None:
    """Negative control: killed the same way, a consumer without our guarantees is found out."""
    argv = [sys.executable, "-m", "tests.acceptance.broken", mode, site.name, site.queue]
    with site.process(mode, argv) as broken, Experiment(site, per_second=200) as experiment:
        experiment.progress(events=50)
        kill_repeatedly(broken, chance, seconds=3, between=(0.5, 1.0), ready=None)
        wrong = experiment.count(quiet_seconds=2)
    assert any(symptom in problem for problem in wrong)
