"""What a consumer service consists of. Declares only; `Runtime` runs it."""

from __future__ import annotations

import re
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from orchestrator.errors import Misconfigured
from orchestrator.service.context import R
from orchestrator.service.handler import Handler, HandlerFunction, Policy, handler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orchestrator.service.handler import Delay

F = TypeVar("F", bound=HandlerFunction)

PREFETCH_PER_SLOT = 10
"""How many deliveries may wait behind each running handler, so that a slow one holds up few."""

_NAME = re.compile(r"^[A-Za-z0-9_.:-]{1,100}$")


class Service(Generic[R]):
    """A consumer service: its queue, the channels it listens to and its handlers.

    Attributes:
        name: its queue's name, and the source of the events it publishes.
        channels: routing keys its queue is bound to.
        concurrency: how many handlers run at once.
        capabilities: what workflows may ask any one of its instances for.
    """

    def __init__(  # noqa: PLR0913 - a declaration: all but the name are named, most have defaults
        self,
        name: str,
        *,
        channels: Sequence[str],
        resources: Callable[[], AbstractAsyncContextManager[R]] | None = None,
        concurrency: int = 10,
        policy: Policy | None = None,
        capabilities: Sequence[str] = (),
    ) -> None:
        """Declare a service.

        Args:
            name: its queue's name; letters, digits and ``_ . : -``.
            channels: routing keys, such as ``notify.v1``.
            resources: opens what the handlers share; entered once, before the first message.
                ``Unavailable`` from it is waited for.
            concurrency: how many handlers run at once.
            policy: how often and how long handlers may try, unless they say so themselves.
            capabilities: what each running process announces, for workflows that `route` by it.

        Raises:
            Misconfigured: the name cannot be a queue's, there is no channel, or no handler could
                ever run.
        """
        if not _NAME.match(name):
            raise Misconfigured(f"service {name!r}: use letters, digits and _ . : - in its name")
        if isinstance(channels, str) or not channels:
            raise Misconfigured(f'service {name}: channels is a list, such as ["notify.v1"]')
        if isinstance(capabilities, str) or not all(capabilities):
            raise Misconfigured(f'service {name}: capabilities is a list, such as ["pump"]')
        if concurrency < 1:
            raise Misconfigured(f"service {name}: concurrency is at least 1")
        self.name = name
        self.channels = tuple(channels)
        self.concurrency = concurrency
        self.capabilities = tuple(capabilities)
        self._resources = resources
        self._policy = policy or Policy()
        self._handlers: dict[str, Handler] = {}

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The handlers by message type."""
        return self._handlers

    @property
    def prefetch(self) -> int:
        """How many unacknowledged deliveries it holds at most."""
        return self.concurrency * PREFETCH_PER_SLOT

    def on(
        self,
        message_type: str,
        *,
        retries: Sequence[Delay] | None = None,
        timeout_seconds: float | None = None,
    ) -> Callable[[F], F]:
        """Register the decorated ``async (message, context)`` function for `message_type`.

        What it returns, one model or a list of them, is published; a model's class name is its
        message type.

        Args:
            message_type: such as ``SendAcknowledgment``.
            retries: delays before further attempts; by default the service's.
            timeout_seconds: of one attempt; by default the service's.

        Raises:
            Misconfigured: the function's signature or a delay does not fit, or the type has a
                handler.
        """
        changes: dict[str, Any] = {}
        if retries is not None:
            changes["retries"] = tuple(retries)
        if timeout_seconds is not None:
            changes["timeout_seconds"] = timeout_seconds

        def register(function: F) -> F:
            if message_type in self._handlers:
                raise Misconfigured(f"service {self.name}: {message_type} has two handlers")
            policy = replace(self._policy, **changes)
            self._handlers[message_type] = handler(message_type, function, policy)
            return function

        return register

    def prefixed(self, prefix: str) -> Service[R]:
        """Return the same service under the name ``<prefix><name>``, for another installation."""
        twin = Service(
            prefix + self.name,
            channels=self.channels,
            resources=self._resources,
            concurrency=self.concurrency,
            policy=self._policy,
            capabilities=self.capabilities,
        )
        twin._handlers = self._handlers
        return twin

    def open(self) -> AbstractAsyncContextManager[R]:
        """Open what the handlers share."""
        if self._resources is not None:
            return self._resources()
        # Without a factory R is its default, None, which the type system cannot conclude.
        return cast("AbstractAsyncContextManager[R]", nullcontext())
