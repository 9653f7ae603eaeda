"""The sample services, run as they are shipped: a command in, its event out, the effect there."""

from __future__ import annotations

import asyncio
import json
from mailbox import Maildir
from typing import TYPE_CHECKING

from consumers.documents import DocumentFolder
from tests.integration.service.installation import ROOT, Installation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orchestrator.local import Services

ADA = {"name": "Ada Keller", "email": "ada.keller@example.org"}
PDF = b"%PDF-1.7 Be it enacted."
DAY = "2026-07-01"
CHANNELS = ["notify.v1", "hr.v1", "permits.v1"]


async def test_each_service_does_its_work(services: Services, unique: str, tmp_path: Path) -> None:
    """One process with all three, wired as in production, with nothing but its environment."""
    office = Installation(unique, services.environ, ROOT / "schemas")
    mail = tmp_path / "mail"
    async with (
        office.existing(["notify", "hr", "permits"], CHANNELS),
        office.process("notify", "hr", "permits", NOTIFY_MAILDIR=str(mail)),
    ):
        (acknowledge,) = await office.send(
            "notify.v1", "SendAcknowledgment", [{"complainant": ADA}]
        )
        (assign,) = await office.send("hr.v1", "AssignInvestigator", [{"region": "west"}])
        (issue,) = await office.send(
            "permits.v1", "IssuePermit", [{"applicant": ADA, "permit_type": "signage"}]
        )
        (nowhere,) = await office.send(
            "notify.v1", "SendAcknowledgment", [{"to": "ada@nowhere", "text": "Hi"}]
        )
        answers = await office.answers(lambda found: len(found) == 4)

    said = {command: json.loads(text) for command, (text,) in answers.items()}
    assert said[acknowledge][0] == "AcknowledgmentSent"
    (letter,) = Maildir(mail)
    assert letter["Subject"] == "We received your complaint C-0"
    assignment = said[assign][2]
    assert (assignment["investigator"]["name"], assignment["open_cases"]) == ("Greta Olsen", 1)
    assert said[issue][2]["permit_number"] == "SG-000001"
    assert (said[nowhere][0], said[nowhere][2]["attempts"]) == ("CommandFailed", 1)


async def test_each_office_does_its_work_once(
    services: Services, unique: str, tmp_path: Path
) -> None:
    """Every command comes a second time, as after a crash: one answer each, and one effect."""
    office = Installation(unique, services.environ, ROOT / "schemas")
    names = ["admissions", "analytics", "archive", "legislation", "licensing"]
    documents, archive = tmp_path / "documents", tmp_path / "archive"
    pdf = await DocumentFolder(documents).put(PDF, "application/pdf")
    application = {"applicant": ADA, "program": "nursing"}
    statutes = [{"section": "LAB 1", "text": "Pay."}]
    bill = {"bill": "HB-1", "effective_on": DAY, "title": "Pay", "subjects": ["labor"]}
    audit = {"casino": "Mesa", "council": ADA, "period": "Q1", "score": 90, "findings": []}
    orders: list[tuple[str, str, Mapping[str, object]]] = [
        ("admissions", "ScheduleInterview", application),
        ("admissions", "RunEligibilityCheck", {**application, "grade": 79}),
        ("analytics", "RecordRepeatOffender", {"employer": "Mint", "complaint": "C-3"}),
        ("archive", "ArchivePdf", {"name": "HB-1", "document": pdf.model_dump()}),
        ("legislation", "UpdateStatutes", {**bill, "statutes": statutes}),
        ("legislation", "AlertAgencies", bill),
        ("licensing", "GenerateReport", audit),
        ("licensing", "NotifyTribeCouncil", audit),
    ]
    environ = {"DOCUMENTS_FOLDER": str(documents), "ARCHIVE_FOLDER": str(archive)}
    async with (
        office.existing(names, [f"{name}.v1" for name in names]),
        office.process(*names, **environ),
    ):
        ids = [
            (await office.send(f"{channel}.v1", command, [data]))[0]
            for channel, command, data in orders
        ]
        await office.answers(lambda found: len(found) == len(orders))
        await office.send_again()
        (last,) = await office.send("analytics.v1", "RecordRepeatOffender", [orders[2][2]])
        answers = await office.answers(lambda found: last in found)

    said = [json.loads(text) for each in ids for text in answers[each]]
    assert [name for name, _, _ in said] == [
        "InterviewScheduled",
        "EligibilityChecked",
        "RepeatOffenderRecorded",
        "PdfArchived",
        "StatutesUpdated",
        "AgenciesAlerted",
        "ReportGenerated",
        "NoticeIssued",
    ]
    (again,) = map(json.loads, answers[last])
    assert (said[2][2]["times"], again[2]["times"]) == (1, 2)
    assert said[4][2]["sections"] == [{"section": "LAB 1", "version": 1}]
    kept = await asyncio.to_thread(lambda: [file.read_bytes() for file in archive.iterdir()])
    assert kept == [PDF]
