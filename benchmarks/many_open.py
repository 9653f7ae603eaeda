"""``python -m benchmarks.many_open``: whether joins get slower with a million of others open."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from typing import TYPE_CHECKING

import uvloop
from redis.asyncio import Redis

from benchmarks.joins import join_throughput
from benchmarks.load import discard_commands
from benchmarks.open_joins import forget, open_joins
from benchmarks.orders import order_placed
from benchmarks.report import print_figures, say, spread
from benchmarks.subjects import subject
from benchmarks.workloads import two_event_joins
from orchestrator.core.status import Status

if TYPE_CHECKING:
    from benchmarks.subjects import Subject

FIRST_MEASURED = 50_000_000
"""Orders from this number on are those whose joins are measured; those below stay open."""


async def many_open(few: int, many: int, orders: int, rounds: int) -> dict[str, object]:
    """Measure with few joins open and with many, one after the other on one server."""
    rates: dict[str, list[float]] = {}
    async with subject("orchestrator", two_event_joins(), log=False) as (found, administration):
        redis = Redis.from_url(found.settings.redis_url.get_secret_value())
        next_order = FIRST_MEASURED

        async def measure(name: str) -> None:
            nonlocal next_order
            await _rewritten(redis)
            for _ in range(rounds):
                result = await join_throughput(found, administration, next_order, orders)
                rates.setdefault(name, []).append(result.per_second)
                next_order += orders
                await discard_commands(found)

        try:
            await open_joins(found, map(order_placed, range(few)), few)
            await measure("few")
            began = time.perf_counter()
            await open_joins(found, map(order_placed, range(few, many)), many - few)
            seconds = time.perf_counter() - began
            opened = await _open(redis, found)
            await measure("many")
        finally:
            say("removing what was opened")
            await forget(redis, found)
            await redis.aclose()
    return {
        "open_joins": opened,
        "seconds_to_open_them": seconds,
        "joins_per_second_with_few_open": statistics.median(rates["few"]),
        "joins_per_second_with_many_open": statistics.median(rates["many"]),
        "ratio": statistics.median(rates["many"]) / statistics.median(rates["few"]),
        "spread_with_few_open": spread(rates["few"]),
        "spread_with_many_open": spread(rates["many"]),
    }


async def _open(redis: Redis, found: Subject) -> int:
    """Return how many instances Redis lists as open."""
    total = 0
    for shard in range(found.settings.shards):
        prefix = f"{found.settings.namespace}:{{{shard}}}"
        total += await redis.zcard(f"{prefix}:open:order-shipping:{Status.WAITING}")
    return total


async def _rewritten(redis: Redis) -> None:
    """Let Redis rewrite its append-only file now, as it does whenever that has doubled.

    Otherwise it may fall into one measurement and not into the other: with a million open it takes
    a core for about five seconds.
    """
    if not await _rewriting(redis):
        await redis.bgrewriteaof()
    while await _rewriting(redis):
        say("waiting for Redis to rewrite its append-only file")
        await asyncio.sleep(1)


async def _rewriting(redis: Redis) -> bool:
    state = await redis.info("persistence")
    return bool(state["aof_rewrite_in_progress"] or state["aof_rewrite_scheduled"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_open")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--few", type=int, default=1_000, help="joins open at first")
    parser.add_argument("--many", type=int, default=1_000_000, help="joins open at last")
    parser.add_argument("--orders", type=int, default=12_000, help="joins per run")
    parser.add_argument("--rounds", type=int, default=3, help="runs with few and with many")
    options = parser.parse_args()
    figures = uvloop.run(many_open(options.few, options.many, options.orders, options.rounds))
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
