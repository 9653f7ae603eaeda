"""Reads the log and the dead letters for whoever asks about a case. Knows no rule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orchestrator.adapters.rabbit.deadletters import DeadLetters, Selection
from orchestrator.cli import output
from orchestrator.cli.connection import log_reader
from orchestrator.cli.queues import dead_letter_queues
from orchestrator.cli.seen import see
from orchestrator.topology import Names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from orchestrator.adapters.rabbit.log import Start
    from orchestrator.cli.seen import Seen
    from orchestrator.core.deadletter import DeadLetter
    from orchestrator.core.event import Delivery
    from orchestrator.settings import Settings


async def in_log(settings: Settings, start: Start) -> AsyncIterator[tuple[Seen, Delivery]]:
    """Yield the messages that the log holds by now, and show how many were read.

    Raises:
        Unavailable: RabbitMQ cannot be reached.
        Misconfigured: there is no log, or we may not read it.
    """
    newest = datetime.now(UTC)
    read = 0
    with output.progress("reading the log") as report:
        async for entry in log_reader(settings).read(start):
            seen = see(entry.delivery, newest)
            newest = seen.time  # the best guess for a later message that carries no time
            yield seen, entry.delivery
            read += 1
            report(read)


async def in_dead_letters(
    settings: Settings, wants: Callable[[Seen], bool]
) -> list[tuple[Seen, DeadLetter]]:
    """Return what lies in the dead-letter queues that exist and is wanted, and leave it there.

    Args:
        settings: where they are.
        wants: tells what is wanted; the rest is not kept in memory.

    Raises:
        Unavailable: RabbitMQ cannot be reached.
        Misconfigured: it refuses us.
    """
    url = settings.amqp_url.get_secret_value()
    wanted = Selection(where=lambda letter: wants(_seen(letter)))
    queues = await dead_letter_queues(settings)
    async with DeadLetters.connect(url, Names.of(settings)) as dead_letters:
        found = [letter for queue in queues for letter in await dead_letters.look(queue, wanted)]
    return [(_seen(letter), letter) for letter in found]


def _seen(letter: DeadLetter) -> Seen:
    return see(letter.delivery, datetime.now(UTC))
