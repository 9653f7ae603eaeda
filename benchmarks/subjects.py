"""The two processes that are compared, each on objects of its own on the same services."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import uuid
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.workloads import ROOT
from orchestrator.adapters.rabbit.administration import Administration
from orchestrator.settings import Settings
from orchestrator.topology import Binding, Names, Topology, service_topology, topology

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from benchmarks.workloads import Workload

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Subject:
    """One of the two, with names of its own.

    Attributes:
        name: ``handwritten`` or ``orchestrator``.
        workload: what it does.
        settings: names, URLs and rules.
        environment: the same, for a child process.
    """

    name: str
    workload: Workload
    settings: Settings
    environment: dict[str, str]

    @property
    def outputs(self) -> list[str]:
        """The queues that commands arrive in."""
        return [f"{self.settings.queue}.{service}" for service in self.workload.outputs]

    @property
    def command(self) -> list[str]:
        """How to start its process."""
        if self.name == "handwritten":
            names = [self.settings.exchange, self.settings.queue]
            return [sys.executable, "-m", self.workload.handwritten, *names]
        return [sys.executable, "-m", "orchestrator", "run"]


@asynccontextmanager
async def subject(
    name: str, workload: Workload, *, log: bool
) -> AsyncIterator[tuple[Subject, Administration]]:
    """Declare the objects of a subject, and delete them afterwards."""
    # As long as the usual namespace: keys take the memory that they take elsewhere.
    prefix = f"bench-{uuid.uuid4().hex[:6]}"
    with tempfile.TemporaryDirectory(prefix=prefix) as folder:
        workload.write(Path(folder))
        environment = {
            "ORCHESTRATOR_EXCHANGE": prefix,
            "ORCHESTRATOR_QUEUE": f"{prefix}.in",
            "ORCHESTRATOR_RETRY_PREFIX": f"{prefix}.retry",
            "ORCHESTRATOR_NAMESPACE": prefix,
            "ORCHESTRATOR_KEEP_LOG": str(log),
            "ORCHESTRATOR_KEEP_TAIL": str(log),
            "ORCHESTRATOR_RULES": f"{folder}/rules",
            "ORCHESTRATOR_SCHEMAS": f"{folder}/schemas",
            "ORCHESTRATOR_HTTP_PORT": "0",
            "ORCHESTRATOR_LOG_LEVEL": "warning",
        }
        os.environ.update(environment)
        settings = Settings()
        found = Subject(name, workload, settings, {**os.environ, **environment})
        async with Administration.connect(settings.amqp_url.get_secret_value()) as administration:
            wanted = _topology(found)
            await administration.apply(wanted)
            try:
                yield found, administration
            finally:
                await administration.delete(wanted)


def _topology(found: Subject) -> Topology:
    """Return everything both need; the input is bound at once, so that it can be filled first."""
    settings, workload = found.settings, found.workload
    parts = [topology(settings)]
    for queue, channel in zip(found.outputs, workload.outputs.values(), strict=True):
        parts.append(service_topology(settings, queue, [channel]))
    bus = Names.of(settings).bus
    parts.append(Topology((), (), (Binding(bus, settings.queue, "queue", workload.channel),)))
    return Topology(
        tuple(exchange for part in parts for exchange in part.exchanges),
        tuple(queue for part in parts for queue in part.queues),
        tuple(binding for part in parts for binding in part.bindings),
    )


class Process:
    """A running subject, and what the kernel knows of it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def check(self) -> None:
        """Raise unless it still runs."""
        if self._process.poll() is not None:
            raise RuntimeError(f"{self._process.args!r} ended with {self._process.returncode}")

    def cpu_seconds(self) -> float:
        """Return user and system time so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def peak_rss_mb(self) -> float:
        """Return the most memory it ever held."""
        return self._status_mb("VmHWM")

    def rss_mb(self) -> float:
        """Return the memory it holds now."""
        return self._status_mb("VmRSS")

    def _status_mb(self, name: str) -> float:
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"the kernel does not tell {name}")


@contextmanager
def running(found: Subject, command: Sequence[str] = ()) -> Iterator[Process]:
    """Run the subject's process for the time of the block, by another `command` if one is given."""
    process = subprocess.Popen(command or found.command, env=found.environment, cwd=ROOT)
    try:
        yield Process(process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
