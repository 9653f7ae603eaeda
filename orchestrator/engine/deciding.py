"""The steps of the spine that call nobody: read, match, decide. No I/O, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.decision import Elapsed, Instance, Signal, forget
from orchestrator.core.envelope import decode, encode
from orchestrator.core.headers import REDRIVE_RULE, RETRY
from orchestrator.core.hops import MAX_HOPS
from orchestrator.core.ids import elapsed_id, reaction_id, retried_id
from orchestrator.core.later import keep, release
from orchestrator.core.scope import Scope
from orchestrator.core.unmatched import lapsed
from orchestrator.engine.batch import Batch, Case, Firing, Intake, Trigger
from orchestrator.errors import BadMessage, Refused, TooManyHops
from orchestrator.ports import Commit, InstanceKey, InstanceWrite, Reaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.core.decision import Decision
    from orchestrator.core.definitions import Listener, Rulebook
    from orchestrator.core.event import Event, Message, Outgoing
    from orchestrator.core.ids import ReactionId
    from orchestrator.ports import Timer


MAX_REACTION_BYTES = 16 * 1024 * 1024
"""What one reaction may send: it is held, committed and published as a whole."""


def read(batch: Batch, rulebook: Rulebook, max_body_bytes: int) -> None:
    """Read every delivery as an event; dead-letter what is none, or breaks its schema."""
    for delivery in batch.deliveries:
        event = None
        try:
            event = decode(delivery, batch.now, max_body_bytes)
            if event.type in rulebook.by_type:
                rulebook.contracts[event.type].validate(event.data)
        except Refused as error:
            batch.refuse(delivery, error, event)
        else:
            batch.intakes.append(Intake(delivery, event))
    batch.lap("decode")


def match(batch: Batch, rulebook: Rulebook, source: str, max_hops: int = MAX_HOPS) -> list[Case]:
    """Return what is to be decided; a stateful definition's triggers for one key together.

    A batch may hold one event twice; its second reaction is left out. The commit cannot tell: for
    a stateful definition both are in one, decided one after another on the running state.
    """
    cases: list[Case] = []
    reactions: set[ReactionId] = set()
    stateful: dict[tuple[str, str], list[Trigger]] = {}
    for intake in batch.intakes:
        scope = Scope(intake.event, batch.now)
        for definition, holds in _asked(intake, rulebook, max_hops):
            try:
                if holds is not None and not holds(scope):
                    continue
                key = definition.key(intake.event, scope)
            except Refused as error:
                batch.fail(intake, definition.name, error)
                continue
            reaction = _reaction(intake, definition.name)
            if reaction in reactions:
                batch.repeated(intake)
                continue
            reactions.add(reaction)
            signal = Signal(intake.event, reaction, batch.now, source, scope)
            trigger = Trigger(intake, signal)
            if not definition.stateful:
                cases.append(Case(definition, key, (trigger,)))
            elif (definition.name, key) in stateful:
                stateful[definition.name, key].append(trigger)
            else:
                triggers = stateful[definition.name, key] = [trigger]
                cases.append(Case(definition, key, triggers))
    return cases


def decide(
    batch: Batch, cases: Sequence[Case], instances: Sequence[Instance | None]
) -> list[tuple[Case, Commit]]:
    """Return what is to be committed, beside the case it decides."""
    proposals = [
        proposal
        for case, instance in zip(cases, instances, strict=True)
        for proposal in _propose(batch, case, instance)
    ]
    batch.lap("decide")
    return proposals


def _reaction(intake: Intake, rule: str) -> ReactionId:
    """Return the id of a rule's reaction; one of its own where it is asked to react once more."""
    headers = intake.delivery.headers
    retry = headers.get(RETRY) if headers else None
    if retry is not None and headers.get(REDRIVE_RULE) == rule:
        return retried_id(intake.event.identity, rule, str(retry))
    return reaction_id(intake.event.identity, rule)


def _asked(intake: Intake, rulebook: Rulebook, max_hops: int) -> Sequence[Listener]:
    """Return the definitions to ask: all of the type's, or the one a redrive is meant for."""
    event = intake.event
    listeners = rulebook.by_type.get(event.type, ())
    if event.hops >= max_hops:
        listeners = tuple([_ending(listener, event, max_hops) for listener in listeners])
    only = intake.delivery.headers.get(REDRIVE_RULE)
    if only is None:
        intake.asked = bool(listeners)
        return listeners
    # A rule that was renamed since then is gone: ask all, the markers keep the others silent.
    return [listener for listener in listeners if listener[0].name == only] or listeners


