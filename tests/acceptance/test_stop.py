"""SIGTERM under load: what is in hand is finished, the rest is left for the next."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.experiment import Experiment

if TYPE_CHECKING:
    from tests.acceptance.harness import Site

DRAIN_SECONDS = 20


@pytest.mark.timeout(90)
def test_a_graceful_stop_repeats_nothing(site: Site) -> None:
    """A deployment must not look like a crash: no command is even sent twice."""
    with site.daemon() as daemon, Experiment(site, per_second=250) as experiment:
        for _ in range(2):
            experiment.progress(events=200)
            asked = time.monotonic()
            assert daemon.terminate() == 0
            assert time.monotonic() - asked < DRAIN_SECONDS
            daemon.start()
        wrong = experiment.count()
        assert daemon.terminate() == 0
        arrivals = experiment.collector.arrivals
    assert wrong == []
    assert len(arrivals) == len(set(arrivals))
    assert site.leftovers() == {}
