"""The two processes that are compared, each on objects of its own on the same services."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.adapters.rabbit.administration import Administration
from orchestrator.settings import Settings
from orchestrator.topology import Binding, Names, Topology, service_topology, topology

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ROOT = Path(__file__).parents[1]
RULE = "- when: ComplaintFiled\n  then:\n    - SendAcknowledgment\n    - AssignInvestigator\n"
CHANNEL = "complaints.v1"
OUTPUTS = {"notify": "notify.v1", "hr": "hr.v1"}
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Definitions:
    """The rules and message types a subject runs with.

    Attributes:
        rules: the text of its rule file.
        types: how many event types there are beside those that are shipped.
    """

    rules: str = RULE
    types: int = 0

    def write(self, folder: Path) -> None:
        """Write both into subfolders."""
        shutil.copytree(ROOT / "schemas", folder / "schemas")
        if self.types:
            (folder / "schemas" / "generated.yaml").write_text(_documents(self.types))
        (folder / "rules").mkdir()
        self.rewrite_rules(folder / "rules")

    def rewrite_rules(self, folder: Path) -> None:
        """Write the rules again, as an editor would."""
        (folder / "rules.yaml").write_text(self.rules)


def thousand_rules_over_thousand_types() -> Definitions:
    """Return 1,000 rules, each on a type of its own; one of them is the benchmark's."""
    others = "".join(
        f"- when: Generated{number}\n  if: data.amount > {number}\n  then: [SendNotification]\n"
        for number in range(999)
    )
    return Definitions(RULE + others, types=999)


def _documents(types: int) -> str:
    """Return an AsyncAPI document with so many event types on one channel."""
    names = [f"Generated{number}" for number in range(types)]
    listed = "".join(
        f"      {name}:\n        $ref: '#/components/messages/{name}'\n" for name in names
    )
    messages = "".join(f"    {name}:\n      payload:\n        type: object\n" for name in names)
    return (
        'asyncapi: "3.0.0"\n'
        'info:\n  title: generated\n  version: "1.0.0"\n'
        f"channels:\n  generated:\n    address: generated.v1\n    messages:\n{listed}"
        f"components:\n  messages:\n{messages}"
    )


@dataclass(frozen=True)
class Subject:
    """One of the two, with names of its own.

    Attributes:
        name: ``handwritten`` or ``orchestrator``.
        settings: names, URLs and rules.
        environment: the same, for a child process.
    """

    name: str
    settings: Settings
    environment: dict[str, str]

    @property
    def outputs(self) -> list[str]:
        """The two queues that commands arrive in."""
        return [f"{self.settings.queue}.{service}" for service in OUTPUTS]

    @property
    def command(self) -> list[str]:
        """How to start its process."""
        if self.name == "handwritten":
            names = [self.settings.exchange, self.settings.queue]
            return [sys.executable, "-m", "benchmarks.handwritten", *names]
        return [sys.executable, "-m", "orchestrator", "run"]


@asynccontextmanager
async def subject(
    name: str, *, log: bool, definitions: Definitions | None = None
) -> AsyncIterator[tuple[Subject, Administration]]:
    """Declare the objects of a subject, and delete them afterwards."""
    prefix = f"bench-{uuid.uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory(prefix=prefix) as folder:
        (definitions or Definitions()).write(Path(folder))
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
        found = Subject(name, settings, {**os.environ, **environment})
        async with Administration.connect(settings.amqp_url.get_secret_value()) as administration:
            wanted = _topology(found)
            await administration.apply(wanted)
            try:
                yield found, administration
            finally:
                await administration.delete(wanted)


def _topology(found: Subject) -> Topology:
    """Return everything both need; the input is bound at once, so that it can be filled first."""
    settings = found.settings
    parts = [topology(settings)]
    for queue, channel in zip(found.outputs, OUTPUTS.values(), strict=True):
        parts.append(service_topology(settings, queue, [channel]))
    bus = Names.of(settings).bus
    parts.append(Topology((), (), (Binding(bus, settings.queue, "queue", CHANNEL),)))
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
            raise RuntimeError(f"{self._process.args} ended with {self._process.returncode}")

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
def running(found: Subject) -> Iterator[Process]:
    """Run the subject's process for the time of the block."""
    process = subprocess.Popen(found.command, env=found.environment, cwd=ROOT)
    try:
        yield Process(process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
