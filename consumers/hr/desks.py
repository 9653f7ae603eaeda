"""Who has which case, in Redis. Knows no message but the investigator it hands out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel

from consumers.messages.hr import Investigator  # noqa: TC001 (pydantic reads annotations at run time)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from consumers.store import Store

_FOLDER: Final = Path(__file__).parent
ASSIGN: Final = (_FOLDER / "assign.lua").read_text()
ESCALATE: Final = (_FOLDER / "escalate.lua").read_text()
CLOSE: Final = (_FOLDER / "close.lua").read_text()
STAFF: Final = (_FOLDER / "staff.lua").read_text()
OPEN_CASE: Final = """
local known = redis.call('HGET', KEYS[1], ARGV[1])
if not known or cjson.decode(known).closed_by then return false end
return known
"""
_CLOSED_SINCE: Final = "{}"
CASELOAD: Final = "return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')"


class Assignment(BaseModel):
    """A case on somebody's desk.

    Attributes:
        investigator: whose desk.
        region: where the case is.
        priority: as it was asked for.
        open_cases: the investigator's when the case was assigned, this one included.
    """

    investigator: Investigator
    region: str
    priority: str
    open_cases: int


class ClosedSinceError(Exception):
    """A case was closed after it was asked to assign it, and before that was done."""


@dataclass(frozen=True, slots=True)
class Desks:
    """The desks of all investigators. Every change is one script: two replicas cannot disagree."""

    store: Store

    async def enter(self, staff: Mapping[str, Sequence[Investigator]]) -> None:
        """Enter who works in which region. Those known already keep their open cases."""
        arguments: list[str] = []
        for region, investigators in staff.items():
            arguments.append(str(len(investigators)))
            for investigator in investigators:
                who = {**investigator.model_dump(), "region": region}
                arguments += (investigator.id, json.dumps(who))
        keys = ["load", "staff", *(f"region:{region}" for region in staff)]
        await self.store.run(STAFF, keys, *arguments)

    async def assign(
        self, case: str, key: str, asked: datetime, *, region: str, priority: str
    ) -> Assignment | None:
        """Give `case` to the investigator of `region` with the fewest open cases.

        A case that is on a desk stays there, whatever is asked for.

        Args:
            case: the case.
            key: of the command, equal on every attempt.
            asked: when it was asked for.
            region: where it is.
            priority: noted with it.

        Returns:
            Whose desk it is on; None when nobody works in the region.

        Raises:
            ClosedSinceError: the case was closed after that was asked for.
        """
        keys = ("cases", "load", "staff", f"region:{region}")
        found = await self.store.run(ASSIGN, keys, case, key, _ms(asked), region, priority)
        if found == _CLOSED_SINCE:
            raise ClosedSinceError
        return None if found is None else Assignment.model_validate_json(found)

    async def escalate(self, case: str, key: str, priority: str) -> Assignment | None:
        """Give `case`, which nobody has, to the investigator with the fewest open cases of all.

        Args:
            case: the case.
            key: of the command, equal on every attempt.
            priority: noted with it.

        Returns:
            Whose desk it is on, with the region this investigator works in; None when somebody
            has it already, or it is closed.
        """
        found = await self.store.run(ESCALATE, ("cases", "load", "staff"), case, key, priority)
        return None if found is None else Assignment.model_validate_json(found)

    async def find(self, case: str) -> Assignment | None:
        """Return whose desk `case` is on; None when it is on nobody's."""
        found = await self.store.run(OPEN_CASE, ["cases"], case)
        return None if found is None else Assignment.model_validate_json(found)

    async def close(self, case: str, key: str, asked: datetime) -> Assignment | None:
        """Take `case` off the desk it is on.

        Args:
            case: the case.
            key: of the command, equal on every attempt.
            asked: when it was asked for; what was asked for before assigns it no more.

        Returns:
            Whose desk it was on; None when it was on nobody's.
        """
        found = await self.store.run(CLOSE, ("cases", "load"), case, key, _ms(asked))
        return None if found is None else Assignment.model_validate_json(found)

    async def caseload(self) -> dict[str, int]:
        """Return how many open cases each investigator has, by id, fewest first."""
        found = await self.store.run(CASELOAD, ["load"])
        return {name: int(count) for name, count in zip(found[::2], found[1::2], strict=True)}


def _ms(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))
