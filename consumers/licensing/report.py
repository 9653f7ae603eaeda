"""What the report of an audit says, and by when a council may answer. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from consumers.messages.licensing import Finding, GenerateReport

MEDIA_TYPE: Final = "text/markdown"
DAYS_TO_ANSWER: Final = {"critical": 14, "major": 30, "minor": 60}
"""How long a council has, by its most severe finding."""


def report(audit: GenerateReport, number: str, day: date) -> str:
    """Return the report of `audit`: the same text on every attempt.

    Args:
        audit: what was found.
        number: of the audit.
        day: when the report was asked for.
    """
    return "\n".join((*_head(audit, number, day), *_findings(audit.findings), ""))


def answer_by(findings: Sequence[Finding], day: date) -> date | None:
    """Return the last day for an answer to a notice of `day`; None if nothing was found."""
    if not findings:
        return None
    return day + timedelta(days=min(DAYS_TO_ANSWER[each.severity] for each in findings))


def _head(audit: GenerateReport, number: str, day: date) -> Iterator[str]:
    yield f"# Audit {number}: {audit.casino}, {audit.period}"
    yield ""
    yield f"Report of {day}, for {audit.council.name}. Score: {audit.score:g} of 100."
    yield ""


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    if not findings:
        yield "Nothing was found to object to."
        return
    counts = Counter[str](each.severity for each in findings)
    order = [severity for severity in DAYS_TO_ANSWER if severity in counts]
    yield f"Findings: {', '.join(f'{counts[severity]} {severity}' for severity in order)}."
    yield ""
    for severity in order:
        yield from (f"- **{severity}**: {f.text}" for f in findings if f.severity == severity)
