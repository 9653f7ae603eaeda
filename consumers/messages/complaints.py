"""Messages about complaints that a sample service reads, as in schemas/complaints.yaml."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from consumers.messages.message import Dollars, Message, Name, Person

Category = Literal[
    "overtime-pay", "minimum-wage", "discrimination", "safety", "retaliation", "other"
]
ABOUT_MONEY: Final = frozenset({"overtime-pay", "minimum-wage"})


class ComplaintFiled(Message):
    """Event: a worker filed a complaint about an employer.

    Attributes:
        employer: whom it is about.
        amount: what is claimed, in US dollars; never None where the complaint is about money.
        region: where it happened; empty when the complainant does not know.
    """

    complainant: Person
    category: Category
    employer: Name
    amount: Dollars | None = None
    region: Annotated[str, Field(max_length=100)]
    description: Annotated[str, Field(max_length=20_000)] | None = None
    filed_at: Annotated[AwareDatetime, Field(strict=False)] | None = None

    @model_validator(mode="after")
    def _says_how_much(self) -> Self:
        if self.category in ABOUT_MONEY and self.amount is None:
            raise ValueError(f"a complaint about {self.category} needs an amount")
        return self
