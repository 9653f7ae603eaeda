"""A schedule on real processes that are killed: every tick once, none early, none lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.experiment import kill_repeatedly
from tests.acceptance.process import READY, eventually
from tests.acceptance.traffic import Collector

if TYPE_CHECKING:
    import random

    from pika.adapters.blocking_connection import (
        BlockingChannel,
    )

    from tests.acceptance.harness import Site

RULES = """
- name: heartbeat
  when: {every: 1s}
  catch_up: all
  then:
    - SendNotification:
        {to: a@example.org, subject: Heartbeat, text: "${data.scheduled_at}"}
"""
ANOTHER = RULES.replace("heartbeat", "pulse").replace("Heartbeat", "Pulse")
SECOND = timedelta(seconds=1)
SWEEP = {"ORCHESTRATOR_SWEEP_SECONDS": "1", "ORCHESTRATOR_OUTBOX_AGE_SECONDS": "1"}
"""Soon: of what a process died on no event comes again, so the sweeper alone sends it."""


class Runs(Collector):
    """Receives what schedules send.

    Attributes:
        sent: by subject, and by tick, every id under which its message came.
        waits: how long after its tick each message came, in seconds.
    """

    def __init__(self, site: Site) -> None:
        super().__init__(site.services.amqp_url, site.commands)
        self.sent: dict[str, dict[datetime, set[str]]] = {"Heartbeat": {}, "Pulse": {}}
        self.waits: list[float] = []

    def _receive(
        self, channel: BlockingChannel, method: Any, _properties: Any, body: bytes
    ) -> None:
        command = json.loads(body)
        tick = datetime.fromisoformat(command["data"]["text"])
        self.sent[command["data"]["subject"]].setdefault(tick, set()).add(command["id"])
        self.waits.append((datetime.now(UTC) - tick).total_seconds())
        channel.basic_ack(method.delivery_tag)

    @property
    def ids(self) -> dict[datetime, set[str]]:
        """The ticks of the heartbeat; a copy, as more of them come."""
        return dict(self.sent["Heartbeat"])

    @property
    def problems(self) -> list[str]:
        """What is wrong with what came: nothing may be missing between the first and the last."""
        came = self.ids
        tick, last = min(came), max(came)
        found = [f"{at} has {len(ids)} ids" for at, ids in came.items() if len(ids) > 1]
        while tick < last:
            if tick not in came:
                found.append(f"{tick} is missing")
            tick += SECOND
        return found


@pytest.mark.timeout(90)
def test_two_replicas_run_every_tick_once_while_they_are_killed(
    site: Site, chance: random.Random
) -> None:
    """One is killed again and again, then nobody is there for a while: all is made up for."""
    site.write_rules(RULES)
    with site.daemon("one", **SWEEP) as one, site.daemon("two", **SWEEP) as two, Runs(site) as runs:
        kill_repeatedly(two, chance, seconds=6, between=(0.5, 2.0))
        one.kill()
        two.kill()
        before = len(runs.ids)
        one.start()
        one.wait_for(READY)
        eventually(lambda: len(runs.ids) > before + 4 and not runs.problems, "four more ticks")
        site.let_work_off()
        assert one.terminate() == 0
        runs.stop()
        print(f"{len(runs.ids)} ticks, {len(runs.waits)} messages, late {sorted(runs.waits)[-3:]}")  # noqa: T201
    assert runs.problems == []
    assert min(runs.waits) > 0
    assert site.leftovers() == {}


@pytest.mark.timeout(60)
def test_a_schedule_starts_and_ends_with_its_file(site: Site) -> None:
    """Nothing is restarted: a rule that is saved ticks, and one that is switched off does not.

    While it is silent another one ticks, which was switched on at that moment.
    """
    with site.daemon() as daemon, Runs(site) as runs:
        site.write_rules(RULES)
        eventually(lambda: len(runs.ids) > 1, "two ticks")
        site.write_rules(RULES.replace("catch_up: all", "enabled: false") + ANOTHER)
        eventually(lambda: len(runs.sent["Pulse"]) > 3, "four ticks of the other")
        listed = json.loads(site.run("timers", "list", "--json").stdout)
        assert [timer["rule"] for timer in listed] == ["pulse"]
        assert daemon.terminate() == 0
    assert max(runs.ids) <= min(runs.sent["Pulse"])
