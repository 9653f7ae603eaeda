"""A message of our own that shows how far the input queue was taken. Knows no broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from orchestrator.core.event import Message

if TYPE_CHECKING:
    from orchestrator.core.event import Delivery

MARKER: Final = "orchestrator.marker"


def marker(queue: str, member: str, number: int) -> Message:
    """Return the `number`-th marker of a member, straight to `queue`.

    It has the form of an event, which a daemon that knows no markers ignores.
    """
    name = f"{member}/{number}"
    said = {"specversion": "1.0", "id": name, "source": "orchestrator", "type": MARKER}
    return Message(
        "",
        queue,
        orjson.dumps(said),
        id=name,
        type=MARKER,
        source="orchestrator",
        content_type="application/cloudevents+json",
    )


def is_marker(delivery: Delivery) -> bool:
    """Tell whether a delivery is one; services cannot send one through the exchange of events."""
    return delivery.type == MARKER and delivery.exchange == ""


def starter(delivery: Delivery) -> tuple[str, int] | None:
    """Return whose marker it is and which of theirs; None where nobody of us can have sent it."""
    member, _, number = (delivery.message_id or "").rpartition("/")
    return (member, int(number)) if member and number.isdecimal() else None
