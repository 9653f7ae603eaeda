"""Finds what rules wait for and nobody sends, and send and nobody receives. Sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.stateful import AtLeast
from orchestrator.core.workflow.definition import Awaited, Command
from orchestrator.document import quoted
from orchestrator.rulefile.memories import Memory
from orchestrator.rulefile.reactions import Reaction
from orchestrator.rulefile.workflows.workflow import ReadWorkflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.rulefile.elements import ReadElement
    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.rules import Draft
    from orchestrator.rulefile.triggers import When


def warn_of_unsent(drafts: Sequence[Draft], catalog: MessageCatalog) -> None:
    """Warn where a rule or a workflow waits for a message that no service and no rule sends.

    Who sends an event is known only where the documents declare it. A command comes from rules,
    and a rule that waits for one among other events waits for a rule.
    """
    enabled = [draft for draft in drafts if draft.enabled]
    sent = {read.action.message.name for draft in enabled for read in draft.content.actions}
    for draft in enabled:
        match draft.content:
            case Memory(when=when):
                _warn_of_waiting(when, _Senders(catalog, sent, trusting=False))
            case Reaction(when=when):
                _warn_of_unused(when, _Senders(catalog, sent, trusting=True))
            case ReadWorkflow() as workflow:
                _warn_of_unanswered(workflow, _Senders(catalog, sent, trusting=True))


def warn_of_unheard(drafts: Sequence[Draft], catalog: MessageCatalog) -> None:
    """Warn where a rule sends a command that no service receives, as its documents tell."""
    enabled = [draft for draft in drafts if draft.enabled]
    heard = {event_type for draft in enabled for event_type in draft.content.triggers}
    for draft in enabled:
        for read in draft.content.actions:
            name = read.action.message.name
            if name in heard or catalog.receivers.get(name) != ():
                continue
            if catalog.types[name].kind == "command":
                read.part.refuse(
                    f"no service receives {quoted(name)}: add it to the operations of the one "
                    "that does, or send another",
                    "warning",
                )


class _Senders:
    """Who sends what, rules included.

    Args:
        catalog: what the documents declare.
        sent: what rules send.
        trusting: whether a command may come from somebody else, such as a person.
    """

    def __init__(self, catalog: MessageCatalog, sent: set[str], *, trusting: bool) -> None:
        self._catalog = catalog
        self._sent = sent
        self._trusting = trusting

    def missing(self, name: str) -> str | None:
        """Return why a message never comes; None if it may."""
        if name in self._sent:
            return None
        declared = self._catalog.senders.get(name)
        documented = self._catalog.types.get(name)
        if documented and documented.kind == "command":
            if declared or self._trusting:
                return None
            return f"{quoted(name)} is a command that no rule here sends: it may never come"
        if declared == ():
            return (
                f"no service and no rule here sends {quoted(name)}: it may never come; if one "
                "does, add it to its operations"
            )
        return None


def _warn_of_waiting(when: When, senders: _Senders) -> None:
    """Warn of what a rule waits for in vain, unless it can do without."""
    missing = _missing(when, senders)
    if isinstance(when.pattern, AtLeast):
        left = len(when.elements) - len(missing)
        if when.kind == "at_least" and left >= when.pattern.number:
            return
    for read, reason in missing:
        read.part.refuse(reason, "warning")


def _warn_of_unused(when: When, senders: _Senders) -> None:
    """Warn of a rule that nothing ever triggers."""
    missing = _missing(when, senders)
    if missing and len(missing) == len(when.elements):
        for read, reason in missing:
            read.part.refuse(reason, "warning")


def _warn_of_unanswered(workflow: ReadWorkflow, senders: _Senders) -> None:
    """Warn of a workflow that nothing starts, and of steps that wait in vain."""
    if workflow.when is not None:
        _warn_of_unused(workflow.when, senders)
    for each in workflow.every_step:
        work = each.step.work
        if isinstance(work, Command | Awaited) and work.awaits:
            reasons = [senders.missing(event_type) for event_type in work.awaits]
            if all(reasons):
                part = each.entries.get("await", each.part)
                part.refuse("; ".join(filter(None, reasons)), "warning")


def _missing(when: When, senders: _Senders) -> list[tuple[ReadElement, str]]:
    found = [(read, senders.missing(read.element.event_type)) for read in when.elements]
    return [(read, reason) for read, reason in found if reason is not None]
