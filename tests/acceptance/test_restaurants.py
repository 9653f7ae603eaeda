"""SIGKILL of daemon and departments while restaurants open: each ends as the model says."""

from __future__ import annotations

import json
import random
import secrets
import shutil
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

import pytest

from orchestrator.catalog import read_catalog, read_schema_files
from tests.acceptance.harness import OURS
from tests.acceptance.process import LISTENING, PATIENCE_SECONDS, READY, ROOT, eventually
from tests.acceptance.registers import fees
from tests.acceptance.traffic import connect, send, take_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.acceptance.harness import Site
    from tests.acceptance.process import Process

SERVICES = ("businesses", "fire", "health", "planning", "traffic")
HONEST = (*OURS, "consumers", "run")
FORGETFUL = (sys.executable, "-m", "tests.acceptance.forgetful")
CHANNEL = "businesses.v1"
START = "RestaurantApplicationSubmitted"
CATALOG = read_catalog(read_schema_files(ROOT / "schemas"))
ENDS = ("RestaurantOpened", "RestaurantOpeningFailed")
OBJECTIONS: tuple[dict[str, object], ...] = (
    {"parking_spaces": 0},
    {"exits": 1},
    {"sinks": 0},
    {"cold_store_celsius": 9},
    {"zone": "industrial"},
    {"business_name": "Bank of Soup"},
    {"serves_alcohol": True, "meters_to_school": 10},
    {"requires_renovation": True, "area_m2": 9000},
)
"""Why a department refuses: a different one each time, early and late."""


@pytest.mark.timeout(180)
def test_restaurants_end_as_the_model_says(site: Site) -> None:
    """A third is refused; processes die at moments nobody chose; nothing is stuck or kept."""
    assert differences(site, HONEST, restaurants=40, seconds=15) == []


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_five_hundred_restaurants_end_as_the_model_says(site: Site) -> None:
    """The same for two minutes."""
    assert differences(site, HONEST, restaurants=500, seconds=120) == []


@pytest.mark.timeout(120)
def test_departments_that_keep_what_they_took_back_are_found_out(site: Site) -> None:
    """Negative control: who is refused late, as R-3 by the fire department, still has a license."""
    wrong = differences(site, FORGETFUL, restaurants=7, seconds=0)

    assert {line.partition(" paid ")[0] for line in wrong} >= {"R-3"}
    assert all(" paid " in line and line.endswith("and not []") for line in wrong)


def differences(
    site: Site, departments: Sequence[str], *, restaurants: int, seconds: float
) -> list[str]:
    """Let restaurants open while processes die for so long; return what the model says else."""
    applications = {f"R-{number}": application(number) for number in range(restaurants)}
    shutil.copy(ROOT / "rules" / "restaurant-opening.yaml", site.rules)
    (site.rules / "rules.yaml").unlink()
    with (
        Ends(site) as ends,
        site.daemon() as daemon,
        site.process("departments", [*departments, *SERVICES]) as offices,
    ):
        offices.wait_for(LISTENING)
        ends.publish(applications)
        kills = kill_at_random([daemon, offices], seconds)
        daemon.wait_for(READY)
        eventually(
            lambda: ends.keys() >= applications.keys(), "all end", PATIENCE_SECONDS + 5 * seconds
        )
        still_open = site.run("instances", "list", "--rule", "restaurant-opening", "--json")
        assert daemon.terminate() == offices.terminate() == 0
        found = ends.counts()
    print(f"{restaurants} restaurants, {kills} kills")  # noqa: T201 - figures for `pytest -rP`
    assert site.leftovers() == {}
    assert still_open.stdout.strip() in {"", "[]"}
    return list(verdict(applications, found, fees(site)))


def verdict(
    applications: Mapping[str, Mapping[str, object]],
    ends: Counter[tuple[str, str]],
    paid: Mapping[str, list[float]],
) -> Iterator[str]:
    """Yield what is unlike the model.

    Args:
        applications: what was applied for, by key.
        ends: how many different messages of each type ended each key.
        paid: the fees that departments hold for each key.
    """
    for number, (key, data) in enumerate(applications.items()):
        end, due = expected(number, data)
        said = {kind: count for (of, kind), count in ends.items() if of == key}
        if said != {end: 1}:
            yield f"{key} ended with {said}, and not with one {end}"
        if paid.get(key, []) != due:
            yield f"{key} paid {paid.get(key, [])}, and not {due}"
    if unknown := paid.keys() - applications.keys():
        yield f"nobody applied for {sorted(unknown)}"


class Ends:
    """What the workflow says in the end, each message once.

    Args:
        site: where it runs.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._queue = f"{site.name}.ends"
        self._found: dict[str, tuple[str, str]] = {}

    def __enter__(self) -> Self:
        with connect(self._site.services.amqp_url) as connection:
            channel = connection.channel()
            channel.queue_declare(self._queue, durable=True)
            channel.queue_bind(self._queue, self._site.name, CHANNEL)
        return self

    def __exit__(self, *_: object) -> None:
        with connect(self._site.services.amqp_url) as connection:
            connection.channel().queue_delete(self._queue)

    def publish(self, applications: Mapping[str, object]) -> None:
        """Send the events that start it."""
        with connect(self._site.services.amqp_url) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for key, data in applications.items():
                body = {"type": START, "id": key, "correlationid": key, "data": data}
                send(channel, self._site.name, json.dumps(body).encode(), key=CHANNEL)

    def keys(self) -> set[str]:
        """Return the keys of what has ended by now."""
        for letter in take_all(self._site.services.amqp_url, self._queue):
            message = json.loads(letter.body)
            if message["type"] in ENDS:
                self._found[message["id"]] = (message["correlationid"], message["type"])
        return {key for key, _ in self._found.values()}

    def counts(self) -> Counter[tuple[str, str]]:
        """Return how many different messages of each type ended each key."""
        self.keys()
        return Counter(self._found.values())


def kill_at_random(processes: Sequence[Process], seconds: float) -> int:
    """Kill one of `processes` and start it again, at random moments; return how often."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it when the test fails
    chance = random.Random(seed)  # noqa: S311 - picks moments, guards no secret
    deadline, kills = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        time.sleep(chance.uniform(0.5, 3.0))
        victim = chance.choice(processes)
        victim.kill()
        victim.start()
        kills += 1
    return kills


def application(number: int) -> dict[str, object]:
    """Return what a restaurant applies for; every third has something that speaks against it."""
    catalog, problems = CATALOG
    assert catalog is not None, problems
    example: Any = catalog.types[START].examples[0]
    options = {"requires_renovation": number % 2 == 0, "serves_alcohol": number % 5 < 2}
    objection = OBJECTIONS[number // 3 % len(OBJECTIONS)] if number % 3 == 0 else {}
    return {**example, **options, **objection}


def expected(number: int, data: Mapping[str, object]) -> tuple[str, list[float]]:
    """Return how an application ends, and the fees that are paid then."""
    if number % 3 == 0:
        return "RestaurantOpeningFailed", []
    paid = [150.0, 300.0]
    paid += [500.0] if data["requires_renovation"] else []
    paid += [1200.0] if data["serves_alcohol"] else []
    return "RestaurantOpened", paid
