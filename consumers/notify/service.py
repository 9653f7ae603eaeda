"""The notify service: one mail per command. Knows neither mail servers nor folders."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from consumers.messages.notify import (
    AcknowledgmentSent,
    NotificationSent,
    SendAcknowledgment,
    SendNotification,
)
from consumers.notify.letter import Letter, acknowledgment, notification, to_mail
from consumers.notify.mailer import Mailer, open_mailer
from consumers.notify.settings import read_settings
from orchestrator.service import Context, Service


@dataclass(frozen=True, slots=True)
class Office:
    """What sends, and in whose name."""

    mailer: Mailer
    sender: str


@asynccontextmanager
async def open_office() -> AsyncIterator[Office]:
    """Open what the environment asks for."""
    settings = read_settings()
    async with open_mailer(settings) as mailer:
        yield Office(mailer, settings.sender)


service = Service("notify", channels=["notify.v1"], resources=open_office)


@service.on("SendAcknowledgment")
async def acknowledge(command: SendAcknowledgment, context: Context[Office]) -> AcknowledgmentSent:
    """Tell a complainant that the complaint has arrived."""
    letter = acknowledgment(command, context.event.subject or context.correlation_id)
    await _post(letter, context)
    return AcknowledgmentSent(to=letter.to, subject=letter.subject)


@service.on("SendNotification")
async def notify(command: SendNotification, context: Context[Office]) -> NotificationSent:
    """Send somebody a letter."""
    letter = notification(command)
    await _post(letter, context)
    return NotificationSent(to=letter.to, subject=letter.subject)


async def _post(letter: Letter, context: Context[Office]) -> None:
    office, key = context.resources, context.idempotency_key
    await office.mailer.send(to_mail(letter, office.sender, key, context.event.time), key)
