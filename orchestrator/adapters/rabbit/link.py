"""One TCP connection to RabbitMQ: how it is opened, written to and closed. Knows no messages."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from aiormq.connection import Connection, TransportFactory
from pamqp.constants import FRAME_MAX_SIZE
from yarl import URL

from orchestrator.adapters.rabbit.failures import ConnectionEnded, place, translated
from orchestrator.adapters.rabbit.tap import FrameTap, unheard
from orchestrator.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiormq.abc import AbstractChannel

CONNECT_TIMEOUT_SECONDS: Final = 10
HEARTBEAT_SECONDS: Final = 10  # a silent broker counts as dead after three

# Where nobody set up logging, the library's records would be printed beside our own messages.
logging.getLogger("aiormq").addHandler(logging.NullHandler())


class Link:
    """An open connection. Once `lost`, it stays lost: open another one."""

    def __init__(self, url: str, connection: Connection, transport: _TappedTransport) -> None:
        self.where = f"RabbitMQ at {place(url)}"
        self.tap = transport.tap
        self._connection = connection
        self._writer = transport.writer

    @classmethod
    async def open(
        cls, url: str, name: str, hears_alarm: Callable[[str | None], None] = unheard
    ) -> Link:
        """Connect.

        Args:
            url: ``amqp://user:password@host:port/vhost``.
            name: what the management UI shows.
            hears_alarm: is told whenever `blocked` changes.

        Raises:
            Unavailable: nobody answers.
            Misconfigured: user, password or virtual host are refused, or it is no RabbitMQ.
        """
        transport = _TappedTransport(hears_alarm)
        target = URL(url).update_query(heartbeat=HEARTBEAT_SECONDS, name=name)
        connection = Connection(target, transport_factory=transport)
        try:
            with translated(f"RabbitMQ at {place(url)}"):
                await _connect(connection, transport)
        except Unavailable as error:
            raise Unavailable(f"{error}: start it, or correct ORCHESTRATOR_AMQP_URL") from error
        return cls(url, connection, transport)

    @property
    def lost(self) -> bool:
        """Whether the connection is gone."""
        return self.tap.lost is not None or self._connection.is_closed

    @property
    def blocked(self) -> str | None:
        """Why the broker does not read what we publish (memory, disk); None when it does."""
        return self.tap.blocked

    @property
    def frame_max(self) -> int:
        """The largest frame the broker takes, in bytes; our own limit where it sets none."""
        return self._connection.connection_tune.frame_max or FRAME_MAX_SIZE

    @property
    def server(self) -> dict[str, Any]:
        """What the broker says about itself: product, version, capabilities."""
        return dict(self._connection.server_properties)

    async def channel(self, *, confirms: bool = False) -> AbstractChannel:
        """Open a channel, with publisher confirms if asked for."""
        with translated(self.where):
            if self.lost:
                raise self.tap.lost or ConnectionEnded(0, "the connection was closed")
            async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
                return await self._connection.channel(publisher_confirms=confirms)

    def write(self, frames: bytes) -> None:
        """Send whole frames. They leave in the order of the calls."""
        if not self.lost:
            self._writer.write(frames)

    async def drain(self) -> None:
        """Wait until the operating system has taken most of what was written."""
        with translated(self.where):
            await self._writer.drain()

    def abort(self) -> None:
        """Give the connection up at once, without telling the broker."""
        self._writer.transport.abort()

    async def close(self) -> None:
        """Close in order. What was written before is sent."""
        if not self.lost:
            with translated(self.where):
                await self._connection.close()


async def _connect(connection: Connection, transport: _TappedTransport) -> None:
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
            await connection.connect()
    except Exception:
        if transport.reason is not None:
            raise transport.reason from None
        raise


class _TappedTransport(TransportFactory):
    """Opens the socket the way the client library would, but reads through a `FrameTap`."""

    tap: FrameTap
    writer: asyncio.StreamWriter

    def __init__(self, hears_alarm: Callable[[str | None], None]) -> None:
        self._hears_alarm = hears_alarm

    @property
    def reason(self) -> Exception | None:
        """The broker's own words on why it refused, which the library drops in a handshake."""
        lost = self.tap.lost if hasattr(self, "tap") else None
        return lost if lost is not None and lost.code else None

    async def create(self, url: URL, **options: Any) -> tuple[FrameTap, asyncio.StreamWriter]:  # noqa: ANN401
        contexts = options["ssl_context_provider"]
        encryption = await contexts.get_context() if url.scheme == "amqps" else None
        loop = asyncio.get_running_loop()
        self.tap = FrameTap(loop, self._hears_alarm)
        protocol = asyncio.StreamReaderProtocol(self.tap, loop=loop)
        transport, _ = await loop.create_connection(
            lambda: protocol, url.host or "", url.port or 0, ssl=encryption
        )
        self.writer = asyncio.StreamWriter(transport, protocol, self.tap, loop)
        return self.tap, self.writer
