"""The page about messages: what it shows can be read, and each reason of dead letters is on it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.core.envelope import decode, encode
from orchestrator.core.event import Delivery, Outgoing
from orchestrator.errors import BadMessage, Refused
from orchestrator.service.executor import RETRIES_EXHAUSTED

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/messages.md").read_text()
EXAMPLES = re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
BY_THE_BROKER = {"delivery-limit", "expired", "unrouted"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_both_forms_of_the_page_are_the_same_event(example: str) -> None:
    """Whoever writes a publisher begins with a copy."""
    event = decode(Delivery(example.encode()), NOW)

    assert (event.type, event.correlation_id) == ("ComplaintFiled", "C-991")
    assert event.data == {"category": "safety"}


def test_there_are_two_examples() -> None:
    """The control of the test above, which would pass on a page without any."""
    assert len(EXAMPLES) == 2


def test_what_is_sent_has_the_attributes_that_are_listed() -> None:
    """Receivers in other languages are written from the list."""
    sent = encode(
        Outgoing("1", "T", "t.v1", "s", NOW, {}, "C-1", "C-1", causation_id="0", traceparent="00")
    )

    assert f"\n    {' '.join(json.loads(sent.body))}\n" in PAGE


def reasons() -> Iterator[str]:
    """Every reason that our code gives."""
    waiting: list[type[Refused]] = [Refused]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind is not BadMessage and kind.__module__.startswith("orchestrator."):
            yield kind.reason
    sources = "".join(each.read_text() for each in (ROOT / "orchestrator").rglob("*.py"))
    yield from re.findall(r'BadMessage\(\s*"([a-z-]+)"', sources)
    yield from (f"no-{name}" for name in re.findall(r'_required\(content, "(\w+)"', sources))
    yield from (f"bad-{name}" for name in re.findall(r'_optional\(content, "(\w+)"', sources))
    yield RETRIES_EXHAUSTED


def test_every_reason_of_a_dead_letter_is_explained_and_none_that_there_is_not() -> None:
    """Who finds one in a queue looks it up here; who writes an alert takes it from here."""
    rows = PAGE.partition("| reason |")[2].splitlines()[2:]
    told = {name for row in rows for name in re.findall(r"`([a-z-]+)`", row.split("|")[1])}

    assert told == {*reasons(), *BY_THE_BROKER}
