"""What the messages of all departments share: granted, denied, taken back. Knows no department."""

from __future__ import annotations

from consumers.messages.message import Dollars, Label, Message, Reason


class Granted(Message):
    """Something was granted.

    Attributes:
        number: of the grant, unique in its department.
        fee: in US dollars.
    """

    number: Label
    fee: Dollars


class Denied(Message):
    """Something was not granted.

    Attributes:
        reason: everything that speaks against it, in sentences.
    """

    reason: Reason


class Undoing(Message):
    """Command: take back what this case was granted.

    Attributes:
        number: which grant; None for whatever was asked for.
    """

    number: Label | None = None


class Undone(Message):
    """Something was taken back.

    Attributes:
        number: of the grant; None if nothing had been granted.
        refund: in US dollars.
    """

    number: Label | None = None
    refund: Dollars
