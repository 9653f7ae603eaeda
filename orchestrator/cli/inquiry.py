"""Collects everything about a case from log, dead letters, store and ledger. Concludes nothing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orchestrator.cli.connection import broker
from orchestrator.cli.evidence import Evidence, Logged, Pending, Sieve, key_of, wording
from orchestrator.cli.ledger import ledger
from orchestrator.cli.memory import memory
from orchestrator.cli.records import in_dead_letters, in_log
from orchestrator.cli.seen import NO_LIMIT, Seen
from orchestrator.core.envelope import decode
from orchestrator.core.ids import reaction_id
from orchestrator.core.later import kept
from orchestrator.core.retired import Revision
from orchestrator.core.stateful import StatefulRule
from orchestrator.core.stateful.tally import every_event
from orchestrator.errors import BadMessage, InvalidDefinitions, Misconfigured
from orchestrator.ports import InstanceKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.adapters.rabbit.log import Start
    from orchestrator.adapters.redis import RedisStore
    from orchestrator.core.deadletter import DeadLetter
    from orchestrator.core.decision import Instance
    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.event import Delivery, Event
    from orchestrator.core.ids import ReactionId
    from orchestrator.ports import Noted, OpenInstance
    from orchestrator.settings import Settings


async def inquire(settings: Settings, rulebook: Rulebook, key: str, start: Start) -> Evidence:
    """Return what is known about `key`, a correlation key or a key of a rule.

    Args:
        settings: where everything is.
        rulebook: the rules as they are now.
        key: the key.
        start: where to begin in the log.

    Raises:
        Unavailable: RabbitMQ or Redis cannot be reached.
        Misconfigured: they refuse us.
    """
    now = datetime.now(UTC)
    sieve = Sieve(key, rulebook)
    unread: list[str] = []
    try:
        logged = await _logged(settings, sieve, start)
    except Misconfigured as error:  # the rest is still worth an answer
        logged = []
        unread.append(str(error))
    known = {each.seen.id for each in logged}
    letters = await in_dead_letters(settings, lambda seen: seen.key == key or seen.id in known)
    logged = [*logged, *_unlogged(letters, logged)]
    evidence = Evidence(key, now, rulebook, logged, letters, queue=settings.queue, unread=unread)
    async with memory(settings) as store:
        evidence = await _remembered(store, evidence)
    unmatched = await _unmatched(settings, evidence)
    async with broker(settings) as connected:
        backlog = await connected.backlog(settings.queue)
    return replace(evidence, unmatched=unmatched, backlog=backlog)


async def _logged(settings: Settings, sieve: Sieve, start: Start) -> list[Logged]:
    found: list[Logged] = []
    async for seen, delivery in in_log(settings, start):
        event = _event(delivery, seen) if sieve.asks_for(seen) else None
        if sieve.wants(seen, event):
            found.append(Logged(seen, event or _event(delivery, seen)))
    return found


def _event(delivery: Delivery, seen: Seen) -> Event | None:
    try:
        return decode(delivery, seen.time, NO_LIMIT)
    except BadMessage:
        return None


def _unlogged(letters: Iterable[tuple[Seen, DeadLetter]], logged: Iterable[Logged]) -> list[Logged]:
    """Return what only the dead letters still hold: the log is bounded."""
    known = {each.seen.id for each in logged}
    return [
        Logged(seen, _event(letter.delivery, seen))
        for seen, letter in letters
        if seen.id not in known
    ]


async def _remembered(store: RedisStore, evidence: Evidence) -> Evidence:
    """Add what the store knows: instances, messages kept for later, and markers."""
    keys = _instance_keys(evidence)
    instances: dict[InstanceKey, tuple[OpenInstance, Instance]] = {}
    for key in sorted({evidence.key, *(at.key for at in keys)}):
        listed = await store.inspection.remembered(key)
        listed = [each for each in listed if key == evidence.key or each.at in keys]
        loaded = await store.load([each.at for each in listed])
        instances |= {
            each.at: (each, instance)
            for each, instance in zip(listed, loaded, strict=True)
            if instance is not None
        }
    await _learn(store, evidence.rulebook, instances)
    pending = await _pending(store, {evidence.key, *(each.seen.key for each in evidence.logged)})
    logged = [*evidence.logged, *_only_remembered(evidence, instances)]
    whole = replace(evidence, instances=instances, pending=pending, logged=logged)
    reacted = await store.inspection.reacted(_reactions(whole), evidence.now)
    return replace(whole, reacted=reacted)


async def _learn(
    store: RedisStore,
    rulebook: Rulebook,
    instances: Mapping[InstanceKey, tuple[OpenInstance, Instance]],
) -> None:
    """Make the rulebook know the wordings that these instances began with, as far as it can."""
    began_with = {
        Revision(at.definition, instance.revision) for at, (_, instance) in instances.items()
    }
    unknown = [each for each in began_with if each.revision and not rulebook.knows(each)]
    texts = await store.definitions() if unknown and rulebook.recall else {}
    for revision in unknown:
        kept_text = texts.get(revision.revision)
        if kept_text is not None and rulebook.recall is not None:
            with suppress(InvalidDefinitions):  # then nobody can tell what it lacks
                rulebook.retired.add(rulebook.recall(revision, kept_text.text))


def _instance_keys(evidence: Evidence) -> set[InstanceKey]:
    return {
        InstanceKey(rule.name, key)
        for event in _events(evidence)
        for rule, _ in evidence.rulebook.by_type.get(event.type, ())
        if rule.stateful and (key := key_of(rule, event, event.time)) is not None
    }


def _reactions(evidence: Evidence) -> list[tuple[str, ReactionId]]:
    """Return the markers to look for: a rule that was changed may have used the usual key."""
    return [
        (key, reaction_id(event.identity, rule.name))
        for event in _events(evidence)
        for rule, _ in evidence.rulebook.by_type.get(event.type, ())
        for key in {key_of(rule, event, event.time) or event.correlation_id, event.correlation_id}
    ]


def _events(evidence: Evidence) -> list[Event]:
    return [each.event for each in evidence.logged if each.event is not None]


def _only_remembered(
    evidence: Evidence, instances: Mapping[InstanceKey, tuple[OpenInstance, Instance]]
) -> list[Logged]:
    """Return the events that rules remember and the log does not hold any more."""
    known = {event.identity for event in _events(evidence)}
    found: dict[bytes, Event] = {}
    for at, (_, instance) in instances.items():
        rule = wording(evidence.rulebook, at, instance)
        if isinstance(rule, StatefulRule):
            found |= {
                one.identity: one.event
                for one in every_event(instance.state, rule.elements).kept
                if one.event is not None and evidence.key in (at.key, one.event.correlation_id)
            }
    return [
        Logged(_seen(event), event) for identity, event in found.items() if identity not in known
    ]


def _seen(event: Event) -> Seen:
    return Seen(
        id=event.id,
        type=event.type,
        key=event.correlation_id,
        source=event.source,
        rule=None,
        channel="",
        time=event.time,
        causation_id=event.causation_id,
        data=event.data,
        timed=True,
    )


async def _pending(store: RedisStore, keys: Iterable[str]) -> list[Pending]:
    timers = [
        timer
        for key in sorted(keys)
        for timer in await store.inspection.timers(key=key)
        if timer.at.message
    ]
    loaded = await store.load([timer.at for timer in timers])
    return [
        Pending(timer.due, kept(instance.state))
        for timer, instance in zip(timers, loaded, strict=True)
        if instance is not None
    ]


async def _unmatched(settings: Settings, evidence: Evidence) -> Sequence[Noted]:
    identities = {event.identity for event in _events(evidence)}
    async with ledger(settings) as entries:
        return [
            noted
            async for noted in entries.entries()
            if noted.entry.key == evidence.key
            or any(event.identity in identities for event in noted.entry.events.values())
        ]
