"""Reads what a step does, kind by kind; groups are read where steps are. Knows no order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.workflow.definition import Approval, Awaited, Run, Wait
from orchestrator.errors import SchemaViolation
from orchestrator.rulefile.durations import read_duration
from orchestrator.rulefile.formulas import read_moment, read_template
from orchestrator.rulefile.workflows.commands import read_answers, read_command
from orchestrator.rulefile.workflows.forms import APPROVE_FORM, WAIT_FORM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.core.expression import Template
    from orchestrator.core.workflow.definition import Work
    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.names import Readable
    from orchestrator.rulefile.parts import Part

KINDS = ("send", "await", "wait", "approve", "run", "group", "transaction")


def read_work(
    kind: str, entries: Mapping[str, Part], catalog: MessageCatalog, readable: Readable
) -> Work | None:
    """Return what a step does; None where it had to be refused."""
    match kind:
        case "send":
            return read_command(entries, catalog, readable)
        case "await":
            answers = read_answers(entries, catalog, readable)
            return Awaited(answers.awaits, answers.fail_on, answers.accepts)
        case "wait":
            return _read_wait(entries["wait"], readable)
        case "approve":
            return _read_approval(entries["approve"], catalog, readable)
        case "run":
            return _read_run(entries, readable)
        case _:
            raise ValueError(kind)


def _read_wait(part: Part, readable: Readable) -> Wait | None:
    if isinstance(part.value, dict):
        entries = part.entries(WAIT_FORM)
        if "until" not in entries:
            part.refuse("`wait` takes a length of time such as 2d, or {until: input.opens_at}")
            return None
        until = read_moment(entries["until"], readable)
        return Wait(None, until) if until else None
    duration = read_duration(part)
    return Wait(duration) if duration else None


def _read_approval(part: Part, catalog: MessageCatalog, readable: Readable) -> Approval | None:
    if not isinstance(part.value, dict):
        role = _read_role(part, "name the role that decides, such as {role: supervisor}")
        return Approval(role, None, None, None, None, None) if role else None
    entries = part.entries(APPROVE_FORM)
    if "role" not in entries:
        part.refuse("`approve` has no `role`: say who may decide")
        return None
    role = _read_role(entries["role"], "name the role that decides, such as supervisor")
    deadline = read_duration(entries["deadline"]) if "deadline" in entries else None
    escalate = entries.get("escalate_to")
    if escalate and "deadline" not in entries:
        escalate.refuse_key("`escalate_to` needs a `deadline`: say when the next role is asked")
    escalate_to = _read_role(escalate, "name the role that is asked next") if escalate else None
    form = entries.get("form")
    check = _read_form(form, catalog) if form else None
    shown = _read_with(entries.get("with"), readable)
    if role is None:
        return None
    return Approval(role, deadline, escalate_to, check, form.value if form else None, shown)


def _read_role(part: Part, instead: str) -> str | None:
    role = part.text(instead)
    if role is not None and "${" in role:
        part.refuse(
            "a role is not computed: name it as people are asked for it, and give each role a step"
            " of its own with an `if`"
        )
        return None
    return role


def _read_form(part: Part, catalog: MessageCatalog) -> Callable[[object], None] | None:
    if not isinstance(part.value, dict):
        part.refuse(f"`form` is {part.kind}: write a JSON Schema of what is to be filled in")
        return None
    try:
        return catalog.form(part.value)
    except SchemaViolation as violation:
        part.refuse(f"`form` is no JSON Schema: {violation}")
        return None


def _read_run(entries: Mapping[str, Part], readable: Readable) -> Run | None:
    workflow = entries["run"].text("name the workflow to run")
    data = _read_with(entries.get("with"), readable)
    return Run(workflow, data) if workflow else None


def _read_with(part: Part | None, readable: Readable) -> Template | None:
    """Return what is given instead of the input; None where that is passed on, or was refused."""
    if part is not None and part.value is None:
        part.refuse_key("`with` is empty: remove it to pass the input on, or write {}")
        return None
    return read_template(part, readable) if part else None
