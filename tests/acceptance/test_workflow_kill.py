"""SIGKILL of daemon and consumers while restaurants open: each case ends as a model says."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from consumers.department.register import Register
from consumers.store import open_store
from tests.acceptance.harness import OURS
from tests.acceptance.opening import KINDS, Application, Seen, verdict
from tests.acceptance.process import LISTENING, POLL_SECONDS, READY, ROOT
from tests.acceptance.traffic import SLICE_SECONDS, Worker, connect, send

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from tests.acceptance.harness import Site
    from tests.acceptance.process import Process

QUIET_SECONDS = 15.0
BETWEEN_SECONDS = (0.1, 1.0)
CHANNEL = "businesses.v1"
CARELESS = (sys.executable, "-m", "tests.acceptance.careless", "run")
OFFICES = (("businesses", "notify", "traffic"), ("planning", "health", "fire"))
SOON = {"ORCHESTRATOR_OUTBOX_AGE_SECONDS": "2", "ORCHESTRATOR_SWEEP_SECONDS": "1"}
BOOKS = {
    "business_license": ("businesses", "BL", ""),
    "liquor_license": ("businesses", "LL", ""),
    "health_permit": ("health", "HP", ""),
    "building_permit": ("planning", "BP", "/main"),
}
"""Kind -> whose book it is in, what that is called, and what of a case it is about."""


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


def submit(site: Site, applications: Sequence[Application]) -> None:
    """Publish applications, confirmed."""
    with connect(site.services.amqp_url) as connection:
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
            send(channel, site.name, json.dumps(body).encode(), key=CHANNEL)


async def held(applications: Sequence[Application]) -> dict[str, int]:
    """Return the fees of what departments have granted and not taken back, by their books."""
    fees = {each.key: 0 for each in applications}
    for kind, (service, book, part) in BOOKS.items():
        async with open_store(service) as store:
            for key in fees:
                entries = await Register(store).read(book, [key + part])
                fees[key] += KINDS[kind].fee * len(entries)
    return fees


class OpeningDay:
    """Daemon and departments at work on applications while they are killed.

    Args:
        site: where.
        number: of applications.
        careless: whether the daemon is one that loses what it has not decided yet; then nobody
            else is killed.
    """

    def __init__(self, site: Site, number: int, *, careless: bool = False) -> None:
        self.applications = [Application.numbered(each) for each in range(number)]
        self._site = site
        self._careless = careless

    def wrong(self, chance: random.Random, *, kills: int) -> list[str]:
        """Let it pass; return what is wrong in the end."""
        site = self._site
        shutil.copy(ROOT / "rules" / "restaurant-opening.yaml", site.rules / "rules.yaml")
        folder = {"NOTIFY_MAILDIR": str(site.folder / "mail")}
        with ExitStack() as stack:
            daemon = CARELESS if self._careless else (*OURS, "run")
            victims = [(stack.enter_context(site.process("daemon", daemon, **SOON)), READY)]
            for names in OFFICES:
                argv = [*OURS, "consumers", "run", *names]
                office = stack.enter_context(site.process(names[0], argv, **folder))
                victims.append((office, LISTENING))
            observer = stack.enter_context(Observer(site))
            for process, ready in victims:
                process.wait_for(ready)
            self._submit_and_kill(victims[:1] if self._careless else victims, chance, kills)
            wrong = self._judged(observer)
            for process, ready in victims:
                process.wait_for(ready)
                assert process.terminate() == 0
        figures = f"{len(self.applications)} cases, {kills} kills, {len(observer.seen)} messages"
        print(figures)  # noqa: T201 - for `pytest -rP`
        return wrong

    def _submit_and_kill(
        self, victims: Sequence[tuple[Process, str]], chance: random.Random, kills: int
    ) -> None:
        """Submit a few applications at a time, and then kill somebody who is at work."""
        size = -(-len(self.applications) // kills)
        for begin in range(0, len(self.applications), size):
            submit(self._site, self.applications[begin : begin + size])
            process, ready = chance.choice(victims)
            process.wait_for(ready)
            time.sleep(chance.uniform(*BETWEEN_SECONDS))
            process.kill()
            process.start()

    def _judged(self, observer: Observer) -> list[str]:
        """Return what is wrong once nothing has come for long; at once where nothing is."""
        came, deadline = 0, time.monotonic() + QUIET_SECONDS
        while wrong := verdict(self.applications, list(observer.seen)):
            if len(observer.seen) > came:
                came, deadline = len(observer.seen), time.monotonic() + QUIET_SECONDS
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        return wrong


def left_open(site: Site) -> Any:
    """Return the instances of the workflow that have not ended."""
    listed = site.run("instances", "list", "--rule", "restaurant-opening", "--json")
    assert listed.returncode == 0, listed.stderr
    return json.loads(listed.stdout)


def open_restaurants(
    site: Site, chance: random.Random, monkeypatch: pytest.MonkeyPatch, number: int, kills: int
) -> None:
    for name in ("ORCHESTRATOR_REDIS_URL", "ORCHESTRATOR_NAMESPACE"):
        monkeypatch.setenv(name, site.environ[name])
    day = OpeningDay(site, number)
    assert day.wrong(chance, kills=kills) == []
    assert asyncio.run(held(day.applications)) == {each.key: each.held for each in day.applications}
    assert left_open(site) == []
    assert site.leftovers() == {}


@pytest.mark.timeout(150)
def test_every_restaurant_opens_or_is_taken_back(
    site: Site, chance: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third is refused by one department or another, while all processes are killed by turns."""
    open_restaurants(site, chance, monkeypatch, number=40, kills=5)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_hundreds_of_restaurants_open_or_are_taken_back(
    site: Site, chance: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for minutes."""
    open_restaurants(site, chance, monkeypatch, number=500, kills=40)


@pytest.mark.timeout(150)
def test_a_daemon_that_acknowledges_on_arrival_is_found_out(
    site: Site, chance: random.Random
) -> None:
    """Negative control: the same workflow, killed the same way, without the order of our steps."""
    wrong = OpeningDay(site, 40, careless=True).wrong(chance, kills=5)
    assert any("it has 0 ends" in problem for problem in wrong)
