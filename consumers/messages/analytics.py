"""Messages of the analytics service, as in schemas/analytics.yaml."""

from __future__ import annotations

from datetime import date  # noqa: TC003 (pydantic reads annotations at run time)
from typing import Annotated

from pydantic import AwareDatetime, Field

from consumers.messages.message import Label, Message, Name


class RecordRepeatOffender(Message):
    """Command: note that complaints against an employer have come in quick succession.

    Attributes:
        complaint: the number of the newest one.
    """

    employer: Name
    complaint: Label


class RepeatOffenderRecorded(Message):
    """Event: the employer is on the list.

    Attributes:
        times: how often it has been put there, this time included.
    """

    employer: Name
    complaint: Label
    times: Annotated[int, Field(ge=1)]


class CompileDigest(Message):
    """Command: sum up the last whole week before `until`."""

    until: Annotated[AwareDatetime, Field(strict=False)]


class DigestCompiled(Message):
    """Event: which employers stood out in a week.

    Attributes:
        week: the Monday with which it begins.
        alerts: how often an employer was put on the list.
        text: these employers, a line each.
    """

    week: Annotated[date, Field(strict=False)]
    alerts: Annotated[int, Field(ge=0)]
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
