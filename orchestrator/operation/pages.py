"""Where a page of a list ended, as text that one can copy. Reads no list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias
from urllib.parse import quote, unquote

from orchestrator.core.status import Status
from orchestrator.ports import FinishedInstance, InstanceKey, OpenInstance, Timer

Place: TypeAlias = OpenInstance | FinishedInstance

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_KEPT, _NOT_KEPT = "kept", "listed"


def cursor(last: Place) -> str:
    """Return what leads behind `last`: all that lists are ordered by, for instances of one moment.

    A key stands last, as it may hold anything.
    """
    match last:
        case OpenInstance():
            return _joined(last.changed, last.status, last.at.definition, last.at.key)
        case FinishedInstance():
            kept = _KEPT if last.kept else _NOT_KEPT
            how = (last.status, last.revision, kept)
            return _joined(last.ended, *how, last.at.definition, last.at.key)


def read_cursor(text: str) -> Place:
    """Read what `cursor` wrote. Raise ``ValueError`` for anything else."""
    moment, word, rest = text.split("/", maxsplit=2)
    status = Status(word)
    if not status.final:
        definition, key = rest.split("/", maxsplit=1)
        return OpenInstance(InstanceKey(definition, key), _moment(moment), None, status)
    revision, kept, definition, key = rest.split("/", maxsplit=3)
    at = InstanceKey(definition, key)
    return FinishedInstance(at, _moment(moment), status, revision, kept == _KEPT)


def timer_cursor(last: Timer) -> str:
    """Return what leads behind a timer."""
    part = quote(last.at.part, safe="")  # a piece's holds what stands between the others
    return _joined(last.due, part, last.at.definition, last.at.key)


def read_timer_cursor(text: str) -> Timer:
    """Read what `timer_cursor` wrote. Raise ``ValueError`` for anything else."""
    moment, part, definition, key = text.split("/", maxsplit=3)
    return Timer(InstanceKey(definition, key, unquote(part)), _moment(moment))


def _joined(moment: datetime, *parts: str) -> str:
    return "/".join((str((moment - _BEGINNING) // _MILLISECOND), *parts))


def _moment(ms: str) -> datetime:
    try:
        return _BEGINNING + int(ms) * _MILLISECOND
    except OverflowError as error:
        raise ValueError("no calendar has that time") from error
