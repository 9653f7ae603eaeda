"""The causal tree of a case: everything once, under its cause, whatever the messages claim."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.cli.causality import GivenUp, Published, Step, causal_steps

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def message(told: str, seconds: float = 0) -> Published:
    """Read ``"b<a"`` as message b, caused by a."""
    found, _, cause = told.partition("<")
    time = START + timedelta(seconds=seconds)
    return Published(found, f"Type-{found}", "test", None, time, cause or None)


def drawn(steps: tuple[Step, ...]) -> list[str]:
    """Return one text per step: depth as dots, a question mark for what was not found."""
    return ["." * len(s.branches) + s.id + ("" if s.message else "?") for s in steps]


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ([], []),
        (["a"], ["a"]),
        (["a", ".b", "..c", ".d"], ["a", "b<a", "d<a", "c<b"]),
        (["a", "b"], ["a", "b"]),
        (["x?", ".b"], ["b<x"]),
        (["a", "x?", ".b", ".c"], ["a", "b<x", "c<x"]),
        (["a", ".b"], ["a<b", "b<a"]),
        (["a"], ["a<a"]),
        (["a", ".b"], ["a", "b<a", "b<a"]),
    ],
    ids=[
        "nothing",
        "one message",
        "effects below their cause, depth first",
        "several roots in order of time",
        "a cause that was not found",
        "a cause that was not found stands once",
        "a circle begins with its earliest message",
        "a message that names itself",
        "a message published twice is one",
    ],
)
def test_every_message_stands_once_under_its_cause(expected: list[str], told: list[str]) -> None:
    """On call, what is missing or doubled in a trace is taken for what happened."""
    steps = causal_steps(message(text, index) for index, text in enumerate(told))
    assert drawn(steps) == expected


def test_siblings_stand_in_the_order_of_their_time() -> None:
    """The log may hold them in another order, because replicas publish side by side."""
    steps = causal_steps([message("late<a", 5), message("early<a", 1), message("a", 0)])
    assert drawn(steps) == ["a", ".early", ".late"]


def test_copies_are_counted_and_the_first_one_is_shown() -> None:
    """After a crash the same id may be published again; that must be visible, and not look new."""
    steps = causal_steps([message("a", 7), message("a", 1)])
    assert [(s.copies, s.message) for s in steps] == [(2, message("a", 1))]


def test_branches_tell_whether_a_sibling_follows() -> None:
    """Guides are drawn from them: a line goes on only where something comes below."""
    steps = causal_steps(message(t, i) for i, t in enumerate(["a", "b<a", "c<b", "d<a"]))
    assert {s.id: s.branches for s in steps} == {
        "a": (),
        "b": (True,),
        "c": (True, False),
        "d": (False,),
    }


def test_dead_letters_stand_with_their_message() -> None:
    """Why something did not happen is the question a trace is opened for."""
    lost = GivenUp("b", "hr.dlq", "handler-failed", "no room", "assign", 5, START)
    steps = causal_steps([message("a"), message("b<a", 1)], [lost])
    assert {s.id: s.dead_letters for s in steps} == {"a": (), "b": (lost,)}


def test_a_chain_of_any_length_is_walked() -> None:
    """Rules that answer each other for months must not end in a recursion error."""
    chain = [message("m0"), *(message(f"m{n}<m{n - 1}", n) for n in range(1, 3000))]
    steps = causal_steps(chain)
    assert len(steps) == 3000
    assert len(steps[-1].branches) == 2999
