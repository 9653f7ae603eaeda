"""By which wording a rule is tried again that failed when its time was over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from orchestrator.cli.renewing import renewed
from orchestrator.core.decision import Instance
from orchestrator.core.stateful.memory import Kept, Memory, microseconds
from orchestrator.core.status import Status
from orchestrator.ports import InstanceKey, KeptDefinition
from tests.engine.written import types, written
from tests.unit.cli.case import event

if TYPE_CHECKING:
    from orchestrator.core.definitions import Rulebook

CATALOG = types(("A", "B", "C"), ("Send",))
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
AT = InstanceKey("join", "C-1")


def rules(when: str, name: str = "join") -> Rulebook:
    return written(f"- {{name: {name}, when: {when}, within: 1h, then: [Send]}}", CATALOG)


OLD = rules("{all: [A, B]}")


def texts(*books: Rulebook) -> dict[str, KeptDefinition]:
    return {
        revision.revision: KeptDefinition(text, NOW)
        for book in books
        for revision, text in book.texts.items()
    }


def incident() -> Instance:
    found = event("A")
    memory = Memory((Kept(microseconds(found.time), found.identity, "A", found),))
    revision = OLD.by_name["join"].revision
    return Instance(b"v" * 16, memory.pack(), Status.INCIDENT, revision)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "takes_over"),
    [
        ("{all: [A, C]}", True),
        ("{sequence: [A, B]}", True),
        ("{all: [A, B]}", False),
        ("{count: A, at_least: 3}", False),
        ("{all: [B, C]}", False),
    ],
    ids=["mended", "another form", "as it was", "remembers otherwise", "nothing left"],
)
def test_a_rule_that_was_mended_takes_over_what_it_can_read(now: str, *, takes_over: bool) -> None:
    """By the wording that is wrong it would fail again, however often it is tried."""
    book = rules(now)
    expected = {AT: book.by_name["join"].revision} if takes_over else {}
    assert renewed({AT: incident()}, book, texts(OLD, book)) == expected


def test_nothing_is_taken_over_that_cannot_be_read() -> None:
    """An instance must not be left under a revision of which nobody has the text."""
    mended = rules("{all: [A, C]}")
    assert renewed({AT: incident()}, mended, texts(OLD)) == {}, "no daemon has it yet"
    assert renewed({AT: incident()}, mended, texts(mended)) == {}, "the old text is lost"
    gone = rules("{all: [A, C]}", name="other")
    assert renewed({AT: incident()}, gone, texts(OLD, gone)) == {}
