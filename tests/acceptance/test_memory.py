"""How much memory a daemon takes while it works off a long queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from orchestrator.topology import Names
from tests.acceptance.harness import OURS
from tests.acceptance.process import READY, eventually
from tests.acceptance.traffic import CHANNEL, complaint, connect, send

if TYPE_CHECKING:
    from tests.acceptance.harness import Site
    from tests.acceptance.process import Process

EVENTS = 20_000
LIMIT_MB = 150


@pytest.mark.timeout(120)
def test_a_long_queue_takes_little_memory(site: Site) -> None:
    """Held are the prefetched messages, not the queue: 150 MB at a prefetch of 1,000."""
    with connect(site.services.amqp_url) as connection:
        channel = connection.channel()
        channel.queue_bind(site.queue, Names(site.name).bus, CHANNEL)
        for number in range(EVENTS):
            send(channel, site.name, json.dumps(complaint(f"e{number}")).encode())
        # Nothing is confirmed: with its channel, the broker forgets what it has not passed on yet.
        eventually(lambda: site.depth(site.queue) == EVENTS, f"{EVENTS} events wait")
    with site.process("daemon", [*OURS, "run"], ORCHESTRATOR_PREFETCH="1000") as daemon:
        daemon.wait_for(READY)
        eventually(lambda: reactions(daemon) == EVENTS, f"{EVENTS} reactions", seconds=90)
        assert daemon.peak_rss_mb() < LIMIT_MB
        assert daemon.terminate() == 0
    assert site.leftovers() == {}


def reactions(daemon: Process) -> float:
    """Return how many events the daemon has reacted to."""
    lines = daemon.get("/metrics")[1].splitlines()
    return sum(
        float(line.split()[1]) for line in lines if line.startswith("orchestrator_reactions_total")
    )
