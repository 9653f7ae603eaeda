"""Takes contents and confirms off the wire before the client library sees them.

aiormq handles one frame at a time, with several tasks, futures and locks for each: about 45 us per
delivery and 30 us per confirmed message. It keeps what is rare and intricate (handshake, channels,
declarations, heartbeats, closing); what comes in thousands goes straight to its receiver from here.
Knows frames, but not what they are for.
"""

from __future__ import annotations

import asyncio
from struct import Struct
from typing import TYPE_CHECKING, Final, Protocol

from orchestrator.adapters.rabbit.decoding import content_size
from orchestrator.adapters.rabbit.encoding import HEADER, METHOD
from orchestrator.adapters.rabbit.failures import ConnectionEnded, NotAmqp

if TYPE_CHECKING:
    from collections.abc import Callable

_frame_at = Struct(">BHI").unpack_from
_tag_at = Struct(">QB").unpack_from
_code_at = Struct(">H").unpack_from

_DELIVER: Final = bytes((0, 60, 0, 60))
_RETURN: Final = bytes((0, 60, 0, 50))
_CANCEL: Final = bytes((0, 60, 0, 30))
_ACK: Final = bytes((0, 60, 0, 80))
_NACK: Final = bytes((0, 60, 0, 120))
_CHANNEL_CLOSE: Final = bytes((0, 20, 0, 40))
_CONNECTION_CLOSE: Final = bytes((0, 10, 0, 50))
_BLOCKED: Final = bytes((0, 10, 0, 60))
_UNBLOCKED: Final = bytes((0, 10, 0, 61))

_HEARTBEAT: Final = b"\x08\x00\x00\x00\x00\x00\x00\xce"
_SIGN_OF_LIFE_SECONDS: Final = 1.0
_MULTIPLE: Final = 1
_SMALLEST_FRAME: Final = 8
_GONE: Final = 404


class Receiver(Protocol):
    """Who gets what comes in thousands on one channel. Called while data arrive: must be quick."""

    def delivered(self, method: bytes, header: bytes, body: bytes) -> None:
        """A message: the ``Basic.Deliver`` method, its content header, its body."""

    def returned(self, method: bytes) -> None:
        """A message came back (``Basic.Return``): no queue took it. Its confirm follows."""

    def confirmed(self, tag: int, *, multiple: bool, accepted: bool) -> None:
        """The broker took or refused a message; with `multiple`, all up to `tag`."""

    def ended(self, code: int, reason: str) -> None:
        """The channel is closed, for the reason the broker gave. Nothing more will come."""


class _Content:
    """A message whose frames have not all come yet."""

    __slots__ = ("header", "method", "missing", "pieces")

    def __init__(self, method: bytes) -> None:
        self.method = method
        self.header: bytes | None = None
        self.pieces: list[bytes] = []
        self.missing = 0

    def add(self, kind: int, payload: bytes) -> bool:
        """Take the next frame and return whether the message is complete."""
        if kind == HEADER:
            self.header = payload
            self.missing = content_size(payload)
        else:
            self.pieces.append(payload)
            self.missing -= len(payload)
        return self.missing <= 0


def unheard(_alarm: str | None) -> None:
    """Hear of no alarm: for connections that publish nothing, or wait for no confirms."""


