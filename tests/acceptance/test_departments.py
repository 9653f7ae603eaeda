"""The shipped workflows and departments, as real processes that are killed while they work."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.catalog import read_catalog, read_schema_files
from tests.acceptance.harness import OURS
from tests.acceptance.process import LISTENING, ROOT, eventually
from tests.acceptance.registers import fees
from tests.acceptance.traffic import connect, send

if TYPE_CHECKING:
    from tests.acceptance.harness import Site

pytestmark = pytest.mark.timeout(180)  # several processes start, one of them three times

SERVICES = (
    *("businesses", "casefiles", "emergency", "environment", "fire", "health", "notify"),
    *("planning", "styling", "traffic", "utilities"),
)
OPENED, REFUSED, HANDLED, BUILT = "R-opened", "R-refused", "E-handled", "H-built"
FILED, SOUGHT, STYLED = "C-filed", "C-sought", "S-styled"
CASES = {
    OPENED: ("RestaurantApplicationSubmitted", {}),
    REFUSED: ("RestaurantApplicationSubmitted", {"exits": 1}),
    HANDLED: ("EmergencyReported", {}),
    BUILT: ("HousingDevelopmentProposed", {}),
    FILED: ("CasefileRequested", {}),
    SOUGHT: ("EvidenceRequested", {}),
    STYLED: ("StylingRequested", {}),
}
"""Key -> the event that starts it, and how it differs from the first example."""

ENDS = {
    OPENED: {"RestaurantOpened", "NotificationSent"},
    REFUSED: {"RestaurantOpeningFailed", "NotificationSent"},
    HANDLED: {"EmergencyHandled"},
    BUILT: {"HousingDevelopmentCompleted", "NotificationSent"},
    FILED: {"CasefileReady"},
    SOUGHT: {"EvidenceGathered"},
    STYLED: {"StylingCompleted"},
}


@pytest.fixture
def folders(site: Site) -> dict[str, str]:
    """Where notify puts letters."""
    return {"NOTIFY_MAILDIR": str(site.folder / "mail")}


def test_every_case_comes_to_its_end_once(site: Site, folders: dict[str, str]) -> None:
    """Events come twice, and all departments are killed in the middle, twice.

    Who opens paid every fee once, and who builds; who is refused keeps nothing.
    """
    shutil.copytree(ROOT / "rules", site.rules, dirs_exist_ok=True)
    (site.rules / "rules.yaml").unlink()
    consumers = [*OURS, "consumers", "run", *SERVICES]
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

    found = {key: types(site, key) for key in CASES}
    for key in set(CASES) - {BUILT, HANDLED, FILED}:  # where nothing is done for each of several
        assert found[key].total() == len(found[key]), key
    assert {"BuildingPermitIssued", "LiquorLicenseIssued"} <= set(found[OPENED])
    assert "RestaurantOpened" not in found[REFUSED]
    assert found[HANDLED]["UtilityShutOff"] == found[HANDLED]["UtilityRestored"] == 2
    assert found[BUILT]["BuildingPermitIssued"] == 2
    assert found[BUILT]["OccupancyCertificateIssued"] == 3
    assert found[FILED]["MessageStored"] == 2
    assert fees(site) == {OPENED: [150, 300, 500, 1200], BUILT: [200, 500, 500, 800, 1000]}


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
