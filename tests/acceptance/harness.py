"""An installation with names of its own on real services, and what its processes leave behind."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.adapters.redis import RedisStore
from orchestrator.topology import dead_letter_queue
from tests.acceptance.process import PATIENCE_SECONDS, READY, ROOT, Process, comes_true
from tests.acceptance.traffic import Collector, Publisher, depth

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from orchestrator.local import Services

OURS = (sys.executable, "-m", "orchestrator")
RULES = "- when: ComplaintFiled\n  then:\n    - SendAcknowledgment\n    - AssignInvestigator\n"


@dataclass(frozen=True)
class Site:
    """One installation: names nobody else has, rules of its own, shared services.

    Attributes:
        services: where the broker and Redis are.
        name: first part of everything it owns.
        folder: for rules and logs.
    """

    services: Services
    name: str
    folder: Path

    @property
    def rules(self) -> Path:
        """The folder of rule files."""
        return self.folder / "rules"

    @property
    def queue(self) -> str:
        """The input queue."""
        return f"{self.name}.in"

    @property
    def commands(self) -> list[str]:
        """The queues that commands arrive in: those of the services notify and hr."""
        return [f"{self.name}.notify", f"{self.name}.hr"]

    @property
    def environ(self) -> dict[str, str]:
        """What a process of this installation runs with."""
        return {
            **os.environ,
            **self.services.environ,
            "ORCHESTRATOR_EXCHANGE": self.name,
            "ORCHESTRATOR_QUEUE": self.queue,
            "ORCHESTRATOR_RETRY_PREFIX": f"{self.name}.retry",
            "ORCHESTRATOR_SERVICE_PREFIX": f"{self.name}.",
            "ORCHESTRATOR_NAMESPACE": self.name,
            "ORCHESTRATOR_RULES": str(self.rules),
            "ORCHESTRATOR_SCHEMAS": str(ROOT / "schemas"),
            "ORCHESTRATOR_HTTP_PORT": "0",
            "ORCHESTRATOR_LOG_FORMAT": "json",
        }

    def write_rules(self, text: str, file: str = "rules.yaml") -> None:
        """Write a rule file the way editors do: at once."""
        self.rules.mkdir(exist_ok=True)
        new = self.folder / "new"
        new.write_text(text)
        new.replace(self.rules / file)

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run one command line to its end."""
        return subprocess.run(
            [*OURS, *arguments],
            env=self.environ | variables,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def refusal(self, **variables: str) -> str:
        """Start a daemon that must refuse; return what it says on standard error, less the log."""
        ended = self.run("run", **variables)
        said = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
        assert ended.returncode == 1, ended.stderr
        assert ended.stdout == ""
        assert len(said) == 1, ended.stderr
        return said[0]

    @contextmanager
    def daemon(self, name: str = "daemon", **variables: str) -> Iterator[Process]:
        """Run a daemon that is ready, and end it after the block."""
        with self.process(name, [*OURS, "run"], **variables) as process:
            process.wait_for(READY)
            yield process

    @contextmanager
    def process(self, name: str, argv: Sequence[str], **variables: str) -> Iterator[Process]:
        """Run a process, and end it after the block."""
        process = Process(argv, self.environ | variables, self.folder / f"{name}.log")
        process.start()
        try:
            yield process
        finally:
            process.kill()

    def publisher(self, *, per_second: float, name: str = "e") -> Publisher:
        """Return a publisher of complaints, not yet started."""
        return Publisher(self.services.amqp_url, self.name, per_second=per_second, name=name)

    def collector(self) -> Collector:
        """Return a collector of commands, not yet started."""
        return Collector(self.services.amqp_url, self.commands)

    def depth(self, queue: str) -> int:
        """Return how many messages wait in `queue`."""
        return depth(self.services.amqp_url, queue)

    def outbox(self) -> int:
        """Return how many reactions have something left to send."""
        return asyncio.run(self._outbox())

    async def _outbox(self) -> int:
        store = RedisStore(self.services.redis_url, namespace=self.name)
        try:
            return await store.outbox_size()
        finally:
            await store.close()

    def let_work_off(self) -> None:
        """Give daemons that run the time to leave nothing anywhere; `leftovers` is the judge.

        What a killed one had sent and not struck off lies in the outbox until it is swept.
        """
        comes_true(lambda: not self.leftovers())

    def leftovers(self) -> dict[str, int]:
        """Return what still lies somewhere, and how much; what processes have in hand, does not."""
        dead = dead_letter_queue(self.queue)
        counts = {"outbox": self.outbox()} | {
            queue: self.depth(queue) for queue in (self.queue, dead, f"{self.name}.unrouted")
        }
        return {place: count for place, count in counts.items() if count}


def installed(services: Services, name: str, folder: Path) -> Site:
    """Return a site with its topology declared and the smallest rule file."""
    site = Site(services, name, folder)
    site.write_rules(RULES)
    applied = site.run("apply")
    assert applied.returncode == 0, applied.stderr
    return site
