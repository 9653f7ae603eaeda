"""How commands reach the broker: which client, under which name. Connects to nothing by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.adapters.rabbit.log import LogReader
from orchestrator.errors import Misconfigured
from orchestrator.topology import Names

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.errors import Unavailable
    from orchestrator.settings import Settings


def broker(settings: Settings) -> RabbitBroker:
    """Return a broker to publish with; close it after use."""
    return RabbitBroker(
        settings.amqp_url.get_secret_value(), Names.of(settings), client="orchestrator command"
    )


def log_reader(
    settings: Settings, on_loss: Callable[[Unavailable | Misconfigured], None] | None = None
) -> LogReader:
    """Return a reader of the stream that keeps every message.

    Raises:
        Misconfigured: no such stream is kept.
    """
    if not settings.keep_log:
        raise Misconfigured(
            "no message is kept to be read, because ORCHESTRATOR_KEEP_LOG is off: set it to 1 and"
            " run `orchestrator apply`"
        )
    url = settings.amqp_url.get_secret_value()
    return LogReader(url, Names.of(settings).log, on_loss)
