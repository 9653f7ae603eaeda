"""What expressions cost: nanoseconds per evaluation, microseconds per compilation.

Run: python benchmarks/expressions.py [--json]
"""

from __future__ import annotations

import json
import sys
import timeit
from typing import TYPE_CHECKING

from orchestrator.core.expression import compile_expression, compile_template

if TYPE_CHECKING:
    from collections.abc import Callable

SCOPE = {
    "data": {
        "category": "safety",
        "amount": 12_500,
        "region": "north",
        "complainant": {"name": "Ada", "email": "ada@example.org"},
        "items": [{"price": price} for price in range(10)],
        "reference": "C-991",
    },
    "event": {"subject": "C-991"},
}
EXPRESSIONS = {
    "guard_first_fails": 'data.category == "overtime-pay" && data.amount > 0',
    "guard_holds": 'data.category == "safety" && data.amount > 0',
    "membership": 'data.region in ["north", "south"]',
    "has_and_get": "has(data.complainant.email) && get(data.urgent, false) == false",
    "loop_of_10": "data.items.all(item, item.price >= 0)",
    "pattern": 'matches(data.reference, "^[A-Z]-[0-9]+$")',
}
TEMPLATE = {
    "to": "${data.complainant.email}",
    "text": "We received complaint ${event.subject}.",
    "priority": "${data.amount > 10000 ? 'high' : 'normal'}",
}
RULES = 100


def best_seconds(step: Callable[[], object]) -> float:
    """Return the seconds of one call, the best of several runs."""
    timer = timeit.Timer(step)
    number, _ = timer.autorange()
    return min(timer.repeat(5, number)) / number


def evaluation(function: Callable[[dict[str, object]], object]) -> int:
    """Return the nanoseconds of one evaluation, without those of the loop around it."""
    scope: dict[str, object] = dict(SCOPE)
    timer = timeit.Timer("function(scope)", globals={"function": function, "scope": scope})
    number, _ = timer.autorange()
    return round(min(timer.repeat(5, number)) / number * 1e9)


def measure() -> dict[str, float]:
    """Return every figure by its name and unit."""
    figures: dict[str, float] = {
        f"{name}_ns": evaluation(compile_expression(source).holds)
        for name, source in EXPRESSIONS.items()
    }
    figures["template_of_3_ns"] = evaluation(compile_template(TEMPLATE).function)
    guards = [
        compile_expression(f'data.category == "kind-{number}" && data.amount > 0').holds
        for number in range(RULES)
    ]
    scope: dict[str, object] = dict(SCOPE)
    figures["100_guards_us"] = round(
        best_seconds(lambda: [guard for guard in guards if guard(scope)]) * 1e6, 1
    )
    source = EXPRESSIONS["guard_holds"]
    figures["compile_guard_us"] = round(best_seconds(lambda: compile_expression(source)) * 1e6)
    figures["compile_template_us"] = round(best_seconds(lambda: compile_template(TEMPLATE)) * 1e6)
    return figures


def main() -> None:
    """Print the figures, one a line or as one JSON object."""
    figures = measure()
    if "--json" in sys.argv[1:]:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:24} {value:>10}")


if __name__ == "__main__":
    main()
