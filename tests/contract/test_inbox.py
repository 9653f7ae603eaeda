"""What every inbox must do: one suite, all implementations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.inbox import MemoryInbox
from orchestrator.adapters.redis.inbox import RedisInbox
from orchestrator.core.envelope import encode
from orchestrator.core.event import Message, Outgoing
from orchestrator.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.service.inbox import Inbox


@pytest.fixture(params=["memory", "redis"])
async def inbox(request: pytest.FixtureRequest, unique: str) -> AsyncIterator[Inbox]:
    """An empty inbox."""
    if request.param == "memory":
        yield MemoryInbox()
        return
    redis = RedisInbox(request.getfixturevalue("redis_url"), namespace=unique)
    yield redis
    await redis.close()


def reply(text: str) -> Message:
    """Return a message that says `text`."""
    return encode(
        Outgoing(
            id=f"id-{text}",
            type="AcknowledgmentSent",
            channel="notify.v1",
            source="notify",
            time=datetime(2026, 3, 1, 9, 30, 0, 250_000, tzinfo=UTC),
            data={"text": text},
            correlation_id="C-991",
            subject="C-991",
            causation_id="cause",
        )
    )


async def test_a_remembered_reply_comes_back_equal(inbox: Inbox) -> None:
    """A redelivery publishes the very same messages, or receivers could not recognise them."""
    replies = (reply("one"), reply("two"))

    await inbox.remember({"a": replies, "b": ()})

    assert await inbox.recall(["b", "unknown", "a"]) == [(), None, replies]


async def test_the_first_reply_stays(inbox: Inbox) -> None:
    """Two replicas that handled one message must go on with one reply."""
    await inbox.remember({"a": (reply("first"),)})
    await inbox.remember({"a": (reply("second"),)})

    assert await inbox.recall(["a"]) == [(reply("first"),)]


async def test_beginnings_count_until_the_end(inbox: Inbox) -> None:
    """Only what began and never ended can have killed the process."""
    await inbox.begin("a")
    await inbox.begin("a")
    assert (await inbox.begun("a"), await inbox.begun("b")) == (2, 0)

    await inbox.end("a")
    await inbox.end("a")

    assert await inbox.begun("a") == 0


async def test_a_reply_and_its_beginnings_do_not_mix(inbox: Inbox) -> None:
    """Both are kept under the same key, and mean different things."""
    await inbox.begin("a")

    assert await inbox.recall(["a"]) == [None]


async def test_an_unreachable_redis_is_unavailable() -> None:
    """The runtime waits for ``Unavailable`` and for nothing else."""
    inbox = RedisInbox("redis://127.0.0.1:1/0", namespace="nobody")

    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1 cannot be reached"):
        await inbox.recall(["a"])
    with pytest.raises(Unavailable):
        await inbox.remember({"a": ()})


async def test_redis_forgets_after_the_window(redis_url: str, unique: str) -> None:
    """Memory stays bounded: each key expires, whatever is in it."""
    inbox = RedisInbox(redis_url, namespace=unique)
    await inbox.remember({"a": (reply("one"),)})
    await inbox.begin("a")

    lifetimes = [await inbox._redis.ttl(f"{unique}:inbox:{key}") for key in ("a", "a:begun")]  # noqa: SLF001 - no other way to see an expiry

    assert [86_000 < lifetime <= 86_400 for lifetime in lifetimes] == [True, True]
    await inbox.close()
