"""Workflows of every kind, who answers their commands, and what follows if nobody dies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from tests.engine.messages import CHANNEL, raw
from tests.engine.written import types, written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.event import Message

SAGAS: Final = Path(__file__).parent / "testdata" / "sagas.yaml"
KEY: Final = "K-1"
NAMES: Final = ("A", "B", "C", "Lost", "Denied", "Each")
TO_OURSELVES: Final = frozenset(
    {
        "StartWorkflow",
        "CompensateWorkflow",
        "instance.completed",
        "instance.faulted",
        "instance.compensated",
    }
)


def sagas() -> Rulebook:
    """Return the workflows, read by the real reader."""
    wanted = ["Steps", "Undone", "Items", "ItemsUndone", "Commit", "Abort", "Child", "Decision"]
    events = [f"{name}Wanted" for name in wanted]
    events += [f"{name}{ending}" for name in NAMES for ending in ("Done", "Denied", "Undone")]
    commands = [f"{verb}{name}" for name in NAMES for verb in ("Do", "Undo")]
    return written(SAGAS.read_text(), types(events, [*commands, "Ended", "Failed"]))


@dataclass(frozen=True)
class Saga:
    """One workflow's run.

    Attributes:
        wanted: the event that starts it.
        expected: what is sent, in the order of its first sending where `ordered`; by hand.
        seconds: when to look at the timers.
        people: second -> step and role of an approval that comes then.
    """

    wanted: str
    expected: tuple[str, ...]
    seconds: tuple[int, ...] = (0,)
    people: Mapping[int, tuple[str, str]] | None = None


EACH: Final = tuple(f"DoEach {n}" for n in range(34))
RUN: Final = {
    "steps": Saga(
        "StepsWanted",
        ("DoA", "DoLost", "DoLost", "DoB", "Ended", "started", "completed"),
        (0, 30, 60, 70),
    ),
    "compensation": Saga(
        "UndoneWanted",
        (
            *("DoA", "DoB", "DoC", "DoDenied", "UndoC", "UndoLost", "UndoLost", "UndoA", "Failed"),
            *("started", "faulted"),
        ),
        (0, 60, 70),
    ),
    "for-each": Saga(
        "ItemsWanted",
        (*EACH, "DoEach 5", "DoEach 33", "Ended 561", "started", "completed"),
        (0, 60, 70, 130, 140),
    ),
    "for-each taken back": Saga(
        "ItemsUndoneWanted",
        (
            *EACH[:6],
            "DoDenied",
            *(f"UndoEach {n}" for n in (5, 4, 3, 2, 1, 0)),
            *("Failed", "started", "faulted"),
        ),
    ),
    "transaction": Saga(
        "CommitWanted",
        ("DoA", "DoB", "DoLost", "DoLost", "DoC", "Ended", "started", "completed"),
        (0, 3600, 7200, 86_400),
    ),
    "transaction taken back": Saga(
        "AbortWanted", ("DoA", "DoDenied", "UndoA", "Failed", "started", "faulted")
    ),
    "run": Saga(
        "ChildWanted",
        (
            *("DoA", "StartWorkflow", "DoB", "DoC", "Ended", "DoDenied", "CompensateWorkflow"),
            *("UndoC", "UndoB", "UndoA", "Failed"),
            *("started", "started", "completed", "compensated", "faulted"),
        ),
    ),
    "approval": Saga(
        "DecisionWanted",
        (
            *("DoA", "ApprovalRequested clerk", "ApprovalRequested chief", "DoB"),
            *("ApprovalRequested clerk", "ApprovalRequested chief", "UndoB", "UndoA", "Failed"),
            *("started", "faulted"),
        ),
        (0, 60, 90, 150, 210),
        {90: ("clerk", "chief")},
    ),
}


def start(saga: Saga) -> Message:
    """Return the event that starts it."""
    return _event(saga.wanted, "s-1", None, {"n": 0})


def approval(step: str, role: str) -> Message:
    """Return the yes of a person."""
    data = {"step": step, "decision": "approved", "by": "Ada", "role": role}
    return _event("ApprovalGiven", f"approval-{step}", None, data)


def reply(sent: Message) -> Message | None:
    """Return what comes back of a message; None for nothing.

    The first attempts at what is called lost are lost, and those of two items; what is called
    denied is refused. What workflows tell each other finds its way back.
    """
    kind, command = str(sent.type), str(sent.id)
    if kind in TO_OURSELVES:
        return replace(sent, routing_key=CHANNEL)
    verb = next((verb for verb in ("Do", "Undo") if kind.startswith(verb)), None)
    if verb is None:
        return None
    name, first = kind.removeprefix(verb), command.endswith(".1")
    if first and (name == "Lost" or _is_lost(sent)):
        return None
    ending = {"Do": "Denied" if name == "Denied" else "Done", "Undo": "Undone"}[verb]
    body: Any = orjson.loads(sent.body)
    told = {"of": body["data"], "reason": "no"}
    return _event(f"{name}{ending}", f"r-{command}", command, told, body["correlationid"])


def told(sent: Message) -> str:
    """Name a message in a word or two."""
    kind = str(sent.type)
    body: Any = orjson.loads(sent.body)
    data = body["data"]
    about = ""
    if kind in {"DoEach", "UndoEach"}:
        about = f" {data['n']}"
    elif kind == "ApprovalRequested":
        about = f" {data['role']}"
    elif kind == "Ended" and "sum" in data:
        about = f" {data['sum']}"
    return kind.removeprefix("instance.") + about


def _is_lost(sent: Message) -> bool:
    """Tell whether it is for one of the two items that are lost at first."""
    target = str(sent.id).split(".")[1]
    return target in {"each[5]", "each[33]"} and sent.headers.get("x-rule") == "items"


def _event(name: str, event_id: str, cause: str | None, data: object, key: str = KEY) -> Message:
    body = {
        "specversion": "1.0",
        "id": event_id,
        "source": "echo",
        "type": name,
        "correlationid": key,
        **({"causationid": cause} if cause else {}),
        "data": data,
    }
    return raw(orjson.dumps(body))
