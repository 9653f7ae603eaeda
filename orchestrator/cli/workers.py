"""Keeps several daemon processes running side by side. Knows nothing of what they do."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from orchestrator.telemetry import log_events

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RESTART_SECONDS: Final = 1.0
COMMAND: Final = (sys.executable, "-m", "orchestrator", "run")

_STOPS: Final = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Worker:
    """One process to keep running.

    Attributes:
        number: counted from 0, for the logs.
        variables: what its environment has beside ours.
    """

    number: int
    variables: Mapping[str, str]


async def supervise(workers: Sequence[Worker], command: Sequence[str] = COMMAND) -> int:
    """Run `command` once for each of `workers` until SIGTERM or SIGINT, or until one gives up.

    A worker that is killed is started again. One that ends by itself had a reason that a restart
    does not mend, and has said it: the others are stopped too.

    Returns:
        The exit code: 0 when asked to stop, else that of the worker that gave up.
    """
    supervisor = _Supervisor(command)
    loop = asyncio.get_running_loop()
    for number in _STOPS:
        loop.add_signal_handler(number, supervisor.stop)
    loop.add_signal_handler(signal.SIGHUP, supervisor.send, signal.SIGHUP)
    try:
        return max(await asyncio.gather(*(supervisor.keep(worker) for worker in workers)))
    finally:
        for number in (*_STOPS, signal.SIGHUP):
            loop.remove_signal_handler(number)


class _Supervisor:
    """The processes of one `supervise`."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._processes: set[asyncio.subprocess.Process] = set()
        self._stopping = asyncio.Event()
        self._log = structlog.get_logger()

    def stop(self) -> None:
        """Ask every worker to finish."""
        self._stopping.set()
        self.send(signal.SIGTERM)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to every worker that runs."""
        for process in self._processes:
            if process.returncode is None:
                process.send_signal(number)

    async def keep(self, worker: Worker) -> int:
        """Keep one worker running and return its last exit code."""
        while True:
            code = await self._run(worker)
            if code >= 0:
                self.stop()
                return code
            if self._stopping.is_set():
                return 0
            self._log.error(
                log_events.WORKER_LOST,
                worker=worker.number,
                signal=signal.Signals(-code).name,
                restart_seconds=RESTART_SECONDS,
            )
            await self._pause()

    async def _run(self, worker: Worker) -> int:
        if self._stopping.is_set():
            return 0
        process = await asyncio.create_subprocess_exec(
            *self._command, env={**os.environ, **worker.variables}
        )
        self._processes.add(process)
        self._log.info(log_events.WORKER_STARTED, worker=worker.number, pid=process.pid)
        if self._stopping.is_set():
            process.terminate()  # the stop came while it was being started
        code = await process.wait()
        self._processes.discard(process)
        return code

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(RESTART_SECONDS):
                await self._stopping.wait()
        except TimeoutError:
            return
