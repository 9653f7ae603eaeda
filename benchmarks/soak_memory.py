"""``python -m benchmarks.soak_memory``: whether the daemon's memory stays flat over many events."""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import TYPE_CHECKING

import uvloop

from benchmarks.load import CHUNK, POLL_SECONDS, broker_of, discard_commands, event
from benchmarks.subjects import running, subject
from benchmarks.workloads import two_commands

if TYPE_CHECKING:
    from benchmarks.subjects import Subject
    from orchestrator.adapters.rabbit.administration import Administration

BACKLOG = 5_000
"""Events that may wait in the queue: enough to keep the daemon busy and its prefetch full."""


async def soak(events: int, step: int, minutes: float) -> None:
    """Publish as fast as the daemon works, and print its resident memory at every `step` events."""
    deadline = time.monotonic() + 60 * minutes
    async with (
        subject("orchestrator", two_commands(), log=False) as (found, administration),
        broker_of(found) as broker,
    ):
        with running(found) as process:
            for done in range(CHUNK, events + 1, CHUNK):
                await broker.publish([event(n) for n in range(done - CHUNK, done)])
                await _until_below(BACKLOG, found, administration)
                if done % step == 0:
                    process.check()
                    await discard_commands(found)
                    print(f"{done:>9,} events {process.rss_mb():>8.1f} MB", flush=True)
                if time.monotonic() > deadline:
                    print(f"stopped after {minutes:g} minutes at {done:,} events")
                    return


async def _until_below(limit: int, found: Subject, administration: Administration) -> None:
    while True:
        status = await administration.status(found.settings.queue)
        if status is None or status.messages < limit:
            return
        await asyncio.sleep(POLL_SECONDS)


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak_memory")
    parser.add_argument("--events", type=int, default=1_000_000, help="how many in all")
    parser.add_argument("--step", type=int, default=100_000, help="print at every so many")
    parser.add_argument("--minutes", type=float, default=15, help="stop after so long")
    options = parser.parse_args()
    uvloop.run(soak(options.events, options.step, options.minutes))


if __name__ == "__main__":
    main()