def _ending(listener: Listener, event: Event, max_hops: int) -> Listener:
    """Return a listener that refuses the event where it would have reacted to it."""
    definition, holds = listener

    def refuses(scope: Scope) -> bool:
        if holds is not None and not holds(scope):
            return False
        trail = f": {event.trail}" if event.trail else ""
        raise TooManyHops(
            f"{event.hops} reactions led to this {event.type}, and at {max_hops} rules stop"
            f" reacting: give a rule that is part of the loop an `if`{trail}"
        )

    return definition, refuses


def _propose(batch: Batch, case: Case, instance: Instance | None) -> Iterator[tuple[Case, Commit]]:
    """Decide a case's triggers one after another on the running state; yield what to commit.

    The case comes back without the triggers that failed, so that nothing fails twice.
    """
    definition = case.definition
    running, changed = instance, False
    writes: list[InstanceWrite] = []
    decided, reactions = [], []
    for trigger in case.triggers:
        signal = trigger.signal
        try:
            decision = definition.decide(running, signal)
            messages = _encoded(decision.outgoing)
        except Refused as error:
            batch.fail(trigger.intake, definition.name, error)
            continue
        decided.append(trigger)
        reactions.append(Reaction(signal.reaction, messages))
        writes += _kept_for_later(definition.name, case.key, decision)
        if decision.writes:
            changed, due = True, decision.due
            running = (
                Instance(signal.reaction, decision.state) if decision.state is not None else None
            )
    if not reactions:
        return
    if changed:
        expected = instance.version if instance else None
        writes.append(InstanceWrite(case.at, expected, running.state if running else None, due))
    commit = Commit(case.key, tuple(reactions), tuple(writes))
    yield Case(definition, case.key, decided), commit


def _kept_for_later(rule: str, key: str, decision: Decision) -> list[InstanceWrite]:
    """Return what keeps messages until they are due: each is an instance with a timer."""
    return [
        InstanceWrite(InstanceKey(rule, key, later.outgoing.id), None, keep(later), later.due)
        for later in decision.later
    ]


def fire(
    batch: Batch,
    timers: Sequence[Timer],
    instances: Sequence[Instance | None],
    rulebook: Rulebook,
    source: str,
) -> list[Firing]:
    """Decide what follows from timers that are due, each on its instance."""
    firings = [
        _fire_one(batch, timer, instance, rulebook, source)
        for timer, instance in zip(timers, instances, strict=True)
        if instance is not None  # somebody else was faster
    ]
    batch.lap("decide")
    return firings


def _fire_one(
    batch: Batch, timer: Timer, instance: Instance, rulebook: Rulebook, source: str
) -> Firing:
    """Decide one timer. Where that fails, the instance stays, visible, without a timer."""
    at = timer.at
    due_ms = round(timer.due.timestamp() * 1000)
    reaction = elapsed_id(instance.version, f"{at.definition}/{at.key}/{at.part}", due_ms)
    elapsed = Elapsed(at.key, timer.due, reaction, batch.now, source)
    try:
        decision = _decide_elapsed(at, instance, elapsed, rulebook)
        messages = _encoded(decision.outgoing)
    except Refused as error:
        stays = InstanceWrite(at, instance.version, instance.state)
        return Firing(timer, Commit(at.key, (Reaction(reaction, ()),), (stays,), timer), error)
    writes = _kept_for_later(at.definition, at.key, decision)
    writes.append(InstanceWrite(at, instance.version, decision.state, decision.due))
    commit = Commit(at.key, (Reaction(reaction, messages),), tuple(writes), timer)
    rule = None if at.part else rulebook.by_name.get(at.definition)
    return Firing(timer, commit, lapsed=lapsed(rule, at.key, instance, timer.due))


def _decide_elapsed(
    at: InstanceKey, instance: Instance, elapsed: Elapsed, rulebook: Rulebook
) -> Decision:
    if at.part:
        return release(instance, elapsed)
    definition = rulebook.by_name.get(at.definition)
    # The rule is gone: what it remembered goes with it.
    return forget() if definition is None else definition.decide(instance, elapsed)


def _encoded(outgoing: Sequence[Outgoing]) -> tuple[Message, ...]:
    """Return the messages a reaction sends. Raise ``BadMessage`` when they are too much."""
    messages = []
    room = MAX_REACTION_BYTES
    for each in outgoing:
        message = encode(each)
        room -= len(message.body)
        if room < 0:
            raise BadMessage(
                "too-large",
                f"one event would send {len(outgoing)} messages of over {MAX_REACTION_BYTES} bytes"
                " together: select what each needs in `with`, or send references (claim check)",
            )
        messages.append(message)
    return tuple(messages)
