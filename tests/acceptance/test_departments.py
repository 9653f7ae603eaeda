"""The shipped workflows and departments, as real processes that are killed while they work."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis

from orchestrator.catalog import read_catalog, read_schema_files
from tests.acceptance.harness import OURS
from tests.acceptance.process import LISTENING, ROOT, eventually
from tests.acceptance.traffic import connect, send

if TYPE_CHECKING:
    from tests.acceptance.harness import Site

pytestmark = pytest.mark.timeout(180)  # several processes start, one of them three times

SERVICES = ("businesses", "emergency", "environment", "fire", "health", "planning", "traffic")
LAST = ("notify", "utilities")
OPENED, REFUSED, HANDLED = "R-opened", "R-refused", "E-handled"
CASES = {
    OPENED: ("RestaurantApplicationSubmitted", {}),
    REFUSED: ("RestaurantApplicationSubmitted", {"exits": 1}),
    HANDLED: ("EmergencyReported", {}),
}
"""Key -> the event that starts it, and how it differs from the first example."""

ENDS = {
    OPENED: {"RestaurantOpened", "NotificationSent"},
    REFUSED: {"RestaurantOpeningFailed", "NotificationSent"},
    HANDLED: {"EmergencyHandled"},
}


@pytest.fixture
def folders(site: Site) -> dict[str, str]:
    """Where notify puts letters."""
    return {"NOTIFY_MAILDIR": str(site.folder / "mail")}


def test_every_case_comes_to_its_end_once(site: Site, folders: dict[str, str]) -> None:
    """Events come twice, and all departments are killed in the middle, twice.

    Who opens paid every fee once; who is refused keeps nothing; the emergency is handled in full.
    """
    shutil.copytree(ROOT / "rules", site.rules, dirs_exist_ok=True)
    (site.rules / "rules.yaml").unlink()
    consumers = [*OURS, "consumers", "run", *SERVICES, *LAST]
    with site.daemon(), site.process("departments", consumers, **folders) as departments:
        departments.wait_for(LISTENING, times=1)
        with connect(site.services.amqp_url) as connection:
            for channel, body in published() * 2:
                send(connection.channel(), site.name, body, key=channel)
        for _ in range(2):
            departments.wait_for("handled", times=2)
            departments.kill()
            departments.start()
        for key in CASES:
            eventually(partial(has_ended, site, key), f"{key} ends")

    opened, refused, handled = (types(site, key) for key in CASES)
    assert opened.total() == len(opened)
    assert {"BuildingPermitIssued", "LiquorLicenseIssued", "OperatingPermitGranted"} <= set(opened)
    assert refused.total() == len(refused)
    assert (opened["RestaurantOpeningFailed"], refused["RestaurantOpened"]) == (0, 0)
    assert handled["UtilityShutOff"] == handled["UtilityRestored"] == 2
    assert handled["HealthFollowUpStarted"] == 1
    assert fees(site, OPENED) == [150, 300, 500, 1200]
    assert fees(site, REFUSED) == []


def published() -> list[tuple[str, bytes]]:
    """Return channel and body of the events that start the cases."""
    catalog, problems = read_catalog(read_schema_files(ROOT / "schemas"))
    assert catalog is not None, problems
    bodies = []
    for key, (name, changes) in CASES.items():
        example: Any = catalog.types[name].examples[0]
        body = {"type": name, "id": key, "correlationid": key, "data": {**example, **changes}}
        bodies.append((catalog.types[name].channel, json.dumps(body).encode()))
    return bodies


def has_ended(site: Site, key: str) -> bool:
    """Tell whether the last messages of a case are there."""
    return set(types(site, key)) >= ENDS[key]


def types(site: Site, key: str) -> Counter[str]:
    """Return how many different messages of each type there are for `key`, lifecycle apart."""
    traced = site.run("trace", key, "--json")
    steps = json.loads(traced.stdout)["steps"] if traced.returncode == 0 else []
    found = [step["type"] for step in steps if step["found"]]
    return Counter(name for name in found if not name.startswith("instance."))


def fees(site: Site, key: str) -> list[float]:
    """Return the fees that departments hold for a case: those of grants not taken back."""
    books = {"businesses": ("BL", "LL"), "health": ("HP",), "planning": ("BP",)}
    found = []
    with Redis.from_url(site.services.redis_url, decode_responses=True) as redis:
        for department, prefixes in books.items():
            for prefix in prefixes:
                book: Any = redis.hgetall(f"{site.name}:{{{department}}}:{prefix}:entries")
                entries = [json.loads(text) for name, text in book.items() if name.startswith(key)]
                held = [each for each in entries if "undone" not in each]
                found += [json.loads(each["content"])["fee"] for each in held]
    return sorted(found)
