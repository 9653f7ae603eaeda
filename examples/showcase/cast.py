"""What the demo publishes, and what must come of it by the rules in rules/. Sends nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

Mailbox = Literal["open", "busy", "gone"]
"""What the mail server does: take mail; ask twice to come again; refuse for good."""

LARGE_CLAIM_DOLLARS = 10_000
REGIONS_WITH_STAFF = frozenset({"north", "south", "east", "west"})

ESCALATION_SECONDS = 6.0
"""How long a case waits here until it is escalated."""

SERIES_SECONDS = 60.0
"""Within which time three complaints are a series here."""

WINDOWS = {"nobody-assigned": ESCALATION_SECONDS, "repeat-offender": SERIES_SECONDS}
"""The rules that wait for days, and how long they wait here."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint that follows its schema.

    Attributes:
        key: its number, the correlation key.
        name: of the complainant.
        category: as the schema lists them.
        employer: whom it is about.
        region: where; nobody investigates in regions without staff.
        amount: what is claimed, in US dollars; None for nothing.
        mailbox: what happens to mail for the complainant.
        resolved: whether the investigator comes to a result today.
        repeated: whether it is the third about its employer.
    """

    key: str
    name: str
    category: str
    employer: str
    region: str
    amount: float | None = None
    mailbox: Mailbox = "open"
    resolved: bool = False
    repeated: bool = False

    type = "ComplaintFiled"

    @property
    def email(self) -> str:
        """The complainant's address."""
        return address_of(self.name)

    def data(self) -> dict[str, object]:
        """Return the payload."""
        facts: dict[str, object] = {
            "complainant": {"name": self.name, "email": self.email},
            "category": self.category,
            "employer": self.employer,
            "region": self.region,
        }
        return facts if self.amount is None else facts | {"amount": self.amount}

    def outcome(self) -> Counter[str]:
        """Return how many messages of each type there must be in the end, its own included."""
        found = Counter([self.type, "SendAcknowledgment", "AssignInvestigator"])
        found["InvestigatorAssigned"] = 1
        letters = 1  # to the investigator
        if self.region not in REGIONS_WITH_STAFF:
            found += Counter(InvestigatorUnavailable=1, EscalateCase=1)
            letters += 2  # to those who look for one, and later to the supervisor
        if self.resolved:
            found += Counter(ComplaintResolved=1, CloseCase=1, CaseClosed=1)
            letters += 1  # to the investigator
        if self.repeated:
            found += Counter(RecordRepeatOffender=1, RepeatOffenderRecorded=1)
            letters += 1  # to the analysts
        if self.mailbox == "gone":
            found["CommandFailed"] = 1
            letters += 1  # to the front desk
        else:
            found["AcknowledgmentSent"] = 1
        if (self.amount or 0) > LARGE_CLAIM_DOLLARS:
            letters += 2  # to the supervisor and to the legal department
        return found + Counter(SendNotification=letters, NotificationSent=letters)


@dataclass(frozen=True, slots=True)
class Application:
    """An application for a permit.

    Attributes:
        key: its number, the correlation key.
        name: of the applicant.
        permit_type: as the schema lists them.
        address: where the permit is for.
        area_m2: the area in use.
        granted: whether the permit office must grant it.
    """

    key: str
    name: str
    permit_type: str
    address: str
    area_m2: float
    granted: bool

    type = "PermitApplicationSubmitted"

    def data(self) -> dict[str, object]:
        """Return the payload."""
        return {
            "applicant": {"name": self.name, "email": address_of(self.name)},
            "permit_type": self.permit_type,
            "address": self.address,
            "area_m2": self.area_m2,
        }

    def outcome(self) -> Counter[str]:
        """Return how many messages of each type there must be in the end, its own included."""
        decided = (
            ["ChargePermitFee", "PermitFeeCharged", "IssuePermit", "PermitIssued"]
            if self.granted
            else ["DenyPermit", "PermitDenied"]
        )
        letter = ["SendNotification", "NotificationSent"]
        return Counter([self.type, "ReviewPermit", "PermitReviewed", *decided, *letter])


Case = Complaint | Application


