"""Redis as the durable store. The only place that imports redis-py."""

from orchestrator.adapters.redis.store import RedisStore

__all__ = ["RedisStore"]
