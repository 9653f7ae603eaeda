"""Writes to investigators who get a case."""

from pydantic import BaseModel

from orchestrator.service import Context, Service


class InvestigatorAssigned(BaseModel):
    investigator: dict[str, str]


class SendNotification(BaseModel):
    to: str
    subject: str
    text: str


service = Service("briefing", channels=["hr.v1"])


@service.on("InvestigatorAssigned")
async def brief(event: InvestigatorAssigned, context: Context) -> SendNotification:
    text = f"Case {context.correlation_id} is yours."
    return SendNotification(to=event.investigator["email"], subject="A new case", text=text)
