"""What all typed messages share. Knows no message."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_serializer

if TYPE_CHECKING:
    from pydantic import SerializerFunctionWrapHandler


class Message(BaseModel):
    """The data of a message: never changed, read strictly, open for fields others may add."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="ignore",
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )

    @model_serializer(mode="wrap")
    def _without_absent_fields(self, serialize: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Leave out what is None: an optional field of a schema may be missing, but not null."""
        return {name: value for name, value in serialize(self).items() if value is not None}


Email = Annotated[
    str,
    Field(
        pattern=r"^[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+$",
        max_length=254,
        json_schema_extra={"format": "email"},
    ),
]
"""A bare address. Nothing in it can end a mail header or add a recipient."""

Name = Annotated[str, Field(min_length=1, max_length=200)]

Label = Annotated[str, Field(min_length=1, max_length=100)]
"""A short word that names a region, a number, a receipt."""

Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=100)]
"""A label that is a file name everywhere, and leads into no other folder."""

Reason = Annotated[str, Field(min_length=1, max_length=2000)]

Reasons = list[Reason]
"""In sentences for the person who asked."""

Count = Annotated[int, Field(ge=0)]

Dollars = Annotated[float, Field(ge=0)]

Day = Annotated[date, Field(strict=False)]
"""JSON has no dates: they come as text, such as ``2026-03-02``."""

Moment = Annotated[AwareDatetime, Field(strict=False)]
"""JSON has no times either: they come as text, and always say their zone."""


class Person(Message):
    """Somebody who can be written to."""

    name: Name
    email: Email
