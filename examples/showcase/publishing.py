"""Publishes the cast's messages in every way there is. Waits for nothing to happen."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orchestrator.cli.connection import broker
from orchestrator.cli.context import load_catalog
from orchestrator.cli.publish import Payload, compose
from orchestrator.core.event import Message
from showcase.cast import APPLICATIONS, COMPLAINTS, NOT_JSON, RESENT, RESOLVED, WITHOUT_AMOUNT
from showcase.children import run_to_end

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog
    from orchestrator.settings import Settings
    from showcase.cast import Case

PACE_SECONDS = 0.2  # slow enough to be watched


async def publish_everything(settings: Settings) -> None:
    """Publish complaints and applications, good and bad.

    Raises:
        OrchestratorError: the broker did not take one.
        Ended: the script failed.
    """
    catalog = load_catalog(settings.schemas)
    async with broker(settings) as connected:
        for case in _lively_order():
            message = _composed(catalog, case.type, case.data(), case.key)
            await connected.publish([message])
            if case is RESENT:
                await connected.publish([message])
            await asyncio.sleep(PACE_SECONDS)
        for case in RESOLVED:
            found = {"outcome": "upheld", "finding": "It is as the complaint says."}
            await connected.publish([_composed(catalog, "ComplaintResolved", found, case.key)])
            await asyncio.sleep(PACE_SECONDS)
        channel = catalog.types[WITHOUT_AMOUNT.type].channel
        await connected.publish(
            [Message(None, channel, body) for body in (_plain(WITHOUT_AMOUNT), NOT_JSON)]
        )
    await run_to_end("examples/publish_with_pika.py")


def _lively_order() -> list[Case]:
    order: list[Case] = [*COMPLAINTS]
    for place, case in enumerate(APPLICATIONS):
        order.insert(4 * place + 2, case)
    return order


def _composed(catalog: Catalog, name: str, data: object, key: str) -> Message:
    """Return what ``orchestrator publish`` would send."""
    payload = Payload(json.dumps(data).encode(), key)
    [message] = compose(catalog.types[name], [payload], key, datetime.now(UTC))
    return message


def _plain(case: Case) -> bytes:
    return json.dumps({"type": case.type, "id": case.key, "data": case.data()}).encode()
