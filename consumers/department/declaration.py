"""Makes a service of what a department says about its grants. Knows no department and no Redis."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote

import orjson

from consumers.department.register import Entry, Register
from consumers.messages.grant import Denied, Granted, Undoing, Undone
from consumers.messages.message import Message
from consumers.store import open_store
from orchestrator.errors import Misconfigured
from orchestrator.service import Context, Reject, Service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from datetime import date

C = TypeVar("C", bound=Message)


@dataclass(frozen=True, slots=True)
class Check(Generic[C]):
    """One reason to say no.

    Attributes:
        reason: in a sentence for whoever asked.
        speaks_against: whether it applies.
    """

    reason: str
    speaks_against: Callable[[C], bool]


@dataclass(frozen=True, slots=True)
class Undo:
    """How a grant is taken back.

    Attributes:
        asked: the command.
        undone: the event that answers it.
    """

    asked: type[Undoing]
    undone: type[Undone]


@dataclass(frozen=True, slots=True)
class Grant(Generic[C]):
    """One thing that a department grants, at most once per case.

    Attributes:
        asked: the command that asks for it.
        granted: the event that says yes.
        prefix: of its numbers; also the name of its book.
        fee: in US dollars.
        denied: the event that says no; None where nothing speaks against it.
        checks: all are looked at, and all reasons are told.
        details: what `granted` says besides number and fee, on the day it was asked for.
        items: what tells the parts of a case that it is for; the whole case, if left out.
        undo: how it is taken back; None where it cannot be.

    Raises:
        Misconfigured: something may speak against it, and no event says so.
    """

    asked: type[C]
    granted: type[Granted]
    prefix: str
    fee: float = 0
    denied: type[Denied] | None = None
    checks: Sequence[Check[C]] = ()
    details: Callable[[C, date], Mapping[str, object]] = lambda _asked, _day: {}
    items: tuple[str, ...] = ()
    undo: Undo | None = None

    def __post_init__(self) -> None:
        """Refuse what would grant in spite of its checks."""
        if self.checks and self.denied is None:
            raise Misconfigured(
                f"{self.asked.__name__} has checks, and no event that says no: name it in `denied`"
            )

    def decide(self, asked: C, day: date) -> Denied | bytes:
        """Return the denial, or what is granted as JSON.

        Args:
            asked: what is asked for.
            day: when that was.
        """
        reasons = [check.reason for check in self.checks if check.speaks_against(asked)]
        if reasons and self.denied is not None:
            return self.denied(reason=" ".join(reasons))
        return orjson.dumps({"fee": self.fee, **self.details(asked, day)})

    def written(self, entry: Entry) -> Granted | Denied | None:
        """Return what was granted, as it stands in the register.

        What was taken back before it was granted is denied, or not answered: nobody waits for it.
        """
        if entry.number is not None:
            content = orjson.loads(entry.content) | {"number": self.label(entry.number)}
            return self.granted.model_validate_json(orjson.dumps(content))
        if self.denied is None:
            return None
        return self.denied(reason="This was taken back before it was granted.")

    def undone(self, undo: Undo, entry: Entry) -> Undone:
        """Return what was taken back, as it stands in the register."""
        if entry.number is None:
            return undo.undone(refund=0)
        refund = orjson.loads(entry.content)["fee"]
        return undo.undone(number=self.label(entry.number), refund=refund)

    def subject(self, case: str, command: Message) -> str:
        """Return what a command is about: a case, or a part of one."""
        parts = [quote(str(getattr(command, item)), safe="") for item in self.items]
        return "/".join((case, *parts))

    def label(self, number: int) -> str:
        """Return the number of a grant, as people write it."""
        return f"{self.prefix}-{number:06}"

    def number(self, label: str | None) -> int | None:
        """Return the number behind a label.

        Raises:
            Reject: it is none of this kind.
        """
        if label is None:
            return None
        prefix, _, digits = label.rpartition("-")
        if prefix != self.prefix or not digits.isdecimal():
            raise Reject(f"this is no number of the kind {self.prefix}-000001: correct it")
        return int(digits)


class Department:
    """A service that grants things.

    Args:
        name: of the service, its queue and its data.
        grants: what it grants. Each decides by its command alone and is entered once, so that a
            command that comes again gets the same answer.

    Attributes:
        service: what runs it; further handlers may be added.
    """

    def __init__(self, name: str, *grants: Grant[Any]) -> None:
        def open_register() -> AbstractAsyncContextManager[Register]:
            return _open_register(name)

        self.service = Service(name, channels=[f"{name}.v1"], resources=open_register)
        for grant in grants:
            _register_grant(self.service, grant)
            if grant.undo is not None:
                _register_undo(self.service, grant, grant.undo)


@asynccontextmanager
async def _open_register(name: str) -> AsyncIterator[Register]:
    async with open_store(name) as store:
        yield Register(store)


def _register_grant(service: Service[Register], grant: Grant[Any]) -> None:
    async def decide(command: Message, context: Context[Register]) -> Message | None:
        time = context.event.time
        content = grant.decide(command, time.date())
        if isinstance(content, Denied):
            return content
        subject = grant.subject(context.correlation_id, command)
        return grant.written(
            await context.resources.grant(grant.prefix, subject, time, content.decode())
        )

    says = grant.granted if grant.denied is None else grant.granted | grant.denied
    decide.__annotations__ |= {"command": grant.asked, "return": says}
    decide.__qualname__ = f"{service.name}.{grant.asked.__name__}"
    service.on(grant.asked.__name__)(decide)


def _register_undo(service: Service[Register], grant: Grant[Any], undo: Undo) -> None:
    async def take_back(command: Undoing, context: Context[Register]) -> Message:
        subject = grant.subject(context.correlation_id, command)
        number = grant.number(command.number)
        entry = await context.resources.undo(grant.prefix, subject, context.event.time, number)
        return grant.undone(undo, entry)

    take_back.__annotations__ |= {"command": undo.asked, "return": undo.undone}
    take_back.__qualname__ = f"{service.name}.{undo.asked.__name__}"
    service.on(undo.asked.__name__)(take_back)
