"""Every warning that needs all rules at once, or everybody's documents. Refuses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.rulefile.conditions import doubt_conditions
from orchestrator.rulefile.twins import warn_of_twins
from orchestrator.rulefile.unsent import warn_of_unheard, warn_of_unsent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.rules import Draft


def warn_together(named: Sequence[tuple[str, Draft]], catalog: MessageCatalog) -> None:
    """Note in the rules' parts what is doubtful about them as a whole.

    Args:
        named: every rule under its name, in the order of all files. None of them has an error: what
            was refused is missing, and what is missing would be held against the others.
        catalog: the message types, and who sends and receives them.
    """
    drafts = [draft for _, draft in named]
    warn_of_twins(named)
    warn_of_unsent(drafts, catalog)
    warn_of_unheard(drafts, catalog)
    doubt_conditions(drafts)
