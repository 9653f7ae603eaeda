"""The messages of the sample services as types. The documents in schemas/ are their source."""

from consumers.messages.hr import (
    AssignInvestigator,
    CaseClosed,
    CloseCase,
    Investigator,
    InvestigatorAssigned,
    InvestigatorUnavailable,
)
from consumers.messages.message import Message, Person
from consumers.messages.notify import (
    AcknowledgmentSent,
    NotificationSent,
    SendAcknowledgment,
    SendNotification,
)
from consumers.messages.permits import (
    ChargePermitFee,
    DenyPermit,
    IssuePermit,
    PermitDenied,
    PermitFeeCharged,
    PermitIssued,
    PermitReviewed,
    ReviewPermit,
)

__all__ = [
    "AcknowledgmentSent",
    "AssignInvestigator",
    "CaseClosed",
    "ChargePermitFee",
    "CloseCase",
    "DenyPermit",
    "Investigator",
    "InvestigatorAssigned",
    "InvestigatorUnavailable",
    "IssuePermit",
    "Message",
    "NotificationSent",
    "PermitDenied",
    "PermitFeeCharged",
    "PermitIssued",
    "PermitReviewed",
    "Person",
    "ReviewPermit",
    "SendAcknowledgment",
    "SendNotification",
]
