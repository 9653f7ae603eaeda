"""Real processes with names of their own on real services, and what they leave behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from orchestrator.adapters.redis import RedisStore
from orchestrator.topology import dead_letter_queue
from tests.acceptance.traffic import Collector, Publisher, depth
from tests.acceptance.verdict import verdict

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from orchestrator.local import Services

ROOT = Path(__file__).parents[2]
OURS = (sys.executable, "-m", "orchestrator")
RULES = "- when: ComplaintFiled\n  then:\n    - SendAcknowledgment\n    - AssignInvestigator\n"
READY = "rulebook_loaded"
LISTENING = "http_listening"
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 40.0


def eventually(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Return as soon as `condition` holds; fail, naming `what`, when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(POLL_SECONDS)


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

    def leftovers(self) -> dict[str, int]:
        """Return what still lies somewhere, and how much; all processes must have ended."""
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


class Process:
    """A process that can be killed and started again; its output goes to one file."""

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
        self._argv = argv
        self._environ = environ
        self._log = log
        self._start_of_log = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; return at once."""
        with self._log.open("ab") as log:
            self._start_of_log = log.tell()
            self._process = subprocess.Popen(
                list(self._argv), env=dict(self._environ), cwd=ROOT, stdout=log, stderr=log
            )

    @property
    def running(self) -> subprocess.Popen[bytes]:
        """The process."""
        assert self._process is not None
        return self._process

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self.running.kill()
        self.running.wait()

    def terminate(self) -> int:
        """Ask it to finish; return its exit code."""
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(timeout=PATIENCE_SECONDS)

    def lines(self) -> list[dict[str, Any]]:
        """Return the log of the last start."""
        with self._log.open("rb") as log:
            log.seek(self._start_of_log)
            return [json.loads(line) for line in log if line.startswith(b"{")]

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return the log lines called `event`."""
        return [line for line in self.lines() if line["event"] == event]

    def wait_for(self, event: str, times: int = 1) -> dict[str, Any]:
        """Wait until `event` was logged so often; return the last of these lines."""

        def found() -> bool:
            assert self.running.poll() is None, self._log.read_text()
            return len(self.logged(event)) >= times

        eventually(found, f"log line {event}")
        return self.logged(event)[times - 1]

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of an HTTP answer."""
        connection = HTTPConnection("127.0.0.1", self.logged(LISTENING)[-1]["port"], timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def peak_rss_mb(self) -> float:
        """Return the most memory it ever held."""
        status = Path(f"/proc/{self.running.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024


class Experiment:
    """Load on a site while something happens to it, and the count afterwards.

    Args:
        site: under load.
        per_second: events; more than 250 are shared among several publishers.
    """

    def __init__(self, site: Site, *, per_second: float) -> None:
        lanes = int(per_second // 250) + 1
        self._site = site
        self._stack = ExitStack()
        self._publishers = [
            site.publisher(per_second=per_second / lanes, name=f"e{lane}-") for lane in range(lanes)
        ]
        self.collector = site.collector()

    def __enter__(self) -> Self:
        for thread in (self.collector, *self._publishers):
            self._stack.enter_context(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def confirmed(self) -> set[str]:
        """The ledger."""
        return set().union(*(publisher.confirmed for publisher in self._publishers))

    def progress(self, events: int) -> None:
        """Wait until so many more events are confirmed, and a command of a new event arrived."""
        goal, arrived = len(self.confirmed) + events, len(self.collector.arrivals)
        eventually(lambda: len(self.confirmed) >= goal, f"{events} more events confirmed")
        eventually(lambda: len(self.collector.arrivals) > arrived, "more commands")

    def stop_load(self) -> None:
        """Publish nothing any more, once all is confirmed."""
        for publisher in self._publishers:
            publisher.stop()

    def count(self, quiet_seconds: float = PATIENCE_SECONDS) -> list[str]:
        """Stop the load, let the subject finish, and return what is wrong.

        Args:
            quiet_seconds: how long nothing may arrive before what is missing counts as lost.
        """
        self.stop_load()
        confirmed, arrived = self.confirmed, 0
        deadline = time.monotonic() + quiet_seconds
        while (wrong := self._wrong(confirmed)) and time.monotonic() < deadline:
            if len(self.collector.arrivals) > arrived:
                arrived, deadline = len(self.collector.arrivals), time.monotonic() + quiet_seconds
            time.sleep(POLL_SECONDS)
        return wrong

    def _wrong(self, confirmed: set[str]) -> list[str]:
        return verdict(confirmed, list(self.collector.arrivals))


def kill_repeatedly(
    process: Process, chance: random.Random, *, seconds: float, between: tuple[float, float]
) -> int:
    """Kill `process` and start it again, at random moments; return how often."""
    deadline, kills = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        time.sleep(chance.uniform(*between))
        process.kill()
        process.start()
        kills += 1
    return kills
