"""Compares what a case expects with what came of it. Plays nothing and prints nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.rulefile.parts import nearest
from orchestrator.ruletest.comparison import Mark, compare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from orchestrator.core.problem import Position
    from orchestrator.engine.report import DeadLetter
    from orchestrator.ports import InstanceKey
    from orchestrator.rulefile.parts import Part
    from orchestrator.ruletest.case import Case, ExpectedLetter

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that rules sent.

    Attributes:
        type: its type.
        data: its payload.
        key: its correlation key.
        rule: who sent it; None if it does not say.
        after: how long after the start of the case.
    """

    type: str
    data: object
    key: str
    rule: str | None
    after: timedelta


@dataclass(frozen=True, slots=True)
class Observed:
    """What came of a case.

    Attributes:
        sent: what rules sent, in order.
        letters: what was dead-lettered.
        instances: what rules remember in the end.
        restless: whether the case had to be stopped.
        unasked: steps that were to be answered, and had sent no command, each with those that had.
    """

    sent: Sequence[Sent]
    letters: Sequence[DeadLetter]
    instances: Sequence[InstanceKey]
    restless: bool
    unasked: Sequence[tuple[Part, tuple[str, ...]]] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that is not as expected.

    Attributes:
        position: where in the test file it was expected.
        message: how it is instead, on one line.
    """

    position: Position
    message: str

    def __str__(self) -> str:
        """Return ``file:line:column: message``."""
        return f"{self.position}: {self.message}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a case proved.

    Attributes:
        case: the case.
        failures: what is not as expected; none for a case that passed.
        sent: what rules sent, each with how it was judged.
    """

    case: Case
    failures: tuple[Failure, ...]
    sent: tuple[tuple[Mark, Sent], ...]

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.failures


def judge(case: Case, observed: Observed) -> Outcome:
    """Compare what `case` expects with what was observed."""
    found, marked = compare(case, observed.sent)
    failures = [Failure(position, message) for position, message in found]
    failures += [Failure(part.position, _unasked(part, asked)) for part, asked in observed.unasked]
    failures += _unexpected_letters(case, observed.letters)
    failures += _wrong_instances(case, observed.instances)
    if observed.restless:
        message = (
            "it does not come to rest: do rules trigger each other for ever, or does one on a "
            "schedule tick more than 10,000 times? (`without_schedules: true` keeps it still)"
        )
        failures.insert(0, Failure(case.position, message))
    return Outcome(case, tuple(failures), tuple(marked))


def _unasked(part: Part, asked: tuple[str, ...]) -> str:
    meant = nearest(str(part.value), asked)
    others = f"{', '.join(asked[:_SHOWN])} had" if asked else "no step of this key had"
    there_is = f"did you mean {meant}?" if meant else others
    return f"step {part.value} had sent no command that this could answer: {there_is}"


def _unexpected_letters(case: Case, letters: Sequence[DeadLetter]) -> Iterator[Failure]:
    left = list(letters)
    # The more a dead letter is asked for, the earlier it chooses.
    for expected in sorted(case.letters, key=lambda letter: (not letter.rule, not letter.reason)):
        found = next((letter for letter in left if _is(letter, expected)), None)
        if found is None:
            who = f" of rule {expected.rule}" if expected.rule else ""
            why = f" with reason {expected.reason}" if expected.reason else ""
            yield Failure(expected.position, f"there is no dead letter{who}{why}")
        else:
            left.remove(found)
    for letter in left:
        who = f"rule {letter.rule} failed on " if letter.rule else ""
        told = f"{who}{letter.event_type}: dead letter with reason {letter.error.reason}"
        yield Failure(case.position, f"{told}: {letter.error}")


def _is(letter: DeadLetter, expected: ExpectedLetter) -> bool:
    return expected.rule in (None, letter.rule) and expected.reason in (None, letter.error.reason)


def _wrong_instances(case: Case, found: Sequence[InstanceKey]) -> Iterator[Failure]:
    if case.instances is None:
        return
    wanted = {(expected.rule, expected.key): expected for expected in case.instances}
    open_now = [(at.definition, at.key) for at in found]
    for (rule, key), expected in wanted.items():
        if (rule, key) not in open_now:
            keys = [key for name, key in open_now if name == rule]
            instead = f"only about {', '.join(keys)}" if keys else "nothing"
            message = f"rule {rule} remembers nothing about {key}: it remembers {instead}"
            yield Failure(expected.position, message)
    rules = {rule for rule, _ in wanted}
    for rule, key in open_now:
        if (rule, key) not in wanted and (rule in rules or not wanted):
            message = f"rule {rule} still remembers something about {key}"
            yield Failure(case.position, message)
