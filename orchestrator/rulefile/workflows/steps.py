"""Reads the steps of a workflow, groups and their members alike. Knows no other workflow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.core.definitions import Action
from orchestrator.core.shapes import ANYTHING
from orchestrator.core.workflow.definition import MAX_ITEMS, Command, ForEach, Group, Step
from orchestrator.rulefile.actions import ReadAction
from orchestrator.rulefile.choices import read_choice, read_count
from orchestrator.rulefile.durations import read_duration
from orchestrator.rulefile.formulas import read_condition, read_repetition
from orchestrator.rulefile.workflows.commands import read_compensation, read_retry
from orchestrator.rulefile.workflows.dependencies import resolve
from orchestrator.rulefile.workflows.forms import MODES, ON_FAILURE, STEP_FORM
from orchestrator.rulefile.workflows.transactions import read_transaction
from orchestrator.rulefile.workflows.works import KINDS, read_work

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestrator.core.expression import Expression
    from orchestrator.core.workflow.definition import OnFailure, Work
    from orchestrator.rulefile.formulas import Repetition
    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.names import Readable
    from orchestrator.rulefile.parts import Part

DEFAULT_PARALLEL = 10
_MAX_PARALLEL = 1000
_MOST_ITEMS = 100_000
_SINGLE = ("approve", "await", "group", "transaction", "wait")
"""Kinds of step that cannot be taken once per item."""

_REFUSED = Group(())
"""Stands for what had to be refused: other steps may name the one that should do it."""


@dataclass(frozen=True, slots=True)
class ReadStep:
    """One step as it was read, and where it stands.

    Attributes:
        step: compiled.
        part: where it stands.
        entries: what it says; nothing for those inside a transaction.
        members: of a group or a transaction.
    """

    step: Step
    part: Part
    entries: Mapping[str, Part]
    members: tuple[ReadStep, ...] = ()

    def walk(self) -> Iterator[ReadStep]:
        """Yield the step and all steps in it."""
        yield self
        for member in self.members:
            yield from member.walk()

    @property
    def sends(self) -> Iterator[ReadAction]:
        """Yield what the step sends, in the form in which rules send, for whoever draws both."""
        commands = [self.step.work, self.step.compensation and self.step.compensation.command]
        for command in commands:
            if isinstance(command, Command):
                action = Action(
                    message=command.message,
                    data=command.data,
                    guard=self.step.guard,
                    for_each=self.step.for_each.items if self.step.for_each else None,
                    item_name=self.step.for_each.name if self.step.for_each else "item",
                    position=self.step.position,
                )
                yield ReadAction(action, {}, self.part, in_failure=command is not self.step.work)


def read_steps(
    steps: Part, mode: str, catalog: MessageCatalog, readable: Readable
) -> tuple[ReadStep, ...]:
    """Return steps with their dependencies resolved; one that had to be refused does nothing.

    Args:
        steps: the mapping of names to steps.
        mode: how they follow each other: sequential, parallel or dag.
        catalog: the known message types.
        readable: what their expressions may read.
    """
    if not isinstance(steps.value, dict) or not steps.value:
        steps.refuse(
            f"`steps` is {'empty' if steps.value == {} else steps.kind}: write each step under its "
            "name: {license: {send: ...}}"
        )
        return ()
    read = [_read_step(name, part, catalog, readable) for name, part in steps.all_entries().items()]
    written = {each.step.name: each.entries.get("depends_on") for each in read}
    after = resolve(steps, {name: part for name, part in written.items() if part}, mode)
    return tuple(
        replace(each, step=replace(each.step, depends_on=after[each.step.name])) for each in read
    )


def _read_step(name: str, part: Part, catalog: MessageCatalog, readable: Readable) -> ReadStep:
    entries = {"send": part} if isinstance(part.value, str) else part.entries(STEP_FORM)
    kind = _kind(part, entries)
    if kind is None:
        return ReadStep(Step(name, _REFUSED, part.position), part, entries)
    _refuse_misplaced(kind, entries)
    source = _Source(name, part, entries, _read_repetition(kind, entries, readable))
    guard = _read_guard(entries.get("if"), readable)
    members: tuple[ReadStep, ...] = ()
    work: Work | None
    if kind == "group":
        members = _read_members(part, entries, catalog, readable)
        work = Group(tuple(member.step for member in members))
    elif kind == "transaction":
        work = read_transaction(name, entries["transaction"], catalog, readable)
        members = tuple(_as_read(step, part) for step in work.steps)
    else:
        work = read_work(kind, entries, catalog, source.repetition.readable) or _REFUSED
    step = replace(_step(source, work, catalog), guard=guard)
    return ReadStep(step, part, entries, members)


@dataclass(frozen=True, slots=True)
class _Source:
    """What a step is made of, as it is written."""

    name: str
    part: Part
    entries: Mapping[str, Part]
    repetition: Repetition


def _step(source: _Source, work: Work, catalog: MessageCatalog) -> Step:
    entries = source.entries
    unanswered = "send" in entries and "await" not in entries
    for key in ("timeout", "retry"):
        if key in entries and unanswered:
            entries[key].refuse_key(f"`{key}` needs an `await`: nobody waits for an answer here")
    undo, readable = entries.get("compensate"), source.repetition.readable
    output = (readable.steps or {}).get(source.name, ANYTHING)
    if "for_each" in entries:
        output = ANYTHING  # of an item, not the list of all
    return Step(
        name=source.name,
        work=work,
        position=source.part.position,
        for_each=_for_each(entries, source.repetition),
        timeout=read_duration(entries["timeout"]) if "timeout" in entries else None,
        retry=read_retry(entries["retry"]) if "retry" in entries else None,
        compensation=read_compensation(undo, catalog, readable, output) if undo else None,
        on_failure=_read_on_failure(entries.get("on_failure")),
    )


def _kind(part: Part, entries: Mapping[str, Part]) -> str | None:
    """Return which kind of step it is; ``await`` beside ``send`` is the answer to it."""
    kinds = [kind for kind in KINDS if kind in entries]
    if len(kinds) > 1 and "await" in kinds and kinds[0] == "send":
        kinds.remove("await")
    if not kinds and not isinstance(part.value, dict):
        part.refuse(f"a step is a mapping such as {{send: IssuePermit}}, not {part.kind}")
    elif not kinds:
        part.refuse(f"this step does nothing: write one of {', '.join(KINDS)}")
    if len(kinds) > 1:
        entries[kinds[1]].refuse_key(
            f"a step does one thing, and this one has `{kinds[0]}` already: make two steps"
        )
    return kinds[0] if kinds else None


_BELONGS = {
    "with": ("send", "run"),
    "fail_on": ("send", "await"),
    "route": ("send",),
    "retry": ("send", "run"),
    "compensate": ("send", "run", "await", "approve", "wait", "group", "transaction"),
    "steps": ("group",),
    "timeout": ("send", "run", "await", "transaction"),
}
_OF_A_PERSON = {
    "timeout": "a person has a `deadline`, as in approve: {role: supervisor, deadline: 2d}",
    "with": "what a person is shown stands in approve: {role: supervisor, with: {...}}",
}


def _refuse_misplaced(kind: str, entries: Mapping[str, Part]) -> None:
    for key, kinds in _BELONGS.items():
        if key in entries and kind not in kinds:
            advice = " or ".join(f"`{each}`" for each in kinds)
            instead = _OF_A_PERSON.get(key, "remove it") if kind == "approve" else "remove it"
            entries[key].refuse_key(
                f"`{key}` has no place beside `{kind}`, only beside {advice}: {instead}"
            )


def _read_members(
    part: Part, entries: Mapping[str, Part], catalog: MessageCatalog, readable: Readable
) -> tuple[ReadStep, ...]:
    mode = read_choice(entries["group"], MODES, "sequential")
    if "steps" not in entries:
        part.refuse("this group has no `steps`: write them under the `group: parallel`")
        return ()
    return read_steps(entries["steps"], mode, catalog, readable)


def _as_read(step: Step, part: Part) -> ReadStep:
    members = step.work.steps if isinstance(step.work, Group) else ()
    return ReadStep(step, part, {}, tuple(_as_read(member, part) for member in members))


def _read_guard(part: Part | None, readable: Readable) -> Expression | None:
    """Return the condition of a step; a parameter of a template may have made it true or false."""
    if part is not None and isinstance(part.value, bool):
        part = replace(part, value="true" if part.value else "false")
    return read_condition(part, readable)


def _read_repetition(kind: str, entries: Mapping[str, Part], readable: Readable) -> Repetition:
    if "for_each" in entries and kind in _SINGLE:
        entries["for_each"].refuse_key(
            f"`for_each` has no place beside `{kind}`: put the steps into a workflow of their own "
            "and `run` it for each"
        )
    for key in ("max_parallel", "max_items"):
        if key in entries and "for_each" not in entries:
            entries[key].refuse_key(f"`{key}` needs a `for_each`: remove it")
    return read_repetition(entries, readable)


def _for_each(entries: Mapping[str, Part], repetition: Repetition) -> ForEach | None:
    if repetition.items is None:
        return None
    return ForEach(
        repetition.items,
        repetition.item_name,
        max_parallel=read_count(entries.get("max_parallel"), _MAX_PARALLEL, DEFAULT_PARALLEL),
        max_items=read_count(entries.get("max_items"), _MOST_ITEMS, MAX_ITEMS),
    )


def _read_on_failure(part: Part | None) -> OnFailure | None:
    return read_choice(part, ON_FAILURE, "compensate") if part else None
