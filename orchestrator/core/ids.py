"""Derived identities: an id is a hash of what caused it, so every retry arrives at the same one."""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct
from typing import NewType

Identity = NewType("Identity", bytes)
"""Of an event: equal for two deliveries of one fact. 16 bytes."""

ReactionId = NewType("ReactionId", bytes)
"""Of one rule's reaction to one event. 16 bytes."""

_INDEX = Struct(">I").pack


def _digest(parts: tuple[bytes, ...]) -> bytes:
    """Hash `parts` so that no two different lists of parts collide by concatenation."""
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(_INDEX(len(part)))
        digest.update(part)
    return digest.digest()


def event_identity(source: str, event_type: str, distinction: str | bytes) -> Identity:
    """Return the identity of an event.

    Args:
        source: who says it.
        event_type: what it says.
        distinction: what tells it from the source's other events of that type: an id, or for
            messages whose id is a business id the digest of their data.
    """
    told = distinction.encode() if isinstance(distinction, str) else distinction
    return Identity(_digest((source.encode(), event_type.encode(), told)))


def content_digest(content: bytes) -> bytes:
    """Return a digest that stands for `content` in an identity. 16 bytes."""
    return blake2b(content, digest_size=16).digest()


def reaction_id(event: Identity, rule: str) -> ReactionId:
    """Return the id of `rule`'s reaction to `event`: its marker in the store."""
    return ReactionId(blake2b(event + rule.encode(), digest_size=16).digest())


def handling_id(event: Identity, service: str) -> ReactionId:
    """Return the id of a service's reaction to `event`, which the ids of its replies derive from.

    A rule of the same name may react to the same event: what the two send must not share ids.
    """
    return ReactionId(_digest((b"service", event, service.encode())))


def retried_id(event: Identity, rule: str, retry: str) -> ReactionId:
    """Return the id of `rule`'s reaction to `event` when it is sent again for it alone.

    Args:
        event: the identity of the event.
        rule: the name of the rule.
        retry: what names the retry; equal for every attempt at it.
    """
    return ReactionId(_digest((event, rule.encode(), retry.encode())))


def elapsed_id(version: ReactionId, timer: str, due_ms: int) -> ReactionId:
    """Return the id of the reaction to a timer, of an instance as `version` left it.

    Args:
        version: the reaction that wrote the instance last; it tells two of its lives apart.
        timer: the instance's name.
        due_ms: what the timer was set for, in milliseconds since 1970.
    """
    return ReactionId(_digest((version, timer.encode(), b"%d" % due_ms)))


def order_id(version: ReactionId, order: str, instance: str) -> ReactionId:
    """Return the id of the reaction to an operator's order, so that repeating it is harmless.

    Args:
        version: the reaction that wrote the instance last, as the operator saw it.
        order: what is to be done.
        instance: the instance's name; one reaction may have written several.
    """
    return ReactionId(_digest((version, order.encode(), instance.encode())))


def message_id(reaction: ReactionId, index: int) -> str:
    """Return the id of the `index`-th message (from 0) of `reaction`: 32 hexadecimal digits."""
    return blake2b(reaction + _INDEX(index), digest_size=16).hexdigest()
