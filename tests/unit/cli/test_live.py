"""What the check says about instances that are open while rules change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from orchestrator.cli.live import all_go_by, dropped_ticks, wordings
from orchestrator.core.scheduled import Pending
from orchestrator.ports import KeptDefinition
from tests.engine.written import types, written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.definitions import Rulebook

CATALOG = types(("A", "B", "C"), ("Send",))
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def said(
    rules: Rulebook,
    counts: Mapping[tuple[str, str], int],
    texts: Mapping[str, KeptDefinition],
) -> list[str]:
    """Return the lines that are printed of what is open."""
    return [each.line for each in wordings(rules, counts, texts)] or [all_go_by(counts)]


def join(events: str, extra: str = "within: 1h") -> str:
    return f"- name: join\n  when: {{all: {events}}}\n  {extra}\n  then: [Send]\n"


OLD = written(join("[A, B]"), CATALOG)
((REVISION, TEXT),) = OLD.texts.items()
KEPT = {REVISION.revision: KeptDefinition(TEXT, NOW)}
STAY = f"2 open instances stay on revision {REVISION.revision}"


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (join("[A, B]"), "live: all 2 open instances go by these rules"),
        ("[]", f"live: rule join is gone: {STAY} to the end"),
        (
            join("[A, C]"),
            (
                f"live: rule join differs: {STAY} to the end; B is still waited for; C means"
                " nothing there"
            ),
        ),
        (
            join("[A, B]", "by: data.case"),
            (
                f"live: rule join differs: {STAY} to the end; the key (`by`) stays as it"
                " was; the time (`within`) stays as it was"
            ),
        ),
    ],
    ids=["same", "gone", "elements", "key"],
)
def test_each_old_wording_is_told_with_what_it_means(rules: str, told: str) -> None:
    """Before a file is saved one should know what becomes of the cases that are open."""
    assert said(written(rules, CATALOG), {REVISION: 2}, KEPT) == [told]


def test_a_wording_that_cannot_go_on_is_told_as_such() -> None:
    """Its cases would strand: that is the moment to put something back."""
    fewer = written("[]", types(("A",), ("Send",)))
    (told,) = said(fewer, {REVISION: 1}, KEPT)
    assert "1 open instance stays" in told
    assert "which these schemas cannot read" in told
    assert "B" in told
    (lost,) = said(fewer, {REVISION: 1}, {})
    assert "whose text is not kept" in lost


def test_a_tick_that_will_not_come_is_told() -> None:
    """A schedule keeps no wording, so what it waits for goes with the next reload."""
    digest = '- name: digest\n  when: {every: "0 8 * * MON"}\n  then: [{Send: {}}]\n'
    rules = written(digest, CATALOG)
    same = {"digest": Pending("0 8 * * MON UTC", NOW)}
    other = {"digest": Pending("0 9 * * MON UTC", NOW)}
    tick = "its tick of 2026-03-01T09:00:00Z is dropped"
    assert dropped_ticks(rules, same) == []
    (differs,) = dropped_ticks(rules, other)
    then = "and the next one is of the new schedule"
    assert differs.line == f"live: schedule digest differs: {tick}, {then}"
    (gone,) = dropped_ticks(written("[]", CATALOG), same)
    assert gone.line == f"live: schedule digest is gone: {tick}"
    assert [(each.rule, each.revision, each.instances) for each in (differs, gone)] == [
        ("digest", None, 0)
    ] * 2
    assert said(rules, {("digest", ""): 1}, {}) == ["live: all 0 open instances go by these rules"]
