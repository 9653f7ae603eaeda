"""``python -m benchmarks [--json]``: the comparison and the micro-benchmarks, in one run."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import uvloop

from benchmarks.latency import latency, reload_pause_ms
from benchmarks.micro import micro_benchmarks
from benchmarks.subjects import thousand_rules_over_thousand_types
from benchmarks.throughput import throughput

if TYPE_CHECKING:
    from benchmarks.latency import Latency
    from benchmarks.throughput import Throughput

SUBJECTS = ("handwritten", "orchestrator")


def say(text: str) -> None:
    """Show progress on standard error."""
    end = "\r" if sys.stderr.isatty() else "\n"
    sys.stderr.write(f"\x1b[K{text}{end}" if end == "\r" else f"{text}\n")
    sys.stderr.flush()


async def compare(options: argparse.Namespace) -> dict[str, Any]:
    """Run both subjects in turn, several rounds, and return the medians."""
    rates: dict[tuple[str, bool], list[Throughput]] = {}
    many: list[float] = []
    pauses: list[float] = []
    tails: dict[str, list[Latency]] = {name: [] for name in SUBJECTS}
    for round_number in range(options.rounds):
        say(f"round {round_number + 1} of {options.rounds}")
        for log in (False, True):
            for name in SUBJECTS:
                found = await throughput(name, options.events, log=log, say=say)
                rates.setdefault((name, log), []).append(found)
        for name in SUBJECTS:
            tails[name].append(
                await latency(name, per_second=200, seconds=options.seconds, log=True, say=say)
            )
        definitions = thousand_rules_over_thousand_types()
        one = rates["orchestrator", False][-1]
        thousand = await throughput(
            "orchestrator", options.events, log=False, say=say, definitions=definitions
        )
        many.append(thousand.events_per_second / one.events_per_second)
        pauses.append(await reload_pause_ms(per_second=200, say=say))
    return {
        **_summary(rates, tails),
        "ratio_of_1000_rules_over_1000_types_to_1_rule": statistics.median(many),
        "reload_of_1000_rules_longest_pause_ms": statistics.median(pauses),
    }


def _summary(
    rates: dict[tuple[str, bool], list[Throughput]], tails: dict[str, list[Latency]]
) -> dict[str, Any]:
    def middle(name: str, field: str, *, log: bool = False) -> float:
        return statistics.median(getattr(found, field) for found in rates[name, log])

    def ratio(*, log: bool) -> float:
        pairs = zip(rates["orchestrator", log], rates["handwritten", log], strict=True)
        return statistics.median(
            ours.events_per_second / theirs.events_per_second for ours, theirs in pairs
        )

    return {
        "handwritten_events_per_second": middle("handwritten", "events_per_second"),
        "orchestrator_events_per_second": middle("orchestrator", "events_per_second"),
        "ratio": ratio(log=False),
        "handwritten_events_per_second_with_log": middle(
            "handwritten", "events_per_second", log=True
        ),
        "orchestrator_events_per_second_with_log": middle(
            "orchestrator", "events_per_second", log=True
        ),
        "ratio_with_log": ratio(log=True),
        "cpu_us_per_event": {name: middle(name, "cpu_us_per_event") for name in SUBJECTS},
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
    if options.json:
        print(json.dumps(_rounded(results), indent=2))
    else:
        _print_table(results)


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return round(value, 3) if isinstance(value, float) else value


def _print_table(results: dict[str, Any], prefix: str = "") -> None:
    for name, value in results.items():
        if isinstance(value, dict):
            _print_table(value, f"{prefix}{name}.")
        else:
            print(f"{prefix}{name:<60}"[:60], f"{value:>14,.2f}")


if __name__ == "__main__":
    main()
