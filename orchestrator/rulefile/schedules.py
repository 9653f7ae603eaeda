"""Reads a rule on a schedule: when it ticks, what it makes up for and sends. Waits for none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, get_args
from zoneinfo import ZoneInfo

from orchestrator.core.problem import Problem
from orchestrator.core.schedule import Cron, InvalidCronError, Periodic
from orchestrator.core.scheduled import CatchUp, ScheduledRule, tick_data
from orchestrator.core.shapes import Shape
from orchestrator.document import quoted
from orchestrator.errors import SchemaViolation
from orchestrator.rulefile.actions import ReadAction, read_actions
from orchestrator.rulefile.names import Readable
from orchestrator.rulefile.parts import Form, nearest
from orchestrator.rulefile.periods import is_length, read_period
from orchestrator.rulefile.timezones import read_timezone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.core.schedule import Schedule
    from orchestrator.rulefile.content import Heading
    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.parts import Part

SCHEDULE_KEYS = ("timezone", "catch_up")
"""What only rules on a schedule have."""

_BESIDE = "stands beside `when`, not in it: indent it less"
_FORM = Form(
    what="`when: {every: ...}`",
    keys=("every",),
    elsewhere=dict.fromkeys((*SCHEDULE_KEYS, "then"), _BESIDE),
    synonyms={},
)
_NOT_HERE = {
    "if": "put the condition at an action, {send: ..., if: ...}",
    "for_each": "repeat an action instead, {send: ..., for_each: ...}",
    "as": "there is no event to be named",
    "within": "a tick waits for nothing",
    "by": "every tick is a case of its own",
    "otherwise": "a tick waits for nothing in vain",
}
_INSTEAD = 'write a cron expression in quotes, such as "0 8 * * MON", or a length such as 15m'
_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * SUN",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_CATCH_UP: tuple[CatchUp, ...] = get_args(CatchUp)
_DEFAULT: CatchUp = "last"
_REFUSED = Periodic(timedelta(hours=1))
"""Stands for a schedule that had to be refused."""

_TICK = Shape.of(
    [
        {
            "type": "object",
            "required": ["rule", "scheduled_at"],
            "properties": {"rule": {"type": "string"}, "scheduled_at": {"type": "string"}},
            "additionalProperties": False,
        }
    ]
)


@dataclass(frozen=True, slots=True)
class Timetable:
    """A rule on a schedule, as it was read.

    Attributes:
        schedule: when it ticks.
        catch_up: which of the missed ticks it makes up for.
        actions: what it sends at each.
    """

    schedule: Schedule
    catch_up: CatchUp
    actions: Sequence[ReadAction]

    @property
    def triggers(self) -> tuple[str, ...]:
        """No event type."""
        return ()

    @property
    def unconditional(self) -> frozenset[str]:
        """No event type."""
        return frozenset()

    @property
    def definition(self) -> dict[str, object]:
        """Normalised, without name and description: what the revision is made of."""
        return {
            "every": self.schedule.text,
            "catch_up": self.catch_up,
            "then": [read.definition for read in self.actions],
        }

    @property
    def needs_name(self) -> str:
        """Why a name that follows from the file would not do."""
        return "a rule on a schedule"

    def finished(self, heading: Heading) -> ScheduledRule:
        """Return the rule under its heading."""
        return ScheduledRule(
            name=heading.name,
            revision=heading.revision,
            description=heading.description,
            schedule=self.schedule,
            catch_up=self.catch_up,
            actions=tuple(read.action for read in self.actions),
            position=heading.position,
        )


def is_schedule(when: Part) -> bool:
    """Tell whether a ``when`` is a schedule."""
    return isinstance(when.value, dict) and "every" in when.value


def read_schedule(entries: Mapping[str, Part], catalog: MessageCatalog) -> Timetable:
    """Return a rule on a schedule. What had to be refused is left out."""
    for key, instead in _NOT_HERE.items():
        if key in entries:
            entries[key].refuse_key(f"`{key}` has no place beside `every`: {instead}")
    then = entries.get("then")
    actions = read_actions(then, catalog, Readable(_TICK)) if then else []
    for read in actions:
        _check_data(read)
    every = entries["when"].entries(_FORM)["every"]
    return Timetable(
        schedule=_read_every(every, entries.get("timezone")) or _REFUSED,
        catch_up=_read_catch_up(entries.get("catch_up")),
        actions=actions,
    )


def _check_data(read: ReadAction) -> None:
    """Refuse a message that passes on the data of a tick, where its schema does not allow them."""
    if "with" in read.definition:
        return
    contract = read.action.message
    try:
        contract.validate(tick_data("name", datetime(2000, 1, 1, tzinfo=UTC)))
    except SchemaViolation as violation:
        read.part.refuse(
            f"{contract.name} needs fields, or `with`: a tick has only rule and scheduled_at, "
            f"which breaks the schema: {violation}"
        )


def _read_every(part: Part, timezone: Part | None) -> Schedule | None:
    zone = read_timezone(timezone) if timezone else ZoneInfo("UTC")
    text = part.text(_INSTEAD)
    if text is None:
        return None
    if text in _MACROS:
        part.refuse(f'{quoted(text)} says it in other words: write "{_MACROS[text]}"')
        return None
    if is_length(text):
        if timezone is not None:
            timezone.refuse_key(
                "`timezone` is for cron expressions: a length is counted from midnight in UTC, "
                "which is why it must divide a day"
            )
        return read_period(part, text)
    if len(text.split()) == 1:
        part.refuse(f"{quoted(text)} is neither a cron expression nor a length: {_INSTEAD}")
        return None
    return _read_cron(part, text, zone) if zone else None


def _read_cron(part: Part, text: str, zone: ZoneInfo) -> Cron | None:
    try:
        cron = Cron.parse(text, zone, str(zone))
    except InvalidCronError as error:
        position = part.document.locate(part.path, error.offset)
        part.problems.append(Problem(position, f"{quoted(text)} {error}{_hint(text)}"))
        return None
    _, _, day, _, weekday = cron.expression.split()
    if not day.startswith("*") and not weekday.startswith("*"):
        part.refuse(
            f"{quoted(text)} ticks on such days of the month and also on such days of the week, as "
            "cron does: if that is meant, write two rules",
            "warning",
        )
    return cron


def _hint(text: str) -> str:
    """Return what else to say about an expression with the wrong number of fields."""
    without_blanks = "".join(text.split())
    if is_length(without_blanks):
        return f"; a length has no blanks: {without_blanks}"
    if len(text.split()) == len(("seconds", *"mhdMw")):
        return "; seconds are for lengths: 30s"
    return ""


def _read_catch_up(part: Part | None) -> CatchUp:
    if part is None:
        return _DEFAULT
    text = part.text(f"write one of {', '.join(_CATCH_UP)}")
    for known in _CATCH_UP:
        if text == known:
            return known
    if text is not None:
        meant = nearest(text, _CATCH_UP)
        instead = f"did you mean {meant}?" if meant else f"write one of {', '.join(_CATCH_UP)}"
        part.refuse(f"{quoted(text)} is no way to catch up: {instead}")
    return _DEFAULT
