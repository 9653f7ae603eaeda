"""Headers that no client library writes, but the broker passes on: none may end the connection."""

from __future__ import annotations

from struct import pack

import pytest

from orchestrator.adapters.rabbit.decoding import MAX_NESTING, delivery

METHOD = pack(">HHB", 60, 60, 1) + b"c" + pack(">QB", 1, 0) + b"\0" + b"\x01q"


def short(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def table(**values: bytes) -> bytes:
    content = b"".join(short(name.encode()) + value for name, value in values.items())
    return b"F" + pack(">I", len(content)) + content


def nested(levels: int) -> bytes:
    """Return tables inside tables, or the text in the innermost."""
    value = b"S" + pack(">I", 1) + b"x"
    for _ in range(levels):
        value = table(a=value)
    return value


def headers_of(value: bytes) -> dict[str, object]:
    """Decode a delivery with a hostile header and a good one after it."""
    headers = table(bad=value, CC=b"S" + pack(">I", 1) + b"x")[1:]
    content = pack(">HHQH", 60, 0, 2, 1 << 13) + headers
    return dict(delivery(METHOD, content, b"{}").headers)


@pytest.mark.parametrize("levels", [MAX_NESTING + 1, 500, 5_000])
def test_tables_that_nest_too_deep_are_bytes(levels: int) -> None:
    """They would exhaust the stack, here or wherever a copy is made of them."""
    found = headers_of(nested(levels))
    assert isinstance(found["bad"], bytes)
    assert found["CC"] == "x"


def test_tables_that_nest_a_little_are_tables() -> None:
    """The control: the broker's own notes on a death are such."""
    found = headers_of(nested(MAX_NESTING))
    assert isinstance(found["bad"], dict)
    assert found["CC"] == "x"


@pytest.mark.parametrize(
    "value",
    [
        b"T" + pack(">Q", 2**64 - 1),
        table(a=b"T" + pack(">Q", 2**62)),
        table(a=b"S" + pack(">I", 2) + b"\xff\xfe"),
        table(a=b"?" + b"rubbish"),
    ],
    ids=["a moment beyond all years", "one in a table", "no UTF-8 in a table", "unknown type"],
)
def test_what_cannot_be_read_does_not_hide_what_follows(value: bytes) -> None:
    """A header we refuse for must not get past us behind one that we cannot read."""
    assert headers_of(value)["CC"] == "x"
