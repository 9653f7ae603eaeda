"""Small plans in code: what the reader makes of YAML, without YAML."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from orchestrator.catalog import built_in_types
from orchestrator.core.definitions import Action
from orchestrator.core.expression import (
    ROOTS,
    Expression,
    Template,
    compile_expression,
    compile_template,
)
from orchestrator.core.problem import Position
from orchestrator.core.workflow import Workflow
from orchestrator.core.workflow.definition import (
    Approval,
    Awaited,
    Command,
    Compensation,
    ForEach,
    Group,
    Plan,
    Retry,
    Run,
    Start,
    Step,
    Wait,
)
from orchestrator.errors import SchemaViolation

AT = Position("flow.yaml", 1, 1)
NAMES = ROOTS | {"input", "steps", "instance", "variables", "item", "output"}


@dataclass(frozen=True)
class Contract:
    """A message type that allows any data but the text `forbidden`."""

    name: str
    channel: str

    def validate(self, data: object) -> None:
        if data == "forbidden":
            raise SchemaViolation(f"{self.name}: data is forbidden")


def seconds(number: float | None) -> timedelta | None:
    return None if number is None else timedelta(seconds=number)


def formula(source: str | None) -> Expression | None:
    return None if source is None else compile_expression(source, roots=NAMES)


def template(value: Any) -> Template | None:
    return None if value is None else compile_template(value, roots=NAMES)


def command(name: str, answer: str | None = None, **parts: Any) -> Command:
    """Return a command; `answer` is the type that it awaits."""
    return Command(
        message=Contract(name, f"{name.lower()}.v1"),
        data=template(parts.pop("data", None)),
        awaits=(answer,) if answer else (),
        fail_on=parts.pop("fail_on", ()),
        accepts=formula(parts.pop("accepts", None)),
        **parts,
    )


def retry(attempts: int | None, delay: float = 10, **parts: Any) -> Retry:
    defaults: dict[str, Any] = {"exponential": False, "max_delay": None, "jitter": False}
    return Retry(attempts, timedelta(seconds=delay), **(defaults | parts))


def undo(name: str, answer: str | None = None, **parts: Any) -> Compensation:
    timeout, tries = seconds(parts.pop("timeout", None)), parts.pop("retry", None)
    return Compensation(command(name, answer, **parts), timeout, tries)


def each(items: str, max_parallel: int = 2, max_items: int = 10_000) -> ForEach:
    return ForEach(compile_expression(items, roots=NAMES), "item", max_parallel, max_items)


def step(name: str, work: Any = None, **parts: Any) -> Step:
    """Return a step; without `work` it sends ``Do<name>`` and awaits ``<name>Done``.

    Such a step is refused by ``<name>Denied``. `undo=True` compensates with ``Undo<name>``,
    without an answer.
    """
    usual = command(f"Do{name}", f"{name}Done", fail_on=(f"{name}Denied",))
    work = usual if work is None else work
    compensation = parts.pop("undo", None)
    if compensation is True:
        compensation = undo(f"Undo{name}")
    return Step(
        name=name,
        work=work,
        position=AT,
        guard=formula(parts.pop("guard", None)),
        timeout=seconds(parts.pop("timeout", None)),
        compensation=compensation,
        depends_on=tuple(parts.pop("after", ())),
        **parts,
    )


def in_sequence(*steps: Step) -> tuple[Step, ...]:
    """Return the steps, each depending on the one before."""
    chained = (replace(after, depends_on=(before.name,)) for before, after in pairwise(steps))
    return (*steps[:1], *chained)


def group(name: str, *steps: Step, atomic: bool = False, **parts: Any) -> Step:
    return step(name, Group(tuple(steps), atomic), **parts)


def act(name: str, data: Any = None) -> Action:
    """Return an action of ``then`` or ``otherwise``."""
    contract = Contract(name, f"{name.lower()}.v1")
    return Action(contract, template(data), None, None, "item", AT)


def workflow(*steps: Step, **parts: Any) -> Workflow:
    """Return a workflow that ``Started`` starts."""
    fields: dict[str, Any] = {
        "name": "flow",
        "revision": "0123456789ab",
        "description": "",
        "starts": (Start("Started", None, None),),
        "steps": steps,
        "position": AT,
        "announce": "none",
        "contracts": {
            **built_in_types(),
            "CommandFailed": Contract("CommandFailed", "failures.v1"),
        },
    }
    timeout = seconds(parts.pop("timeout", None))
    return Workflow(Plan(**(fields | {"timeout": timeout} | parts)))


def awaited(answer: str, *, fail_on: tuple[str, ...] = (), accepts: str | None = None) -> Awaited:
    return Awaited((answer,), fail_on, formula(accepts))


def wait(duration: float | None = None, until: str | None = None) -> Wait:
    return Wait(seconds(duration), formula(until))


def approval(role: str, deadline: float | None = None, **parts: Any) -> Approval:
    fields: dict[str, Any] = {"escalate_to": None, "form": None, "form_schema": None, "data": None}
    parts["data"] = template(parts.get("data"))
    return Approval(role=role, deadline=seconds(deadline), **(fields | parts))


def run(name: str, data: Any = None) -> Run:
    return Run(name, template(data))
