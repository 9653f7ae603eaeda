"""Publishes batches as one write each and waits for their confirms. Knows nothing of queues."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from orchestrator.adapters.rabbit import failures
from orchestrator.adapters.rabbit.decoding import returned_address
from orchestrator.adapters.rabbit.encoding import publication
from orchestrator.errors import OrchestratorError, Unavailable
from orchestrator.topology import dead_letter_queue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.adapters.rabbit.link import Link
    from orchestrator.core.event import Message

WINDOW: Final = 500  # more unconfirmed messages on a channel make the broker slower, not faster
WINDOW_BYTES: Final = 8 * 1024 * 1024  # what a slow disk takes before the timeout below
CONFIRM_TIMEOUT_SECONDS: Final = 15.0
_DEAD: Final = dead_letter_queue("")


class Publisher:
    """A channel with publisher confirms. Once it failed, it stays failed: open another one.

    Attributes:
        failure: why it is of no use any more; None while it is.
        proven: whether a whole batch was confirmed.
    """

    def __init__(
        self,
        link: Link,
        channel: int,
        exchange: str,
        first_timeout_seconds: float = CONFIRM_TIMEOUT_SECONDS,
        *,
        waits_out_alarms: bool = True,
    ) -> None:
        """Publish on an open channel.

        Args:
            link: the connection it is on.
            channel: its number; it is in confirm mode.
            exchange: where messages go that name none.
            first_timeout_seconds: how long to wait for confirms until a batch had all of them.
            waits_out_alarms: whether to wait longer while the broker says that it takes nothing.
        """
        self.failure: OrchestratorError | None = None
        self.proven = False
        self._link = link
        self._channel = channel
        self._exchange = exchange
        self._timeout_seconds = first_timeout_seconds
        self._waits_out_alarms = waits_out_alarms
        self._loop = asyncio.get_running_loop()
        self._turn = asyncio.Lock()  # keeps the order of callers while one waits for room
        self._vacancy: asyncio.Future[None] | None = None
        self._batches: deque[_Batch] = deque()
        self._in_flight = 0
        self._bytes_in_flight = 0
        self._last_tag = 0
        link.tap.attach(channel, self)

    async def publish(self, messages: Sequence[Message]) -> None:
        """Send `messages` in order and return once all are confirmed.

        Raises:
            Unavailable: at least one is not; each may have been delivered all the same.
            Misconfigured: the broker closed the channel: an exchange is missing, or forbidden.
        """
        batches = []
        for window in _windows(messages):
            async with self._turn:
                await self._room()
                batches.append(self._send(window))
                await self._link.drain()
        for batch in batches:
            await batch.outcome

    async def _room(self) -> None:
        while not self._has_room and self.failure is None:
            self._vacancy = self._loop.create_future()
            await self._vacancy
        if self.failure is not None:
            raise self.failure

    @property
    def _has_room(self) -> bool:
        return self._in_flight < WINDOW and self._bytes_in_flight < WINDOW_BYTES

    def _send(self, messages: Sequence[Message]) -> _Batch:
        """Write one batch. Tags and bytes leave together, so no other call can come between."""
        frame_max = self._link.frame_max
        frames = [
            publication(message, self._target(message), self._channel, frame_max)
            for message in messages
        ]
        batch = _Batch(self._last_tag + 1, messages, self._loop.create_future())
        self._last_tag = batch.last
        self._in_flight += len(messages)
        self._bytes_in_flight += batch.bytes
        self._batches.append(batch)
        batch.watch = self._loop.call_later(self._timeout_seconds, self._overdue, batch)
        self._link.write(b"".join(frames))
        return batch

    def _target(self, message: Message) -> str:
        return self._exchange if message.exchange is None else message.exchange

    def confirmed(self, tag: int, *, multiple: bool, accepted: bool) -> None:
        """Take note of a confirm: see `tap.Receiver`."""
        for batch in self._batches:
            if batch.first > tag:
                break
            if multiple or tag <= batch.last:
                self._in_flight -= batch.settle(tag, multiple=multiple, accepted=accepted)
        while self._batches and not self._batches[0].unconfirmed:
            self._bytes_in_flight -= self._batches.popleft().bytes
            self.proven = True
            self._timeout_seconds = CONFIRM_TIMEOUT_SECONDS
        if self._has_room:
            self._wake()

    def returned(self, method: bytes) -> None:
        """Fail every batch that may hold the message: one too many is sent again, none is lost."""
        exchange, key = returned_address(method)
        for batch in self._batches:
            if any(
                message.routing_key == key and self._target(message) == exchange
                for message in batch.messages
            ):
                batch.fail(Unavailable(_unroutable(self._link.where, exchange, key)))

    def delivered(self, method: bytes, header: bytes, body: bytes) -> None:
        """Nothing is consumed on this channel."""

    def ended(self, code: int, reason: str) -> None:
        """Fail everything that is not confirmed."""
        self._fail(failures.closed(code, reason, f"{self._link.where}: publish"))

    def _overdue(self, batch: _Batch) -> None:
        alarm = self._link.blocked
        if alarm is not None and self._waits_out_alarms:
            batch.watch = self._loop.call_later(self._timeout_seconds, self._overdue, batch)
            return
        text = f"no confirm within {self._timeout_seconds:g} s"
        if alarm is not None:
            text = f"{failures.alarm(alarm)}, and try again. What was sent may still arrive"
        self._fail(Unavailable(f"{self._link.where}: {text}"))
        self._link.abort()  # what the late confirms would mean, nobody could tell

    def _fail(self, failure: OrchestratorError) -> None:
        if self.failure is None:
            self.failure = failure
        for batch in self._batches:
            batch.fail(failure)
        self._batches.clear()
        self._wake()

    def _wake(self) -> None:
        if self._vacancy is not None and not self._vacancy.done():
            self._vacancy.set_result(None)


def _windows(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """Cut what is to be sent into pieces that the broker can confirm in time."""
    begin = size = 0
    for end, message in enumerate(messages):
        size += len(message.body)
        if end > begin and (end - begin == WINDOW or size > WINDOW_BYTES):
            yield messages[begin:end]
            begin, size = end, len(message.body)
    if begin < len(messages):
        yield messages[begin:]


class _Batch:
    """Messages written together, and what is known of them so far."""

    __slots__ = ("bytes", "first", "last", "messages", "outcome", "unconfirmed", "watch")

    def __init__(
        self, first: int, messages: Sequence[Message], outcome: asyncio.Future[None]
    ) -> None:
        self.first = first
        self.last = first + len(messages) - 1
        self.messages = messages
        self.bytes = sum(len(message.body) for message in messages)
        self.outcome = outcome
        self.unconfirmed = set(range(first, first + len(messages)))
        self.watch: asyncio.TimerHandle | None = None
        # A caller that was cancelled, or failed on an earlier batch, never looks at it.
        outcome.add_done_callback(_look_at)

    def settle(self, tag: int, *, multiple: bool, accepted: bool) -> int:
        """Take a confirm and return how many messages it was about."""
        if not multiple:
            about = {tag} & self.unconfirmed
        elif tag >= self.last:
            about = self.unconfirmed
        else:
            about = {each for each in self.unconfirmed if each <= tag}
        if not accepted and about:
            self.fail(Unavailable(_refused(self.messages[min(about) - self.first])))
        self.unconfirmed = self.unconfirmed - about
        if not self.unconfirmed:
            self._conclude()
        return len(about)

    def fail(self, failure: OrchestratorError) -> None:
        """Tell the caller, who will send all of it again."""
        if not self.outcome.done():
            self.outcome.set_exception(failure)
        self._stop_watch()

    def _conclude(self) -> None:
        if not self.outcome.done():
            self.outcome.set_result(None)
        self._stop_watch()

    def _stop_watch(self) -> None:
        if self.watch is not None:
            self.watch.cancel()
            self.watch = None


def _look_at(outcome: asyncio.Future[None]) -> None:
    if not outcome.cancelled():
        outcome.exception()


def _refused(message: Message) -> str:
    target = f"queue {message.routing_key}" if message.exchange == "" else message.routing_key
    advice = "Let its service catch up, or raise the limit that a policy of yours sets"
    if message.exchange == "" and message.routing_key.endswith(_DEAD):
        advice = "Redrive or purge its dead letters, or raise ORCHESTRATOR_DLQ_MAX_LENGTH"
    return f"RabbitMQ refused a message for {target}: a queue it goes to is full. {advice}"


def _unroutable(where: str, exchange: str, key: str) -> str:
    if exchange == "":
        return f"{where}: there is no queue {key}: {failures.APPLY}{failures.OWN_QUEUE}"
    return f"{where}: no queue takes {key} on {exchange}: {failures.APPLY}"
