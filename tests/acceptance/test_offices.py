"""The shipped rules and services together, as real processes that are killed while they work."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import Counter
from mailbox import Maildir
from typing import TYPE_CHECKING, Any

import pytest

from consumers.documents import DocumentFolder
from orchestrator.catalog import read_catalog, read_schema_files
from tests.acceptance.harness import OURS
from tests.acceptance.process import LISTENING, ROOT, eventually
from tests.acceptance.traffic import connect, send

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.harness import Site

pytestmark = pytest.mark.timeout(120)  # several processes start, one of them three times

KILLS = 2
SERVICES = ("notify", "admissions", "archive", "legislation", "licensing")
PDF = b"%PDF-1.7 Be it enacted.\n"
OUTCOMES = {
    "ApplicationSubmitted": Counter(
        ApplicationSubmitted=1,
        RunEligibilityCheck=1,
        EligibilityChecked=1,
        ScheduleInterview=1,
        InterviewScheduled=1,
        DecideAdmission=1,
        AdmissionDecided=1,
        SendNotification=1,
        NotificationSent=1,
    ),
    "CasinoAuditCompleted": Counter(
        CasinoAuditCompleted=1,
        GenerateReport=1,
        ReportGenerated=1,
        NotifyTribeCouncil=1,
        NoticeIssued=1,
        SendNotification=3,
        NotificationSent=3,
    ),
    "BillSigned": Counter(
        BillSigned=1,
        UpdateStatutes=1,
        StatutesUpdated=1,
        AlertAgencies=1,
        AgenciesAlerted=1,
        ArchivePdf=1,
        PdfArchived=1,
        SendNotification=3,
        NotificationSent=3,
    ),
}
"""Event type, which is the key here -> the different messages of its case in the end."""


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, str]:
    """Where the services put files, with the document of the bill in its store."""
    names = {"NOTIFY_MAILDIR": "mail", "DOCUMENTS_FOLDER": "in", "ARCHIVE_FOLDER": "archive"}
    return {variable: str(tmp_path / name) for variable, name in names.items()}


def test_every_case_comes_to_its_end_once(
    site: Site, folders: dict[str, str], tmp_path: Path
) -> None:
    """Events come twice, and the services are killed in the middle, twice.

    Each case still has each of its messages once, each letter lies there once, and so does the PDF.
    """
    shutil.copytree(ROOT / "rules", site.rules, dirs_exist_ok=True)
    (site.rules / "rules.yaml").unlink()
    events = published(tmp_path / "in")
    consumers = [*OURS, "consumers", "run", *SERVICES]
    with site.daemon(), site.process("offices", consumers, **folders) as offices:
        offices.wait_for(LISTENING, times=1)
        with connect(site.services.amqp_url) as connection:
            for number, (channel, body) in enumerate(events):
                for _ in range(2):
                    send(connection.channel(), site.name, body, key=channel)
                if number < KILLS:
                    offices.wait_for("handled", times=2)
                    offices.kill()
                    offices.start()
        for key, outcome in OUTCOMES.items():
            await_outcome(site, key, outcome)

    letters = sum((outcome for outcome in OUTCOMES.values()), Counter[str]())["SendNotification"]
    assert len({mail["Message-ID"] for mail in Maildir(tmp_path / "mail")}) == letters
    assert len(Maildir(tmp_path / "mail")) == letters
    assert [file.read_bytes() for file in (tmp_path / "archive").iterdir()] == [PDF]


def published(documents: Path) -> list[tuple[str, bytes]]:
    """Return channel and body of the events: examples of the schemas, with a document of ours."""
    catalog, problems = read_catalog(read_schema_files(ROOT / "schemas"))
    assert catalog is not None, problems
    check = asyncio.run(DocumentFolder(documents).put(PDF, "application/pdf"))
    bodies = []
    for name in OUTCOMES:
        data: Any = catalog.types[name].examples[0]
        if name == "BillSigned":
            data = {**data, "pdf": check.model_dump()}
        body = {"type": name, "id": name, "data": data}
        bodies.append((catalog.types[name].channel, json.dumps(body).encode()))
    return bodies


def await_outcome(site: Site, key: str, outcome: Counter[str]) -> None:
    """Return once the case called `key` has come to its end."""
    eventually(lambda: types(site, key) == outcome, f"{key} ends")


def types(site: Site, key: str) -> Counter[str]:
    """Return how many different messages of each type there are for `key`."""
    traced = site.run("trace", key, "--json")
    steps = json.loads(traced.stdout)["steps"] if traced.returncode == 0 else []
    return Counter(step["type"] for step in steps if step["found"])
