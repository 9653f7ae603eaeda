"""Rules change while everything runs: good ones take effect, broken ones are refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.experiment import Experiment
from tests.acceptance.process import READY, eventually
from tests.acceptance.traffic import connect, send, take_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.acceptance.harness import Site
    from tests.acceptance.process import Process

REFUSED = "rulebook_refused"
ON_ANOTHER_CHANNEL = """
- when: ComplaintWithdrawn
  then: [CloseCase]
- when: PermitDenied
  then:
    - SendNotification: {to: clerk@example.org, subject: denied, text: denied}
"""
BROKEN = "- when: ComplaintFiled\n  then:\n    - SendAcknowledgement\n"
DENIED: dict[str, Any] = {
    "type": "PermitDenied",
    "id": "P-1",
    "data": {
        "applicant": {"name": "Ada Sample", "email": "ada@example.org"},
        "permit_type": "food-service",
        "reasons": ["The kitchen has no exit."],
    },
}


def test_a_new_file_takes_effect_without_a_restart(site: Site) -> None:
    """The queue is bound to the new rule's channel, and its event leads to its command."""
    with site.daemon() as daemon:
        site.write_rules(ON_ANOTHER_CHANNEL, "more.yaml")
        loaded = daemon.wait_for(READY, times=2)
        assert loaded["rules"] == 3
        publish(site, "permits.v1", DENIED)
        eventually(lambda: site.depth(site.commands[0]) == 1, "the command of the new rule")
    (command,) = take_all(site.services.amqp_url, site.commands[0])
    assert json.loads(command.body)["correlationid"] == "P-1"


def test_a_broken_file_changes_nothing(site: Site) -> None:
    """The log and /ready say where the mistake is; the rules before it go on; a mend is taken."""
    with site.daemon() as daemon:
        site.write_rules(BROKEN)
        problems = daemon.wait_for(REFUSED)["problems"]
        assert problems[0].startswith(f"{site.rules}/rules.yaml:3:7: ")
        assert "SendAcknowledgment" in problems[0]
        assert readiness(daemon) == (200, problems)
        assert "\norchestrator_reload_successful 0.0\n" in daemon.get("/metrics")[1]
        publish(site, "complaints.v1", {"type": "ComplaintWithdrawn", "id": "C-1"})
        site.write_rules(ON_ANOTHER_CHANNEL)
        daemon.wait_for(READY, times=2)
        assert readiness(daemon) == (200, [])
        assert "\norchestrator_reload_successful 1.0\n" in daemon.get("/metrics")[1]


@pytest.mark.timeout(90)
def test_fifteen_reloads_under_load_lose_nothing(site: Site) -> None:
    """No event falls between two rulebooks, and a refusal disturbs none."""
    with site.daemon() as daemon, Experiment(site, per_second=200) as experiment:
        more = site.rules / "more.yaml"
        for round_number in range(5):
            if round_number % 2:
                outcome(daemon, READY, more.unlink)
            else:
                outcome(daemon, READY, lambda: site.write_rules(ON_ANOTHER_CHANNEL, more.name))
            outcome(daemon, REFUSED, lambda: site.write_rules(BROKEN, "broken.yaml"))
            outcome(daemon, READY, (site.rules / "broken.yaml").unlink)
        wrong = experiment.count()
        assert daemon.terminate() == 0
    assert wrong == []
    assert site.leftovers() == {}


def publish(site: Site, channel: str, content: dict[str, Any]) -> None:
    """Publish one message, confirmed."""
    with connect(site.services.amqp_url) as connection:
        confirmed = connection.channel()
        confirmed.confirm_delivery()
        send(confirmed, site.name, json.dumps(content).encode(), key=channel)


def outcome(daemon: Process, event: str, change: Callable[[], object]) -> None:
    """Change a file and wait until the reload that follows has ended in `event`."""
    before = len(daemon.logged(event))
    change()
    daemon.wait_for(event, times=before + 1)


def readiness(daemon: Process) -> tuple[int, list[str]]:
    """Return the status of /ready, and the problems it shows."""
    status, body = daemon.get("/ready")
    return status, json.loads(body)["rulebook"]["refused"]
