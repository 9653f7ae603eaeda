"""A test of rules as a value: what happens, what must follow. Reads and plays nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from orchestrator.core.problem import Position
    from orchestrator.rulefile.parts import Part


@dataclass(frozen=True, slots=True)
class Given:
    """An event that arrives.

    Attributes:
        type: its type.
        data: its payload.
        key: its correlation key, and its subject.
        id: its id; None for one of its own. Two events with one id are one that is redelivered.
        source: who publishes it.
        at: when it happened. It arrives then, or at once if that is past. None for now.
        answers: the step of a workflow whose last command it answers, such as ``license``,
            ``units[2]`` or ``license~`` for what takes it back, with its place in the file.
    """

    type: str
    data: object
    key: str
    id: str | None
    source: str
    at: datetime | None
    answers: Part | None = None


@dataclass(frozen=True, slots=True)
class Advance:
    """Time that passes without events; timers that become due fire."""

    by: timedelta


Step = Given | Advance


@dataclass(frozen=True, slots=True)
class Expected:
    """A message that must be sent.

    Attributes:
        type: its type.
        data: what its data must hold, with its place in the file; None for anything.
        exactly: whether the data may hold nothing else.
        key: its correlation key; None for any.
        rule: who sends it; None for any rule.
        after: how long after the start; None for any time.
        position: where it is expected.
    """

    type: str
    data: Part | None
    exactly: bool
    key: str | None
    rule: str | None
    after: timedelta | None
    position: Position


@dataclass(frozen=True, slots=True)
class ExpectedLetter:
    """A dead letter that must be there.

    Attributes:
        rule: the rule that fails; None for any, or none at all.
        reason: the stable word that says why; None for any.
        position: where it is expected.
    """

    rule: str | None
    reason: str | None
    position: Position


@dataclass(frozen=True, slots=True)
class ExpectedInstance:
    """Something a stateful rule must remember when the case is over."""

    rule: str
    key: str
    position: Position


@dataclass(frozen=True, slots=True)
class Case:
    """One test.

    Attributes:
        name: for people.
        position: where it stands.
        start: when it begins, aware.
        isolated: whether what rules send stays without consequences.
        steps: what happens, in order.
        messages: what must be sent. No message of a type named here may come besides.
        unordered: whether their order matters not.
        never: types of which nothing may be sent.
        nothing_else: whether no other type may be sent either.
        letters: the dead letters there must be; there may be no others.
        instances: what must be remembered; None where that is not looked at. A rule named here
            may remember nothing else, and an empty list wants nothing remembered at all.
        without_schedules: whether rules on a schedule do not tick.
    """

    name: str
    position: Position
    start: datetime
    isolated: bool
    steps: tuple[Step, ...]
    messages: tuple[Expected, ...]
    unordered: bool
    never: frozenset[str]
    nothing_else: bool
    letters: tuple[ExpectedLetter, ...]
    instances: tuple[ExpectedInstance, ...] | None
    without_schedules: bool = False
