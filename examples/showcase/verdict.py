"""Says whether what happened is what had to happen. Reads and prints nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from showcase.cast import CASES, ESCALATED, ESCALATION_SECONDS, REFUSED, RESENT, RETRIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from showcase.record import Record
    from showcase.sink import Mail


def problems(record: Record, reasons: Iterable[str], mails: Iterable[Mail]) -> Iterator[str]:
    """Yield in sentences what is not as it must be; nothing if all is well.

    Args:
        record: the whole log.
        reasons: why each dead letter was given up.
        mails: what the mail server took.
    """
    for key, case in CASES.items():
        yield from _differences(key, record.cases[key], case.outcome())
    yield from _differences("dead letters", Counter(reasons), REFUSED)
    yield from _mail_problems(record, list(mails))
    if max(record.copies.values(), default=0) < 2:  # noqa: PLR2004 - published twice
        yield f"{RESENT.key} was not sent twice"
    passed = record.seconds_until_escalation(ESCALATED.key)
    if passed is not None and passed < ESCALATION_SECONDS:
        yield f"{ESCALATED.key} was escalated after {passed:g} s, before {ESCALATION_SECONDS:g} s"


def _mail_problems(record: Record, mails: list[Mail]) -> Iterator[str]:
    told = sum(
        case["AcknowledgmentSent"] + case["NotificationSent"] for case in record.cases.values()
    )
    if len(mails) != told:
        yield f"the mail server took {len(mails)} mails, and {told} are reported as sent"
    patient = [mail for mail in mails if mail.attempts > 1]
    if [mail.attempts for mail in patient] != [1 + RETRIES]:
        yield f"one mail must need {1 + RETRIES} attempts, and {len(patient)} needed several"


def _differences(where: str, found: Counter[str], wanted: Counter[str]) -> Iterator[str]:
    for name in sorted({*found, *wanted}):
        if found[name] != wanted[name]:
            yield f"{where}: {found[name]} x {name} instead of {wanted[name]}"
