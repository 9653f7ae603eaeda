"""The sample services, run as they are shipped: a command in, its event out, the effect there."""

from __future__ import annotations

import json
from mailbox import Maildir
from typing import TYPE_CHECKING

from tests.integration.service.installation import ROOT, Installation

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.local import Services

ADA = {"name": "Ada Keller", "email": "ada.keller@example.org"}
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
