"""How commands reach the broker: which client, under which name. Connects to nothing by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.topology import Names

if TYPE_CHECKING:
    from orchestrator.settings import Settings


def broker(settings: Settings) -> RabbitBroker:
    """Return a broker to publish with; close it after use."""
    return RabbitBroker(
        settings.amqp_url.get_secret_value(), Names.of(settings), client="orchestrator command"
    )
