"""Messages of the notify service, as in schemas/notifications.yaml."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from consumers.messages.message import Email, Message, Person

Subject = Annotated[str, Field(pattern=r"^[^\r\n]+$", max_length=200)]
"""One line."""

Text = Annotated[str, Field(min_length=1, max_length=20_000)]


class SendAcknowledgment(Message):
    """Command: tell a complainant that the complaint has arrived.

    Attributes:
        to: the address; by default the complainant's.
        subject: None leaves it to the service.
        text: None leaves it to the service.
        complainant: set when the command is the complaint itself.
    """

    to: Email | None = None
    subject: Subject | None = None
    text: Text | None = None
    complainant: Person | None = None

    @model_validator(mode="after")
    def _has_an_addressee(self) -> Self:
        if self.complainant is None and (self.to is None or self.text is None):
            raise ValueError("either to and text, or complainant is required")
        return self

    @property
    def recipient(self) -> str:
        """The address to write to."""
        if self.to is None:
            assert self.complainant is not None  # noqa: S101 (the validator saw to it)
            return self.complainant.email
        return self.to


class AcknowledgmentSent(Message):
    """Event: the mail server has accepted the acknowledgment."""

    to: Email
    subject: Subject


class SendNotification(Message):
    """Command: send somebody a letter."""

    to: Email
    subject: Subject
    text: Text


class NotificationSent(Message):
    """Event: the mail server has accepted the notification."""

    to: Email
    subject: Subject
