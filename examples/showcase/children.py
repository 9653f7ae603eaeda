"""Runs our programs as processes and hears what they say. Knows nothing of what they do."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from orchestrator.local.instance import tied_to_us

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Sequence

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 30.0

Hear = Callable[[str, str], None]
"""Hears a line of the child with a name."""


@dataclass(frozen=True, slots=True)
class Part:
    """One program of the system.

    Attributes:
        name: for people.
        command: what follows ``orchestrator``.
        http_port: where it answers ``/ready`` and ``/metrics``.
    """

    name: str
    command: tuple[str, ...]
    http_port: int


class Ended(Exception):
    """A child ended by itself, though it should not."""


class Child:
    """One running program."""

    def __init__(self, part: Part, process: asyncio.subprocess.Process, hear: Hear) -> None:
        self.part = part
        self._last_words = "it said nothing"
        self._process = process
        self._hear = hear
        self._listening = asyncio.create_task(self._listen(), name=part.name)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def end(self) -> str:
        """Wait until it has ended and all it said is heard, and say how it ended."""
        await asyncio.wait((self._listening,))
        code = await self._process.wait()
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with exit code {code}: {self._last_words}"

    async def stop(self) -> None:
        """Ask it to finish, and kill it if it has not done so after 30 s."""
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self.end()
        except TimeoutError:
            self._process.kill()
            await self.end()

    async def _listen(self) -> None:
        output = cast("asyncio.StreamReader", self._process.stdout)  # it is a pipe: see _start
        async for raw in output:
            line = raw.decode(errors="replace").rstrip()
            self._last_words = line or self._last_words
            self._hear(self.part.name, line)


@asynccontextmanager
async def running(parts: Sequence[Part], hear: Hear) -> AsyncIterator[list[Child]]:
    """Run programs for the time of the block, and end them in order: the first, then the others.

    Args:
        parts: what to run, all at once.
        hear: hears every line they write.
    """
    children: list[Child] = []
    try:
        for part in parts:
            children.append(await _start(part, hear))  # noqa: PERF401 - kept if one fails
        yield children
    finally:
        for together in (children[:1], children[1:]):
            await asyncio.gather(*(child.stop() for child in together))


@asynccontextmanager
async def guarded(children: Sequence[Child]) -> AsyncIterator[None]:
    """Break off the block when one of `children` ends in its course.

    Raises:
        ExceptionGroup: of ``Ended``, which says how, and of what the block raised.
    """
    async with asyncio.TaskGroup() as tasks:
        guards = [tasks.create_task(_guard(child)) for child in children]
        yield
        for guard in guards:
            guard.cancel()


async def interruptible(work: Coroutine[object, object, None]) -> None:
    """Do `work`, and let it clear up when we are told to end.

    Raises:
        asyncio.CancelledError: we were told to end, by Ctrl-C or SIGTERM, and it has cleared up.
    """
    working = asyncio.create_task(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, working.cancel)
    await working


def cause(error: Exception) -> Exception:
    """Return the first error of a group: the others follow from it."""
    return cause(error.exceptions[0]) if isinstance(error, ExceptionGroup) else error


async def run_to_end(*arguments: str) -> None:
    """Run one Python program to its end; what it prints goes where our output goes.

    Args:
        arguments: what follows ``python``.

    Raises:
        Ended: it failed, and has said why on standard error.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *arguments),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
    )
    if code := await process.wait():
        raise Ended(f"`python {' '.join(arguments)}` ended with exit code {code}")


async def _guard(child: Child) -> None:
    how = await child.end()
    raise Ended(f"{child.part.name} {how}")


async def _start(part: Part, hear: Hear) -> Child:
    process = await asyncio.create_subprocess_exec(
        *(*tied_to_us(), sys.executable, "-m", "orchestrator", *part.command),
        cwd=ROOT,
        env={**os.environ, "ORCHESTRATOR_HTTP_PORT": str(part.http_port)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for us: we end the children in order
        limit=1 << 20,
    )
    return Child(part, process, hear)
