"""Decides what follows from timers that are due. Calls nobody, and looks at no clock."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Final

import orjson

from orchestrator.core.deadletter import dead_letter
from orchestrator.core.decision import Elapsed, forget, remember
from orchestrator.core.envelope import encode
from orchestrator.core.event import Delivery
from orchestrator.core.ids import ReactionId, elapsed_id
from orchestrator.core.later import release
from orchestrator.core.retired import Revision
from orchestrator.core.scheduled import ScheduledRule
from orchestrator.core.status import Status
from orchestrator.core.unmatched import lapsed
from orchestrator.engine.case import to_load
from orchestrator.engine.writing import Life, encoded
from orchestrator.errors import Defect, Refused
from orchestrator.ports import NOTHING, Commit, Reaction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from orchestrator.core.decision import Decision, Definition, Instance
    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.unmatched import Unmatched
    from orchestrator.engine.batch import Batch
    from orchestrator.ports import InstanceKey, Timer

TIMER_TYPE: Final = "orchestrator.timer"
"""The type of the dead letter of a timer: there is no message to copy."""

_NO_VERSION = ReactionId(bytes(16))


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a timer could not be decided.

    Attributes:
        error: the reason.
        tried: what failed, in the form of a message.
    """

    error: Refused
    tried: Delivery


@dataclass(frozen=True, slots=True)
class Firing:
    """A timer that is due, and what was decided.

    Attributes:
        timer: the timer.
        commit: what to write; where deciding failed its one message is a dead letter.
        leaves: the instance as it is then; None where it ended.
        failure: why it failed; None when it did not.
        lapsed: what waited in vain until then; None if nothing did.
    """

    timer: Timer
    commit: Commit
    leaves: Instance | None
    failure: Failure | None = None
    lapsed: Unmatched | None = None


def asked_for(timer: Timer) -> InstanceKey:
    """Return the instance or the kept message that is asked about a timer."""
    return timer.at if timer.at.message else timer.at.head


def refuse_timer(delivery: Delivery) -> None:
    """Raise ``Refused`` where the dead letter of a timer is brought back: it is no event."""
    if delivery.type == TIMER_TYPE:
        key = quote(delivery.correlation_id or "KEY")
        raise Refused(
            f"a timer is not sent again: mend what failed, `orchestrator timers retry {key}`, and"
            " purge this"
        )


def needed_pieces(
    timers: Sequence[Timer], wanted: Mapping[InstanceKey, Sequence[str]] = NOTHING
) -> dict[InstanceKey, list[str]]:
    """Return the pieces to load with the instances; an empty list for all of one.

    Args:
        timers: those of pieces are asked about these.
        wanted: what definitions asked for beside them, as a `Round` noted it.
    """
    pieces = {at: list(names) for at, names in wanted.items()}
    for timer in timers:
        head, name = timer.at.head, timer.at.piece
        if name and (head not in wanted or wanted[head]):
            pieces.setdefault(head, []).append(name)
    return pieces


