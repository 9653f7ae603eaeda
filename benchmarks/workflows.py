"""``python -m benchmarks.workflows``: cases of three steps a second, by hand and by the daemon."""

from __future__ import annotations

import argparse
import statistics
from typing import TYPE_CHECKING

import uvloop

from benchmarks.report import SUBJECTS, print_figures, say, spread
from benchmarks.workflows_flow import items, transitions
from benchmarks.workflows_load import closed_loop
from benchmarks.workflows_work import three_steps

if TYPE_CHECKING:
    from benchmarks.workflows_load import Rate

FEW = 1_000
MANY = 10_000


async def compare(rounds: int, cases: int) -> dict[str, object]:
    """Run both subjects in turn with 1,000 cases open; return medians, and the ratio's spread."""
    found: dict[str, list[Rate]] = {name: [] for name in SUBJECTS}
    for number in range(rounds):
        say(f"by hand and with a workflow: round {number + 1} of {rounds}")
        for name in SUBJECTS if number % 2 == 0 else reversed(SUBJECTS):
            found[name].append(await closed_loop(name, three_steps(), FEW, cases))
    by_hand, ours = (found[name] for name in SUBJECTS)
    ratios = [one.per_second / other.per_second for one, other in zip(ours, by_hand, strict=True)]
    return {
        "cases_per_second": {
            name: statistics.median(rate.per_second for rate in rates)
            for name, rates in found.items()
        },
        "ratio": statistics.median(ratios),
        "ratio_spread": spread(ratios),
        "cpu_us_per_case": {
            name: statistics.median(rate.cpu_us for rate in rates) for name, rates in found.items()
        },
        "cpu_us_of_the_echo_per_case": {
            name: statistics.median(rate.echo_cpu_us for rate in rates)
            for name, rates in found.items()
        },
    }


async def few_and_many(rounds: int) -> dict[str, object]:
    """Run the daemon with 1,000 cases open and with 10,000, right after each other."""
    ratios: list[float] = []
    cpu: list[float] = []
    for number in range(rounds):
        say(f"{FEW:,} and {MANY:,} open: round {number + 1} of {rounds}")
        found = {}
        for concurrent in (FEW, MANY) if number % 2 == 0 else (MANY, FEW):
            found[concurrent] = await closed_loop("orchestrator", three_steps(), concurrent, MANY)
        ratios.append(found[MANY].per_second / found[FEW].per_second)
        cpu.append(found[MANY].cpu_us / found[FEW].cpu_us)
    return {
        "ratio": statistics.median(ratios),
        "ratio_spread": spread(ratios),
        "cpu_ratio": statistics.median(cpu),
    }


async def measure(options: argparse.Namespace) -> dict[str, object]:
    """Take the measurements that are asked for."""
    figures: dict[str, object] = {}
    for part in options.only or PARTS:
        match part:
            case "compare":
                figures["three_steps"] = await compare(options.rounds, options.cases)
            case "open":
                figures["10000_open_to_1000_open"] = await few_and_many(options.rounds)
            case "steps":
                figures["answer_to_next_command_ms"] = {
                    name: await transitions(name, options.per_second, options.seconds)
                    for name in SUBJECTS
                }
            case "items":
                figures["for_each"] = await items(options.items)
    return figures


PARTS = ("compare", "open", "steps", "items")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workflows")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="parts; default all")
    parser.add_argument("--rounds", type=int, default=1, help="rounds; medians are reported")
    parser.add_argument("--cases", type=int, default=6_000, help="cases per run and subject")
    parser.add_argument("--seconds", type=float, default=20.0, help="of a steady rate")
    parser.add_argument("--per-second", type=int, default=100, help="cases begun at that rate")
    parser.add_argument("--items", type=int, default=10_000, help="of one for-each")
    options = parser.parse_args()
    print_figures(uvloop.run(measure(options)), as_json=options.json)


if __name__ == "__main__":
    main()