class FrameTap(asyncio.StreamReader):
    """The stream of one connection, minus the frames of channels that have a `Receiver`.

    Args:
        loop: the running one.
        hears_alarm: is told whenever `blocked` changes.

    Attributes:
        blocked: why the broker stopped reading what we publish; None when it reads.
        lost: how the connection ended; None while it stands.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        hears_alarm: Callable[[str | None], None] = unheard,
    ) -> None:
        super().__init__(loop=loop)
        self._hears_alarm = hears_alarm
        self.blocked: str | None = None
        self.lost: ConnectionEnded | None = None
        self._loop_time = loop.time
        self._receivers: dict[int, Receiver] = {}
        self._contents: dict[int, _Content] = {}
        self._rest = b""
        self._started = False
        self._sign_of_life_at = 0.0

    def attach(self, channel: int, receiver: Receiver) -> None:
        """Send the contents and confirms of `channel` to `receiver` from now on."""
        self._receivers[channel] = receiver

    def detach(self, channel: int) -> None:
        """Forget the receiver; what still comes goes to the client library, which drops it."""
        self._receivers.pop(channel, None)

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]
        """Take what arrived apart, and pass on what is not taken."""
        if not self._started and not self._starts(data):
            return
        data = self._rest + data if self._rest else bytes(data)
        passed = []
        at, end = 0, len(data)
        while end - at >= _SMALLEST_FRAME:
            kind, channel, size = _frame_at(data, at)
            stop = at + size + _SMALLEST_FRAME
            if stop > end:
                break
            if not self._takes(kind, channel, data[at + 7 : stop - 1]):
                passed.append(data[at:stop])
            at = stop
        self._rest = data[at:]
        self._pass_on(b"".join(passed))

    def feed_eof(self) -> None:
        """The broker, or we, closed the connection."""
        self._lose(ConnectionEnded(0, "the connection was closed"))
        super().feed_eof()

    def set_exception(self, exc: Exception) -> None:
        """The connection broke."""
        self._lose(ConnectionEnded(0, str(exc) or type(exc).__name__))
        super().set_exception(exc)

    def _starts(self, data: bytes) -> bool:
        """Return whether what answers speaks frames: anything else would be waited for in vain."""
        self._started = data[0] == METHOD
        if not self._started:
            self.set_exception(NotAmqp("the answer is not AMQP 0-9-1"))
        return self._started

    def _pass_on(self, frames: bytes) -> None:
        now = self._loop_time()
        if frames:
            super().feed_data(frames)
        elif now - self._sign_of_life_at > _SIGN_OF_LIFE_SECONDS:
            # A busy broker sends no heartbeats; the library would take it for dead.
            super().feed_data(_HEARTBEAT)
        else:
            return
        self._sign_of_life_at = now

    def _takes(self, kind: int, channel: int, payload: bytes) -> bool:
        """Hand the frame to its receiver if it has one, and return whether it is used up."""
        if channel == 0:
            self._overhear(payload)
            return False
        receiver = self._receivers.get(channel)
        if receiver is None:
            return False
        if kind != METHOD:
            return self._continues(receiver, kind, channel, payload)
        handler = _METHODS.get(payload[:4])
        return handler is not None and handler(self, receiver, channel, payload)

    def _continues(self, receiver: Receiver, kind: int, channel: int, payload: bytes) -> bool:
        content = self._contents.get(channel)
        if content is None:
            return False
        if content.add(kind, payload):
            del self._contents[channel]
            body = content.pieces[0] if len(content.pieces) == 1 else b"".join(content.pieces)
            if content.method[:4] == _DELIVER and content.header is not None:
                receiver.delivered(content.method, content.header, body)
        return True

    def _opens(self, _receiver: Receiver, channel: int, payload: bytes) -> bool:
        self._contents[channel] = _Content(payload)
        return True

    def _returns(self, receiver: Receiver, channel: int, payload: bytes) -> bool:
        receiver.returned(payload)
        return self._opens(receiver, channel, payload)

    def _confirms(self, receiver: Receiver, _channel: int, payload: bytes) -> bool:
        tag, flags = _tag_at(payload, 4)
        accepted = payload[:4] == _ACK
        receiver.confirmed(tag, multiple=bool(flags & _MULTIPLE), accepted=accepted)
        return True

    def _cancels(self, receiver: Receiver, _channel: int, _payload: bytes) -> bool:
        receiver.ended(_GONE, "the queue was deleted, or its node went down")
        return False

    def _closes(self, receiver: Receiver, _channel: int, payload: bytes) -> bool:
        receiver.ended(*_closing_words(payload))
        return False

    def _overhear(self, payload: bytes) -> None:
        """Note what the broker says about the whole connection; the library hears it too."""
        method = payload[:4]
        if method == _BLOCKED:
            self._block(payload[5 : 5 + payload[4]].decode("utf-8", "replace"))
        elif method == _UNBLOCKED:
            self._block(None)
        elif method == _CONNECTION_CLOSE:
            self._lose(ConnectionEnded(*_closing_words(payload)))

    def _block(self, reason: str | None) -> None:
        if reason != self.blocked:
            self.blocked = reason
            self._hears_alarm(reason)

    def _lose(self, reason: ConnectionEnded) -> None:
        if self.lost is None:
            self.lost = reason
            self._block(None)
            receivers = list(self._receivers.values())
            self._receivers.clear()
            for receiver in receivers:
                receiver.ended(reason.code, str(reason))


def _closing_words(payload: bytes) -> tuple[int, str]:
    code: int = _code_at(payload, 4)[0]
    return code, payload[7 : 7 + payload[6]].decode("utf-8", "replace")


_METHODS: Final[dict[bytes, Callable[[FrameTap, Receiver, int, bytes], bool]]] = {
    _DELIVER: FrameTap._opens,  # noqa: SLF001 - its own dispatch table
    _RETURN: FrameTap._returns,  # noqa: SLF001
    _ACK: FrameTap._confirms,  # noqa: SLF001
    _NACK: FrameTap._confirms,  # noqa: SLF001
    _CANCEL: FrameTap._cancels,  # noqa: SLF001
    _CHANNEL_CLOSE: FrameTap._closes,  # noqa: SLF001
}
