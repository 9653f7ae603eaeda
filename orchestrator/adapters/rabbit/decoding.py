"""AMQP 0-9-1 frames to deliveries. Knows no connection.

pamqp and aiormq take 45 us for one delivery, this takes 7; a test holds the results equal. It is
also more forgiving: text that is not UTF-8 in a property must not cost the connection, and with it
every message behind the one that carries it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from pamqp import decode as pamqp_decode

from orchestrator.core.event import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable

_long_at = Struct(">I").unpack_from
_longlong_at = Struct(">Q").unpack_from
_flags_at = Struct(">H").unpack_from
_content_at = Struct(">HHQH").unpack_from
_CONTENT_START: Final = 14
_TEXT: Final = ord("S")
MAX_NESTING: Final = 32
"""Levels of tables and lists in a header; the broker's own notes have three."""

# Of the types that hold no length: one byte for the type, and what follows.
_VALUE_SIZES: Final = {ord(kind): 1 + size for kind, size in {
    "t": 1, "b": 1, "B": 1, "s": 2, "u": 2, "I": 4, "i": 4, "f": 4, "D": 5,
    "l": 8, "L": 8, "d": 8, "T": 8, "V": 0,
}.items()}  # fmt: skip
_UNREADABLE: Final = (ValueError, ArithmeticError, LookupError, OSError, RecursionError)


def content_size(header: bytes) -> int:
    """Return how many bytes of body follow a content header."""
    size: int = _content_at(header)[2]
    return size


def delivery(method: bytes, header: bytes, body: bytes) -> Delivery:
    """Return the delivery of a ``Basic.Deliver`` method, its content header and its body."""
    tag_at = 5 + method[4]
    token: int = _longlong_at(method, tag_at)[0]
    exchange, routing_key = _address(method[tag_at + 9 :])
    found: list[Any] = [None] * len(_PROPERTIES)
    at = _CONTENT_START
    for slot, read in _plan(_flags_at(header, 12)[0]):
        found[slot], at = read(header, at)
    return Delivery(
        body=body,
        exchange=exchange,
        routing_key=routing_key,
        content_type=found[0],
        type=found[10],
        message_id=found[8],
        correlation_id=found[5],
        app_id=found[12],
        timestamp=found[9],
        headers=found[2] or {},
        other=_other(found),
        redelivered=bool(method[tag_at + 8]),
        token=token,
    )


def returned_address(method: bytes) -> tuple[str, str]:
    """Return exchange and routing key of a ``Basic.Return``: where nobody took the message."""
    return _address(method[7 + method[6] :])


@lru_cache(maxsize=1024)
def _address(pair: bytes) -> tuple[str, str]:
    middle = 1 + pair[0]
    return _text(pair[1:middle]), _text(pair[middle + 1 : middle + 1 + pair[middle]])


@lru_cache(maxsize=1024)
def _known(raw: bytes) -> str:
    """Decode what takes few values: types, sources, content types, header names."""
    return raw.decode("utf-8", "replace")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _other(found: list[Any]) -> dict[str, str | int]:
    """Return the copied properties without an attribute of their own; few messages have any."""
    encoding, priority, reply_to = found[1], found[4], found[6]
    if encoding is priority is reply_to is None:
        return {}
    named = {"content_encoding": encoding, "priority": priority, "reply_to": reply_to}
    return {name: value for name, value in named.items() if value is not None}


def _short(data: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + data[at]
    return data[at + 1 : end].decode("utf-8", "replace"), end


def _short_known(data: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + data[at]
    return _known(data[at + 1 : end]), end


def _octet(data: bytes, at: int) -> tuple[int, int]:
    return data[at], at + 1


def _timestamp(data: bytes, at: int) -> tuple[datetime | None, int]:
    seconds = _longlong_at(data, at)[0]
    # Beyond the year 9999 there is nothing to tell, and it must not cost the connection.
    return datetime.fromtimestamp(seconds, UTC) if seconds <= _LAST_SECOND else None, at + 8


def _table(data: bytes, at: int) -> tuple[dict[str, object], int]:
    end = at + 4 + _long_at(data, at)[0]
    at += 4
    table: dict[str, object] = {}
    while at < end:
        name, at = _short_known(data, at)
        table[name], at = _value(data, at)
    return table, end


def _value(data: bytes, at: int) -> tuple[object, int]:
    if data[at] == _TEXT:
        end = at + 5 + _long_at(data, at + 1)[0]
        raw = data[at + 5 : end]
        try:
            return raw.decode(), end
        except UnicodeDecodeError:
            return raw, end
    try:
        used, value = pamqp_decode.embedded_value(data[at:])
    except _UNREADABLE:
        return _raw_value(data, at)
    return (value, at + used) if _is_shallow(value) else _raw_value(data, at)


def _raw_value(data: bytes, at: int) -> tuple[bytes, int]:
    """Return a value that cannot be read as its bytes: it must not cost the connection."""
    size = _VALUE_SIZES.get(data[at])
    end = at + 5 + _long_at(data, at + 1)[0] if size is None else at + size
    return data[at + 1 : end], end


def _is_shallow(value: object, levels: int = MAX_NESTING) -> bool:
    """Whether tables and lists nest so little that whoever walks them later has stack enough."""
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_shallow(item, levels - 1) for item in inner)


_LAST_SECOND: Final = int(datetime.max.replace(tzinfo=UTC).timestamp())
_PROPERTIES: Final[tuple[Callable[[bytes, int], tuple[Any, int]], ...]] = (
    _short_known,  # content type
    _short_known,  # content encoding
    _table,  # headers
    _octet,  # delivery mode
    _octet,  # priority
    _short,  # correlation id
    _short,  # reply to
    _short,  # expiration
    _short,  # message id
    _timestamp,
    _short_known,  # type
    _short,  # user id
    _short_known,  # app id
    _short,  # cluster id
)


@lru_cache(maxsize=1024)
def _plan(flags: int) -> tuple[tuple[int, Callable[[bytes, int], tuple[Any, int]]], ...]:
    """Return the slots and readers of the properties that `flags` announces."""
    return tuple(
        (slot, read) for slot, read in enumerate(_PROPERTIES) if flags & (1 << (15 - slot))
    )
