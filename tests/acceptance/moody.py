"""A service whose handler does what a command's subject says: raise, reject, hang, or its work."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel

from orchestrator.service import Context, Reject, Service


class Order(BaseModel):
    """Data of a SendNotification."""

    to: str
    subject: str
    text: str


service = Service("moody", channels=["notify.v1"])


@service.on("SendNotification", retries=["1s"], timeout_seconds=0.2)
async def obey(order: Order, _context: Context[None]) -> None:
    """Do what the subject says."""
    match order.subject:
        case "raise":
            raise OSError("the printer is on fire")
        case "reject":
            raise Reject("nobody lives there")
        case "hang":
            await asyncio.Event().wait()
