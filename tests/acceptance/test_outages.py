"""RabbitMQ and Redis are away, restart, die or are weak: nothing is lost, and somebody says so."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from redis import Redis

from tests.acceptance.experiment import Experiment
from tests.acceptance.harness import OURS
from tests.acceptance.process import READY, WAITING, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.local.services import Server
    from tests.acceptance.harness import Site


MORE = "- when: ComplaintWithdrawn\n  then: [CloseCase]\n"


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
    waits = daemon.logged(WAITING)
    assert {"broker": "RabbitMQ", "redis": "Redis"}[service] in waits[0]["reason"]
    assert len(daemon.logged("service_recovered")) >= 2


def test_a_redis_that_can_lose_commits(frail_site: Site) -> None:
    """All guarantees stand on it, so it is refused; unless somebody accepts that, in writing."""
    with weakened(frail_site):
        said = frail_site.refusal()
        assert "appendonly is no, must be yes" in said
        assert "ORCHESTRATOR_REDIS_ALLOW_WEAK=1" in said
        with frail_site.daemon(ORCHESTRATOR_REDIS_ALLOW_WEAK="1") as daemon:
            status, body = daemon.get("/ready")
            assert status == 200
            assert "can lose commits: appendonly is no" in body


@pytest.mark.timeout(90)
def test_services_that_are_away_are_waited_for(frail_site: Site) -> None:
    """Machines boot in any order. It says what it waits for, and begins by itself.

    Rules that are mended in the meantime count, though it has read others.
    """
    services = frail_site.services
    services.redis.stop()
    services.broker.stop()
    with frail_site.process("daemon", [*OURS, "run"]) as daemon:
        assert "Redis" in daemon.wait_for(WAITING)["reason"]
        assert daemon.get("/live")[0] == 200
        assert daemon.get("/ready")[0] == 503
        frail_site.write_rules(MORE, "more.yaml")
        services.redis.start()
        daemon.wait_for("service_recovered")
        eventually(
            lambda: any("RabbitMQ" in line["reason"] for line in daemon.logged(WAITING)),
            "a log line that says the broker is waited for",
        )
        services.broker.start()
        daemon.wait_for(READY)
        assert daemon.get("/ready")[0] == 200
        eventually(lambda: daemon.logged(READY)[-1]["rules"] == 2, "the rules as they are now")
        assert daemon.terminate() == 0


@contextmanager
def weakened(site: Site) -> Iterator[None]:
    """Switch the AOF off for the time of the block."""
    with Redis.from_url(site.services.redis_url) as redis:
        redis.config_set("appendonly", "no")
        try:
            yield
        finally:
            redis.config_set("appendonly", "yes")
