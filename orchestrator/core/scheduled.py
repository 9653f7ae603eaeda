"""Decides what a rule on a schedule does at a tick, and when it wants to be asked again. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

import orjson

from orchestrator.core.decision import Decision, Elapsed, Signal, emit, forget, remember
from orchestrator.core.definitions import take
from orchestrator.core.event import Event, Outgoing
from orchestrator.core.expression import ReactionBudget
from orchestrator.core.expression.times import format_timestamp
from orchestrator.core.ids import event_identity, reaction_id
from orchestrator.core.schedule import newest_tick, next_tick
from orchestrator.core.scope import Scope
from orchestrator.errors import Refused

if TYPE_CHECKING:
    from orchestrator.core.decision import Condition, Instance, Later
    from orchestrator.core.definitions import Action
    from orchestrator.core.expression import Budget
    from orchestrator.core.problem import Position
    from orchestrator.core.schedule import Schedule

CatchUp = Literal["none", "last", "all"]
"""Which of the ticks that were missed are made up for: none, the last one, or all in order."""

TICK: Final = "orchestrator.tick"
"""The type of the event that actions of a schedule see."""

PUNCTUAL: Final = timedelta(seconds=60)
"""A tick that is noticed so late or less is on time; one noticed later was missed."""

AT_ONCE: Final = 100
"""Ticks, and messages, after which a decision runs no further tick: it is committed as a whole."""

_ELSEWHERE: Final = timedelta(seconds=5)
_BEFORE: Final = timedelta(microseconds=1)
_RUN_ID: Final = re.compile(r"([\w.-]+)@([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)")


def tick_data(rule: str, scheduled_at: datetime) -> dict[str, object]:
    """Return the data of a tick, which a message without data of its own passes on."""
    return {"rule": rule, "scheduled_at": format_timestamp(scheduled_at)}


def run_id(rule: str, tick: datetime) -> str:
    """Return what a run is called: the correlation key of all it sends, and what caused that."""
    return f"{rule}@{format_timestamp(tick)}"


def rule_and_tick(text: str) -> tuple[str, str] | None:
    """Return rule and tick of what `run_id` wrote; None for any other id."""
    found = _RUN_ID.fullmatch(text)
    return (found[1], found[2]) if found else None


@dataclass(frozen=True, slots=True)
class Pending:
    """What the instance of a scheduled rule remembers.

    Attributes:
        schedule: the text of the schedule that the tick belongs to.
        tick: the next one to be run, or one that was missed.
    """

    schedule: str
    tick: datetime

    def pack(self) -> bytes:
        """Return the bytes to store."""
        return orjson.dumps({"schedule": self.schedule, "tick": format_timestamp(self.tick)})


def pending(state: bytes) -> Pending | None:
    """Read what `Pending.pack` wrote; None where another kind of definition wrote it."""
    try:
        content: Any = orjson.loads(state)
    except orjson.JSONDecodeError:
        return None
    match content:
        case {"schedule": str() as schedule, "tick": str() as tick}:
            return Pending(schedule, datetime.fromisoformat(tick))
        case _:
            return None


@dataclass(frozen=True, slots=True)
class ScheduledRule:
    """A rule that takes its actions at every tick of a schedule.

    It has one instance, under its own name as the key, whose timer is set to the next tick.

    Attributes:
        name: unique in the rulebook.
        revision: hash of the normalised definition, 12 hexadecimal digits.
        description: for people.
        schedule: when it ticks.
        catch_up: what becomes of ticks that nobody was there for.
        actions: taken at each tick.
        position: where it stands in the rule file.
    """

    name: str
    revision: str
    description: str
    schedule: Schedule
    catch_up: CatchUp
    actions: tuple[Action, ...]
    position: Position

    @property
    def triggers(self) -> tuple[str, ...]:
        """Return nothing: no event triggers it."""
        return ()

    @property
    def stateful(self) -> bool:
        """Return True: it remembers its next tick."""
        return True

    def condition(self, event_type: str) -> Condition | None:  # noqa: ARG002 - the protocol
        """Return None: there is no event to ask about."""
        return None

    def key(self, event: Event, scope: Scope) -> str:  # noqa: ARG002 - the protocol
        """Return the key of its only instance."""
        return self.name

    def pieces(self, event: Event) -> tuple[str, ...]:  # noqa: ARG002 - the protocol
        """Return none: what it remembers is one piece."""
        return ()

    def recalls(self, event_type: str) -> bool:  # noqa: ARG002 - the protocol
        """Return False: what has ended is over."""
        return False

    def arm(self, instance: Instance | None, now: datetime) -> Decision:
        """Return the decision to wait for the next tick, before anything was due.

        A tick that an instance of this very schedule waits for stays, also one that is overdue:
        nothing is skipped because the rest of the rule changed, or because nobody was there.
        """
        known = pending(instance.state) if instance else None
        if known is not None and known.schedule == self.schedule.text:
            return self._wait_for(known.tick)
        return self._wait_for(next_tick(self.schedule, now))

    def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        """Return what follows at a tick; an event is a tick that failed, and is brought back.

        Raises:
            Refused: an expression failed, or a message breaks its schema.
        """
        if isinstance(signal, Signal):
            signal.scope.budget = ReactionBudget()
            return emit(*take(self, self.actions, signal, (signal.scope,)))
        known = pending(instance.state) if instance else None
        if instance is None or known is None:
            return forget()  # of another rule that had this name
        if known.schedule != self.schedule.text:
            # A replica with other rules has set it. It may be newer: leave the tick to that one.
            return remember(instance.state, signal.now + _ELSEWHERE)
        if known.tick > signal.now:
            return self._wait_for(known.tick)
        tick = self._to_run(known.tick, signal.now)
        if tick is None:
            return self._wait_for(next_tick(self.schedule, _missed_until(signal.now)))
        return self._run(tick, signal)

    def tried(self, instance: Instance, now: datetime) -> datetime:
        """Return the tick that could not be decided, if the timer was looked at `now`."""
        known = pending(instance.state)
        return now if known is None else self._to_run(known.tick, now) or known.tick

    def skip(self, tick: datetime) -> Decision:
        """Return the decision to go on after a tick that could not be decided."""
        return self._wait_for(next_tick(self.schedule, tick))

    def letter(self, tick: datetime, source: str) -> Outgoing:
        """Return a tick as a message, so that one that failed can be kept and brought back."""
        event = self._event(tick, source)
        return Outgoing(
            id=event.id,
            type=event.type,
            channel="",
            source=source,
            time=tick,
            data=event.data,
            correlation_id=event.correlation_id,
            subject=event.subject,
        )

    def _to_run(self, tick: datetime, now: datetime) -> datetime | None:
        """Return the tick to run of those from `tick` until `now`; None to skip what was missed."""
        missed_until = _missed_until(now)
        if tick > missed_until or self.catch_up == "all":
            return tick
        if self.catch_up == "last":
            return newest_tick(self.schedule, tick, missed_until) or tick
        return None

    def _run(self, tick: datetime, elapsed: Elapsed) -> Decision:
        """Take the actions for a tick, and for those after it that are due and to be run.

        What is left over, or fails while others do not, comes next: the timer is due at once.
        """
        budget = ReactionBudget()  # one for all of them: they are decided in one go
        outgoing, later = self._take(tick, elapsed, budget)
        ticks = self.schedule.ticks(tick)
        following, run = next(ticks, None), 1
        while (
            following is not None
            and self._is_due(following, elapsed.now)
            and max(run, len(outgoing) + len(later)) < AT_ONCE
        ):
            try:
                more, more_later = self._take(following, elapsed, budget)
            except Refused:
                break  # decided again, alone: then it is a dead letter of its own
            outgoing, later = outgoing + more, later + more_later
            following, run = next(ticks, None), run + 1
        return self._wait_for(following, outgoing, later)

    def _is_due(self, tick: datetime, now: datetime) -> bool:
        """Tell whether a tick is to be run now, and none after it instead."""
        return tick <= now and self._to_run(tick, now) == tick

    def _take(
        self, tick: datetime, elapsed: Elapsed, budget: Budget
    ) -> tuple[tuple[Outgoing, ...], tuple[Later, ...]]:
        """Return what one tick sends.

        Ids derive from rule and tick alone, so that one run has the same ones whatever happens.
        """
        event = self._event(tick, elapsed.source)
        scope = Scope(event, elapsed.now)
        scope.budget = budget
        reaction = reaction_id(event.identity, self.name)
        signal = Signal(event, reaction, elapsed.now, elapsed.source, scope)
        return take(self, self.actions, signal, (scope,))

    def _event(self, tick: datetime, source: str) -> Event:
        run = run_id(self.name, tick)
        return Event(
            type=TICK,
            id=run,
            source=source,
            subject=self.name,
            time=tick,
            data=tick_data(self.name, tick),
            correlation_id=run,
            causation_id=None,
            traceparent=None,
            identity=event_identity(source, TICK, run),
        )

    def _wait_for(
        self,
        tick: datetime | None,
        outgoing: tuple[Outgoing, ...] = (),
        later: tuple[Later, ...] = (),
    ) -> Decision:
        if tick is None:  # the year 9999 has ended
            return forget(outgoing, later)
        return remember(Pending(self.schedule.text, tick).pack(), tick, outgoing, later)


def _missed_until(now: datetime) -> datetime:
    """Return the last moment at which a tick that is noticed now was missed."""
    return now - PUNCTUAL - _BEFORE
