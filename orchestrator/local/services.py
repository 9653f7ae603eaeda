"""The services somebody was given, and the handles to those that are ours. Starts nothing new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestrator.errors import Misconfigured
from orchestrator.local.sources import RABBITMQ, REDIS

if TYPE_CHECKING:
    from orchestrator.local.instance import Instance

Origin = Literal["environment", "docker", "private"]


@dataclass(frozen=True, slots=True)
class Server:
    """One service that answers, and, if it is ours, the handle to restart or kill it.

    Attributes:
        url: for clients, with the password.
        origin: ``environment`` (somebody else's), ``docker`` or ``private`` (ours).
    """

    url: str
    origin: Origin
    instance: Instance | None = None

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._ours().kill()

    def stop(self) -> None:
        """End it in order."""
        self._ours().stop()

    def start(self) -> None:
        """Start it again on the same port and data, and return when it answers."""
        self._ours().start()

    def restart(self) -> None:
        """Stop it in order, start it again, and return when it answers."""
        self._ours().restart()

    def _ours(self) -> Instance:
        if self.instance is None:
            raise Misconfigured("a service from the environment is not ours to stop or start")
        return self.instance


@dataclass(frozen=True, slots=True)
class Services:
    """RabbitMQ and Redis, both answering."""

    broker: Server
    redis: Server
    management_url: str | None = None

    @property
    def amqp_url(self) -> str:
        """The broker's URL, with the password."""
        return self.broker.url

    @property
    def redis_url(self) -> str:
        """The URL of Redis."""
        return self.redis.url

    @property
    def origin(self) -> Origin:
        """Where the services come from; ``environment`` if at least one of them does."""
        return "environment" if self.redis.origin == "environment" else self.broker.origin

    @property
    def environ(self) -> dict[str, str]:
        """The variables that lead a child process to these services."""
        urls = {RABBITMQ.variable: self.amqp_url, REDIS.variable: self.redis_url}
        if self.management_url:
            urls["ORCHESTRATOR_MANAGEMENT_URL"] = self.management_url
        return urls
