"""Gives orders about instances of workflows, one or many, and says what came of each."""

from __future__ import annotations

import asyncio
import getpass
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from orchestrator.cli import output
from orchestrator.cli.commands import wants_json
from orchestrator.cli.context import read_settings
from orchestrator.cli.desk import desk
from orchestrator.core.expression import compile_expression
from orchestrator.errors import ExpressionError, Misconfigured, Unavailable
from orchestrator.operation.account import is_workflow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from orchestrator.core.decision import Instance
    from orchestrator.core.expression import Expression
    from orchestrator.core.ids import ReactionId
    from orchestrator.operation.desk import Desk
    from orchestrator.ports import InstanceKey, OpenInstance

COLUMNS: Final = ("workflow", "key", "status", "result")
FILTER_ROOTS: Final = frozenset({"workflow", "key", "status", "unchanged"})

_ASKED: Final = "asked for"
_WOULD: Final = "would be asked for"
_REFUSED: Final = "refused"
_ENDED: Final = "ended"
_LOOKS: Final = 50
_LOOK_SECONDS: Final = 0.1
_PAGE: Final = 500
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """Which open instances of workflows are meant.

    Attributes:
        key: those of this correlation key; None where `condition` chooses.
        workflow: only of this one; None for all.
        condition: over `FILTER_ROOTS`; None where `key` chooses.
    """

    key: str | None
    workflow: str | None
    condition: Expression | None

    @classmethod
    def read(cls, key: str | None, workflow: str | None, condition: str | None) -> Choice:
        """Return a choice as a person makes it.

        Raises:
            click.UsageError: it is neither a key nor a filter, or both.
            Misconfigured: the filter is no expression.
        """
        if (key is None) == (condition is None):
            raise click.UsageError("name one instance by its KEY, or many with --filter")
        if condition is None:
            return cls(key, workflow, None)
        try:
            return cls(None, workflow, compile_expression(condition, roots=FILTER_ROOTS))
        except ExpressionError as error:
            raise Misconfigured(f"--filter: {error.message}") from None

    def holds(self, found: OpenInstance, now: datetime) -> bool:
        """Tell whether an instance is meant. Raise ``Misconfigured`` if that cannot be told."""
        if self.workflow not in {None, found.at.definition}:
            return False
        scope: Mapping[str, object] = {
            "workflow": found.at.definition,
            "key": found.at.key,
            "status": str(found.status),
            "unchanged": now - found.changed,
        }
        try:
            return self.condition is None or self.condition.holds(scope)
        except ExpressionError as error:
            raise Misconfigured(f"--filter: {error.message}") from None


@dataclass(frozen=True, slots=True)
class Order:
    """What is ordered.

    Attributes:
        name: cancel, suspend, resume, retry, skip or resolve; approved or rejected for a decision.
        told: ``step``, ``by``, ``comment``, ``role`` and ``data`` where they belong to it.
    """

    name: str
    told: Mapping[str, Any]

    async def send(self, there: Desk, at: InstanceKey) -> ReactionId:
        """Send it to one instance; return what has a marker once it is carried out."""
        if self.name in {"approved", "rejected"}:
            sent = await there.approve(at, decision=self.name, **self.told)
        else:
            sent = await there.order(at, self.name, **self.told)
        return sent.reaction


