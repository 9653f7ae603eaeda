"""Commands routed by capability, from the workflow to the process that lives."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.rabbit.administration import Administration
from tests.integration.service.pumps import STUCK
from tests.integration.service.test_instances import PUMPS, pumps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.integration.service.test_instances import Pumps

__all__ = ["pumps"]  # the fixture

pytestmark = pytest.mark.timeout(120)  # a daemon and services start, on whatever machine

FLOOD = """\
workflows:
  - name: flood
    when: FloodReported
    steps:
      drain:
        for_each: input.sites
        as: site
        max_parallel: 4
        send: Pump
        with: {site: "${site}"}
        await: Pumped
        route: {capability: pump, strategy: round_robin}
      inspect:
        send: Pump
        with: {site: all}
        await: Pumped
        route: pump
"""
SITES = [str(number) for number in range(11)]


async def consumed(pumps: Pumps) -> None:
    """Wait until a daemon takes events."""
    async with Administration.connect(pumps.url) as administration:
        while True:
            status = await administration.status(pumps.settings.queue)
            if status is not None and status.consumers:
                return
            await asyncio.sleep(0.1)


@asynccontextmanager
async def daemon(pumps: Pumps, folder: Path) -> AsyncIterator[None]:
    """Run a daemon with these workflows for the time of the block."""
    (folder / "flood.yaml").write_text(FLOOD)
    environ = os.environ | pumps.environ | {"ORCHESTRATOR_RULES": str(folder)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "orchestrator", "run"), env=environ, stderr=asyncio.subprocess.PIPE
    )
    try:
        await consumed(pumps)
        yield
    finally:
        process.terminate()
        _, log = await process.communicate()
    assert process.returncode == 0, log.decode()


async def shown(pumps: Pumps, words: str) -> None:
    """Wait until ``instances show`` says so."""
    environ = os.environ | pumps.environ
    while True:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "orchestrator", "instances", "show", "C-0"),
            env=environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        printed, _ = await process.communicate()
        if words in " ".join(printed.decode().split()):
            return


async def test_a_command_waits_for_somebody_and_says_so(pumps: Pumps, tmp_path: Path) -> None:
    """A service that is not there yet must not fail a case; a person must see what is missing."""
    async with daemon(pumps, tmp_path):
        await pumps.send("pumps.v1", "FloodReported", [{"sites": ["cellar"]}])
        await shown(pumps, "waits for somebody who can pump")
        async with pumps.process(PUMPS) as process:
            assert await pumps.pumped_by(2) == [str(process.pid)] * 2
            await shown(pumps, "completed, started")


async def test_commands_are_spread_and_those_of_the_dead_are_done(
    pumps: Pumps, tmp_path: Path
) -> None:
    """Every site is drained once, whoever dies; nobody idles while another is flooded."""
    async with daemon(pumps, tmp_path), pumps.process(PUMPS) as other:
        async with pumps.process(PUMPS, **{STUCK: "1"}) as killed:
            await pumps.living(other, killed)
            await pumps.send("pumps.v1", "FloodReported", [{"sites": SITES}])
            first = await pumps.pumped_by(2)
            killed.kill()
            await killed.wait()
        everything = await pumps.pumped_by(len(SITES) + 1)
    assert first == [str(other.pid)] * 2
    assert everything == [str(other.pid)] * (len(SITES) + 1)
