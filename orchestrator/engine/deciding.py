"""The steps of the spine that call nobody: read, match, decide. No I/O, no clock."""

from __future__ import annotations

from dataclasses import replace
from itertools import filterfalse
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from orchestrator.core.decision import Signal
from orchestrator.core.envelope import decode
from orchestrator.core.headers import REDRIVE_RULE, RETRY
from orchestrator.core.hops import MAX_HOPS
from orchestrator.core.ids import reaction_id, retried_id
from orchestrator.core.scheduled import TICK, ScheduledRule
from orchestrator.core.scope import Scope
from orchestrator.core.stateful.memory import MICROSECOND
from orchestrator.core.workflow import Workflow
from orchestrator.core.workflow.addressing import expects
from orchestrator.engine.absence import miss
from orchestrator.engine.case import Case, Intake, Trigger, to_load
from orchestrator.engine.doubts import Doubt
from orchestrator.engine.firing import refuse_timer
from orchestrator.engine.marker import is_marker
from orchestrator.engine.writing import Life, encoded, kept_messages
from orchestrator.errors import Refused, TooManyHops
from orchestrator.ports import Commit, Reaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.core.decision import Decision, Instance
    from orchestrator.core.definitions import Listener, Rulebook
    from orchestrator.core.event import Event, Message
    from orchestrator.core.ids import ReactionId
    from orchestrator.engine.batch import Batch


NONE: Final[Mapping[str, Listener]] = MappingProxyType({})


def read(batch: Batch, rulebook: Rulebook, max_body_bytes: int) -> None:
    """Read every delivery as an event; dead-letter what is none, or breaks its schema."""
    # What carries no time happened when it came: one after another, also in one batch.
    arrived = batch.now - len(batch.deliveries) * MICROSECOND
    for delivery in filterfalse(is_marker, batch.deliveries):
        arrived += MICROSECOND
        event = None
        try:
            refuse_timer(delivery)
            event = decode(delivery, arrived, max_body_bytes)
            if (contract := rulebook.contract(event.type)) is not None:
                contract.validate(event.data)
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
        old = _old_wordings(intake, rulebook, max_hops)
        listeners = _listeners(intake, rulebook, max_hops, old)
        miss(batch, intake, listeners)
        for definition, holds in listeners:
            try:
                if holds is not None and not holds(scope):
                    continue
                disputed = definition.name in old
                key = "" if disputed else definition.key(intake.event, scope)
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
            if disputed or not definition.stateful:
                cases.append(Case(definition, key, (trigger,), stray=disputed))
            elif (definition.name, key) in stateful:
                stateful[definition.name, key].append(trigger)
            else:
                triggers = stateful[definition.name, key] = [trigger]
                cases.append(Case(definition, key, triggers))
    return cases


