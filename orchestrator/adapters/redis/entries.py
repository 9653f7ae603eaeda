"""What the store writes into Redis, as bytes, and back. Talks to nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson

from orchestrator.core.decision import NO_PARTS, Instance
from orchestrator.core.ids import ReactionId
from orchestrator.core.packing import pack, unpack
from orchestrator.core.status import Status
from orchestrator.ports import (
    FinishedInstance,
    InstanceKey,
    KeptDefinition,
    OutboxEntry,
    Settlement,
    Timer,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.event import Message

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_NO_REVISION = bytes(6)

LATER = "later"
"""What kept messages are counted under, in place of a revision."""

_STATUSES = {status.code[0]: (status, False) for status in Status} | {
    status.code.upper()[0]: (status, True) for status in Status
}


def header(version: ReactionId, status: Status, revision: str, *, parted: bool) -> bytes:
    """Return what an instance's value begins with: version, status and revision, 23 bytes.

    The status is one letter, a capital where there are pieces beside the value.
    """
    code = status.code.upper() if parted else status.code
    return b"%s%s%s" % (version, code, bytes.fromhex(revision) if revision else _NO_REVISION)


def instance(value: bytes | None, pieces: Mapping[str, bytes] = NO_PARTS) -> Instance | None:
    """Read an instance."""
    if value is None:
        return None
    status, parted = _STATUSES[value[16]]
    revision = value[17:23]
    return Instance(
        ReactionId(value[:16]),
        value[23:],
        status,
        revision.hex() if revision != _NO_REVISION else "",
        pieces,
        parted,
    )


def read_pieces(
    names: Sequence[str], found: Sequence[bytes | None] | Mapping[bytes, bytes]
) -> Mapping[str, bytes]:
    """Read the pieces of an instance: those of `names` that exist, or all where it is empty."""
    if isinstance(found, Mapping):
        return {name.decode(): state for name, state in found.items()}
    return {name: state for name, state in zip(names, found, strict=True) if state is not None}


def timer_name(at: InstanceKey) -> bytes:
    """Return the name of an instance's timer in the sorted set: definition, part and key.

    A definition's name has no slash, and a part no two in a row; a key may have any.
    """
    return f"{at.definition}/{at.part}//{at.key}".encode()


def timer_prefix(definition: str | None) -> bytes:
    """Return what the names of all timers of a definition begin with; empty for None."""
    return b"" if definition is None else f"{definition}/".encode()


def timer(name: bytes, due_ms: float) -> Timer:
    """Read a timer."""
    definition, _, rest = name.decode().partition("/")
    part, _, key = rest.partition("//")
    return Timer(InstanceKey(definition, key, part), moment_of(due_ms))


def milliseconds(moment: datetime) -> int:
    """Return a moment as whole milliseconds since 1970, rounded up: no timer fires early."""
    return -((_BEGINNING - moment) // _MILLISECOND)


def milliseconds_since_1970(moment: datetime) -> int:
    """Return the whole milliseconds that have passed since 1970, as a server counts them."""
    return (moment - _BEGINNING) // _MILLISECOND


def moment_of(ms: float) -> datetime:
    """Return the exact moment of milliseconds since 1970, in UTC.

    A float of seconds would be microseconds off, centuries away from now: a timer must not move.
    """
    return _BEGINNING + int(ms) * _MILLISECOND


def outbox_entry(key: str, messages: Sequence[Message], committed_ms: int) -> bytes:
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


@lru_cache
def revision_name(definition: str, revision: str) -> bytes:
    """Return what open instances of a definition's revision are counted under."""
    return f"{definition}/{revision}".encode()


def read_revision_name(name: bytes) -> tuple[str, str]:
    """Read what `revision_name` returned: a definition and a revision."""
    definition, _, revision = name.decode().partition("/")
    return definition, revision


def finished_name(at: InstanceKey, status: Status, revision: str) -> bytes:
    """Return the name of a finished instance in the list, as the script composes it."""
    return b"%s/%s/%s" % (revision_name(at.definition, revision), status.encode(), at.key.encode())


def read_finished(name: bytes, ended_ms: float, *, kept: bool) -> FinishedInstance:
    """Read an entry of the list of finished instances."""
    definition, revision, status, key = name.decode().split("/", maxsplit=3)
    at = InstanceKey(definition, key)
    return FinishedInstance(at, moment_of(ended_ms), Status(status), revision, kept)


def kept_name(at: InstanceKey) -> bytes:
    """Return the name of a kept message in its index."""
    return f"{at.message}/{at.key}".encode()


def read_kept_name(definition: str, name: bytes) -> InstanceKey:
    """Read what `kept_name` returned."""
    message, _, key = name.decode().partition("/")
    return InstanceKey(definition, key).of_message(message)


def definition_entry(text: str, put_ms: int) -> bytes:
    """Return what is kept of a definition: JSON that a person can read."""
    return orjson.dumps({"at": put_ms, "text": text})


def read_definition(entry: bytes) -> KeptDefinition:
    """Read what `definition_entry` returned."""
    content = orjson.loads(entry)
    return KeptDefinition(content["text"], moment_of(content["at"]))
