"""Finds or starts RabbitMQ and Redis on this machine. Knows nothing of events, rules or clients."""

from orchestrator.local.resolver import running
from orchestrator.local.services import Services

__all__ = ["Services", "running"]
