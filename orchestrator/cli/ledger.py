"""How commands reach the ledger of what led to nothing. Shows none of it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from orchestrator.adapters.redis.ledger import RedisLedger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.settings import Settings


@asynccontextmanager
async def ledger(settings: Settings) -> AsyncIterator[RedisLedger]:
    """Connect to the ledger that the settings name."""
    connected = RedisLedger(
        settings.redis_url.get_secret_value(),
        namespace=settings.namespace,
        size=settings.unmatched_max_length,
    )
    try:
        yield connected
    finally:
        await connected.close()
