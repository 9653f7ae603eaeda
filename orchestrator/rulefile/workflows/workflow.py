"""Reads one workflow: its steps compiled, its definition normalised. Knows no other workflow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.core.shapes import ANYTHING
from orchestrator.core.workflow.definition import Plan, Run, Start
from orchestrator.core.workflow.machine import Workflow
from orchestrator.core.workflow.outline import COMMAND_FAILED
from orchestrator.rulefile.actions import read_actions
from orchestrator.rulefile.choices import read_choice
from orchestrator.rulefile.durations import read_duration
from orchestrator.rulefile.formulas import read_template
from orchestrator.rulefile.guards import read_guard
from orchestrator.rulefile.keys import read_keys
from orchestrator.rulefile.names import WORKFLOW_ROOTS, Readable
from orchestrator.rulefile.triggers import read_when
from orchestrator.rulefile.workflows.forms import ANNOUNCE, MODES, ON_DUPLICATE, ON_FAILURE
from orchestrator.rulefile.workflows.outline import outline
from orchestrator.rulefile.workflows.steps import read_steps
from orchestrator.rulefile.workflows.upstream import refuse_unready

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from orchestrator.core.expression import Template
    from orchestrator.rulefile.actions import ReadAction
    from orchestrator.rulefile.content import Heading
    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.parts import Part
    from orchestrator.rulefile.triggers import When
    from orchestrator.rulefile.workflows.steps import ReadStep

_IN_ORDER = frozenset({"steps", "transaction", "variables"})
"""Keys of mappings whose entries are taken in the order they are written."""

BUILT_IN = (
    *("StartWorkflow", "CompensateWorkflow", "InstanceOrder", "ApprovalRequested", "ApprovalGiven"),
    *("instance.started", "instance.completed", "instance.faulted"),
    *("instance.compensated", "instance.cancelled", "instance.suspended", "instance.resumed"),
    *("instance.incident", "step.completed", "step.failed", "step.skipped"),
)
"""The messages that workflows send and await by themselves; every catalog knows them."""


@dataclass(frozen=True, slots=True)
class ReadWorkflow:
    """A workflow as it was read, and where its parts stand.

    Attributes:
        entries: what is written, parameters filled in.
        when: the events that start it; None where others do.
        steps: in the order written.
        then: sent at the end.
        otherwise: sent when it ends in any other way.
        plan: everything but its heading.
    """

    entries: Mapping[str, Part]
    when: When | None
    steps: tuple[ReadStep, ...]
    then: tuple[ReadAction, ...]
    otherwise: tuple[ReadAction, ...]
    plan: Plan

    @property
    def triggers(self) -> tuple[str, ...]:
        """The event types that start it."""
        return self.when.types if self.when else ()

    @property
    def unconditional(self) -> frozenset[str]:
        """The event types of which any one starts it, whatever it holds."""
        return self.when.unconditional if self.when and "if" not in self.entries else frozenset()

    @property
    def actions(self) -> Sequence[ReadAction]:
        """Everything it may send."""
        sent = [action for step in self.every_step for action in step.sends]
        failed = [replace(action, in_failure=True) for action in self.otherwise]
        return [*sent, *self.then, *failed]

    @property
    def every_step(self) -> Iterator[ReadStep]:
        """All steps, members of groups included."""
        for step in self.steps:
            yield from step.walk()

    @property
    def runs(self) -> Iterator[tuple[str, Part]]:
        """The workflows it runs, and where it says so."""
        for read in self.every_step:
            if isinstance(read.step.work, Run):
                yield read.step.work.workflow, read.entries["run"]

    @property
    def definition(self) -> dict[str, object]:
        """Normalised, without name and description: what the revision is made of."""
        left_out = {"name", "description", "enabled"}
        return {
            key: _normalised(part.value, key)
            for key, part in self.entries.items()
            if key not in left_out
        }

    @property
    def needs_name(self) -> str:
        """Why a name that follows from the file would not do."""
        return "a workflow"

    def finished(self, heading: Heading) -> Workflow:
        """Return the workflow under its heading."""
        return Workflow(
            replace(
                self.plan,
                name=heading.name,
                revision=heading.revision,
                description=heading.description,
                position=heading.position,
            )
        )


def read_content(part: Part, entries: Mapping[str, Part], catalog: MessageCatalog) -> ReadWorkflow:
    """Return what a workflow says. What had to be refused is left out.

    Args:
        part: where it stands.
        entries: what it says, its template filled in.
        catalog: the known message types.
    """
    when = _read_when(entries.get("when"), catalog)
    steps_part = entries.get("steps")
    if steps_part is None:
        part.refuse("this workflow has no `steps`: write each under its name")
    readable = Readable(
        roots=WORKFLOW_ROOTS,
        input=when.data if when else ANYTHING,
        steps=outline(steps_part, catalog),
    )
    variables, readable = _read_variables(entries.get("variables"), readable)
    mode = read_choice(entries.get("mode"), MODES, "sequential")
    steps = read_steps(steps_part, mode, catalog, readable) if steps_part else ()
    refuse_unready(steps)
    then, otherwise = (
        tuple(read_actions(entries[key], catalog, readable)) if key in entries else ()
        for key in ("then", "otherwise")
    )
    return ReadWorkflow(
        entries=entries,
        when=when,
        steps=steps,
        then=then,
        otherwise=otherwise,
        plan=Plan(
            name="",
            revision="",
            description="",
            starts=_read_starts(entries, when),
            steps=tuple(step.step for step in steps),
            position=part.position,
            on_failure=read_choice(entries.get("on_failure"), ON_FAILURE, "compensate"),
            on_duplicate=read_choice(entries.get("on_duplicate"), ON_DUPLICATE, "ignore"),
            timeout=_read_timeout(entries),
            variables=variables,
            then=tuple(action.action for action in then),
            otherwise=tuple(action.action for action in otherwise),
            announce=read_choice(entries.get("announce"), ANNOUNCE, "instance"),
            contracts={
                name: found
                for name in (*BUILT_IN, COMMAND_FAILED)
                if (found := catalog.message(name))
            },
            accepts=_accepts(when, catalog),
        ),
    )


def _normalised(value: object, key: str) -> object:
    """Return what stands under a key; where the order of its entries means something, as pairs."""
    if not isinstance(value, dict):
        return value
    entries = {name: _normalised(each, name) for name, each in value.items()}
    return list(entries.items()) if key in _IN_ORDER else entries


def _read_when(part: Part | None, catalog: MessageCatalog) -> When | None:
    if part and isinstance(part.value, dict) and "every" in part.value:
        part.refuse(
            "a workflow starts with an event, and `every` is a schedule: write a rule with it that "
            "sends the event that starts this, or StartWorkflow"
        )
        return None
    when = read_when(part, catalog) if part else None
    if part and when and when.pattern is not None:
        part.refuse(
            f"a workflow starts with one event, and `{when.kind}` waits for several: write a rule "
            "that sends the event that starts it"
        )
        return None
    return when


def _read_starts(entries: Mapping[str, Part], when: When | None) -> tuple[Start, ...]:
    if when is None:
        for key in ("if", "by", "on_duplicate"):
            if key in entries:
                entries[key].refuse_key(
                    f"`{key}` is about the event in `when`, and there is none: add it, or drop this"
                )
        return ()
    guard = read_guard(entries.get("if"), when)
    keys = read_keys(entries["by"], when).expressions if "by" in entries else {}
    return tuple(Start(each, guard, keys.get(each)) for each in when.types)


def _accepts(when: When | None, catalog: MessageCatalog) -> Callable[[object], None] | None:
    event = catalog.event(when.types[0]) if when and len(when.types) == 1 else None
    return event.validate if event else None


def _read_timeout(entries: Mapping[str, Part]) -> timedelta | None:
    return read_duration(entries["timeout"]) if "timeout" in entries else None


def _read_variables(part: Part | None, readable: Readable) -> tuple[dict[str, Template], Readable]:
    """Return the variables, each of which may read the ones before it."""
    if part is None:
        return {}, replace(readable, variables=frozenset())
    if not isinstance(part.value, dict):
        part.refuse(f"`variables` is {part.kind}: write {{fee: 150, region: ${{input.region}}}}")
        return {}, readable
    found: dict[str, Template] = {}
    before: frozenset[str] = frozenset()
    for name, entry in part.all_entries().items():
        template = read_template(entry, replace(readable, steps={}, variables=before))
        before |= {name}
        if template is not None:
            found[name] = template
    return found, replace(readable, variables=before)
