"""Micro-benchmarks without services: match and decide, expressions, rule files.

In seconds of CPU: on a machine with other work they say more than seconds on the clock.
"""

from __future__ import annotations

import gc
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.load import DATA, event
from benchmarks.workloads import ROOT, thousand_rules_over_thousand_types, two_commands
from orchestrator.catalog import read_catalog, read_schema_files
from orchestrator.cli.main import COLLECTOR
from orchestrator.core.decision import Instance, Signal
from orchestrator.core.envelope import decode
from orchestrator.core.event import Delivery
from orchestrator.core.expression import compile_expression
from orchestrator.core.ids import reaction_id
from orchestrator.core.scope import Scope
from orchestrator.engine.batch import Batch
from orchestrator.engine.deciding import decide, match, read
from orchestrator.rulefile import read_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.catalog import Catalog
    from orchestrator.core.definitions import Rulebook

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
EVENTS = 256  # one full batch, as the engine decides it
REPEATS = 20
GUARD = 'data.category == "category-{}" && data.amount > 0'


def micro_benchmarks(say: Callable[[str], None]) -> dict[str, float]:
    """Return the best of several repeats of each, by name with its unit."""
    say("micro-benchmarks")
    gc.set_threshold(*COLLECTOR)  # as every process of ours
    catalog, problems = read_catalog(read_schema_files(ROOT / "schemas"))
    if catalog is None:
        raise RuntimeError(str(problems))
    one = _rulebook(catalog, "- {when: ComplaintFiled, then: [SendAcknowledgment]}\n")
    both = _rulebook(catalog, two_commands().rules)
    hundred = _rulebook(catalog, _hundred_rules())
    many = thousand_rules_over_thousand_types()
    with tempfile.TemporaryDirectory() as folder:
        many.write(Path(folder))
        documents = read_schema_files(Path(folder, "schemas"))
        generated, problems = read_catalog(documents)
        if generated is None:
            raise RuntimeError(str(problems))
        thousand = _rulebook(generated, many.rules)
        schemas_seconds = _best(lambda: read_catalog(documents))
    seconds = _best(lambda: read_rules([("thousand.yaml", _thousand_rules())], catalog))
    return {
        "match_and_decide_1_rule_us": 1e6 * _deciding(one) / EVENTS,
        "match_and_decide_100_rules_us": 1e6 * _deciding(hundred) / EVENTS,
        "match_and_decide_1_rule_of_2_commands_us": 1e6 * _deciding(both) / EVENTS,
        "match_and_decide_it_among_1000_over_1000_types_us": 1e6 * _deciding(thousand) / EVENTS,
        "count_with_5000_kept_events_us": 1e6 * _counting(catalog, 5_000),
        "expression_ns": _expression_ns(),
        "load_1000_rules_ms": 1e3 * seconds,
        "load_1000_message_types_ms": 1e3 * schemas_seconds,
    }


def _expression_ns() -> float:
    """Return what the guard of the documentation costs where it holds."""
    holds = compile_expression('data.category == "overtime-pay" && data.amount > 0').holds
    scope = {"data": DATA}
    return 1e9 * _best(lambda: [holds(scope) for _ in range(EVENTS)]) / EVENTS


def _hundred_rules() -> str:
    """Return 100 rules on one type, of which one holds."""
    guards = [GUARD.format(number) for number in range(99)]
    guards.append('data.category == "overtime-pay" && data.amount > 0')
    return "".join(
        f"- name: rule-{number}\n  when: ComplaintFiled\n  if: {guard}\n"
        "  then: [SendAcknowledgment]\n"
        for number, guard in enumerate(guards)
    )


def _thousand_rules() -> bytes:
    return "".join(
        f"- name: rule-{number}\n  when: ComplaintFiled\n  if: {GUARD.format(number)}\n"
        "  then:\n    - SendAcknowledgment:\n        to: ${data.complainant.email}\n"
        '        text: "We received complaint ${event.subject}."\n'
        for number in range(1000)
    ).encode()


def _rulebook(catalog: Catalog, text: str) -> Rulebook:
    rulebook, problems = read_rules([("rules.yaml", text)], catalog)
    if rulebook is None:
        raise RuntimeError("\n".join(str(problem) for problem in problems))
    return rulebook


def _deciding(rulebook: Rulebook) -> float:
    key = two_commands().channel
    deliveries = [Delivery(event(number).body, routing_key=key) for number in range(EVENTS)]
    best = float("inf")
    for _ in range(REPEATS):
        batch = Batch(deliveries, NOW, "orchestrator")
        read(batch, rulebook, 1024 * 1024)
        started = time.process_time()
        cases = match(batch, rulebook, "orchestrator")
        decide(batch, cases, [None] * len(cases))
        best = min(best, time.process_time() - started)
        if len(cases) != EVENTS:
            raise RuntimeError(f"{len(cases)} of {EVENTS} events matched")
    return best


def _counting(catalog: Catalog, kept: int) -> float:
    """Return what one more event costs a count that holds so many."""
    text = (
        f"- {{name: c, when: {{count: ComplaintFiled, at_least: {2 * kept}}}, within: 30d,"
        " then: [SendAcknowledgment]}\n"
    )
    rule = _rulebook(catalog, text).definitions[0]
    signals = [_signal(number) for number in range(kept + 1)]
    instance: Instance | None = None
    for signal in signals[:kept]:
        state = rule.decide(instance, signal).state
        instance = Instance(signal.reaction, state or b"")
    return _best(lambda: rule.decide(instance, signals[kept]))


def _signal(number: int) -> Signal:
    happened = decode(Delivery(event(number).body), NOW)
    reaction = reaction_id(happened.identity, "c")
    return Signal(happened, reaction, NOW, "orchestrator", Scope(happened, NOW))


def _best(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(REPEATS):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best


if __name__ == "__main__":
    for name, value in micro_benchmarks(lambda _: None).items():
        print(f"{name:<50}{value:>10.1f}")
