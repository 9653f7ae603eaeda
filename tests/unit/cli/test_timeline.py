"""The tree a person reads when somebody asks what happened to a case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click
import pytest

from orchestrator.cli.causality import GivenUp, Published, causal_steps
from orchestrator.cli.timeline import as_json, draw, interval
from orchestrator.core.scheduled import run_id

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def sent(found: str, message_type: str, rule: str | None, seconds: float, cause: str) -> Published:
    """Return a message that something led to, `seconds` after the start."""
    source = "orchestrator" if rule else "notify"
    time = START + timedelta(seconds=seconds)
    return Published(found, message_type, source, rule, time, cause)


CASE = causal_steps(
    [
        Published("e1", "ComplaintFiled", "intake", None, START, None),
        sent("c1", "SendAcknowledgment", "ack", 0.012, "e1"),
        sent("r1", "AcknowledgmentSent", None, 1.5, "c1"),
        sent("c2", "AssignInvestigator", "assign", 0.012, "e1"),
        sent("c2", "AssignInvestigator", "assign", 9, "e1"),
    ],
    [GivenUp("c2", "hr.dlq", "failed", "no answer", "assign", 5, START)],
)


def test_a_case_is_drawn_as_a_tree_with_times_senders_and_losses() -> None:
    """Everything one needs to answer "and why not?" is in one picture."""
    drawn = [click.unstyle(line) for line in draw("C-991", CASE)]
    assert drawn == [
        "C-991: 4 messages, 1 dead letter",
        "began 2026-03-01 09:00:00.000 UTC",
        "",
        "       +0 ms  ComplaintFiled            from intake",
        "      +12 ms  ├─ SendAcknowledgment     rule ack",
        "     +1.50 s  │  └─ AcknowledgmentSent  from notify",
        "      +12 ms  └─ AssignInvestigator     rule assign  published 2 times",
        "                    ✗ dead letter in hr.dlq: failed by assign after 5 attempts: no answer",
    ]


def test_a_cause_that_was_not_found_is_said() -> None:
    """A hole in the trace must look like one; a cause in a sub-workflow has another key."""
    steps = causal_steps([Published("c1", "SendAcknowledgment", "x", None, START, "gone")])
    drawn = [click.unstyle(line) for line in draw("C-1", steps)]
    assert drawn[3] == (
        "              not found: gone        of another key, gone from the log, or never sent"
    )


def test_a_tick_is_no_hole_in_the_trace() -> None:
    """It was never published, and is all the same what led to the rest."""
    run = run_id("weekly-digest", START)
    steps = causal_steps([Published("c1", "CompileDigest", "x", "weekly-digest", START, run)])
    drawn = [click.unstyle(line) for line in draw(run, steps)]
    assert drawn[3:] == [
        "              tick 2026-03-01T09:00:00Z  schedule weekly-digest",
        "       +0 ms  └─ CompileDigest           rule weekly-digest",
    ]


def test_what_a_message_holds_cannot_steer_the_terminal() -> None:
    """Anybody can publish a type or a source with escape sequences in it."""
    steps = causal_steps([Published("e1", "T\x1b[2J", "s\n", None, START, None)])
    drawn = click.unstyle("\n".join(draw("K\x07", steps)))
    assert "T\\x1b[2J  from s\\n" in drawn
    assert "K\\x07" in drawn


def test_programs_get_the_same_steps_with_their_depth() -> None:
    """Reading a picture with a program breaks with the next picture."""
    told = as_json("C-991", CASE)
    assert told["correlationid"] == "C-991"
    assert [(s["type"], s["depth"], s["copies"]) for s in told["steps"]] == [  # type: ignore[attr-defined]
        ("ComplaintFiled", 0, 1),
        ("SendAcknowledgment", 1, 1),
        ("AcknowledgmentSent", 2, 1),
        ("AssignInvestigator", 1, 2),
    ]


@pytest.mark.parametrize(
    ("expected", "seconds"),
    [
        ("+0 ms", 0),
        ("+12 ms", 0.0123),
        ("-3 ms", -0.003),
        ("+1.50 s", 1.5),
        ("+1 m 05 s", 65),
        ("+2 h 03 m", 7380),
        ("+5 d 00 h", 432000),
    ],
)
def test_an_interval_is_as_exact_as_it_is_short(expected: str, seconds: float) -> None:
    """Milliseconds matter in the first second, and drown the rest after five days."""
    assert interval(timedelta(seconds=seconds)) == expected


def test_of_a_long_chain_the_last_levels_are_drawn() -> None:
    """Thirty steps one after the other would lead far out of any terminal; piped, all are there."""
    chain = [Published("e0", "Asked", "intake", None, START, None)]
    chain += [sent(f"e{n}", "Asked", "again", n / 1000, f"e{n - 1}") for n in range(1, 13)]
    steps = causal_steps(chain)
    narrow, whole = (
        [click.unstyle(line) for line in draw("C-1", steps, width)] for width in (60, None)
    )
    assert narrow[11:14] == [
        "       +8 ms                       └─ Asked     rule again",
        "       +9 ms   1⋯                     └─ Asked  rule again",
        "      +10 ms   2⋯                     └─ Asked  rule again",
    ]
    assert max(map(len, narrow)) <= 60
    assert whole[15] == f"      +12 ms  {'':33}└─ Asked  rule again"
