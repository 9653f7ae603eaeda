"""Messages of the analytics service, as in schemas/analytics.yaml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

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
