"""``python -m benchmarks.timers``: very many timers due in one second, while events flow."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import uvloop

from benchmarks.load import POLL_SECONDS, broker_of, until
from benchmarks.open_joins import open_joins
from benchmarks.orders import order_placed, payment_received
from benchmarks.report import print_figures, say
from benchmarks.subjects import running, subject
from benchmarks.workloads import two_event_joins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.subjects import Process
    from orchestrator.adapters.rabbit.administration import Administration
    from orchestrator.adapters.rabbit.broker import RabbitBroker
    from orchestrator.core.event import Message

WITHIN = timedelta(hours=1)
FIRST_PAID = 50_000_000
"""Orders from this number on are paid: the events that flow meanwhile."""

LEAD_SECONDS = 10.0
OPENING_SECONDS_EACH = 0.0002
"""Time before the joins are due to start the daemon, and to open one, on a quiet machine."""


@dataclass
class Orders:
    """Orders that are placed and paid while timers fire, and when they were shipped."""

    broker: RabbitBroker
    queue: str
    paid: dict[str, float] = field(default_factory=dict)
    shipped: dict[str, float] = field(default_factory=dict)

    async def flow(self, per_second: float) -> None:
        """Place and pay so many orders a second, until cancelled."""
        start = time.perf_counter()
        async with asyncio.TaskGroup() as publishing:
            for index in range(10**9):
                await asyncio.sleep(max(0.0, start + index / per_second - time.perf_counter()))
                publishing.create_task(self._order(FIRST_PAID + index))

    async def _order(self, number: int) -> None:
        events = [order_placed(number), payment_received(number)]
        self.paid[str(events[0].correlation_id)] = time.perf_counter()
        await self.broker.publish(events)

    async def listen(self) -> None:
        """Note what is shipped, until cancelled."""
        async with self.broker.subscribe(self.queue, 1000) as subscription:
            while True:
                deliveries = await subscription.receive(1000)
                moment = time.perf_counter()
                for delivery in deliveries:
                    self.shipped[str(delivery.correlation_id)] = moment
                await subscription.acknowledge(deliveries[-1])

    def milliseconds(self) -> list[float]:
        """Return how long each order took from payment to shipping."""
        return [1000 * (self.shipped[order] - paid) for order, paid in self.paid.items()]


def unpaid(orders: int, due: datetime) -> Iterator[Message]:
    """Yield orders nobody pays, whose time is over within one second."""
    for number in range(orders):
        yield order_placed(number, due - WITHIN + timedelta(milliseconds=number % 1000))


async def timers(number: int, per_second: float) -> dict[str, object]:
    """Open joins that end in one second, run the daemon and wait until all have ended."""
    workload = two_event_joins("1h")
    async with subject("orchestrator", workload, log=False) as (found, administration):
        lead = timedelta(seconds=LEAD_SECONDS + number * OPENING_SECONDS_EACH)
        due = (datetime.now(UTC) + lead).replace(microsecond=0)
        await open_joins(found, unpaid(number, due), number)
        # On a machine with other work they may be due by now: the time counts from the start, then.
        begin = max(due.timestamp(), time.time())
        async with broker_of(found) as broker:
            orders = Orders(broker, found.outputs[0])
            with running(found) as process:
                watch = Watch(found.outputs[1], administration, process, number, begin)
                return await _fired(orders, watch, per_second)


async def _fired(orders: Orders, watch: Watch, per_second: float) -> dict[str, object]:
    async with asyncio.TaskGroup() as tasks:
        flowing = tasks.create_task(orders.flow(per_second / 2))
        listening = tasks.create_task(orders.listen())
        first, last = await watch.fired()
        flowing.cancel()
        await asyncio.wait([flowing])
        await until(watch.process, lambda: len(orders.shipped) == len(orders.paid))
        listening.cancel()
    percentiles = statistics.quantiles(orders.milliseconds(), n=100)
    return {
        "timers_due_in_one_second": watch.number,
        "seconds_until_the_first_was_seen": first,
        "seconds_until_all_had_fired": last,
        "cpu_seconds": watch.process.cpu_seconds(),
        "events_per_second_meanwhile": per_second,
        "orders_shipped_meanwhile": len(orders.shipped),
        "order_to_shipping_ms": {"p50": percentiles[49], "p99": percentiles[98]},
    }


@dataclass(frozen=True)
class Watch:
    """Looks at the commands of timers that fired.

    Attributes:
        queue: where they arrive.
        number: how many there will be.
        begin: when the timers are due, in seconds since 1970.
    """

    queue: str
    administration: Administration
    process: Process
    number: int
    begin: float

    async def fired(self) -> tuple[float, float]:
        """Return how many seconds passed until the first command was there, and until all were."""
        first = 0.0
        while True:
            self.process.check()
            status = await self.administration.status(self.queue)
            count = status.messages if status else 0
            passed = time.time() - self.begin
            if count and not first:
                first = passed
            if count >= self.number:
                return first, passed
            say(f"timers that fired: {count:,} of {self.number:,}")
            await asyncio.sleep(POLL_SECONDS)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timers")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--timers", type=int, default=100_000, help="how many are due")
    parser.add_argument("--per-second", type=float, default=200, help="events that flow meanwhile")
    options = parser.parse_args()
    figures = uvloop.run(timers(options.timers, options.per_second))
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
