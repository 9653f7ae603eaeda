"""Puts the messages of one case in causal order. Pure: knows neither the log nor the terminal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Published:
    """A message as it was published.

    Attributes:
        id: what other messages name as their cause.
        type: such as ``ComplaintFiled``.
        source: who published it.
        rule: the rule that sent it; None when no rule did.
        time: when, aware; a guess, good enough to sort by, where the message does not say.
        causation_id: the message that led to it; None when nothing did.
        timed: whether the message says when.
    """

    id: str
    type: str
    source: str
    rule: str | None
    time: datetime
    causation_id: str | None
    timed: bool = True


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A message that lies in a dead-letter queue.

    Attributes:
        message_id: which.
        queue: the dead-letter queue.
        reason: a short stable word.
        error: the last error.
        part: the rule or handler that failed; None when the message itself was refused.
        attempts: how often it was tried.
        time: when it was given up; None when the broker did it by itself.
    """

    message_id: str
    queue: str
    reason: str
    error: str
    part: str | None
    attempts: int
    time: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """One message in its place.

    Attributes:
        id: of the message.
        message: None for a cause that is named by others but was not found.
        copies: how often it was published; a repeated id is one message.
        dead_letters: where it was given up.
        branches: one entry per level below the root: whether a sibling follows there. Empty for a
            root.
    """

    id: str
    message: Published | None
    copies: int
    dead_letters: tuple[GivenUp, ...]
    branches: tuple[bool, ...]


def causal_steps(
    messages: Iterable[Published], dead_letters: Iterable[GivenUp] = ()
) -> tuple[Step, ...]:
    """Return every message under the one that led to it, siblings in the order of their time.

    Whatever the messages claim, each appears once: the earliest message of a circle of causes
    counts as its root, and a cause that is not among the messages stands as a step without one.
    """
    every = sorted(messages, key=lambda message: message.time)  # ties keep the log's order
    copies = Counter(message.id for message in every)
    known = {message.id: message for message in reversed(every)}
    order = list(dict.fromkeys(message.id for message in every))
    effects = _effects(order, known)
    given_up: dict[str, tuple[GivenUp, ...]] = {}
    for letter in dead_letters:
        given_up[letter.message_id] = (*given_up.get(letter.message_id, ()), letter)
    return tuple(
        Step(found, known.get(found), copies[found], given_up.get(found, ()), branches)
        for found, branches in _walk(order, known, effects)
    )


def _effects(order: Sequence[str], known: Mapping[str, Published]) -> dict[str, list[str]]:
    """Return what each message, found or not, led to."""
    effects: dict[str, list[str]] = {}
    for found in order:
        cause = known[found].causation_id
        if cause is not None:
            effects.setdefault(cause, []).append(found)
    return effects


def _walk(
    order: Sequence[str], known: Mapping[str, Published], effects: Mapping[str, Sequence[str]]
) -> list[tuple[str, tuple[bool, ...]]]:
    """Return ids in depth-first order, each with its branches. Iterative: chains may be long."""
    walked: dict[str, tuple[bool, ...]] = {}
    for root in [*_roots(order, known), *order]:
        open_steps: list[tuple[str, tuple[bool, ...]]] = [(root, ())]
        while open_steps:
            found, branches = open_steps.pop()
            if found in walked:
                continue
            walked[found] = branches
            below = [effect for effect in effects.get(found, ()) if effect not in walked]
            open_steps += [(effect, (*branches, effect != below[-1])) for effect in reversed(below)]
    return list(walked.items())


def _roots(order: Sequence[str], known: Mapping[str, Published]) -> Iterable[str]:
    """Return what nothing led to, and the causes that were not found, by first appearance."""
    for found in order:
        cause = known[found].causation_id
        if cause is None:
            yield found
        elif cause not in known:
            yield cause
