"""The demo from its first step to its last. Knows neither numbers nor looks."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console

from orchestrator.adapters.rabbit.deadletters import DeadLetters
from orchestrator.adapters.rabbit.log import LogReader
from orchestrator.cli.context import load_catalog, read_settings
from orchestrator.cli.queues import dead_letter_queues
from orchestrator.cli.seen import see
from orchestrator.topology import Names
from showcase import ending
from showcase.board import board
from showcase.cast import COMPLAINTS, WINDOWS
from showcase.children import ROOT, guarded, running
from showcase.installation import apply, dismantle, parts, until_ready
from showcase.record import Record, goal
from showcase.sink import Sink, listening
from showcase.verdict import problems
from showcase.watching import watch
from showcase.windows import shortened

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.settings import Settings

NOTIFY = "examples.showcase.impatient:service"


class Unexpected(Exception):
    """The demo came out otherwise than it must."""


async def play(seconds: float, folder: Path) -> None:
    """Play the demo on the services that the environment names.

    Args:
        seconds: how long the messages may take.
        folder: where to write what the processes say, and a copy of the rules.

    Raises:
        Unexpected: it did not come out right, or not in time.
        Ended: a process ended too early.
        ExceptionGroup: of one of these.
        OrchestratorError: RabbitMQ or Redis cannot be used.
    """
    rules = folder / "rules"
    windows = shortened(ROOT / "rules", rules, WINDOWS)
    os.environ["ORCHESTRATOR_RULES"] = str(rules)
    settings = read_settings()
    console = Console(highlight=False)
    sink = Sink({complaint.email: complaint.mailbox for complaint in COMPLAINTS})
    async with AsyncExitStack() as stack:
        stack.push_async_callback(dismantle, settings)
        await _work(settings, sink, seconds, folder, console)
        record = await _judged(settings, sink)
        await ending.show(console, record, sink.mails, windows)


async def _work(
    settings: Settings, sink: Sink, seconds: float, folder: Path, console: Console
) -> None:
    """Run everything until every message has had its effects, then end it in order."""

    def note(name: str, line: str) -> None:
        with (folder / f"{name}.log").open("a") as log:
            log.write(f"{line}\n")

    wanted = goal(load_catalog(settings.schemas))
    async with listening(sink) as smtp_url:
        os.environ["NOTIFY_SMTP_URL"] = smtp_url
        with console.status("declaring exchanges and queues ..."):
            await apply(settings)
        programs = parts(NOTIFY, ["analytics"])
        async with running(programs, note) as children, guarded(children):
            with console.status("starting the daemon, notify, hr, permits and analytics ..."):
                await until_ready(children)
            with board(console, wanted) as shown:
                await watch(settings, children, shown, wanted, seconds)


async def _judged(settings: Settings, sink: Sink) -> Record:
    """Return the whole log, now that nobody writes to it any more, if it is as it must be.

    Raises:
        Unexpected: naming each difference.
    """
    url, names = settings.amqp_url.get_secret_value(), Names.of(settings)
    record = Record()
    async for entry in LogReader(url, names.log).read("first"):
        record.add(see(entry.delivery, datetime.now(UTC)))
    async with DeadLetters.connect(url, names) as dead_letters:
        queues = await dead_letter_queues(settings)
        letters = [letter for queue in queues for letter in await dead_letters.look(queue)]
    if found := list(problems(record, [letter.reason for letter in letters], sink.mails)):
        raise Unexpected("; ".join(found))
    return record