def address_of(name: str) -> str:
    """Return the mail address of a person."""
    return f"{name.lower().replace(' ', '.')}@example.org"


COMPLAINTS = (
    Complaint("C-1001", "Ada Keller", "overtime-pay", "Harbor Logistics", "north", 12_400.50),
    Complaint("C-1002", "Ben Ortiz", "safety", "Quarry Works", "south", resolved=True),
    Complaint("C-1003", "Chloe Park", "minimum-wage", "Corner Diner", "east", 860.00),
    Complaint("C-1004", "Dmitri Volkov", "retaliation", "Northwind Freight", "north"),
    Complaint("C-1005", "Elif Kaya", "overtime-pay", "Sunrise Bakery", "west", 2_310.75, "busy"),
    Complaint("C-1006", "Farid Naseri", "discrimination", "Glass & Steel", "east", resolved=True),
    Complaint("C-1007", "Grace Liu", "minimum-wage", "Laundry Express", "south", 1_125.00),
    Complaint("C-1008", "Hugo Brandt", "overtime-pay", "Delta Cranes", "north", 18_900.00),
    Complaint("C-1009", "Ines Duarte", "safety", "Tannery Row", "west", resolved=True),
    Complaint("C-1010", "Jonas Weber", "other", "Bright Cleaning", "south", None, "gone"),
    Complaint("C-1011", "Keiko Tanaka", "overtime-pay", "Harbor Logistics", "north", 4_480.00),
    Complaint("C-1012", "Liam Doyle", "safety", "Island Ferries", "overseas"),
    Complaint("C-1013", "Mona Said", "minimum-wage", "Corner Diner", "east", 640.20),
    Complaint("C-1014", "Nikolai Petrov", "retaliation", "Quarry Works", "south"),
    Complaint("C-1015", "Olga Marin", "discrimination", "Northwind Freight", "north"),
    Complaint("C-1016", "Pablo Reyes", "overtime-pay", "Sunrise Bakery", "west", 9_999.99),
    Complaint("C-1017", "Quinn Abbott", "safety", "Harbor Logistics", "east", repeated=True),
)

PLAIN = Complaint("C-1018", "Rosa Lind", "other", "Mint", "west")
"""The one that examples/publish_with_pika.py sends."""

RESENT = COMPLAINTS[2]
"""The one whose publisher was not sure, and sends the same message again.

With it there are three messages about its employer, but two complaints: no series.
"""

ESCALATED = COMPLAINTS[11]
"""The one that nobody takes, because nobody works where it comes from."""

SERIES = tuple(each for each in COMPLAINTS if each.employer == COMPLAINTS[16].employer)
"""Those that are too many about one employer."""

RESOLVED = tuple(each for each in COMPLAINTS if each.resolved)
"""Those whose investigators come to a result."""

TRACED = COMPLAINTS[9]
"""The one to show: its mail is refused, and somebody has to call."""

APPLICATIONS = (
    Application("P-2001", "Mira Sand", "food-service", "12 Harbor Street", 85.5, granted=True),
    Application("P-2002", "Jon Reed", "building", "4 Mill Lane", 7_200, granted=False),
    Application("P-2003", "Rita Osei", "signage", "31 Market Square", 6, granted=True),
    Application("P-2004", "Sven Lund", "street-event", "Old Town Green", 400, granted=False),
    Application("P-2005", "Tara Singh", "building", "9 Orchard Road", 220, granted=True),
)

CASES: dict[str, Case] = {case.key: case for case in (*COMPLAINTS, PLAIN, *APPLICATIONS)}
"""Every case there must be, by its key."""

WITHOUT_AMOUNT = Complaint("C-1019", "Uma Fields", "overtime-pay", "Glass & Steel", "east")
"""Breaks its schema: whoever claims overtime pay must say how much."""

NOT_JSON = b"\xff\xfe complaint C-1020: my wages \x00"
"""What a publisher sent that knew nothing of JSON."""

REFUSED = Counter({"schema-violation": 1, "not-json": 1, "rejected": 1})
"""The dead letters there must be, by reason: the two above, and the mail to a mailbox gone."""

RETRIES = 2
"""How often a mailbox that is busy asks to come again."""
