"""The one connection to Redis, and the one table that turns its exceptions into ours."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hiredis import pack_command
from redis import asyncio as aioredis
from redis import exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig

from orchestrator.errors import Misconfigured, OrchestratorError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOT_A_URL = (
    "ORCHESTRATOR_REDIS_URL is not a Redis URL, such as redis://user:password@host:6379/0: begin it"
    " with redis://, rediss:// or unix://, and write special characters in the password as %XX"
)

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0

_UNREACHABLE = "cannot be reached: start it, or correct ORCHESTRATOR_REDIS_URL"

ADVICE: dict[type[Exception], tuple[type[OrchestratorError], str]] = {
    exceptions.AuthenticationError: (
        Misconfigured,
        "refuses the user or password: correct ORCHESTRATOR_REDIS_URL",
    ),
    exceptions.NoPermissionError: (
        Misconfigured,
        "does not permit this user a command we need: grant it @read @write @scripting",
    ),
    exceptions.ReadOnlyError: (
        Unavailable,
        "is a read-only replica just now: wait for a failover, or correct ORCHESTRATOR_REDIS_URL",
    ),
    exceptions.OutOfMemoryError: (
        Unavailable,
        "is out of memory and refuses writes: raise its maxmemory, or remove what else lies in it",
    ),
    exceptions.ClusterDownError: (Unavailable, "is in a cluster that is down just now"),
    exceptions.TryAgainError: (Unavailable, "is in a cluster that moves our keys just now"),
    exceptions.BusyLoadingError: (Unavailable, "is still loading its data"),
    exceptions.TimeoutError: (Unavailable, "does not answer in time"),
    exceptions.ConnectionError: (Unavailable, _UNREACHABLE),
    exceptions.ResponseError: (Misconfigured, "refuses a command"),
    exceptions.RedisError: (Unavailable, "failed"),
    OSError: (Unavailable, _UNREACHABLE),
}
"""First match along the exception's own class hierarchy decides."""


class _Packing:
    """What redis-py leaves to Python: writing commands, here in a sixth of the time."""

    def pack_command(self, *parts: bytes | str | float) -> list[bytes]:
        """Return a command in the form of its bytes; its name may be of several words."""
        name, *arguments = parts
        words = (name if isinstance(name, bytes) else str(name).encode()).split()
        command: Any = (*words, *arguments)
        try:
            return [pack_command(command)]
        except TypeError as error:
            raise exceptions.DataError(f"a command cannot be sent: {error}") from error


class _Stopping:
    """What redis-py loses on Python 3.11: a task that is cancelled while it writes.

    ``asyncio.wait_for``, which it writes with, drops a cancellation that comes when the command has
    just gone. The task would live on, and whoever cancelled it wait for its end without end.
    """

    async def send_packed_command(self, *command: object, **options: object) -> None:
        """Send a command; where that is cancelled, give up the connection, as redis-py does."""
        connection: Any = super()
        task = asyncio.current_task()
        before = task.cancelling() if task else 0
        await connection.send_packed_command(*command, **options)
        if task and task.cancelling() > before:
            await connection.disconnect(nowait=True)
            raise asyncio.CancelledError


def connect(url: str, *, repeats: int = 1) -> aioredis.Redis:
    """Return a client for `url`. Connects on first use; bytes in, bytes out.

    Args:
        url: where Redis is.
        repeats: how often what was cut off is sent again without a word. Once mends a connection
            that breaks just now; an outage is the caller's to see.

    Raises:
        Misconfigured: the URL is not one.
    """
    try:
        client = aioredis.Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), repeats),
            # With these on, which a plain Redis does not send, nobody looks whether a connection
            # was closed meanwhile before it is used.
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
        pool: Any = client.connection_pool
        pool.connection_kwargs["decode_responses"] = False  # whatever the URL says
        pool.connection_class = type("Connection", (_Packing, _Stopping, pool.connection_class), {})
        pool.make_connection()  # connects to nothing, but refuses unknown options
    except ValueError:
        # Its text would quote the password, of which a part stands where the port should.
        raise Misconfigured(_NOT_A_URL) from None
    except TypeError as error:
        raise Misconfigured(f"ORCHESTRATOR_REDIS_URL has a wrong option: {error}") from None
    return client


def address(url: str) -> str:
    """Return host and port of `url` for messages: never the user or password."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    host = parts.hostname or "localhost"
    return f"{f'[{host}]' if ':' in host else host}:{port or 6379}"


@contextmanager
def translated(server: str) -> Iterator[None]:
    """Turn what redis-py raises inside into ``Unavailable`` or ``Misconfigured``.

    Args:
        server: host and port, to say which Redis.
    """
    try:
        yield
    except exceptions.DataError:
        raise  # an argument that cannot be sent: a defect of ours, not an outage
    except (exceptions.RedisError, OSError) as error:
        raise translate(error, server) from error


def translate(error: Exception, server: str) -> OrchestratorError:
    """Return our error for one of redis-py's."""
    for kind in type(error).__mro__:
        if kind in ADVICE:
            ours, advice = ADVICE[kind]
            return ours(f"Redis at {server} {advice} ({error})")
    raise TypeError(f"not an error of Redis: {error!r}")
