"""Reads a transaction: all participants commit, or those that prepared abort. Sends nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.core.shapes import ANYTHING
from orchestrator.core.workflow.definition import Compensation, Group, Retry, Step
from orchestrator.rulefile.workflows.commands import DEFAULT_RETRY, read_command
from orchestrator.rulefile.workflows.forms import EXCHANGE_FORM, PARTICIPANT_FORM

if TYPE_CHECKING:
    from orchestrator.core.workflow.definition import Command
    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.names import Readable
    from orchestrator.rulefile.parts import Part

_WITHOUT_END = Retry(
    None,
    DEFAULT_RETRY.delay,
    exponential=True,
    max_delay=DEFAULT_RETRY.max_delay,
    jitter=True,
)
_ANSWERED_WITHIN = timedelta(minutes=1)
"""Then a commit or an abort that is awaited is sent again: a service may have lost it."""

_FEWEST = 2
_PHASES = ("prepare", "commit", "abort")


def read_transaction(name: str, part: Part, catalog: MessageCatalog, readable: Readable) -> Group:
    """Return the transaction as groups: prepares side by side, then commits side by side.

    A prepare is undone by its abort; a commit is sent until it is answered.

    Args:
        name: of the step; those inside are called ``NAME_prepare_PARTICIPANT`` and so on.
        part: the mapping of participants.
        catalog: the known message types.
        readable: what expressions may read.
    """
    if not isinstance(part.value, dict) or len(part.value) < _FEWEST:
        part.refuse(
            "`transaction` takes two participants or more, each {prepare: ..., commit: ..., abort: "
            "...}; one alone is a step"
        )
    prepares, commits = [], []
    for participant, entry in part.all_entries().items():
        found = entry.entries(PARTICIPANT_FORM)
        missing = [phase for phase in _PHASES if phase not in found]
        if missing:
            entry.refuse(f"this participant has no `{missing[0]}`: it needs all three")
            continue
        prepared = (readable.steps or {}).get(f"{name}_prepare_{participant}", ANYTHING)
        undoing = replace(readable, roots=readable.roots | {"output"}, output=prepared)
        prepare, commit, abort = (
            _read_exchange(found[phase], phase, catalog, undoing if phase == "abort" else readable)
            for phase in _PHASES
        )
        if prepare and commit and abort:
            prepares.append(
                Step(
                    f"{name}_prepare_{participant}",
                    prepare,
                    entry.position,
                    compensation=_compensation(abort),
                )
            )
            commits.append(
                Step(
                    f"{name}_commit_{participant}",
                    commit,
                    entry.position,
                    timeout=_ANSWERED_WITHIN if commit.awaits else None,
                    retry=_WITHOUT_END if commit.awaits else None,
                    patient=True,
                )
            )
    first = Step(f"{name}_prepare", Group(tuple(prepares)), part.position)
    second = Step(f"{name}_commit", Group(tuple(commits)), part.position, depends_on=(first.name,))
    return Group((first, second), atomic=True)


def _compensation(abort: Command) -> Compensation:
    if not abort.awaits:
        return Compensation(abort, None, None)
    return Compensation(abort, _ANSWERED_WITHIN, _WITHOUT_END)


def _read_exchange(
    part: Part, phase: str, catalog: MessageCatalog, readable: Readable
) -> Command | None:
    entries = part.entries(EXCHANGE_FORM) if isinstance(part.value, dict) else {"send": part}
    if "send" not in entries:
        part.refuse(f"`{phase}` has no `send`: name the command")
        return None
    if phase == "prepare" and "await" not in entries:
        part.refuse("`prepare` needs an `await`: its answer decides")
    return read_command(entries, catalog, readable)
