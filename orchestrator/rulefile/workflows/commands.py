"""Reads what a step sends, what answers it, and how it is tried again. Knows no order of steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.core.shapes import ANYTHING, Shape
from orchestrator.core.workflow.definition import Command, Compensation, Retry, Route
from orchestrator.document import quoted
from orchestrator.rulefile.actions import read_data
from orchestrator.rulefile.choices import read_choice, read_count, read_switch
from orchestrator.rulefile.durations import read_duration
from orchestrator.rulefile.formulas import read_condition
from orchestrator.rulefile.messages import find_event, find_message
from orchestrator.rulefile.workflows.forms import (
    AWAIT_FORM,
    COMPENSATE_FORM,
    RETRY_FORM,
    ROUTE_FORM,
    STRATEGIES,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.expression import Expression
    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.names import Readable
    from orchestrator.rulefile.parts import Part

_ATTEMPTS = 3
DEFAULT_RETRY = Retry(
    attempts=_ATTEMPTS,
    delay=timedelta(seconds=10),
    exponential=True,
    max_delay=timedelta(hours=1),
    jitter=True,
)
"""What ``retry: {}`` means."""

_MAX_ATTEMPTS = 1000


@dataclass(frozen=True, slots=True)
class Answers:
    """Which events answer a step.

    Attributes:
        awaits: event types of which one is the answer.
        fail_on: event types that refuse it.
        accepts: what must hold of an answer; None for any.
        shape: what is known of the data of an answer.
    """

    awaits: tuple[str, ...] = ()
    fail_on: tuple[str, ...] = ()
    accepts: Expression | None = None
    shape: Shape = ANYTHING


def read_answers(
    entries: Mapping[str, Part], catalog: MessageCatalog, readable: Readable
) -> Answers:
    """Read ``await`` and ``fail_on``."""
    awaited, fail_on = entries.get("await"), entries.get("fail_on")
    guard: Part | None = None
    if awaited and isinstance(awaited.value, dict):
        found = awaited.entries(AWAIT_FORM)
        guard = found.get("if")
        if "event" not in found:
            awaited.refuse("this `await` has no `event`: name the event type that is the answer")
        awaited = found.get("event")
    awaits = read_types(awaited, catalog)
    shape = _shape(awaits, catalog)
    accepts = read_condition(guard, _of_answer(readable, shape))
    refused = read_types(fail_on, catalog)
    if fail_on and "await" not in entries:
        fail_on.refuse_key("`fail_on` needs an `await`: nobody waits for what may be refused")
    for event_type in sorted(set(awaits) & set(refused)):
        message = f"{quoted(event_type)} cannot be the answer and the refusal: name it once"
        (fail_on or entries["await"]).refuse(message)
    return Answers(awaits, refused, accepts, shape)


def read_types(part: Part | None, catalog: MessageCatalog) -> tuple[str, ...]:
    """Return the event types that a text or a list names, without those that were refused."""
    if part is None:
        return ()
    if part.value == []:
        part.refuse(f"`{part.key}` is an empty list: name at least one event type")
    parts = part.items() if isinstance(part.value, list) else [part]
    found = [find_event(each, catalog) for each in parts]
    return tuple(dict.fromkeys(name for name in found if name is not None))


def read_command(
    entries: Mapping[str, Part], catalog: MessageCatalog, readable: Readable
) -> Command | None:
    """Read ``send`` with all that belongs to it; None where its type had to be refused."""
    answers = read_answers(entries, catalog, readable)
    send = entries["send"]
    name = send.text("write the type of the message, such as IssueBusinessLicense")
    contract = find_message(send, catalog, name) if name else None
    data = read_data(entries.get("with"), contract, readable)
    route = _read_route(entries["route"]) if "route" in entries else None
    if contract is None:
        return None
    return Command(contract, data, answers.awaits, answers.fail_on, answers.accepts, route)


def read_compensation(
    part: Part, catalog: MessageCatalog, readable: Readable, output: Shape
) -> Compensation | None:
    """Return what undoes a step; None where it had to be refused.

    Args:
        part: where it stands.
        catalog: the known message types.
        readable: what the step's expressions may read; these may also read its ``output``.
        output: what is known of that.
    """
    readable = replace(readable, roots=readable.roots | {"output"}, output=output)
    if not isinstance(part.value, dict):
        command = read_command({"send": part}, catalog, readable)
        return Compensation(command, None, None) if command else None
    entries = part.entries(COMPENSATE_FORM)
    if "send" not in entries:
        part.refuse("`compensate` has no `send`: name the command that undoes the step")
        return None
    command = read_command(entries, catalog, readable)
    timeout = read_duration(entries["timeout"]) if "timeout" in entries else None
    retry = read_retry(entries["retry"]) if "retry" in entries else None
    for key in ("timeout", "retry"):
        if key in entries and "await" not in entries:
            entries[key].refuse_key(f"`{key}` needs an `await`: nobody waits for an answer here")
    return Compensation(command, timeout, retry) if command else None


def read_retry(part: Part) -> Retry | None:
    """Return how often a command is tried; None where it had to be refused."""
    if type(part.value) is int:
        return replace(DEFAULT_RETRY, attempts=_read_attempts(part))
    if not isinstance(part.value, dict):
        part.refuse(f"`retry` is {part.kind}: write a number, or {{attempts: 3, delay: 1m}}")
        return None
    entries = part.entries(RETRY_FORM)
    delay = read_duration(entries["delay"]) if "delay" in entries else None
    longest = read_duration(entries["max_delay"]) if "max_delay" in entries else None
    delay = delay or DEFAULT_RETRY.delay
    if longest and longest < delay:
        entries["max_delay"].refuse("`max_delay` is shorter than `delay`: make it longer")
    backoff = read_choice(entries.get("backoff"), ("exponential", "fixed"), "exponential")
    return Retry(
        attempts=_read_attempts(entries.get("attempts")),
        delay=delay,
        exponential=backoff == "exponential",
        max_delay=longest or max(delay, timedelta(hours=1)),
        jitter=read_switch(entries.get("jitter"), default=True),
    )


def _read_attempts(part: Part | None) -> int:
    return read_count(part, _MAX_ATTEMPTS, _ATTEMPTS)


def _read_route(part: Part) -> Route | None:
    if isinstance(part.value, str) and part.value:
        return Route(part.value, "least_busy")
    entries = part.entries(ROUTE_FORM)
    if "capability" not in entries:
        part.refuse("`route` has no `capability`: write {capability: pump}")
        return None
    capability = entries["capability"].text("write what the service must be able to do")
    strategy = read_choice(entries.get("strategy"), STRATEGIES, "least_busy")
    return Route(capability, strategy) if capability else None


def _shape(types: tuple[str, ...], catalog: MessageCatalog) -> Shape:
    events = [catalog.event(name) for name in types]
    return Shape.any_of(event.shape if event else ANYTHING for event in events)


def _of_answer(readable: Readable, shape: Shape) -> Readable:
    """Return what the condition of an answer may read: the answer, too."""
    return replace(readable, data=shape, roots=readable.roots | {"data", "event"})
