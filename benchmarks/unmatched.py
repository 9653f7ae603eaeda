"""``python -m benchmarks.unmatched``: what the ledger costs where 90% of events match no guard."""

from __future__ import annotations

import argparse
import statistics
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import uvloop

from benchmarks.load import DATA, broker_of, event, fill
from benchmarks.report import print_figures, say, spread
from benchmarks.subjects import running, subject
from benchmarks.throughput import COMMANDS_PER_EVENT, Stopwatch
from benchmarks.workloads import Workload

if TYPE_CHECKING:
    from orchestrator.core.event import Message

ONE_MATCHES_IN = 10
RULE = """
- when: ComplaintFiled
  if: data.amount > 2000
  then: [SendAcknowledgment, AssignInvestigator]
"""


def complaint(number: int) -> Message:
    """Return a complaint; one in ten is over the limit of the rule."""
    message = event(number)
    if number % ONE_MATCHES_IN:
        return message
    body = orjson.loads(message.body)
    return replace(message, body=orjson.dumps({**body, "data": {**DATA, "amount": 5000}}))


async def drained(events: int, size: int) -> tuple[float, float]:
    """Return events per second and CPU microseconds per event, with a ledger of that size."""
    async with subject("orchestrator", Workload(RULE), log=False) as (found, administration):
        async with broker_of(found) as broker:
            await fill(broker, map(complaint, range(events)))
        environment = {**found.environment, "ORCHESTRATOR_UNMATCHED_MAX_LENGTH": str(size)}
        sized = replace(found, environment=environment)
        commands = COMMANDS_PER_EVENT * events // ONE_MATCHES_IN
        with running(sized) as process:
            watch = Stopwatch(sized, administration, process, lambda _: None)
            figures = await watch.between(commands // 10, commands, COMMANDS_PER_EVENT)
    return figures.per_second * ONE_MATCHES_IN, figures.cpu_us / ONE_MATCHES_IN


async def compare(events: int, pairs: int) -> dict[str, object]:
    """Drain a queue with and without a ledger, in turns."""
    rates: dict[str, list[float]] = {"with": [], "without": []}
    cpu: dict[str, list[float]] = {"with": [], "without": []}
    for number in range(pairs):
        for name, size in (("without", 0), ("with", 10_000)):
            say(f"pair {number + 1} of {pairs}: {name} a ledger")
            rate, microseconds = await drained(events, size)
            rates[name].append(rate)
            cpu[name].append(microseconds)
    ratios = [one / other for one, other in zip(rates["with"], rates["without"], strict=True)]
    return {
        "events_per_second": {name: statistics.median(each) for name, each in rates.items()},
        "cpu_us_per_event": {name: statistics.median(each) for name, each in cpu.items()},
        "ratio": statistics.median(ratios),
        "ratio_spread": spread(ratios),
    }


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    print_figures(uvloop.run(compare(arguments.events, arguments.pairs)), as_json=arguments.json)


if __name__ == "__main__":
    main()
