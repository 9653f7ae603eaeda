"""Creates and checks what a topology describes. Knows no messages."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiormq.exceptions import ChannelAccessRefused, ChannelNotFoundEntity

from orchestrator.adapters.rabbit.failures import APPLY, translated
from orchestrator.adapters.rabbit.link import Link
from orchestrator.errors import Misconfigured, OrchestratorError, Unavailable
from orchestrator.topology import Binding, Exchange, Queue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from aiormq.abc import AbstractChannel

    from orchestrator.topology import Topology


OLDEST_VERSION: Final = (3, 10)  # the first with at-least-once dead-lettering

PATIENCE_SECONDS: Final = 10.0
_LOOK_AGAIN_SECONDS: Final = 0.25
_MOST_SHOWN: Final = 5  # a wrong user or vhost makes a problem of every part

Part = Exchange | Queue | Binding


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """How a queue stands: messages ready to be delivered, and how many consume it."""

    name: str
    messages: int
    consumers: int


class Administration:
    """A connection to declare and look at things with."""

    def __init__(self, link: Link) -> None:
        self._link = link

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str) -> AsyncIterator[Administration]:
        """Connect for the time of the block.

        Raises:
            Unavailable: the broker cannot be reached.
            Misconfigured: it refuses us.
        """
        link = await Link.open(url, "orchestrator (administration)")
        try:
            yield cls(link)
        finally:
            await link.close()

    @property
    def version(self) -> str:
        """The broker's version, such as ``3.10.8``."""
        return str(self._link.server.get("version", "unknown"))

    async def apply(self, topology: Topology) -> None:
        """Create what is missing. Doing it again changes nothing, and nothing is ever deleted.

        Raises:
            Misconfigured: the broker is too old, permissions are missing, or something exists with
                other arguments; the text names all such things, with both values.
        """
        problems = [*self._version_problems()]
        for part in _parts(topology):
            problems += await self._problems(part)
        refuse(problems)

    async def prepare(self, topology: Topology) -> None:
        """Create what is missing, as `apply` does, for a user that may not configure what exists.

        Raises:
            Misconfigured: something is missing and this user may not create it, or `apply` would
                raise it.
        """
        problems = [*self._version_problems()]
        for part in _parts(topology):
            problems += await self._problems(part, if_allowed=await self._exists(part))
        refuse(problems)

    async def check(
        self, topology: Topology, *, patience_seconds: float = PATIENCE_SECONDS
    ) -> list[str]:
        """Return what is missing or different, as sentences. Creates nothing.

        Without the permission to configure, only what is missing is found: a user that may just
        read and write must be able to start.

        Args:
            topology: what should exist.
            patience_seconds: how long something missing may be something that has not come back yet
                after the broker's restart.
        """
        give_up_at = asyncio.get_running_loop().time() + patience_seconds
        problems = [*self._version_problems()]
        missing: set[str] = set()
        for part in _parts(topology):
            if isinstance(part, Binding) and missing & {part.source, part.target}:
                continue  # that an end of it is missing has been said
            if await self._appears(part, give_up_at):
                problems += await self._problems(part, if_allowed=True)
            else:
                problems.append(f"{_name(part)} is missing: {APPLY}")
                missing |= {part.name} if not isinstance(part, Binding) else set()
        return problems

    async def status(self, queue: str) -> QueueStatus | None:
        """Return how `queue` stands, or None if there is no such queue."""
        with translated(f"{self._link.where}: look at {queue}"):
            channel = await self._link.channel()
            try:
                found = await channel.queue_declare(queue, passive=True)
            except ChannelNotFoundEntity:
                return None
            await channel.close()
        return QueueStatus(queue, found.message_count or 0, found.consumer_count or 0)

    async def unbind(self, topology: Topology) -> None:
        """Remove the bindings of queues that `topology` describes; what the queues hold stays."""
        with translated(f"{self._link.where}: unbind"):
            channel = await self._link.channel()
            for binding in topology.bindings:
                if binding.kind == "queue":
                    await channel.queue_unbind(binding.target, binding.source, binding.routing_key)
            await channel.close()

    async def delete(self, topology: Topology) -> None:
        """Remove everything `topology` describes, with all messages. For tests and uninstalling."""
        with translated(f"{self._link.where}: delete"):
            channel = await self._link.channel()
            for queue in topology.queues:
                await channel.queue_delete(queue.name)
            for exchange in reversed(topology.exchanges):
                await channel.exchange_delete(exchange.name)
            await channel.close()

    def _version_problems(self) -> Iterator[str]:
        numbers = self.version.split(".")[:2]
        version = tuple(int(number) for number in numbers if number.isdigit())
        if version < OLDEST_VERSION:
            yield (
                f"{self._link.where} is version {self.version}, which lacks at-least-once"
                " dead-lettering: upgrade to 3.10 or later"
            )

    async def _problems(self, part: Part, *, if_allowed: bool = False) -> list[str]:
        """Declare `part` and return what the broker has against it."""
        try:
            with translated(f"{self._link.where}: {_name(part)}"):
                # A refusal closes the channel, so each part has its own.
                channel = await self._link.channel()
                await _declare(channel, part)
                await channel.close()
        except Misconfigured as problem:
            forbidden = isinstance(problem.__cause__, ChannelAccessRefused)
            return [] if forbidden and if_allowed else [str(problem)]
        return []

    async def _appears(self, part: Part, give_up_at: float) -> bool:
        while not await self._exists(part):
            if asyncio.get_running_loop().time() >= give_up_at:
                return False
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        return True

    async def _exists(self, part: Part) -> bool:
        channel = await self._link.channel()
        with translated(f"{self._link.where}: {_name(part)}"):
            try:
                match part:
                    case Exchange():
                        await channel.exchange_declare(part.name, passive=True)
                    case Queue():
                        await channel.queue_declare(part.name, passive=True)
                    case Binding():
                        pass  # AMQP cannot ask for one; to bind once more is harmless
            except ChannelNotFoundEntity:
                return False
        with suppress(OrchestratorError), translated(self._link.where):
            await channel.close()
        return True


