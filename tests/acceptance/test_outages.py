"""RabbitMQ and Redis restart or die under load: everybody comes back, and nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.acceptance.harness import Experiment

if TYPE_CHECKING:
    from orchestrator.local.services import Server
    from tests.acceptance.harness import Site


def restart(server: Server) -> None:
    """End it in order and start it again."""
    server.restart()


def crash(server: Server) -> None:
    """End it with SIGKILL and start it again: what it confirmed must be on disk."""
    server.kill()
    server.start()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("service", ["broker", "redis"])
def test_an_outage_loses_nothing(frail_site: Site, service: str) -> None:
    """The daemon waits, says what for, goes on by itself, and the count is right."""
    server: Server = getattr(frail_site.services, service)
    with frail_site.daemon() as daemon, Experiment(frail_site, per_second=200) as experiment:
        for outage in (restart, crash):
            experiment.progress(events=100)
            outage(server)
        experiment.progress(events=100)
        wrong = experiment.count()
        assert daemon.get("/ready")[0] == 200
        assert daemon.terminate() == 0
    assert wrong == []
    assert frail_site.leftovers() == {}
    waits = daemon.logged("service_waiting")
    assert {"broker": "RabbitMQ", "redis": "Redis"}[service] in waits[0]["reason"]
    assert len(daemon.logged("service_recovered")) >= 2
