"""``python -m benchmarks [--json]``: the comparisons and the micro-benchmarks, in one run."""

from __future__ import annotations

import argparse
import statistics
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import uvloop

from benchmarks.joins import compare_joins
from benchmarks.latency import latency, reload_pause_ms
from benchmarks.micro import micro_benchmarks
from benchmarks.report import SUBJECTS, print_figures, say, spread
from benchmarks.throughput import throughput
from benchmarks.workloads import thousand_rules_over_thousand_types, two_commands

if TYPE_CHECKING:
    from benchmarks.latency import Latency
    from benchmarks.throughput import Throughput


async def compare(options: argparse.Namespace) -> dict[str, Any]:
    """Run both subjects in turn, several rounds, and return the medians."""
    rates: dict[tuple[str, bool], list[Throughput]] = {}
    many: list[tuple[Throughput, Throughput]] = []
    pauses: list[float] = []
    tails: dict[str, list[Latency]] = {name: [] for name in SUBJECTS}
    for round_number in range(options.rounds):
        say(f"round {round_number + 1} of {options.rounds}")
        for log in (False, True):
            for name in SUBJECTS:
                found = await throughput(name, two_commands(), options.events, log=log, say=say)
                rates.setdefault((name, log), []).append(found)
        for name in SUBJECTS:
            tails[name].append(
                await latency(name, per_second=200, seconds=options.seconds, log=True, say=say)
            )
        many.append(await _one_and_many_rules(options.events, round_number))
        pauses.append(await reload_pause_ms(per_second=200, say=say))
    return {
        **_summary(rates, tails),
        "1000_rules_over_1000_types_to_1_rule": {
            "rate": statistics.median(more.per_second / one.per_second for one, more in many),
            "rate_spread": spread([more.per_second / one.per_second for one, more in many]),
            "cpu": statistics.median(more.cpu_us / one.cpu_us for one, more in many),
        },
        "reload_of_1000_rules_longest_pause_ms": statistics.median(pauses),
        **await compare_joins(options.rounds, options.events),
    }


async def _one_and_many_rules(events: int, round_number: int) -> tuple[Throughput, Throughput]:
    """Measure one rule and 1,000 right after each other, in turn first: the machine drifts."""
    workloads = [two_commands(), thousand_rules_over_thousand_types()]
    order = (0, 1) if round_number % 2 == 0 else (1, 0)
    found = {
        index: await throughput("orchestrator", workloads[index], events, log=False, say=say)
        for index in order
    }
    return found[0], found[1]


def _summary(
    rates: dict[tuple[str, bool], list[Throughput]], tails: dict[str, list[Latency]]
) -> dict[str, Any]:
    def middle(name: str, field: str, *, log: bool = False) -> float:
        return float(statistics.median(getattr(found, field) for found in rates[name, log]))

    def ratio(*, log: bool) -> float:
        pairs = zip(rates["orchestrator", log], rates["handwritten", log], strict=True)
        return float(statistics.median(o.per_second / t.per_second for o, t in pairs))

    return {
        "handwritten_events_per_second": middle("handwritten", "per_second"),
        "orchestrator_events_per_second": middle("orchestrator", "per_second"),
        "ratio": ratio(log=False),
        "handwritten_events_per_second_with_log": middle("handwritten", "per_second", log=True),
        "orchestrator_events_per_second_with_log": middle("orchestrator", "per_second", log=True),
        "ratio_with_log": ratio(log=True),
        "cpu_us_per_event": {name: middle(name, "cpu_us") for name in SUBJECTS},
        "peak_rss_mb": {name: middle(name, "peak_rss_mb", log=True) for name in SUBJECTS},
        "latency_ms": {
            name: {
                percentile: statistics.median(asdict(found)[percentile] for found in tails[name])
                for percentile in ("p50", "p99")
            }
            for name in SUBJECTS
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--events", type=int, default=20_000, help="events per throughput run")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a latency run")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; medians are reported")
    parser.add_argument("--no-micro", action="store_true", help="leave out micro-benchmarks")
    options = parser.parse_args()
    results: dict[str, Any] = uvloop.run(compare(options))
    if not options.no_micro:
        results["micro"] = micro_benchmarks(say)
    print_figures(results, as_json=options.json)


if __name__ == "__main__":
    main()
