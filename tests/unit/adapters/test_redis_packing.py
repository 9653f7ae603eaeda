"""Commands as they are written to Redis: in C, and as redis-py itself would write them."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import Connection
from redis.exceptions import DataError

from orchestrator.adapters.redis.connection import connect


def connection() -> Any:
    pool: Any = connect("redis://127.0.0.1:1").connection_pool
    return pool.make_connection()


@pytest.mark.parametrize(
    "command",
    [
        ("PING",),
        ("CONFIG GET", "maxmemory"),
        (b"SET", "name", b"\x00\xff\r\n"),
        ("ZADD", b"k", 1_774_342_800_123.5, "m\u00e9"),
        ("EVALSHA", "a" * 40, 2, b"one", b"two", -3, b"", b"x" * 100_000),
    ],
)
def test_a_command_is_written_as_redis_py_writes_it(command: tuple[Any, ...]) -> None:
    """Words of the name apart, numbers as text, large values in one piece or several."""
    assert b"".join(connection().pack_command(*command)) == b"".join(
        Connection().pack_command(*command)
    )


def test_what_cannot_be_sent_is_a_defect_of_ours() -> None:
    """And not an outage, which would be waited for."""
    with pytest.raises(DataError, match="cannot be sent"):
        connection().pack_command("SET", "name", None)
