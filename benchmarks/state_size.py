"""``python -m benchmarks.state_size``: what an open join takes in Redis, by kind of key."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

import orjson
import uvloop
from redis.asyncio import Redis

from benchmarks.open_joins import forget, open_joins
from benchmarks.orders import ORDER, order_placed
from benchmarks.report import print_figures, say
from benchmarks.subjects import subject
from benchmarks.workloads import two_event_joins

if TYPE_CHECKING:
    from benchmarks.subjects import Subject

SAMPLE = 2_000
KINDS = {"i": "instances", "open": "open_index", "timers": "timers", "seen": "markers"}
"""What stands behind the shard in a key's name, and what it is."""


async def state_size(joins: int) -> dict[str, object]:
    """Open joins in a namespace of its own, and return bytes for each."""
    async with subject("orchestrator", two_event_joins(), log=False) as (found, _):
        redis = Redis.from_url(found.settings.redis_url.get_secret_value())
        try:
            before = await _used(redis)
            await open_joins(found, map(order_placed, range(joins)), joins)
            grown = (await _used(redis) - before) / joins
            kinds = await _by_kind(redis, found, joins)
            return {
                "open_joins": joins,
                "payload_bytes": len(orjson.dumps(ORDER)),
                "bytes_per_open_join": grown,
                "bytes_beyond_payload": grown - len(orjson.dumps(ORDER)),
                "bytes_by_kind": {**kinds, "rest": grown - sum(kinds.values())},
            }
        finally:
            await forget(redis, found)
            await redis.aclose()


async def _used(redis: Redis) -> int:
    await asyncio.sleep(1)  # buffers of connections that were closed are given back
    memory = await redis.info("memory")
    return int(memory["used_memory"]) - int(memory["mem_clients_normal"])


async def _by_kind(redis: Redis, found: Subject, joins: int) -> dict[str, float]:
    """Return the bytes per join of each kind of key, that of instances from a sample."""
    say("asking for the size of each key")
    sizes: dict[str, list[int]] = {kind: [] for kind in KINDS.values()}
    async for key in redis.scan_iter(f"{found.settings.namespace}:*", count=1000):
        part = key.partition(b"}:")[2].partition(b":")[0].decode()
        kind = KINDS.get(part)
        if kind is None or (kind == "instances" and len(sizes[kind]) == SAMPLE):
            continue
        sizes[kind].append(await redis.memory_usage(key, samples=0) or 0)
    instances = sizes.pop("instances")
    each = {"instances": sum(instances) / len(instances)}
    return each | {kind: sum(found) / joins for kind, found in sizes.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.state_size")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--joins", type=int, default=100_000, help="how many are open")
    options = parser.parse_args()
    print_figures(uvloop.run(state_size(options.joins)), as_json=options.json)


if __name__ == "__main__":
    main()
