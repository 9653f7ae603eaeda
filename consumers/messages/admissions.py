"""Messages of the admissions service, as in schemas/admissions.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from consumers.messages.message import Label, Message, Moment, Person, Reasons


class Candidacy(Message):
    """What every message about one application carries on."""

    applicant: Person
    program: Label


class RunEligibilityCheck(Candidacy):
    """Command: hold an application against what its program demands.

    Attributes:
        grade: the final grade, from 0 to 100, the higher the better.
    """

    grade: Annotated[float, Field(ge=0, le=100)]


class EligibilityChecked(Candidacy):
    """Event: whether the applicant may be admitted, and if not, every reason."""

    eligible: bool
    reasons: Reasons


class ScheduleInterview(Candidacy):
    """Command: give the applicant a time for an interview."""


class InterviewScheduled(Candidacy):
    """Event: this time is the applicant's."""

    interview_at: Moment


class DecideAdmission(Candidacy):
    """Command: admit, put on the waiting list, or refuse."""

    eligible: bool
    reasons: Reasons
    interview_at: Moment


class AdmissionDecided(Candidacy):
    """Event: the decision.

    Attributes:
        interview_at: when the admitted are expected; None for all others, whose time is free again.
    """

    decision: Literal["admitted", "waitlisted", "refused"]
    reasons: Reasons
    interview_at: Moment | None = None
