"""Finds for each expected message the one that was sent, and says what differs. Plays nothing."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from orchestrator.ruletest.difference import differences, shown
from orchestrator.ruletest.moments import as_written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from orchestrator.core.problem import Position
    from orchestrator.ruletest.case import Case, Expected

Mark = Literal["expected", "different", "unexpected", "unasked"]
"""Of a message that was sent: as expected; expected otherwise; not expected; nobody asked."""

Finding = tuple["Position", str]


class Message(Protocol):
    """What is looked at of a message that was sent."""

    @property
    def type(self) -> str:
        """Its type."""

    @property
    def data(self) -> object:
        """Its payload."""

    @property
    def key(self) -> str:
        """Its correlation key."""

    @property
    def rule(self) -> str | None:
        """Who sent it."""

    @property
    def after(self) -> timedelta:
        """How long after the start of the case."""


M = TypeVar("M", bound=Message)


def compare(case: Case, sent: Sequence[M]) -> tuple[list[Finding], list[tuple[Mark, M]]]:
    """Return what is wrong with what was sent, and each message with how it was judged."""
    asked = {expected.type for expected in case.messages} | case.never
    relevant = [i for i, message in enumerate(sent) if case.nothing_else or message.type in asked]
    marks: dict[int, Mark] = dict.fromkeys(range(len(sent)), "unasked")
    pairs = _pair(case.messages, [sent[i] for i in relevant])
    findings: list[Finding] = []
    for expected, index in zip(case.messages, pairs, strict=True):
        if index is None:
            findings.append((expected.position, f"{expected.type} was not sent"))
            continue
        wrong = list(_wrong(expected, sent[relevant[index]]))
        marks[relevant[index]] = "different" if wrong else "expected"
        findings += wrong
    for index in relevant:
        if marks[index] == "unasked":
            marks[index] = "unexpected"
            findings.append((case.position, _not_expected(sent[index])))
    if not findings and not case.unordered:
        findings += _out_of_order(case, [sent[index] for index in relevant])
    return findings, [(marks[index], message) for index, message in enumerate(sent)]


def _out_of_order(case: Case, sent: Sequence[Message]) -> list[Finding]:
    """Find the first message that matches, but comes at another place."""
    for expected, message in zip(case.messages, sent, strict=True):
        if _differs(expected, message):
            instead = f"{message.type} {shown(message.data)} came first"
            advice = "change the order, or write `unordered: true`"
            return [(expected.position, f"{expected.type} was sent, but {instead}: {advice}")]
    return []


def _pair(expected: Sequence[Expected], sent: Sequence[Message]) -> list[int | None]:
    """Return for each expected message the index of the one that was sent; None for none.

    As many as possible get one that matches; of what is left, one of the same type.
    """
    if len(expected) == len(sent) and not any(map(_differs, expected, sent)):
        return list(range(len(sent)))
    owners: dict[int, int] = {}
    for wanted in range(len(expected)):
        _claim(wanted, expected, sent, owners, set())
    pairs: list[int | None] = [None] * len(expected)
    for index, wanted in owners.items():
        pairs[wanted] = index
    for wanted, item in enumerate(expected):
        if pairs[wanted] is None:
            free = (i for i, m in enumerate(sent) if i not in owners and m.type == item.type)
            for index in islice(free, 1):
                owners[index] = wanted
                pairs[wanted] = index
    return pairs


def _claim(
    wanted: int,
    expected: Sequence[Expected],
    sent: Sequence[Message],
    owners: dict[int, int],
    tried: set[int],
) -> bool:
    """Give an expected message one that matches; who had it before must find another."""
    for index, message in enumerate(sent):
        if index in tried or _differs(expected[wanted], message):
            continue
        tried.add(index)
        owner = owners.get(index)
        if owner is None or _claim(owner, expected, sent, owners, tried):
            owners[index] = wanted
            return True
    return False


def _differs(expected: Expected, message: Message) -> bool:
    return any(True for _ in _wrong(expected, message))


def _wrong(expected: Expected, message: Message) -> Iterator[Finding]:
    """Yield what is not as expected of a message."""
    name, place = expected.type, expected.position
    if message.type != name:
        yield place, f"{message.type} is no {name}"
        return
    if expected.key not in (None, message.key):
        yield place, f"{name}: its key is {message.key}, expected {expected.key}"
    if expected.rule not in (None, message.rule):
        yield place, f"{name}: rule {message.rule} sent it, expected {expected.rule}"
    if expected.after is not None and expected.after != message.after:
        times = (
            f"{as_written(message.after)} after the start, expected {as_written(expected.after)}"
        )
        yield place, f"{name}: it was sent {times}"
    if expected.data is not None:
        part = expected.data
        for difference in differences(part.value, message.data, exactly=expected.exactly):
            there = part.document.position((*part.path, *difference.path))
            yield there, f"{name}: {difference}"


def _not_expected(message: Message) -> str:
    rule = f" by rule {message.rule}" if message.rule else ""
    return f"{message.type} was sent{rule}, and was not expected: {shown(message.data)}"
