"""Where a page of open instances ended, as text that one can copy. Knows no store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import click

from orchestrator.ports import InstanceKey, OpenInstance

if TYPE_CHECKING:
    from typing import NoReturn

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def cursor(last: OpenInstance) -> str:
    """Return what ``--after`` takes to go on behind `last`: its change, its rule, its key."""
    changed = (last.changed - _BEGINNING) // _MILLISECOND
    return f"{changed}/{last.at.definition}/{last.at.key}"


class CursorType(click.ParamType[OpenInstance]):
    """What `cursor` returns."""

    name = "cursor"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> OpenInstance:
        """Return the place to go on behind."""
        if isinstance(value, OpenInstance):
            return value
        changed, _, name = str(value).partition("/")
        definition, separator, key = name.partition("/")
        if not separator:
            self._refuse(value, param, ctx)
        try:
            moment = _BEGINNING + int(changed) * _MILLISECOND
        except (ValueError, OverflowError):
            self._refuse(value, param, ctx)
        return OpenInstance(InstanceKey(definition, key), moment)

    def _refuse(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> NoReturn:
        self.fail(
            f"{str(value)!r} is no place in the list: take what the page before ended with",
            param,
            ctx,
        )


CURSOR = CursorType()
