"""Messages of the legislation service, as in schemas/legislation.yaml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from consumers.messages.message import Day, Label, Message, Name, Person, Slug


class Statute(Message):
    """A section of the law as it reads from now on."""

    section: Label
    text: Annotated[str, Field(min_length=1, max_length=20_000)]


class StatuteVersion(Message):
    """A section that was entered.

    Attributes:
        version: of this section, from 1.
    """

    section: Label
    version: Annotated[int, Field(ge=1)]


class UpdateStatutes(Message):
    """Command: enter the sections that a bill changes."""

    bill: Slug
    effective_on: Day
    statutes: Annotated[list[Statute], Field(min_length=1, max_length=1000)]


class StatutesUpdated(Message):
    """Event: the statute book holds what the bill says."""

    bill: Slug
    sections: Annotated[list[StatuteVersion], Field(min_length=1)]


class AlertAgencies(Message):
    """Command: find out which agencies a bill concerns.

    Attributes:
        subjects: what the bill is about.
    """

    bill: Slug
    title: Name
    subjects: list[Label]
    effective_on: Day


class AgenciesAlerted(Message):
    """Event: these agencies have to know."""

    bill: Slug
    title: Name
    effective_on: Day
    agencies: Annotated[list[Person], Field(min_length=1)]
