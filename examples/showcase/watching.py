"""Publishes, and watches what comes of it until it is all there. Judges nothing else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orchestrator.adapters.rabbit.log import LogReader
from orchestrator.cli.seen import see
from orchestrator.topology import Names
from showcase.highlights import highlights
from showcase.installation import samples
from showcase.publishing import publish_everything
from showcase.record import Record, Totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.settings import Settings
    from showcase.board import Board
    from showcase.children import Child

REFRESH_SECONDS = 0.15


class TooLate(Exception):
    """Something was still missing when the time was up."""


async def watch(
    settings: Settings, children: Sequence[Child], board: Board, goal: Totals, seconds: float
) -> None:
    """Publish everything and return when the numbers are there.

    Raises:
        ExceptionGroup: of ``TooLate``, which says what is missing, or of what stopped us.
    """
    record = Record()
    deadline = asyncio.get_running_loop().time() + seconds
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(_follow(settings, record))
        tasks.create_task(publish_everything(settings))
        while not (totals := await _totals(record, children)).reaches(goal):
            board.show(totals, record.newest, highlights(record, datetime.now(UTC)))
            if asyncio.get_running_loop().time() > deadline:
                raise TooLate(f"not finished after {seconds:g} s: {totals.compared(goal)}")
            await asyncio.sleep(REFRESH_SECONDS)
        board.show(totals, record.newest, highlights(record, datetime.now(UTC)))
        following.cancel()


async def _follow(settings: Settings, record: Record) -> None:
    reader = LogReader(settings.amqp_url.get_secret_value(), Names.of(settings).log)
    async for entry in reader.follow("first"):
        record.add(see(entry.delivery, datetime.now(UTC)))


async def _totals(record: Record, children: Sequence[Child]) -> Totals:
    found = [sample for child in children for sample in await samples(child)]
    retries = [
        sample.value
        for sample in found
        if sample.name == "orchestrator_consumer_attempts_total"
        and sample.labels["outcome"] == "retried"
    ]
    given_up = [s.value for s in found if s.name == "orchestrator_dead_letters_total"]
    return record.totals(retries=int(sum(retries)), dead_letters=int(sum(given_up)))
