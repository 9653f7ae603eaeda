"""The function table: what each name does, with how many arguments. Knows no syntax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestrator.core.expression import conversions, listing, strings

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.expression.values import Kind


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function of the language.

    Attributes:
        signature: how it is called, for messages and the reference.
        apply: takes the budget and the arguments.
        fewest: arguments at least.
        most: arguments at most, None for any number.
        result: the kind of what it returns, None if that depends on the arguments.
    """

    signature: str
    apply: Callable[..., object]
    fewest: int
    most: int | None
    result: Kind | None

    @property
    def name(self) -> str:
        """The name it is called by."""
        return self.signature.partition("(")[0]


_TABLE: Final = (
    Function("size(value)", listing.size, 1, 1, "number"),
    Function("contains(text, part)", strings.contains, 2, 2, "bool"),
    Function("startsWith(text, start)", strings.starts_with, 2, 2, "bool"),
    Function("endsWith(text, end)", strings.ends_with, 2, 2, "bool"),
    Function("matches(text, pattern)", strings.matches, 2, 2, "bool"),
    Function("lower(text)", strings.lower, 1, 1, "string"),
    Function("upper(text)", strings.upper, 1, 1, "string"),
    Function("trim(text)", strings.trim, 1, 1, "string"),
    Function("split(text, separator)", strings.split, 2, 2, "list"),
    Function("join(list[, separator])", strings.join, 1, 2, "string"),
    Function("string(value)", conversions.to_string, 1, 1, "string"),
    Function("int(value)", conversions.to_int, 1, 1, "number"),
    Function("double(value)", conversions.to_double, 1, 1, "number"),
    Function("bool(value)", conversions.to_bool, 1, 1, "bool"),
    Function("timestamp(value)", conversions.to_timestamp, 1, 1, "timestamp"),
    Function("duration(value)", conversions.to_duration, 1, 1, "duration"),
    Function("min(list) or min(a, b, ...)", listing.least, 1, None, None),
    Function("max(list) or max(a, b, ...)", listing.greatest, 1, None, None),
    Function("sum(list)", listing.total, 1, 1, "number"),
    Function("avg(list)", listing.average, 1, 1, "number"),
    Function("range([start,] end)", listing.count_up, 1, 2, "list"),
    Function("distinct(list)", listing.distinct, 1, 1, "list"),
    Function("sort(list)", listing.ascending, 1, 1, "list"),
    Function("keys(map)", listing.keys, 1, 1, "list"),
    Function("values(map)", listing.values, 1, 1, "list"),
)

FUNCTIONS: Final = {function.name: function for function in _TABLE}
"""Every function by its name."""
