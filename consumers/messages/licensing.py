"""Messages of the licensing service, as in schemas/licensing.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from consumers.messages.document import ClaimCheck  # noqa: TC001 (pydantic reads annotations)
from consumers.messages.message import Day, Label, Message, Person, Reason

Severity = Literal["minor", "major", "critical"]

Casino = Annotated[str, Field(pattern=r"^[^\r\n]+$", max_length=80)]
"""One line, which letters have in their subject."""


class Finding(Message):
    """Something the auditors object to."""

    severity: Severity
    text: Reason


class Audit(Message):
    """What every message about one audit carries on.

    Attributes:
        council: who speaks for the tribe that runs the casino.
        period: what was audited, such as ``2026-Q1``.
    """

    casino: Casino
    council: Person
    period: Label


class GenerateReport(Audit):
    """Command: write the report of an audit.

    Attributes:
        score: from 0 to 100, the higher the better.
    """

    score: Annotated[float, Field(ge=0, le=100)]
    findings: list[Finding]


class ReportGenerated(Audit):
    """Event: the report lies in the document store."""

    report: ClaimCheck


class NotifyTribeCouncil(Audit):
    """Command: give the council notice of an audit's findings."""

    findings: list[Finding]


class NoticeIssued(Audit):
    """Event: the council has to be told, and until when it may answer.

    Attributes:
        notice: its number.
        answer_by: the last day for an answer; None when there is nothing to answer.
    """

    notice: Label
    findings: list[Finding]
    answer_by: Day | None = None
