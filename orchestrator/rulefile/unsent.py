"""Finds rules that wait for a command that no rule sends. Evaluates no condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.document import quoted
from orchestrator.rulefile.memories import Memory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.rules import Draft


def warn_of_unsent(drafts: Sequence[Draft], catalog: MessageCatalog) -> None:
    """Warn where a rule that remembers waits for a command that no rule sends.

    Events come from anywhere, but a command is sent by rules; a person may still send one.
    """
    enabled = [draft for draft in drafts if draft.enabled]
    sent = {read.action.message.name for draft in enabled for read in draft.content.actions}
    for draft in enabled:
        if isinstance(draft.content, Memory):
            for read in draft.content.when.elements:
                name = read.element.event_type
                documented = catalog.types.get(name)
                if documented and documented.kind == "command" and name not in sent:
                    read.part.refuse(
                        f"{quoted(name)} is a command that no rule here sends: it may never come",
                        "warning",
                    )
