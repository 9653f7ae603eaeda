"""Joins the conditions of a rule and of the events in its list into one. Evaluates nothing."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import orjson

from orchestrator.core.expression import compile_expression
from orchestrator.core.problem import Problem
from orchestrator.errors import ExpressionError
from orchestrator.rulefile.formulas import read_condition
from orchestrator.rulefile.names import Names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.expression import Expression
    from orchestrator.core.problem import Position
    from orchestrator.rulefile.parts import Part
    from orchestrator.rulefile.triggers import When

_END = "\n)"
"""On a line of its own, because an expression may end in a comment."""


def read_guard(condition: Part | None, when: When) -> Expression | None:
    """Return what must hold of an event: the ``if`` beside its type, and that of the rule.

    Args:
        condition: the ``if`` of the rule.
        when: the events it waits for, of which any will do.
    """
    guard = read_condition(condition, Names())
    own = [read for read in when.elements if read.condition]
    if not own or (condition and not guard) or not all(read.element.guard for read in own):
        return guard  # alone, or something was refused where it stands
    clauses = [_of_type(event_type, when) for event_type in when.types]
    clauses += [["(", condition, _END]] if condition else []
    return _compiled([clause for clause in clauses if clause], when.part)


def _of_type(event_type: str, when: When) -> list[str | Part]:
    """Return ``(event.type != "A" || (one) || (other))`` in pieces; none if any event will do."""
    if event_type in when.unconditional:
        return []
    pieces: list[str | Part] = [f"(event.type != {orjson.dumps(event_type).decode()}"]
    for read in when.elements:
        if read.element.event_type == event_type and read.condition:
            pieces += [" || (", read.condition, _END]
    return [*pieces, ")"]


def _compiled(clauses: Sequence[list[str | Part]], part: Part) -> Expression | None:
    pieces = [piece for clause in clauses for piece in (" && ", *clause)][1:]
    texts = [piece if isinstance(piece, str) else str(piece.value) for piece in pieces]
    starts = list(accumulate(map(len, texts), initial=0))

    def locate(offset: int) -> Position:
        for piece, (start, end) in zip(pieces, pairwise(starts), strict=True):
            if start <= offset < end and not isinstance(piece, str):
                return piece.document.locate(piece.path, offset - start)
        return part.position

    try:
        return compile_expression("".join(texts), locate)
    except ExpressionError as error:
        part.problems.append(Problem(part.position, f"the conditions together: {error.message}"))
        return None
