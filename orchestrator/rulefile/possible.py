"""What one value of an event's data can be, and what is left of it. Knows no schema, no syntax."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from orchestrator.core.expression.values import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orchestrator.core.expression.values import Kind

Order = Literal["<", "<=", ">", ">="]

Word: TypeAlias = "tuple[Kind, object]"
"""A scalar with its kind: to Python 1 and true are the same, here they are not."""

EXACT: Final = 2**53
"""Numbers up to here are compared exactly, whoever compares them."""

_SCALARS: Final[frozenset[Kind]] = frozenset({"null", "bool", "number", "string"})
_JSON: Final[frozenset[Kind]] = _SCALARS | {"list", "map"}
_BOTH: Final[frozenset[Word]] = frozenset({("bool", True), ("bool", False)})
_ORDERS: Final[dict[Order, Callable[[Any, Any], bool]]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
_INVERSE: Final[dict[Order, Order]] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def word(value: object) -> Word | None:
    """Return a scalar with its kind; None for what cannot be told apart reliably."""
    kind = kind_of(value)
    if kind not in _SCALARS or (isinstance(value, int | float) and abs(value) > EXACT):
        return None
    return kind, value


@dataclass(frozen=True, slots=True)
class Possible:
    """A superset of what a value can be; nothing that it can be is ever left out.

    Attributes:
        absent: it may not be there at all.
        kinds: what it may be if it is there.
        words: the only scalars it can be; None for any. There are no lists and maps beside them.
        but: scalars it cannot be.
        low: what a number is at least.
        high: what a number is at most.
        above: whether a number must differ from `low`.
        below: whether a number must differ from `high`.
        whole: whether a number has no fraction.
        shortest: how many characters a text has at least.
        longest: how many it has at most.
    """

    absent: bool = True
    kinds: frozenset[Kind] = _JSON
    words: frozenset[Word] | None = None
    but: frozenset[Word] = frozenset()
    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    below: bool = False
    whole: bool = False
    shortest: int = 0
    longest: float = math.inf

    @property
    def nothing(self) -> bool:
        """Whether there is nothing it can be."""
        return not self.absent and not self.kinds

    @property
    def present(self) -> Possible:
        """What it can be if it is there."""
        return replace(self, absent=False) if self.absent else self

    def only(self, words: Iterable[Word]) -> Possible:
        """Return what is left if it is one of `words`."""
        left = frozenset(one for one in words if self._allows(one))
        kinds = frozenset(kind for kind, _ in left)
        return replace(self, absent=False, words=left, kinds=kinds)

    def without(self, words: Iterable[Word]) -> Possible:
        """Return what is left if it is there and none of `words`."""
        return _settled(replace(self, absent=False, but=self.but | frozenset(words)))

    def ordered(self, order: Order, other: Word) -> Possible:
        """Return what is left if it stands in that order to `other`, a number or a text."""
        kind, bound = other
        if self.words is not None:
            return self.only(one for one in self.words if stands(one, order, other))
        kinds = self.kinds & {kind}
        if kind != "number" or not isinstance(bound, int | float):
            return replace(self, absent=False, kinds=kinds)
        if order in {">", ">="}:
            low, above = max((self.low, self.above), (bound, order == ">"))
            left = replace(self, absent=False, kinds=kinds, low=low, above=above)
        else:
            high, within = min((self.high, not self.below), (bound, order == "<="))
            left = replace(self, absent=False, kinds=kinds, high=high, below=not within)
        return _settled(left)

    def disordered(self, order: Order, other: Word) -> Possible:
        """Return what is left if it can be compared with `other`, but is not in that order."""
        return self.ordered(_INVERSE[order], other)

    def and_(self, other: Possible) -> Possible:
        """Return what is left if both are true of it."""
        words = other.words if self.words is None else self.words
        if self.words is not None and other.words is not None:
            words = self.words & other.words
        low, above = max((self.low, self.above), (other.low, other.above))
        high, within = min((self.high, not self.below), (other.high, not other.below))
        return _settled(
            Possible(
                absent=self.absent and other.absent,
                kinds=self.kinds & other.kinds,
                words=words,
                but=self.but | other.but,
                low=low,
                high=high,
                above=above,
                below=not within,
                whole=self.whole or other.whole,
                shortest=max(self.shortest, other.shortest),
                longest=min(self.longest, other.longest),
            )
        )

    def or_(self, other: Possible) -> Possible:
        """Return a superset of both."""
        if not self.kinds or not other.kinds:
            larger = self if self.kinds else other
            return replace(larger, absent=self.absent or other.absent)
        listed = self.words is not None and other.words is not None
        return Possible(
            absent=self.absent or other.absent,
            kinds=self.kinds | other.kinds,
            words=(self.words or frozenset()) | (other.words or frozenset()) if listed else None,
            but=self.but & other.but,
        )

    def _allows(self, one: Word) -> bool:
        kind, value = one
        listed = self.words is None or one in self.words
        if kind not in self.kinds or not listed or one in self.but:
            return False
        if isinstance(value, str):
            return self.shortest <= len(value) <= self.longest
        if kind == "number" and isinstance(value, int | float):
            return self._holds(value)
        return True

    def _holds(self, number: float) -> bool:
        inside = self.low <= number <= self.high
        on_edge = (self.above and number == self.low) or (self.below and number == self.high)
        return inside and not on_edge and not (self.whole and number != math.floor(number))

    def _has_numbers(self) -> bool:
        if self.low > self.high or (self.low == self.high and (self.above or self.below)):
            return False
        if not self.whole or math.isinf(self.low) or math.isinf(self.high):
            return True
        first = math.floor(self.low) + 1 if self.above else math.ceil(self.low)
        return first < self.high or (first == self.high and not self.below)


ANYTHING: Final = Possible()
MISSING: Final = Possible(absent=True, kinds=frozenset())


def exactly(one: Word) -> Possible:
    """Return the possibilities of a value that is known."""
    return replace(ANYTHING, absent=False).only([one])


def stands(one: Word, order: Order, other: Word) -> bool:
    """Tell whether a scalar stands in that order to another, a number or a text."""
    (kind, value), (wanted, bound) = one, other
    return kind == wanted and _ORDERS[order](value, bound)


def _settled(possible: Possible) -> Possible:
    """Leave out the kinds of which nothing is possible any more."""
    if possible.words is not None:
        left = possible.only(possible.words)
        return replace(left, absent=True) if possible.absent else left
    gone: set[Kind] = set()
    if "number" in possible.kinds and not possible._has_numbers():  # noqa: SLF001 - of its own
        gone.add("number")
    if possible.shortest > possible.longest:
        gone.add("string")
    if possible.but:
        if ("null", None) in possible.but:
            gone.add("null")
        if possible.but >= _BOTH:
            gone.add("bool")
    return replace(possible, kinds=possible.kinds - gone) if gone else possible
