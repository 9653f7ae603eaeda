"""Publishers and consumers on client libraries that are not ours, with a ledger of confirms."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import aio_pika
import pika
from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from pika.exceptions import AMQPError

from tests.acceptance.verdict import Arrival

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pika.adapters.blocking_connection import (
        BlockingChannel,
    )

# They write pages about every connection that fails: here that is what is wanted.
for library in ("pika", "aiormq", "aio_pika"):
    logging.getLogger(library).setLevel(logging.CRITICAL)

CHANNEL = "complaints.v1"
RECONNECT_SECONDS = 0.1
SLICE_SECONDS = 0.1
CONFIRM_SECONDS = 10.0
# aiormq cancels what waits for a channel that is closed under it.
LOSSES = (*CONNECTION_EXCEPTIONS, AMQPError, TimeoutError, asyncio.CancelledError)
PERSISTENT = 2
DATA = {
    "complainant": {"name": "Ada Sample", "email": "ada@example.org"},
    "category": "overtime-pay",
    "employer": "Example Works",
    "amount": 1200.5,
    "region": "north",
}


def complaint(event_id: str, **changes: Any) -> dict[str, Any]:
    """Return a ComplaintFiled event with `changes` to its data."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "portal",
        "type": "ComplaintFiled",
        "subject": event_id,
        "data": DATA | changes,
    }


def connect(url: str) -> pika.BlockingConnection:
    """Return an open connection."""
    return pika.BlockingConnection(pika.URLParameters(url))


def send(
    channel: BlockingChannel,
    exchange: str,
    body: bytes,
    *,
    key: str = CHANNEL,
    headers: dict[str, Any] | None = None,
) -> None:
    """Publish `body`; on a channel with confirms, return once the broker has it."""
    properties = pika.BasicProperties(delivery_mode=PERSISTENT, headers=headers)
    channel.basic_publish(exchange, key, body, properties)


class Worker:
    """Work that goes on in the background and connects again after each loss."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._error: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the work in order, and raise what went wrong in it."""
        self._stopping.set()
        self._thread.join(timeout=60)
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            while not self._finished():
                try:
                    self._work()
                except LOSSES:
                    time.sleep(RECONNECT_SECONDS)
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self._error = error

    def _finished(self) -> bool:
        return self._stopping.is_set()

    def _work(self) -> None:
        """Connect, and work until finished or until the connection is lost."""
        raise NotImplementedError


class Publisher(Worker):
    """Files complaints at a steady rate, each again until the broker confirmed it.

    A broker that starts again may take a message and never confirm it: without a limit on that
    wait, a publisher hangs. pika's blocking connection has none, hence aio-pika.

    Args:
        url: of the broker.
        exchange: to publish to.
        per_second: events; one publisher manages about 300.
        name: the first part of the ids, so that several can run.

    Attributes:
        confirmed: the ledger: ids of confirmed events.
    """

    def __init__(self, url: str, exchange: str, *, per_second: float, name: str = "e") -> None:
        super().__init__(url)
        self.confirmed: set[str] = set()
        self._exchange = exchange
        self._interval = 1 / per_second
        self._name = name
        self._due = time.monotonic()
        self._unsure: str | None = None

    def _finished(self) -> bool:
        return super()._finished() and self._unsure is None

    def _work(self) -> None:
        asyncio.run(self._publish())

    async def _publish(self) -> None:
        async with await aio_pika.connect(self._url) as connection:
            channel = await connection.channel(on_return_raises=True)
            exchange = await channel.get_exchange(self._exchange)
            while not self._finished():
                event_id = self._unsure = self._unsure or f"{self._name}{len(self.confirmed)}"
                body = json.dumps(complaint(event_id)).encode()
                message = aio_pika.Message(body, delivery_mode=PERSISTENT)
                await exchange.publish(message, CHANNEL, timeout=CONFIRM_SECONDS)
                self.confirmed.add(event_id)
                self._unsure = None
                self._due += self._interval
                await asyncio.sleep(max(0.0, self._due - time.monotonic()))


class Collector(Worker):
    """Receives commands and keeps them all, redeliveries too.

    Args:
        url: of the broker.
        queues: to consume.

    Attributes:
        arrivals: in the order of their coming.
    """

    def __init__(self, url: str, queues: Sequence[str]) -> None:
        super().__init__(url)
        self.arrivals: list[Arrival] = []
        self._queues = queues

    def _work(self) -> None:
        with connect(self._url) as connection:
            channel = connection.channel()
            channel.basic_qos(prefetch_count=500)
            for queue in self._queues:
                channel.basic_consume(queue, self._receive)
            while not self._finished():
                connection.process_data_events(time_limit=SLICE_SECONDS)

    def _receive(
        self, channel: BlockingChannel, method: Any, _properties: Any, body: bytes
    ) -> None:
        command = json.loads(body)
        self.arrivals.append(Arrival(command["id"], command["type"], command["causationid"]))
        channel.basic_ack(method.delivery_tag)


@dataclass(frozen=True)
class Letter:
    """A message taken from a queue."""

    body: bytes
    headers: dict[str, Any] = field(default_factory=dict)


def take_all(url: str, queue: str) -> list[Letter]:
    """Return and remove everything in `queue`."""
    with connect(url) as connection:
        return list(_taken(connection.channel(), queue))


def _taken(channel: BlockingChannel, queue: str) -> Iterator[Letter]:
    while True:
        method, properties, body = channel.basic_get(queue, auto_ack=True)
        if method is None:
            return
        yield Letter(body, properties.headers or {})


def depth(url: str, queue: str) -> int:
    """Return how many messages wait in `queue`."""
    with connect(url) as connection:
        found = connection.channel().queue_declare(queue, passive=True)
        return int(found.method.message_count)