def who() -> str:
    """Return who runs the command: a name, or in a container without names a number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def give(
    choice: Choice,
    order: Order,
    *,
    dry_run: bool = False,
    before: Sequence[Mapping[str, object]] = (),
) -> None:
    """Give an order, and print what came of it for each instance.

    Args:
        choice: to which.
        order: the order.
        dry_run: only say to which.
        before: what the command did already, for its one document.

    Raises:
        Misconfigured: nobody has the key, or several have it and the step.
        Unavailable: nothing has come of it yet for some.
    """
    rows = asyncio.run(_give(choice, order, dry_run=dry_run))
    if not rows and not before and choice.key is not None:
        raise Misconfigured(
            f"no workflow has an open instance for {choice.key}: `orchestrator instances list`"
            " shows what there is"
        )
    if wants_json():
        output.document([*before, *rows])
    elif len(rows) == 1:
        (row,) = rows
        click.echo(output.text(f"{row['workflow']} {row['key']}: {row['result']}"))
    else:
        output.table(COLUMNS, rows, empty="no open instance is like that")
    waiting = [str(row["key"]) for row in rows if row["result"] == _ASKED]
    if waiting:
        raise Unavailable(_nothing_yet(waiting))
    refused = [row for row in rows if str(row["result"]).startswith(_REFUSED)]
    if refused:
        raise click.exceptions.Exit(1)


def _nothing_yet(keys: Sequence[str]) -> str:
    others = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return (
        f"nothing has come of it yet for {', '.join(keys[:_SHOWN])}{others}: it is done as soon as"
        " a daemon runs; an order that does not fit is a dead letter, which `orchestrator dlq list`"
        " shows with the reason"
    )


async def _give(choice: Choice, order: Order, *, dry_run: bool) -> list[dict[str, object]]:
    async with desk(read_settings()) as there:
        found = [each async for each in _find(there, choice)]
        expected = await _expect(there, [each.at for each in found], order)
        if choice.key is not None and "step" in order.told:
            found, expected = _the_one(found, expected)
        if dry_run:
            results = [_WOULD if each == _ASKED else each for each in expected]
        else:
            results = await _carry_out(there, [each.at for each in found], order, expected)
    return [
        {
            "workflow": each.at.definition,
            "key": each.at.key,
            "status": each.status,
            "result": result,
        }
        for each, result in zip(found, results, strict=True)
    ]


def _the_one(
    found: list[OpenInstance], expected: list[str]
) -> tuple[list[OpenInstance], list[str]]:
    """Return the instance that an order about a step is for, or all of them if it fits none.

    Raises:
        Misconfigured: it fits several, and whoever gave it thought of one.
    """
    fits = [each for each, result in zip(found, expected, strict=True) if result == _ASKED]
    if not fits:
        return found, expected
    if len(fits) > 1:
        several = ", ".join(each.at.definition for each in fits)
        raise Misconfigured(
            f"{fits[0].at.key} has instances of {several} with this step: say which, with"
            " --workflow"
        )
    return fits, [_ASKED]


async def _find(there: Desk, choice: Choice) -> AsyncIterator[OpenInstance]:
    """Yield the instances that are meant, from the index."""
    now = datetime.now(UTC)
    if choice.key is not None:
        named = await there.inspection.remembered(choice.key)
        for each, found in zip(named, await there.open_now([one.at for one in named]), strict=True):
            if found is not None and is_workflow(found) and choice.holds(each, now):
                yield each
        return
    last: OpenInstance | None = None
    while True:
        page = await there.listing.open(choice.workflow, None, last, _PAGE)
        for each in page.instances:
            if choice.holds(each, now):
                yield each
        if page.last is None:
            return
        last = page.last


async def _expect(there: Desk, instances: Sequence[InstanceKey], order: Order) -> list[str]:
    """Return what is to be said of each before anything is sent to it."""
    before = await there.open_now(instances)
    return [_expected(there, at, found, order) for at, found in zip(instances, before, strict=True)]


async def _carry_out(
    there: Desk, instances: Sequence[InstanceKey], order: Order, expected: Sequence[str]
) -> list[str]:
    """Send an order to all it fits, and return what each is doing once it is carried out."""
    results = list(expected)
    asked = [number for number, result in enumerate(results) if result == _ASKED]
    waiting: dict[int, ReactionId] = {}
    with output.progress(order.name) as report:
        for number in asked:
            waiting[number] = await order.send(there, instances[number])
            report(len(waiting), len(asked))
    for _ in range(_LOOKS):
        for number in await _done(there, instances, waiting):
            results[number] = await _now(there, instances[number])
            del waiting[number]
        if not waiting:
            break
        await asyncio.sleep(_LOOK_SECONDS)
    return results


async def _done(
    there: Desk, instances: Sequence[InstanceKey], waiting: Mapping[int, ReactionId]
) -> list[int]:
    """Return the numbers of those whose order is carried out, or that ended without it."""
    ats = [instances[number] for number in waiting]
    opened = await there.open_now(ats)
    orders = [(at.key, reaction) for at, reaction in zip(ats, waiting.values(), strict=True)]
    taken = await there.inspection.reacted(orders, datetime.now(UTC))
    return [
        number
        for (number, reaction), found in zip(waiting.items(), opened, strict=True)
        if found is None or reaction in taken
    ]


async def _now(there: Desk, at: InstanceKey) -> str:
    found = await there.look(at, whole=False)
    return _ENDED if found is None else str(found.status)


def _expected(there: Desk, at: InstanceKey, found: Instance | None, order: Order) -> str:
    """Return what is to be said of an instance before anything is sent to it."""
    if found is None:
        return _ENDED  # between the list and the look
    objection = there.objection(at, found, order.name, **order.told)
    return f"{_REFUSED}: {objection}" if objection else _ASKED