class Round:
    """One round of firing: timers that are due, on what is known of the instances they belong to.

    Args:
        batch: the time of every decision, and who lives.
        rulebook: decides.
        source: the name messages are sent under.
        instances: what is asked about the timers; None for what has ended.
        loaded: the pieces that definitions wanted before; an empty list for all of one.

    Attributes:
        firings: what is to be committed, in order.
        left: timers that nothing is decided about yet, in order.
        wanted: the pieces that have to be loaded for that, by instance.
    """

    def __init__(
        self,
        batch: Batch,
        rulebook: Rulebook,
        source: str,
        instances: Mapping[InstanceKey, Instance | None],
        loaded: Mapping[InstanceKey, Sequence[str]],
    ) -> None:
        self.firings: list[Firing] = []
        self.left: list[Timer] = []
        self.wanted: dict[InstanceKey, Sequence[str]] = {}
        self._batch = batch
        self._rulebook = rulebook
        self._source = source
        self._running = dict(instances)
        self._loaded = loaded

    def fire(self, timers: Sequence[Timer]) -> None:
        """Decide timers in order; those of one instance one after another on the running state."""
        for timer in timers:
            self._fire(timer)
        self._batch.lap("decide")

    def _fire(self, timer: Timer) -> None:
        at, piece = asked_for(timer), timer.at.piece
        instance = self._running[at]
        if at in self.wanted:
            self.left.append(timer)
        elif instance is None and not piece:
            return  # the instance has ended, and its timer with it: somebody else was faster
        elif instance is None or (piece and piece not in instance.parts):
            self.firings.append(_drop(timer))
        else:
            self._decide(timer, instance)

    def _decide(self, timer: Timer, instance: Instance) -> None:
        """Decide one timer, or note which pieces have to be loaded first."""
        at, elapsed = asked_for(timer), self._elapsed(timer, instance)
        try:
            decision = _decision(timer, instance, elapsed, self._rulebook)
            if decision.wanted is not None:
                self.wanted[at] = to_load(at.definition, decision.wanted, self._loaded.get(at))
                self.left.append(timer)
                return
            firing = self._firing(timer, instance, decision, elapsed)
        except Refused as error:
            firing = self._given_up(timer, instance, elapsed, error)
        except Exception as error:  # noqa: BLE001 - no timer may stop the daemon
            firing = self._given_up(timer, instance, elapsed, Defect(error))
        self.firings.append(firing)
        self._running[at] = firing.leaves

    def _elapsed(self, timer: Timer, instance: Instance) -> Elapsed:
        batch, at = self._batch, timer.at
        directory = batch.roster.directory if batch.roster is not None else None
        reaction = _reaction(timer, instance.version)
        return Elapsed(at.key, timer.due, reaction, batch.now, self._source, at.piece, directory)

    def _firing(
        self, timer: Timer, instance: Instance, decision: Decision, elapsed: Elapsed
    ) -> Firing:
        """Return what commits a decision. Raise ``BadMessage`` where it sends too much."""
        at, messages = timer.at, encoded(decision)
        if self._batch.roster is not None:
            self._batch.roster.sent(decision.outgoing)
        life = Life(asked_for(timer), instance, instance.revision)
        life.take(decision, elapsed.reaction)
        reaction = Reaction(elapsed.reaction, messages)
        commit = Commit(at.key, (reaction,), life.writes(), timer)
        rule = None if at.part else _responsible(timer, instance, self._rulebook)
        return Firing(timer, commit, life.now, lapsed=lapsed(rule, at.key, instance, timer.due))

    def _given_up(
        self, timer: Timer, instance: Instance, elapsed: Elapsed, error: Refused
    ) -> Firing:
        """Return what keeps a timer that failed as a dead letter."""
        rule = self._rulebook.by_name.get(timer.at.definition)
        if isinstance(rule, ScheduledRule) and not timer.at.part:
            tick = rule.tried(instance, elapsed.now)
            tried = _tick(rule, tick, elapsed.source)
            return self._failed(timer, instance, rule.skip(tick), Failure(error, tried))
        # The instance is left to a person: as it is, with no timer of its own.
        stuck = remember(instance.state, status=Status.INCIDENT)
        return self._failed(timer, instance, stuck, Failure(error, _letter(timer)))

    def _failed(self, timer: Timer, instance: Instance, left: Decision, failure: Failure) -> Firing:
        """Return what writes down that a timer could not be decided, and what is left to do.

        Its dead letter is committed with it: no timer comes again to be given up once more.
        """
        reaction, error, batch = _reaction(timer, instance.version), failure.error, self._batch
        life = Life(asked_for(timer), instance, instance.revision)
        life.take(left, reaction)
        letter = dead_letter(
            failure.tried,
            batch.queue,
            error.reason,
            str(error),
            batch.now,
            rule=timer.at.definition,
        )
        commit = Commit(timer.at.key, (Reaction(reaction, (letter,)),), life.writes(), timer)
        return Firing(timer, commit, life.now, failure)


def _decision(timer: Timer, instance: Instance, elapsed: Elapsed, rulebook: Rulebook) -> Decision:
    if timer.at.message:
        return release(instance, elapsed)
    definition = _responsible(timer, instance, rulebook)
    # A rule that kept no revision is gone: what it remembered goes with it.
    return forget() if definition is None else definition.decide(instance, elapsed)


def _responsible(timer: Timer, instance: Instance, rulebook: Rulebook) -> Definition | None:
    return rulebook.responsible(Revision(timer.at.definition, instance.revision), timer.at.key)


def _tick(rule: ScheduledRule, tick: datetime, source: str) -> Delivery:
    """Return a tick in the form of a message, so that it can be sent again."""
    kept = encode(rule.letter(tick, source))
    return Delivery(
        kept.body,
        content_type=kept.content_type,
        type=kept.type,
        message_id=kept.id,
        correlation_id=kept.correlation_id,
        app_id=kept.source,
        timestamp=tick,
    )


def _letter(timer: Timer) -> Delivery:
    """Return a timer in the form of a message, so that its dead letter can be looked at."""
    at = timer.at
    told = {"definition": at.definition, "key": at.key, "due": timer.due}
    return Delivery(
        orjson.dumps(told, option=orjson.OPT_UTC_Z),
        type=TIMER_TYPE,
        correlation_id=at.key,
        content_type="application/json",
        timestamp=timer.due,
    )


def _drop(timer: Timer) -> Firing:
    """Return what removes the timer of a piece that does not exist any more."""
    reaction = Reaction(_reaction(timer, _NO_VERSION), ())
    return Firing(timer, Commit(timer.at.key, (reaction,), (), timer), None)


def _reaction(timer: Timer, version: ReactionId) -> ReactionId:
    at = timer.at
    due_ms = round(timer.due.timestamp() * 1000)
    return elapsed_id(version, f"{at.definition}/{at.key}/{at.part}", due_ms)
