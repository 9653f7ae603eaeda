"""Reports of audits and notices: what they say, and that nothing is written twice."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from consumers.documents import DocumentFolder
from consumers.licensing.report import answer_by
from consumers.licensing.service import generate, notify
from consumers.messages.licensing import Finding, GenerateReport, NotifyTribeCouncil, Severity
from consumers.messages.message import Person
from tests.unit.consumers.contexts import context

if TYPE_CHECKING:
    from pathlib import Path


LENA = Person(name="Lena Whitehorse", email="council@silvermesa.example.org")
VAULT = Finding(severity="critical", text="The vault was opened by one person alone.")
LABEL = Finding(severity="minor", text="Two drop boxes had no label.")
REPORT = """\
# Audit A-31: Silver Mesa, 2026-Q1

Report of 2026-03-01, for Lena Whitehorse. Score: 71.5 of 100.

Findings: 1 critical, 1 minor.

- **critical**: The vault was opened by one person alone.
- **minor**: Two drop boxes had no label.
"""


def written(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_the_report_lies_in_the_document_store(tmp_path: Path) -> None:
    """The most severe first; a second attempt writes the same bytes, so there is one document."""
    documents = DocumentFolder(tmp_path)
    command = GenerateReport(
        casino="Silver Mesa", council=LENA, period="2026-Q1", score=71.5, findings=[LABEL, VAULT]
    )

    replies = [await generate(command, context(documents, case="A-31")) for _ in range(2)]

    assert replies[0] == replies[1]
    assert (await documents.claim(replies[0].report)).decode() == REPORT
    assert len(written(tmp_path)) == 1


async def test_a_report_without_findings_says_so(tmp_path: Path) -> None:
    """An empty list would look like a mistake."""
    documents = DocumentFolder(tmp_path)
    command = GenerateReport(
        casino="Cedar Point", council=LENA, period="2026-Q1", score=98, findings=[]
    )

    reply = await generate(command, context(documents))

    report = await documents.claim(reply.report)
    assert report.decode().endswith("\nNothing was found to object to.\n")


@pytest.mark.parametrize(
    ("severities", "expected"),
    [
        ([], None),
        (["minor"], date(2026, 4, 30)),
        (["minor", "major"], date(2026, 3, 31)),
        (["minor", "critical", "major"], date(2026, 3, 15)),
    ],
)
def test_the_worst_finding_says_how_long_a_council_has(
    severities: list[Severity], expected: date | None
) -> None:
    """A notice without findings needs no answer."""
    findings = [Finding(severity=severity, text="x") for severity in severities]

    assert answer_by(findings, date(2026, 3, 1)) == expected


async def test_a_notice_is_the_same_on_every_attempt(tmp_path: Path) -> None:
    """Number and day follow from the audit and the command, not from when it was handled."""
    command = NotifyTribeCouncil(
        casino="Silver Mesa", council=LENA, period="2026-Q1", findings=[VAULT]
    )

    first, second = [
        await notify(command, context(DocumentFolder(tmp_path), case="A-31")) for _ in range(2)
    ]

    assert first == second
    assert (first.notice, first.answer_by) == ("N-A-31", date(2026, 3, 15))
