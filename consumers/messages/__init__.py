"""The messages of the sample services as types. The documents in schemas/ are their source."""

from consumers.messages.admissions import (
    AdmissionDecided,
    DecideAdmission,
    EligibilityChecked,
    InterviewScheduled,
    RunEligibilityCheck,
    ScheduleInterview,
)
from consumers.messages.analytics import (
    CompileDigest,
    DigestCompiled,
    RecordRepeatOffender,
    RepeatOffenderRecorded,
)
from consumers.messages.archive import ArchivePdf, PdfArchived
from consumers.messages.document import ClaimCheck
from consumers.messages.hr import (
    AssignInvestigator,
    CaseClosed,
    CloseCase,
    EscalateCase,
    Investigator,
    InvestigatorAssigned,
    InvestigatorReminded,
    InvestigatorUnavailable,
    RemindInvestigator,
)
from consumers.messages.legislation import (
    AgenciesAlerted,
    AlertAgencies,
    Statute,
    StatutesUpdated,
    StatuteVersion,
    UpdateStatutes,
)
from consumers.messages.licensing import (
    Finding,
    GenerateReport,
    NoticeIssued,
    NotifyTribeCouncil,
    ReportGenerated,
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
    "AdmissionDecided",
    "AgenciesAlerted",
    "AlertAgencies",
    "ArchivePdf",
    "AssignInvestigator",
    "CaseClosed",
    "ChargePermitFee",
    "ClaimCheck",
    "CloseCase",
    "CompileDigest",
    "DecideAdmission",
    "DenyPermit",
    "DigestCompiled",
    "EligibilityChecked",
    "EscalateCase",
    "Finding",
    "GenerateReport",
    "InterviewScheduled",
    "Investigator",
    "InvestigatorAssigned",
    "InvestigatorReminded",
    "InvestigatorUnavailable",
    "IssuePermit",
    "Message",
    "NoticeIssued",
    "NotificationSent",
    "NotifyTribeCouncil",
    "PdfArchived",
    "PermitDenied",
    "PermitFeeCharged",
    "PermitIssued",
    "PermitReviewed",
    "Person",
    "RecordRepeatOffender",
    "RemindInvestigator",
    "RepeatOffenderRecorded",
    "ReportGenerated",
    "ReviewPermit",
    "RunEligibilityCheck",
    "ScheduleInterview",
    "SendAcknowledgment",
    "SendNotification",
    "Statute",
    "StatuteVersion",
    "StatutesUpdated",
    "UpdateStatutes",
]
