"""Redis for the sample services: where it is, and how its failures are taken. Knows no service."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from redis import asyncio as aioredis
from redis.exceptions import RedisError

from orchestrator.service import DependencyDown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

_SECONDS = 5.0


class StoreSettings(BaseSettings):
    """Where the services keep their data; by default beside the orchestrator's own."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    url: SecretStr = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"),
        validation_alias=AliasChoices("CONSUMERS_REDIS_URL", "ORCHESTRATOR_REDIS_URL"),
    )
    namespace: str = Field(
        default="orchestrator",
        validation_alias=AliasChoices("CONSUMERS_NAMESPACE", "ORCHESTRATOR_NAMESPACE"),
    )


class Store:
    """One service's data. Its keys are ``<namespace>:{<service>}:<name>``, so they share a slot."""

    def __init__(self, redis: aioredis.Redis, prefix: str) -> None:
        self._redis: Any = redis
        self._prefix = prefix

    async def run(self, script: str, keys: Sequence[str], *arguments: str) -> Any:  # noqa: ANN401 - whatever the script returns
        """Run a Lua script, which must be safe to run twice: the client repeats what timed out.

        Raises:
            DependencyDown: Redis cannot be used now.
        """
        names = [self._prefix + key for key in keys]
        try:
            return await self._redis.eval(script, len(names), *names, *arguments)
        except (RedisError, OSError) as error:
            raise DependencyDown(f"Redis cannot be used: {error}") from error


@asynccontextmanager
async def open_store(service: str) -> AsyncIterator[Store]:
    """Open the data of `service`."""
    settings = StoreSettings()
    redis = aioredis.Redis.from_url(
        settings.url.get_secret_value(),
        decode_responses=True,
        socket_timeout=_SECONDS,
        socket_connect_timeout=_SECONDS,
    )
    try:
        yield Store(redis, f"{settings.namespace}:{{{service}}}:")
    finally:
        await redis.aclose()
