"""Where a page of a list ended, as text that one can copy. Knows no store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

import click

from orchestrator.core.status import Status
from orchestrator.ports import FinishedInstance, InstanceKey, OpenInstance, Timer

if TYPE_CHECKING:
    from typing import NoReturn

Place: TypeAlias = OpenInstance | FinishedInstance

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_KEPT, _NOT_KEPT = "kept", "listed"


def cursor(last: Place) -> str:
    """Return what ``instances list --after`` takes to go on behind `last`."""
    match last:
        case OpenInstance():
            return _joined(last.changed, last.status, last.at.definition, last.at.key)
        case FinishedInstance():
            kept = _KEPT if last.kept else _NOT_KEPT
            how = (last.status, last.revision, kept)
            return _joined(last.ended, *how, last.at.definition, last.at.key)


def timer_cursor(last: Timer) -> str:
    """Return what ``timers list --after`` takes to go on behind `last`."""
    kind, _, name = last.at.part.partition("/")
    return _joined(last.due, kind, name, last.at.definition, last.at.key)


def _joined(moment: datetime, *parts: str) -> str:
    return "/".join((str((moment - _BEGINNING) // _MILLISECOND), *parts))


class _PlaceType(click.ParamType[Place | Timer]):
    """What a list ended with; a key stands last, as it may hold anything."""

    name = "cursor"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Place | Timer:
        """Return the place to go on behind."""
        if isinstance(value, OpenInstance | FinishedInstance | Timer):
            return value
        moment, _, rest = str(value).partition("/")
        try:
            return self._read(_BEGINNING + int(moment) * _MILLISECOND, rest)
        except (ValueError, OverflowError):
            self._refuse(value, param, ctx)

    def _read(self, moment: datetime, rest: str) -> Place | Timer:
        raise NotImplementedError

    def _refuse(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> NoReturn:
        self.fail(
            f"{str(value)!r} is no place in the list: take what the page before ended with",
            param,
            ctx,
        )


class InstancePlace(_PlaceType):
    """What `cursor` returns."""

    def _read(self, moment: datetime, rest: str) -> Place:
        word, _, rest = rest.partition("/")
        status = Status(word)
        if not status.final:
            definition, key = rest.split("/", maxsplit=1)
            return OpenInstance(InstanceKey(definition, key), moment, None, status)
        revision, kept, definition, key = rest.split("/", maxsplit=3)
        at = InstanceKey(definition, key)
        return FinishedInstance(at, moment, status, revision, kept == _KEPT)


class TimerPlace(_PlaceType):
    """What `timer_cursor` returns."""

    def _read(self, moment: datetime, rest: str) -> Timer:
        kind, name, definition, key = rest.split("/", maxsplit=3)
        return Timer(InstanceKey(definition, key, f"{kind}/{name}" if kind else ""), moment)


CURSOR = InstancePlace()
TIMER_CURSOR = TimerPlace()
