"""Handlers that fail in a real process: each command is kept with its reason, the rest is done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from orchestrator.topology import dead_letter_queue
from tests.acceptance.harness import OURS
from tests.acceptance.process import LISTENING, eventually
from tests.acceptance.traffic import Letter, connect, send, take_all

if TYPE_CHECKING:
    from tests.acceptance.harness import Site

MOODS = ("raise", "reject", "hang", "work", "work")
MOODY = "tests.acceptance.moody:service"


def test_failing_handlers_stop_nothing(site: Site) -> None:
    """What fails is tried again, then kept and announced; what is rejected is not tried again."""
    queue = f"{site.name}.moody"
    dead = dead_letter_queue(queue)
    with site.process("moody", [*OURS, "consumers", "run", MOODY]) as moody:
        moody.wait_for(LISTENING)
        eventually(lambda: moody.get("/ready")[0] == 200, "the service is ready")
        with connect(site.services.amqp_url) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for number, mood in enumerate(MOODS):
                send(channel, site.name, command(number, mood), key="notify.v1")
        eventually(lambda: site.depth(dead) == 3, "three dead letters")
        metrics = moody.get("/metrics")[1]
        assert moody.terminate() == 0
    letters = take_all(site.services.amqp_url, dead)
    assert {subject_of(letter): reason_of(letter) for letter in letters} == {
        "raise": ("retries-exhausted", 2, "the printer is on fire"),
        "reject": ("rejected", 1, "nobody lives there"),
        "hang": ("retries-exhausted", 2, "tests.acceptance.moody.obey took longer than 0.2 s"),
    }
    assert f'{{outcome="replied",service="{queue}",type="SendNotification"}} 2.0' in metrics
    announced = take_all(site.services.amqp_url, f"{site.name}.unrouted")
    assert [json.loads(letter.body)["type"] for letter in announced] == ["CommandFailed"] * 3
    assert site.depth(queue) == 0


def command(number: int, mood: str) -> bytes:
    """Return a SendNotification that asks for `mood`."""
    data = {"to": "ada@example.org", "subject": mood, "text": "please"}
    return json.dumps({"type": "SendNotification", "id": f"C-{number}", "data": data}).encode()


def subject_of(letter: Letter) -> str:
    """Return what the dead letter asked for."""
    subject: str = json.loads(letter.body)["data"]["subject"]
    return subject


def reason_of(letter: Letter) -> tuple[str, int, str]:
    """Return reason, attempts and the end of the error."""
    found = letter.headers
    return found["x-reason"], found["x-attempts"], found["x-error"].rpartition(": ")[2]
