"""``python -m benchmarks.lateness``: how late timers are while events flow, by replicas."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import uvloop

from benchmarks.load import broker_of, until
from benchmarks.orders import order_placed, payment_received
from benchmarks.report import print_figures, say
from benchmarks.subjects import running, subject
from benchmarks.workloads import two_event_joins

if TYPE_CHECKING:
    from orchestrator.adapters.rabbit.broker import RabbitBroker

WITHIN_SECONDS = 3.0
EVERY = 10
"""Of so many orders one is never paid: its time runs out."""

WARM_UP_SECONDS = 5.0


@dataclass
class Orders:
    """Orders that are placed, most of them paid, and when the unpaid ones were cancelled."""

    broker: RabbitBroker
    placed: dict[str, float] = field(default_factory=dict)
    cancelled: dict[str, float] = field(default_factory=dict)

    async def flow(self, per_second: float, seconds: float) -> None:
        """Place so many orders a second; what is placed at first is not counted."""
        start = time.perf_counter()
        number = 0
        while (passed := time.perf_counter() - start) < seconds:
            await asyncio.sleep(max(0.0, number / per_second - passed))
            await self._order(number, counted=passed > WARM_UP_SECONDS)
            number += 1

    async def _order(self, number: int, *, counted: bool) -> None:
        now = datetime.now(UTC)
        placed = order_placed(number, now)
        if number % EVERY:
            await self.broker.publish([placed, payment_received(number, now)])
            return
        if counted:
            self.placed[str(placed.correlation_id)] = now.timestamp()
        await self.broker.publish([placed])

    async def listen(self, queue: str) -> None:
        """Note when orders are cancelled, until cancelled itself."""
        async with self.broker.subscribe(queue, 1000) as subscription:
            while True:
                deliveries = await subscription.receive(1000)
                moment = time.time()
                for delivery in deliveries:
                    self.cancelled.setdefault(str(delivery.correlation_id), moment)
                await subscription.acknowledge(deliveries[-1])

    def all_cancelled(self) -> bool:
        """Tell whether the time of every order that counts has run out."""
        return self.placed.keys() <= self.cancelled.keys()

    def late_ms(self) -> list[float]:
        """Return how long after their time orders were cancelled, the least first."""
        return sorted(
            1000 * (self.cancelled[order] - placed - WITHIN_SECONDS)
            for order, placed in self.placed.items()
        )


async def lateness(replicas: int, per_second: float, seconds: float) -> dict[str, object]:
    """Measure with so many daemons."""
    workload = two_event_joins(f"{WITHIN_SECONDS:g}s")
    async with subject("orchestrator", workload, log=False) as (found, _):
        say(f"replicas: {replicas}")
        with ExitStack() as stack:
            processes = [stack.enter_context(running(found)) for _ in range(replicas)]
            async with broker_of(found) as broker:
                orders = Orders(broker)
                listening = asyncio.create_task(orders.listen(found.outputs[1]))
                await orders.flow(per_second / 2, seconds)
                await until(processes[0], orders.all_cancelled)
                listening.cancel()
                await asyncio.wait([listening])
    late = orders.late_ms()
    percentiles = statistics.quantiles(late, n=100)
    return {
        "timers": len(late),
        "least_ms": late[0],
        "p50_ms": percentiles[49],
        "p99_ms": percentiles[98],
        "most_ms": late[-1],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lateness")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--per-second", type=float, default=200, help="events that flow meanwhile")
    parser.add_argument("--seconds", type=float, default=25, help="how long they flow")
    options = parser.parse_args()
    figures = {
        f"late_with_{replicas}_replicas": uvloop.run(
            lateness(replicas, options.per_second, options.seconds)
        )
        for replicas in (1, 2, 3)
    }
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
