"""How large an expression may be and how much work one evaluation may do."""

from __future__ import annotations

from typing import Final

from orchestrator.core.expression.failure import EvaluationError

MAX_SOURCE: Final = 4_096
"""Characters of one expression."""

MAX_DEPTH: Final = 64
"""How deep operators, calls and brackets may be nested."""

MAX_NODES: Final = 1_000
"""Names, constants, operators and calls of one expression."""

MAX_PATTERN: Final = 1_000
"""Characters of a regular expression."""

MAX_STEPS: Final = 1_000_000
"""Steps of one evaluation. Some tens of nanoseconds each, so the whole ends within a moment."""

MIN_INTEGER: Final = -(2**63)
MAX_INTEGER: Final = 2**63 - 1

MAX_REACTION_STEPS: Final = 10_000_000
"""Steps of all evaluations of one reaction: about a second. ``for_each`` multiplies what one
evaluation may do, and nobody can answer the broker's heartbeats while it does."""

STEPS_PER_COPY: Final = 10
"""An item that is compared in depth or copied into a payload costs as much as ten visits."""

_CHARACTERS_PER_STEP_BITS: Final = 6


class Budget:
    """The steps one evaluation has left: loops, searches and growth all draw on it.

    An item visited or built is a step, and so are 64 characters. A macro charges, per item, as many
    steps as its body has parts.
    """

    limit = left = MAX_STEPS

    def spend(self, steps: int) -> None:
        """Take ``steps`` away; none where that is too much, as then none is done.

        Raises:
            EvaluationError: so many are not left.
        """
        if steps > self.left:
            raise EvaluationError(
                f"needs more than {self.limit:,} steps: loop over fewer items or build less text"
            )
        self.left -= steps

    def spend_text(self, length: int) -> None:
        """Take away the price of reading or building ``length`` characters."""
        self.spend(1 + (length >> _CHARACTERS_PER_STEP_BITS))


class ReactionBudget(Budget):
    """The steps that all evaluations of one reaction have left together."""

    limit = left = MAX_REACTION_STEPS


def budget_of(scope: object) -> Budget:
    """Return the budget that evaluations in `scope` share, or one for this evaluation alone."""
    return getattr(scope, "budget", None) or Budget()
