"""Messages of the analytics service, as in schemas/analytics.yaml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from consumers.messages.message import Count, Day, Label, Message, Moment, Name


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

    until: Moment


class DigestCompiled(Message):
    """Event: which employers stood out in a week.

    Attributes:
        week: the Monday with which it begins.
        alerts: how often an employer was put on the list.
        text: these employers, a line each.
    """

    week: Day
    alerts: Count
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
