"""The events of two-event joins: orders and their payments, the two far apart in the queue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from orchestrator.core.event import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

APART = 2_000
"""How many orders are placed before the first of them is paid: many batches."""

ORDER = {
    "customer": {"name": "Ada Sample", "email": "ada@example.org"},
    "items": [{"article": "A-100", "quantity": 2}, {"article": "B-7", "quantity": 1}],
    "address": "12 Harbour Road, North Haven",
}
PAYMENT = {"payment": "card", "amount": 120.5}


def order_placed(number: int, time: datetime | None = None) -> Message:
    """Return the first event of an order."""
    return _event("OrderPlaced", number, ORDER, time)


def payment_received(number: int, time: datetime | None = None) -> Message:
    """Return the second."""
    return _event("PaymentReceived", number, PAYMENT, time)


def interleaved(first: int, orders: int) -> Iterator[Message]:
    """Yield both events of so many orders; between the two of one lie those of `APART` others."""
    for number in range(first, first + orders + APART):
        if number < first + orders:
            yield order_placed(number)
        if number >= first + APART:
            yield payment_received(number - APART)


def _event(name: str, number: int, data: object, time: datetime | None) -> Message:
    order = f"O-{number:08d}"
    body = {
        "specversion": "1.0",
        "id": f"{name}-{number:08d}",
        "source": "shop",
        "type": name,
        "subject": order,
        "time": time or datetime.now(UTC),
        "datacontenttype": "application/json",
        "correlationid": order,
        "data": data,
    }
    return Message(
        exchange=None,
        routing_key="orders.v1",
        body=orjson.dumps(body),
        id=f"{name}-{number:08d}",
        type=name,
        correlation_id=order,
        source="shop",
        time=None,
        content_type="application/cloudevents+json",
        headers={},
    )
