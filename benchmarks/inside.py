"""``python -m benchmarks.inside FILE``: the daemon, noting how long it has what it reacts to.

The time runs from the moment a message comes off the wire to the one in which a message that it led
to goes onto it: all that is decided, loaded, committed and waited for in between, and nothing of
the broker's.
"""

from __future__ import annotations

import sys
import time
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from orchestrator.adapters.rabbit.publisher import Publisher
from orchestrator.adapters.rabbit.subscription import RabbitSubscription
from orchestrator.cli.main import main as run_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.event import Message


class Stay:
    """When messages came, by their id, and when those that followed from them left."""

    def __init__(self) -> None:
        self._came: dict[str | None, float] = {}
        self._left: list[tuple[float, Sequence[Message]]] = []

    def observe(self) -> None:
        """Note from now on what the client reads from the wire and writes to it."""
        deliver, send = RabbitSubscription.delivered, Publisher._send  # noqa: SLF001 - the last step

        @wraps(deliver)
        def delivered(subscription: RabbitSubscription, *frames: bytes) -> None:
            deliver(subscription, *frames)
            newest = subscription._arrived[-1]  # noqa: SLF001 - nobody has received it yet
            self._came.setdefault(newest.message_id, time.perf_counter())

        @wraps(send)
        def sent(publisher: Publisher, messages: Sequence[Message]) -> object:
            self._left.append((time.perf_counter(), messages))
            return send(publisher, messages)

        RabbitSubscription.delivered = delivered  # type: ignore[method-assign, assignment]
        Publisher._send = sent  # type: ignore[method-assign, assignment]  # noqa: SLF001 - as above

    def milliseconds(self) -> list[float]:
        """Return how long each message took that followed from one that came, in order."""
        return [
            1000 * (moment - came)
            for moment, messages in self._left
            for message in messages
            if (came := self._came.get(orjson.loads(message.body).get("causationid"))) is not None
        ]


def main() -> None:
    """Run the daemon; once it has ended, write to the file what was noted."""
    file = Path(sys.argv[1])
    stay = Stay()
    stay.observe()
    sys.argv = ["orchestrator", "run"]
    try:
        run_command()
    finally:
        file.write_bytes(orjson.dumps(stay.milliseconds()))


if __name__ == "__main__":
    main()
