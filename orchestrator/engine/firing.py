"""Decides what follows from timers that are due. Calls nobody, and looks at no clock."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orchestrator.core.decision import Elapsed, forget, remember
from orchestrator.core.envelope import encode
from orchestrator.core.event import Delivery
from orchestrator.core.ids import ReactionId, elapsed_id
from orchestrator.core.later import release
from orchestrator.core.retired import Revision
from orchestrator.core.scheduled import ScheduledRule
from orchestrator.core.status import Status
from orchestrator.core.unmatched import lapsed
from orchestrator.engine.batch import Firing
from orchestrator.engine.writing import Life, encoded
from orchestrator.errors import Defect, Refused
from orchestrator.ports import NOTHING, Commit, Reaction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.core.decision import Decision, Instance
    from orchestrator.core.definitions import Rulebook
    from orchestrator.engine.batch import Batch
    from orchestrator.ports import InstanceKey, Timer

_NO_VERSION = ReactionId(bytes(16))


def asked_for(timer: Timer) -> InstanceKey:
    """Return the instance or the kept message that is asked about a timer."""
    return timer.at if timer.at.message else timer.at.head


def needed_pieces(
    timers: Sequence[Timer], wanted: Mapping[InstanceKey, Sequence[str]] = NOTHING
) -> dict[InstanceKey, list[str]]:
    """Return the pieces to load with the instances; an empty list for all of one.

    Args:
        timers: those of pieces are asked about these.
        wanted: what definitions asked for beside them, as `fire` returned it.
    """
    pieces = {at: list(names) for at, names in wanted.items()}
    for timer in timers:
        head, name = timer.at.head, timer.at.piece
        if name and wanted.get(head) != []:
            pieces.setdefault(head, []).append(name)
    return pieces


@dataclass(frozen=True, slots=True)
class Asked:
    """Timers to decide, and what is known of the instances they belong to.

    Attributes:
        timers: in the order they are due.
        instances: what is asked about them; None for what has ended.
        loaded: the pieces that definitions wanted before; an empty list for all.
    """

    timers: Sequence[Timer]
    instances: Mapping[InstanceKey, Instance | None]
    loaded: Mapping[InstanceKey, Sequence[str]]


@dataclass(slots=True)
class Fired:
    """What came of timers.

    Attributes:
        firings: what is to be committed, in order.
        left: timers that nothing is decided about yet, in order.
        wanted: the pieces that have to be loaded for that, by instance.
    """

    firings: list[Firing] = field(default_factory=list)
    left: list[Timer] = field(default_factory=list)
    wanted: dict[InstanceKey, list[str]] = field(default_factory=dict)


def fire(batch: Batch, asked: Asked, rulebook: Rulebook, source: str) -> Fired:
    """Decide timers in order; those of one instance one after another on the running state."""
    running = dict(asked.instances)
    fired = Fired()
    for timer in asked.timers:
        at = asked_for(timer)
        instance = running[at]
        if at in fired.wanted:
            fired.left.append(timer)
        elif instance is None and not timer.at.piece:
            continue  # the instance has ended, and its timer with it: somebody else was faster
        elif instance is None or (timer.at.piece and timer.at.piece not in instance.parts):
            fired.firings.append(_drop(timer))
        else:
            firing = _fire_one(batch, timer, instance, rulebook, source)
            if isinstance(firing, tuple) and at in asked.loaded:
                firing = _stuck(timer, instance, Defect(RuntimeError("pieces wanted again")))
            if isinstance(firing, tuple):
                fired.left.append(timer)
                fired.wanted[at] = list(firing)
            else:
                fired.firings.append(firing)
                running[at] = firing.leaves
    batch.lap("decide")
    return fired


def _fire_one(
    batch: Batch, timer: Timer, instance: Instance, rulebook: Rulebook, source: str
) -> Firing | tuple[str, ...]:
    """Decide one timer, or return the pieces that are wanted first."""
    at = timer.at
    reaction = _reaction(timer, instance.version)
    roster = batch.roster
    directory = roster.directory if roster is not None else None
    elapsed = Elapsed(at.key, timer.due, reaction, batch.now, source, at.piece, directory)
    try:
        decision = _decide(timer, instance, elapsed, rulebook)
        messages = encoded(decision.outgoing)
    except Refused as error:
        definition = rulebook.by_name.get(at.definition)
        if isinstance(definition, ScheduledRule) and not at.part:
            return _skipped(definition, timer, instance, elapsed, error)
        return _stuck(timer, instance, error)
    if decision.wanted is not None:
        return decision.wanted
    if roster is not None:
        roster.sent(decision.outgoing)
    life = Life(asked_for(timer), instance, instance.revision)
    life.take(decision, reaction)
    commit = Commit(at.key, (Reaction(reaction, messages),), life.writes(), timer)
    rule = (
        None
        if at.part
        else rulebook.responsible(Revision(at.definition, instance.revision), at.key)
    )
    return Firing(timer, commit, life.now, lapsed=lapsed(rule, at.key, instance, timer.due))


def _decide(timer: Timer, instance: Instance, elapsed: Elapsed, rulebook: Rulebook) -> Decision:
    if timer.at.message:
        return release(instance, elapsed)
    definition = rulebook.responsible(
        Revision(timer.at.definition, instance.revision), timer.at.key
    )
    # A rule that kept no revision is gone: what it remembered goes with it.
    return forget() if definition is None else definition.decide(instance, elapsed)


def _stuck(timer: Timer, instance: Instance, error: Refused) -> Firing:
    """Return what leaves an instance to a person: as it is, with no timer of its own."""
    return _failed(timer, instance, remember(instance.state, status=Status.INCIDENT), error)


def _skipped(
    rule: ScheduledRule, timer: Timer, instance: Instance, elapsed: Elapsed, error: Refused
) -> Firing:
    """Return what keeps a tick that failed as a dead letter, and goes on with the next one."""
    tick = rule.tried(instance, elapsed.now)
    kept = encode(rule.letter(tick, elapsed.source))
    tried = Delivery(
        kept.body,
        content_type=kept.content_type,
        type=kept.type,
        message_id=kept.id,
        correlation_id=kept.correlation_id,
        app_id=kept.source,
        timestamp=tick,
    )
    return replace(_failed(timer, instance, rule.skip(tick), error), tried=tried)


def _failed(timer: Timer, instance: Instance, left: Decision, error: Refused) -> Firing:
    """Return what writes down that a timer could not be decided, and what is left to do."""
    reaction = _reaction(timer, instance.version)
    life = Life(asked_for(timer), instance, instance.revision)
    life.take(left, reaction)
    commit = Commit(timer.at.key, (Reaction(reaction, ()),), life.writes(), timer)
    return Firing(timer, commit, life.now, error)


def _drop(timer: Timer) -> Firing:
    """Return what removes the timer of a piece that does not exist any more."""
    reaction = Reaction(_reaction(timer, _NO_VERSION), ())
    return Firing(timer, Commit(timer.at.key, (reaction,), (), timer), None)


def _reaction(timer: Timer, version: ReactionId) -> ReactionId:
    at = timer.at
    due_ms = round(timer.due.timestamp() * 1000)
    return elapsed_id(version, f"{at.definition}/{at.key}/{at.part}", due_ms)