async def install(
    url: str, topologies: Sequence[Topology], *, patience_seconds: float = PATIENCE_SECONDS
) -> str:
    """Create what is missing, also on a broker that has only just come back.

    It takes connections before it can declare queues, and ends the connection that tries.

    Args:
        url: the broker's.
        topologies: what should exist.
        patience_seconds: how long to try again.

    Returns:
        The broker's version.

    Raises:
        Unavailable: it cannot be reached, or still ends connections when patience does.
        Misconfigured: see `Administration.apply`.
    """
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + patience_seconds
    while True:
        async with Administration.connect(url) as administration:
            try:
                for topology in topologies:
                    await administration.apply(topology)
            except Unavailable:
                if loop.time() >= give_up_at:
                    raise
            else:
                return administration.version
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


def refuse(problems: Sequence[str]) -> None:
    """Raise `Misconfigured` with the first of `problems` on one line; nothing if there is none."""
    if problems:
        more = len(problems) - _MOST_SHOWN
        rest = [f"and {more} more"] if more > 0 else []
        raise Misconfigured("; ".join([*problems[:_MOST_SHOWN], *rest]))


def _parts(topology: Topology) -> tuple[Part, ...]:
    return (*topology.exchanges, *topology.queues, *topology.bindings)


def _name(part: Part) -> str:
    match part:
        case Exchange() | Queue():
            return f"{type(part).__name__.lower()} {part.name}"
        case Binding():
            return f"binding {part.source} -> {part.target}"


async def _declare(channel: AbstractChannel, part: Part) -> None:
    match part:
        case Exchange():
            await channel.exchange_declare(
                part.name, exchange_type=part.kind, durable=True, arguments=dict(part.arguments)
            )
        case Queue():
            await channel.queue_declare(part.name, durable=True, arguments=dict(part.arguments))
        case Binding(kind="queue"):
            await channel.queue_bind(part.target, part.source, part.routing_key)
        case Binding():
            await channel.exchange_bind(part.target, part.source, part.routing_key)
