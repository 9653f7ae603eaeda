"""``python -m benchmarks.joins``: how many two-event joins a second, by hand and with rules."""

from __future__ import annotations

import argparse
import statistics
from typing import TYPE_CHECKING

import uvloop

from benchmarks.load import broker_of, fill
from benchmarks.orders import APART, interleaved
from benchmarks.report import SUBJECTS, print_figures, say, spread
from benchmarks.subjects import running, subject
from benchmarks.throughput import WARM_UP_SHARE, Stopwatch
from benchmarks.workloads import two_event_joins

if TYPE_CHECKING:
    from benchmarks.subjects import Subject
    from benchmarks.throughput import Throughput
    from orchestrator.adapters.rabbit.administration import Administration


async def join_throughput(
    found: Subject, administration: Administration, first: int, orders: int
) -> Throughput:
    """Fill the queue with both events of so many orders, start the subject and time its middle.

    What is timed is the time in which orders and payments alternate: for each command two events.
    """
    say(f"{found.name}: publishing {2 * orders:,} events")
    async with broker_of(found) as broker:
        await fill(broker, interleaved(first, orders))
    with running(found) as process:
        watch = Stopwatch(found, administration, process, say)
        alternating = orders - APART
        result = await watch.between(int(WARM_UP_SHARE * alternating), alternating, 1)
        await watch.reach(orders)
        return result


async def compare_joins(rounds: int, orders: int) -> dict[str, object]:
    """Run both subjects in turn, several rounds; return medians and the spread of the ratio."""
    found: dict[str, list[Throughput]] = {name: [] for name in SUBJECTS}
    for round_number in range(rounds):
        say(f"joins, round {round_number + 1} of {rounds}")
        for name in SUBJECTS:
            async with subject(name, two_event_joins(), log=False) as (one, administration):
                found[name].append(await join_throughput(one, administration, 0, orders))
    ratios = [
        ours.per_second / theirs.per_second
        for ours, theirs in zip(found["orchestrator"], found["handwritten"], strict=True)
    ]
    return {
        **{
            f"{name}_joins_per_second": statistics.median(one.per_second for one in results)
            for name, results in found.items()
        },
        "joins_ratio": statistics.median(ratios),
        "joins_ratio_spread": spread(ratios),
        "cpu_us_per_join": {
            name: statistics.median(one.cpu_us for one in results)
            for name, results in found.items()
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.joins")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--orders", type=int, default=15_000, help="joins per run")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; medians are reported")
    options = parser.parse_args()
    results = uvloop.run(compare_joins(options.rounds, options.orders))
    print_figures(results, as_json=options.json)


if __name__ == "__main__":
    main()
