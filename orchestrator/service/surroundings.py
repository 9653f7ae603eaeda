"""What a running service needs from outside, as one value. Names no implementation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.ports import Broker, Clock
    from orchestrator.service.directory import Directory
    from orchestrator.service.inbox import Inbox
    from orchestrator.service.instance import Instance
    from orchestrator.service.report import Observer

Sleep = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Limits:
    """How a service may behave, from the settings.

    Attributes:
        retry_prefix: retry exchanges are called ``<retry_prefix>.<delay>``.
        max_body_bytes: larger messages are refused.
        drain_seconds: how long running handlers may go on after a stop.
    """

    retry_prefix: str = "retry"
    max_body_bytes: int = 1024 * 1024
    drain_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The ports of a service.

    Attributes:
        broker: where its queue is.
        inbox: what it remembers.
        directory: the documented message types.
        clock: the time.
        observer: hears what it does.
        limits: how it may behave.
        sleep: waits for a number of seconds.
        instance: how this process is reached alone; None if nothing is asked of it alone.
    """

    broker: Broker
    inbox: Inbox
    directory: Directory
    clock: Clock
    observer: Observer
    limits: Limits = Limits()
    sleep: Sleep = asyncio.sleep
    instance: Instance | None = None