def decide(
    batch: Batch, cases: Sequence[Case], instances: Sequence[Instance | None]
) -> list[tuple[Case, Commit | None]]:
    """Return what is to be committed, beside the case it decides; None where more is wanted."""
    proposals = [
        proposal
        for case, instance in zip(cases, instances, strict=True)
        for proposal in _proposals(batch, case, instance)
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
        intake.asked = any(
            not isinstance(each, Workflow) or expects(each.outline, event.type)
            for each, _ in listeners
        )
        return listeners
    if event.type == TICK:
        scheduled = rulebook.by_name.get(str(only))
        return ((scheduled, None),) if isinstance(scheduled, ScheduledRule) else ()
    # A rule that was renamed since then is gone: ask all, the markers keep the others silent.
    return [listener for listener in listeners if listener[0].name == only] or listeners


def _listeners(
    intake: Intake, rulebook: Rulebook, max_hops: int, old: Mapping[str, Listener]
) -> Sequence[Listener]:
    """Return whom to ask; of a definition with old wordings any one, as they are asked together."""
    current = _asked(intake, rulebook, max_hops)
    if not old:
        return current
    return (*(each for each in current if each[0].name not in old), *old.values())


def _old_wordings(intake: Intake, rulebook: Rulebook, max_hops: int) -> Mapping[str, Listener]:
    """Return one old wording of each definition that has any which want the event, by name."""
    if not rulebook.retired:
        return NONE
    event = intake.event
    only = intake.delivery.headers.get(REDRIVE_RULE)
    names = rulebook.retired.by_type.get(event.type, {})
    listeners: dict[str, Listener] = {
        name: (wordings[0], None) for name, wordings in names.items() if only in (None, name)
    }
    if event.hops >= max_hops:
        return {name: _ending(each, event, max_hops) for name, each in listeners.items()}
    return listeners


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


def _proposals(
    batch: Batch, case: Case, instance: Instance | None
) -> Iterable[tuple[Case, Commit | None]]:
    if case.definition.stateful or case.stray or case.retired:
        return _propose(batch, case, instance)
    return _propose_at_once(batch, case)


def _propose_at_once(batch: Batch, case: Case) -> Sequence[tuple[Case, Commit]]:
    """Do what `_propose` does where nothing is remembered: for most events, in half the time."""
    definition, (trigger,) = case.definition, case.triggers
    answer = _ask(batch, case, None, trigger)
    if answer is None:
        return ()
    decision, messages = answer
    reaction = Reaction(trigger.signal.reaction, messages)
    later = kept_messages(case.at, decision, definition.revision) if decision.later else ()
    return ((case, Commit(case.key, (reaction,), tuple(later))),)


class _Course:
    """What is proposed for a case so far: a commit for each life of its instance.

    What begins after an end is a commit of its own, so that every end is written. A case comes back
    with what was ignored or refused on what is not committed yet: another replica may be faster,
    and let it mean something.
    """

    def __init__(self, case: Case, instance: Instance | None) -> None:
        self._case = case
        self._life = Life(case.at, instance, case.definition.revision)
        self._taken: list[Trigger] = []
        self._reactions: list[Reaction] = []
        self._proposed: list[tuple[list[Trigger], Commit]] = []

    @property
    def now(self) -> Instance | None:
        """The instance as the decisions so far leave it."""
        return self._life.now

    def take(self, trigger: Trigger, decision: Decision, messages: tuple[Message, ...]) -> None:
        """Take over what was decided on `now`."""
        self._taken.append(trigger)
        # What comes again may have been taken in before a crash: the commit tells, and hands back
        # what it left to be sent.
        if decision.ignored and not trigger.intake.delivery.redelivered:
            return
        self._reactions.append(Reaction(trigger.signal.reaction, messages))
        self._life.take(decision, trigger.signal.reaction)
        if self._life.over:
            self._close()

    def refuse(self, trigger: Trigger) -> None:
        """Note that `now` cannot be reacted from: the refusal stands with the commit before it."""
        self._taken.append(trigger)

    def withdraw(self) -> list[Trigger]:
        """Return the triggers of this life, and propose nothing for them."""
        taken, self._taken, self._reactions = self._taken, [], []
        return taken

    def proposals(self) -> list[tuple[Case, Commit | None]]:
        """Return what is to be committed, beside the case it decides."""
        if self._reactions:
            self._close()
        elif self._proposed:
            self._proposed[-1][0].extend(self._taken)
        return [(self._case.with_triggers(taken), commit) for taken, commit in self._proposed]

    def _close(self) -> None:
        case = self._case
        commit = Commit(case.key, tuple(self._reactions), self._life.writes())
        self._proposed.append((self._taken, commit))
        self._life = Life(case.at, None, case.definition.revision)
        self._taken, self._reactions = [], []


def _propose(
    batch: Batch, case: Case, instance: Instance | None
) -> Sequence[tuple[Case, Commit | None]]:
    """Decide a case's triggers one after another on the running state; return what to commit."""
    course = _Course(case, instance)
    for number, trigger in enumerate(case.triggers):
        if not case.is_for(course.now) or (number and case.must_look_again(course.now, trigger)):
            back = replace(case, triggers=case.triggers[number:], stray=True)
            return [*course.proposals(), (back, None)]
        answer = _ask(batch, case, course.now, trigger)
        if answer is None:
            course.refuse(trigger)
            continue
        decision, messages = answer
        if decision.wanted is not None:
            wanted = to_load(case.definition.name, decision.wanted, case.wanted)
            left = [*course.withdraw(), *case.triggers[number:]]
            back = replace(case, triggers=left, wanted=wanted)
            return [*course.proposals(), (back, None)]
        course.take(trigger, decision, messages)
    return course.proposals()


def _ask(
    batch: Batch, case: Case, instance: Instance | None, trigger: Trigger
) -> tuple[Decision, tuple[Message, ...]] | None:
    """Return what is decided and the messages to send; None where that failed."""
    definition, signal, roster = case.definition, trigger.signal, batch.roster
    if roster is not None and roster.directory is not None:
        signal = replace(signal, directory=roster.directory)
    try:
        decision = definition.decide(instance, signal)
        answer = decision, encoded(decision)
    except Refused as error:
        if definition.stateful:
            batch.doubts.append(Doubt(case.with_triggers([trigger]), error))
        else:
            batch.fail(trigger.intake, definition.name, error)
        return None
    if roster is not None:
        roster.sent(decision.outgoing)
    return answer
