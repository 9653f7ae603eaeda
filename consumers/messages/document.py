"""The claim check: what messages carry instead of a large document. Knows no store."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from consumers.messages.message import Message

MOST_BYTES: Final = 64 * 1024 * 1024
"""The largest document that travels by claim check."""


class ClaimCheck(Message):
    """Names a document by its content, so that nobody can be given another one.

    Attributes:
        digest: the SHA-256 of its bytes.
        size: its length in bytes.
        media_type: what it is, such as ``application/pdf``.
    """

    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=1, le=MOST_BYTES)]
    media_type: Annotated[str, Field(pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$", max_length=100)]
