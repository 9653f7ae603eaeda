"""Messages of the hr service, as in schemas/hr.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from consumers.messages.message import Label, Message, Person, Reason

Priority = Literal["low", "normal", "high"]


class Investigator(Person):
    """Somebody who can take a case."""

    id: Label


class AssignInvestigator(Message):
    """Command: give the case to the investigator of the region with the fewest open cases."""

    region: Label
    priority: Priority = "normal"


class InvestigatorAssigned(Message):
    """Event: somebody has the case.

    Attributes:
        open_cases: the investigator's, this one included.
    """

    investigator: Investigator
    region: Label
    priority: Priority
    open_cases: Annotated[int, Field(ge=1)]


class InvestigatorUnavailable(Message):
    """Event: nobody in the region can take the case."""

    region: Label
    reason: Reason


class EscalateCase(Message):
    """Command: nobody has the case: give it to whoever has the fewest open ones, in any region."""

    priority: Priority = "high"


class RemindInvestigator(Message):
    """Command: the case takes long: remind whoever has it, if it is still open.

    Attributes:
        missing: what the case waits for, in a sentence.
    """

    missing: Reason


class InvestigatorReminded(Message):
    """Event: the case is open, and this is who has it."""

    investigator: Investigator
    missing: Reason


class CloseCase(Message):
    """Command: take the case off its investigator's desk."""

    reason: Reason | None = None


class CaseClosed(Message):
    """Event: the case is on nobody's desk.

    Attributes:
        investigator: who had it; None if nobody had.
    """

    investigator: Investigator | None = None
    reason: Reason | None = None
