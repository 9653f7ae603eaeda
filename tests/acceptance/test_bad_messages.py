"""Messages that are no events: each is kept with its reason, while good events flow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestrator.topology import dead_letter_queue
from tests.acceptance.experiment import Experiment
from tests.acceptance.harness import RULES, Site
from tests.acceptance.process import eventually
from tests.acceptance.traffic import complaint, connect, send, take_all

CASE = "x-case"
MIB = 1024 * 1024
FRAGILE = """
- name: fragile
  when: ComplaintWithdrawn
  if: size(data.reason) > 0
  then: [CloseCase]
"""


def text(content: Any) -> bytes:
    return json.dumps(content).encode()


WITHOUT_REGION = {key: value for key, value in complaint("e")["data"].items() if key != "region"}
BAD: dict[str, tuple[bytes, str]] = {
    "not text": (b"\xff\xfe\x00", "not-json"),
    "cut off": (b'{"type": "ComplaintFiled", "id": ', "not-json"),
    "not a number": (
        b'{"type": "ComplaintFiled", "id": "C-1", "data": {"amount": NaN}}',
        "not-json",
    ),
    "a list": (text([1, 2]), "not-an-object"),
    "without type": (text({"id": "C-1"}), "no-type"),
    "too large": (text(complaint("e", description="x" * MIB)), "too-large"),
    "too deep": (b'{"type": "ComplaintFiled", "x":' + b"[" * 70 + b"]" * 70 + b"}", "too-deep"),
    "huge integer": (text(complaint("e", amount=2**64)), "integer-too-large"),
    "against the schema": (text(complaint("e") | {"data": WITHOUT_REGION}), "schema-violation"),
    "failing rule": (text({"type": "ComplaintWithdrawn", "id": "C-1"}), "expression-failed"),
    "carbon copy": (text(complaint("e")), "cc-bcc-header"),
}
HEADERS = {"carbon copy": {"CC": ["elsewhere.v1"]}}


@pytest.mark.timeout(90)
def test_every_bad_message_is_kept_with_its_reason(site: Site) -> None:
    """What cannot be read must not stop what can, nor vanish, nor come back for ever."""
    dead = dead_letter_queue(site.queue)
    site.write_rules(RULES + FRAGILE)
    with site.daemon() as daemon, Experiment(site, per_second=100) as experiment:
        with connect(site.services.amqp_url) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for case, (body, _) in BAD.items():
                send(channel, site.name, body, headers={CASE: case} | HEADERS.get(case, {}))
            send(channel, site.name, text({"type": "NoSuchThing", "id": "X-1"}))
        eventually(lambda: site.depth(dead) == len(BAD), "all bad messages in the DLQ")
        experiment.progress(events=20)
        wrong = experiment.count()
        metrics = daemon.get("/metrics")[1]
        assert daemon.terminate() == 0
    letters = {letter.headers[CASE]: letter for letter in take_all(site.services.amqp_url, dead)}
    assert {case: letter.headers["x-reason"] for case, letter in letters.items()} == {
        case: reason for case, (_, reason) in BAD.items()
    }
    assert {case: letter.body for case, letter in letters.items()} == {
        case: body for case, (body, _) in BAD.items()
    }
    assert letters["failing rule"].headers["x-rule"] == "fragile"
    assert f"{site.rules}/rules.yaml:" in letters["failing rule"].headers["x-error"]
    # A type nobody wants is no mistake of the message: other services may understand it.
    assert 'orchestrator_events_total{outcome="ignored",type="unknown"} 1.0' in metrics
    assert wrong == []
    assert site.leftovers() == {}
