"""JSON within the limits that every payload must keep. Knows nothing of envelopes."""

from __future__ import annotations

import re
from json import loads as loads_slowly

import orjson

from orchestrator.errors import BadMessage

MAX_BODY_BYTES = 1024 * 1024
MAX_DEPTH = 64

_ENVELOPE_BYTES = 16 * 1024
"""More than a message ever says beside its data."""

_LONG_NUMBER = re.compile(rb"\d{19}")
_INT64 = range(-(2**63), 2**63)


def read_json(body: bytes, max_body_bytes: int = MAX_BODY_BYTES) -> object:
    """Parse JSON within the limits every payload must keep.

    Raises:
        BadMessage: too large, not JSON (NaN included), nested too deep, or with an integer that
            64 bits cannot hold.
    """
    if len(body) > max_body_bytes:
        raise BadMessage(
            "too-large",
            f"the body has {len(body)} bytes, over the limit of {max_body_bytes}: store the"
            " document elsewhere and send a reference (claim check)",
        )
    try:
        content: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        reason = str(error) if _is_text(body) else "it is not UTF-8 text"
        raise BadMessage("not-json", f"the body is not JSON: {reason}") from None
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _depth(content) > MAX_DEPTH:
        raise BadMessage("too-deep", f"the body nests deeper than {MAX_DEPTH} levels")
    if _LONG_NUMBER.search(body):
        loads_slowly(body, parse_int=_int64)
    return content


def refuse_oversize(message_type: str, data: object) -> None:
    """Raise ``BadMessage`` for data of which a message may become too large for others to accept.

    Whoever sends it finds out when it is written; this is for those who can still do something.
    """
    size, limit = len(orjson.dumps(data)), MAX_BODY_BYTES - _ENVELOPE_BYTES
    if size > limit:
        raise BadMessage(
            "too-large",
            f"the data of {message_type} would have {size:,} bytes, over the limit of {limit:,}:"
            " send a reference instead (claim check)",
        )


def _int64(digits: str) -> int:
    # orjson turns integers beyond 64 bits into floats without a word.
    number = int(digits) if len(digits) < 25 else 2**64  # noqa: PLR2004 - any long number will do
    if number not in _INT64:
        raise BadMessage("integer-too-large", "the body holds an integer beyond 64 bits")
    return number


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _depth(content: object) -> int:
    """Return how deep `content` nests, without recursion. A scalar has depth 0."""
    depth, level = 0, [content]
    while level:
        inner = [item for item in level if isinstance(item, dict | list)]
        depth += bool(inner)
        level = [
            value for item in inner for value in (item.values() if isinstance(item, dict) else item)
        ]
    return depth
