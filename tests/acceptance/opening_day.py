"""Daemon and departments while restaurants open and processes die, and what came of it."""

from __future__ import annotations

import json
import shutil
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from tests.acceptance.harness import OURS
from tests.acceptance.opening import OPENED, Seen, audit, verdict
from tests.acceptance.process import LISTENING, POLL_SECONDS, READY, ROOT, eventually
from tests.acceptance.registers import fees
from tests.acceptance.traffic import SLICE_SECONDS, Worker, connect, send

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from tests.acceptance.harness import Site
    from tests.acceptance.opening import Application
    from tests.acceptance.process import Process

QUIET_SECONDS = 20.0
BETWEEN_SECONDS = (0.1, 1.0)
CHANNEL = "businesses.v1"
OFFICES = (("businesses", "notify", "traffic"), ("planning", "health", "fire"))
SOON = {"ORCHESTRATOR_OUTBOX_AGE_SECONDS": "2", "ORCHESTRATOR_SWEEP_SECONDS": "1"}
MANY = "10000"

DAEMON: Final = (*OURS, "run")
DEPARTMENTS: Final = (*OURS, "consumers", "run")
CARELESS: Final = (sys.executable, "-m", "tests.acceptance.careless", "run")
"""A daemon that loses what it has not decided yet."""
FORGETFUL: Final = (sys.executable, "-m", "tests.acceptance.forgetful")
"""Departments that keep what they took back."""


class Observer(Worker):
    """Sees everything on the bus.

    Attributes:
        seen: in the order of its coming.
    """

    def __init__(self, site: Site) -> None:
        super().__init__(site.services.amqp_url)
        self.seen: list[Seen] = []
        self._queue = f"{site.name}.observer"
        with connect(self._url) as connection:
            channel = connection.channel()
            channel.queue_declare(self._queue, durable=True)
            channel.queue_bind(self._queue, f"{site.name}.bus", "#")

    @property
    def renewals(self) -> int:
        """Of how many licenses somebody is to be reminded."""
        opened = {each.id: each for each in list(self.seen) if each.type == OPENED}
        return sum(len(each.data["renewals"]) for each in opened.values())

    def _work(self) -> None:
        with connect(self._url) as connection:
            channel = connection.channel()
            channel.basic_consume(self._queue, self._receive, auto_ack=True)
            while not self._finished():
                connection.process_data_events(time_limit=SLICE_SECONDS)

    def _receive(self, _channel: Any, _method: Any, properties: Any, body: bytes) -> None:
        del properties
        told = json.loads(body)
        if "correlationid" in told:
            self.seen.append(
                Seen(told["id"], told["type"], told["correlationid"], told.get("data"))
            )


class OpeningDay:
    """Daemon and departments at work on applications while they are killed.

    Args:
        site: where.
        applications: all there are.
        daemon: its command line.
        departments: the command line of each process, less the names of its services.
    """

    def __init__(
        self,
        site: Site,
        applications: Sequence[Application],
        *,
        daemon: Sequence[str] = DAEMON,
        departments: Sequence[str] = DEPARTMENTS,
    ) -> None:
        self._site = site
        self._applications = applications
        self._daemon = daemon
        self._departments = departments

    def wrong(self, chance: random.Random, *, kills: int) -> list[str]:
        """Let it pass; return what is wrong in the end.

        Args:
            chance: picks the victims and the moments.
            kills: at least 1; a daemon that is not ours is the only victim.
        """
        shutil.copy(ROOT / "rules" / "restaurant-opening.yaml", self._site.rules / "rules.yaml")
        with ExitStack() as stack:
            victims = list(self._begun(stack))
            observer = stack.enter_context(Observer(self._site))
            self._submit_and_kill(victims[: None if self._daemon is DAEMON else 1], chance, kills)
            for process, ready in victims:
                process.wait_for(ready)
            wrong = self._judged(observer)
            if not wrong:
                self._rest(observer)
            for process, _ in victims:
                assert process.terminate() == 0
        figures = f"{len(self._applications)} cases, {kills} kills, {len(observer.seen)} messages"
        print(figures)  # noqa: T201 - for `pytest -rP`
        return [*wrong, *audit(self._applications, fees(self._site)), *self._left()]

    def _begun(self, stack: ExitStack) -> Iterator[tuple[Process, str]]:
        """Start all processes, and yield each with the log line that says that it is up."""
        site, folder = self._site, {"NOTIFY_MAILDIR": str(self._site.folder / "mail")}
        yield stack.enter_context(site.process("daemon", self._daemon, **SOON)), READY
        for names in OFFICES:
            argv = [*self._departments, *names]
            yield stack.enter_context(site.process(names[0], argv, **folder)), LISTENING

    def _submit_and_kill(
        self, victims: Sequence[tuple[Process, str]], chance: random.Random, kills: int
    ) -> None:
        """Submit a few applications at a time, and then kill somebody who is at work."""
        for process, ready in victims:
            process.wait_for(ready)
        size = -(-len(self._applications) // kills)
        for begin in range(0, len(self._applications), size):
            self._submit(self._applications[begin : begin + size])
            process, ready = chance.choice(victims)
            process.wait_for(ready)
            time.sleep(chance.uniform(*BETWEEN_SECONDS))
            process.kill()
            process.start()

    def _submit(self, applications: Sequence[Application]) -> None:
        """Publish applications, confirmed."""
        with connect(self._site.services.amqp_url) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for each in applications:
                body = {
                    "specversion": "1.0",
                    "id": f"a-{each.key}",
                    "source": "portal",
                    "type": "RestaurantApplicationSubmitted",
                    "correlationid": each.key,
                    "data": each.data,
                }
                send(channel, self._site.name, json.dumps(body).encode(), key=CHANNEL)

    def _judged(self, observer: Observer) -> list[str]:
        """Return what is wrong once nothing has come for long; at once where nothing is."""
        came, deadline = 0, time.monotonic() + QUIET_SECONDS
        while wrong := verdict(self._applications, list(observer.seen)):
            if len(observer.seen) > came:
                came, deadline = len(observer.seen), time.monotonic() + QUIET_SECONDS
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        return wrong

    def _rest(self, observer: Observer) -> None:
        """Let what follows an opening happen too: a reminder for each license, years ahead."""
        due = observer.renewals
        eventually(lambda: len(self._open("renewal-reminder")) == due, f"{due} open reminders")
        self._site.let_work_off()

    def _left(self) -> Iterator[str]:
        """Yield what is stuck, and what lies somewhere."""
        for instance in self._open("restaurant-opening"):
            yield f"{instance['key']} is still open"
        for place, count in self._site.leftovers().items():
            yield f"{count} left in {place}"

    def _open(self, workflow: str) -> list[dict[str, Any]]:
        """Return what is open of a workflow."""
        options = ("--workflow", workflow, "--limit", MANY, "--json")
        listed = self._site.run("instances", "list", *options)
        assert listed.returncode == 0, listed.stderr
        found: list[dict[str, Any]] = json.loads(listed.stdout)
        return found
