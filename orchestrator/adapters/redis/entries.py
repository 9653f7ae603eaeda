"""What the store writes into Redis, as bytes, and back. Talks to nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson

from orchestrator.core.decision import Instance
from orchestrator.core.envelope import pack, unpack
from orchestrator.core.ids import ReactionId
from orchestrator.ports import InstanceKey, OutboxEntry, Settlement, Timer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.redis.layout import Layout
    from orchestrator.core.event import Message
    from orchestrator.ports import Commit, InstanceWrite

VERSION_BYTES = 16
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def script_call(
    layout: Layout, epoch: bytes, shard: int, commits: Sequence[Commit], now: datetime
) -> tuple[bytes | int, ...]:
    """Return number of keys, keys and arguments of ``commit.lua`` for one shard."""
    moment = now.timestamp()
    now_ms = milliseconds_since_1970(now)
    seen = layout.seen(shard, layout.bucket(moment))
    outbox, timers, indexes = layout.outbox(shard), layout.timers(shard), layout.open_indexes(shard)
    keys = [layout.epoch(shard), *seen, outbox, timers, indexes]
    arguments: list[bytes | int] = [epoch, layout.marker_seconds, now_ms]
    for commit in commits:
        timer = commit.timer
        arguments += (len(commit.reactions), len(commit.writes))
        arguments += (timer_name(timer.at), milliseconds(timer.due)) if timer else (b"", b"")
        for write in commit.writes:
            keys += (layout.instance(write.at), layout.open_index(shard, write.at.definition))
            arguments.append(len(keys) - 1)
            arguments += _write(write, commit.reactions[-1].id)
        for reaction in commit.reactions:
            arguments += (reaction.id, _outbox_entry(commit.key, reaction.messages, now_ms))
    return (len(keys), *keys, *arguments)


def _write(write: InstanceWrite, version: ReactionId) -> tuple[bytes | int, ...]:
    at = write.at
    return (
        write.expected or b"",
        b"" if write.state is None else version + write.state,
        timer_name(at),
        b"" if write.due is None or write.state is None else milliseconds(write.due),
        b"" if at.part else at.key.encode(),
    )


def instance(value: bytes | None) -> Instance | None:
    """Read an instance."""
    if value is None:
        return None
    return Instance(version=ReactionId(value[:VERSION_BYTES]), state=value[VERSION_BYTES:])


def timer_name(at: InstanceKey) -> bytes:
    """Return the name of an instance's timer in the sorted set: JSON that a person can read."""
    parts = (at.definition, at.key, at.part) if at.part else (at.definition, at.key)
    return orjson.dumps(parts)


def timer_prefix(definition: str | None) -> bytes:
    """Return what the names of all timers of a definition begin with; empty for None."""
    return b"" if definition is None else b"[%s," % orjson.dumps(definition)


def timer(name: bytes, due_ms: float) -> Timer:
    """Read a timer."""
    return Timer(InstanceKey(*orjson.loads(name)), moment_of(due_ms))


def milliseconds(moment: datetime) -> int:
    """Return a moment as whole milliseconds since 1970, rounded up: no timer fires early."""
    return -((_BEGINNING - moment) // _MILLISECOND)


def milliseconds_since_1970(moment: datetime) -> int:
    """Return the whole milliseconds that have passed since 1970, as a server counts them."""
    return (moment - _BEGINNING) // _MILLISECOND


def moment_of(ms: float) -> datetime:
    """Return the moment of milliseconds since 1970, in UTC."""
    return datetime.fromtimestamp(ms / 1000, tz=UTC)


def _outbox_entry(key: str, messages: Sequence[Message], committed_ms: int) -> bytes:
    """Return an outbox entry: JSON that a person can read, empty when there is nothing to send."""
    if not messages:
        return b""
    return b'{"at":%d,"key":%s,"messages":%s}' % (committed_ms, orjson.dumps(key), pack(messages))


def read_outbox_entry(reaction: bytes, entry: bytes) -> OutboxEntry:
    """Read an outbox entry."""
    content = orjson.loads(entry)
    return OutboxEntry(
        settlement=Settlement(key=content["key"], id=ReactionId(reaction)),
        messages=unpack(content["messages"]),
        committed_at=moment_of(content["at"]),
    )
