"""Draws the account of a case for a person, and writes it as JSON. Knows no broker and no store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from orchestrator.cli.account import ID_SHOWN
from orchestrator.cli.causality import GivenUp, Published, causal_steps
from orchestrator.cli.clauses import told
from orchestrator.cli.output import text, wrapped
from orchestrator.cli.timeline import Remark, as_json, draw
from orchestrator.cli.waiting import Wait, at_moment, waits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestrator.cli.account import Account, Note, Verdict
    from orchestrator.cli.causality import Step
    from orchestrator.cli.evidence import Evidence
    from orchestrator.cli.seen import Seen
    from orchestrator.core.deadletter import DeadLetter

MARKS: Final[Mapping[Verdict, tuple[str, str]]] = {
    "sent": ("✓", "green"),
    "waits": ("…", "cyan"),
    "took": ("✓", "blue"),
    "silent": ("○", "yellow"),
    "failed": ("✗", "red"),
    "pending": ("?", "magenta"),
    "unknown": ("?", "magenta"),
}
"""Of a verdict: its mark and colour."""


class Narration:
    """The account of one case, put in order.

    Args:
        evidence: what is known.
        account: what follows from it.
        event: only the event whose id begins so, and what it led to; None for all.
    """

    def __init__(self, evidence: Evidence, account: Account, event: str | None = None) -> None:
        self._evidence = evidence
        self._rule = account.rule
        self._show_values = account.show_values
        steps = causal_steps(
            [published(each.seen) for each in evidence.logged],
            [given_up(seen, letter) for seen, letter in evidence.letters],
        )
        self.steps = steps if event is None else _below(steps, event)
        shown = {step.id for step in self.steps}
        self.notes: dict[str, list[Note]] = {}
        for each in evidence.logged:
            found = each.event
            if found is not None and found.id in shown and found.id not in self.notes:
                self.notes[found.id] = account.notes(found)

    def lines(self, width: int | None) -> Iterator[str]:
        """Yield the lines for a person, `width` characters at most; None never wraps."""
        if self.steps:
            remarks = {
                name: [_remark(note) for note in notes] for name, notes in self.notes.items()
            }
            yield from draw(self._evidence.key, self.steps, width, remarks)
        else:
            yield click.style(text(self._evidence.key), fg="magenta", bold=True)
        yield from self._waits(width)
        yield from self._pending(width)
        for sentence in self._evidence.unread:
            yield ""
            yield from wrapped("", f"Not looked at: {text(sentence)}", width)

    def as_json(self) -> dict[str, object]:
        """Return the account as one JSON object."""
        evidence = self._evidence
        content = as_json(evidence.key, self.steps)
        steps = content["steps"]
        assert isinstance(steps, list)  # noqa: S101 - what `as_json` says
        for step in steps:
            notes = self.notes.get(step["id"], ())
            step["rules"] = [_note_as_json(note, show_values=self._show_values) for note in notes]
        return {
            **content,
            "waits": [_wait_as_json(wait) for wait in waits(self._evidence, self._rule)],
            "pending": [
                {"due": one.due, "type": one.outgoing.type, "rule": one.outgoing.rule}
                | {"id": one.outgoing.id, "causationid": one.outgoing.causation_id}
                for one in evidence.pending
            ],
            "unmatched": [noted.id for noted in evidence.unmatched],
            "backlog": evidence.backlog,
            "unread": list(evidence.unread),
        }

    def _waits(self, width: int | None) -> Iterator[str]:
        found = waits(self._evidence, self._rule)
        if found:
            yield ""
            yield click.style("Waits for", bold=True)
        for wait in found:
            yield from _wait(wait, self._evidence, width)

    def _pending(self, width: int | None) -> Iterator[str]:
        pending = sorted(self._evidence.pending, key=lambda one: one.due)
        if pending:
            yield ""
            yield click.style("Sends later", bold=True)
        for one in pending:
            sender = f"rule {one.outgoing.rule}" if one.outgoing.rule else "no rule"
            moment = at_moment(one.due, self._evidence.now)
            kind = text(one.outgoing.type)
            first, *rest = wrapped("  ", f"{kind}  {moment}  {text(sender)}", width)
            yield first.replace(kind, click.style(kind, fg="cyan"), 1)
            yield from rest


def published(seen: Seen) -> Published:
    """Return a message as the causal order needs it."""
    return Published(
        id=seen.id,
        type=seen.type,
        source=seen.source,
        rule=seen.rule,
        time=seen.time,
        causation_id=seen.causation_id,
        timed=seen.timed,
    )


def given_up(seen: Seen, letter: DeadLetter) -> GivenUp:
    """Return a dead letter as the causal order needs it."""
    return GivenUp(
        message_id=seen.id,
        queue=letter.queue,
        reason=letter.reason,
        error=letter.error or letter.first_error,
        part=letter.rule or letter.handler,
        attempts=letter.attempts,
        time=letter.at,
    )


def _below(steps: Sequence[Step], event: str) -> tuple[Step, ...]:
    """Return the message whose id begins so, and everything it led to."""
    for index, step in enumerate(steps):
        if step.id.startswith(event):
            depth = len(step.branches)
            rest = steps[index + 1 :]
            end = next(
                (at for at, each in enumerate(rest) if len(each.branches) <= depth), len(rest)
            )
            return tuple(steps[index : index + 1 + end])
    return ()


def _remark(note: Note) -> Remark:
    mark, colour = MARKS[note.verdict]
    return Remark(mark, colour, note.rule, note.words)


def _wait(wait: Wait, evidence: Evidence, width: int | None) -> Iterator[str]:
    key = "" if wait.key == evidence.key else f"  key {wait.key}"
    first, *rest = wrapped(
        "  … ", f"rule {text(wait.rule)}{text(key)}  {_until(wait, evidence)}", width
    )
    yield first.replace("…", click.style("…", fg="cyan"), 1)
    yield from rest
    if wait.lacks:
        yield from wrapped("    ", f"missing: {text(wait.lacks)}", width)
    ids = {each.event.id: each.seen.type for each in evidence.logged if each.event}
    for name, event_id, moment in wait.came:
        kind = ids.get(event_id, name)
        label = name if name == kind else f"{name} ({kind})"
        came = f"came: {text(label)}  {text(moment)}  {text(event_id[:ID_SHOWN])}".rstrip()
        yield from wrapped("    ", came, width)
    if wait.outdated:
        told_of = f"began with revision {wait.revision}" if wait.revision else "its rule is gone"
        yield from wrapped("    ", f"{told_of}: the rule has been changed since", width)


def _until(wait: Wait, evidence: Evidence) -> str:
    if wait.mended_by:
        return f"is an incident: mend what failed, then `{text(wait.mended_by)}`"
    if wait.until is None:
        return "without a limit"
    return f"until {at_moment(wait.until, evidence.now)}"


def _note_as_json(note: Note, *, show_values: bool) -> dict[str, object]:
    return {
        "rule": note.rule,
        "verdict": note.verdict,
        "words": note.words,
        "key": note.key,
        "clauses": [
            {
                "clause": clause.source,
                "holds": clause.holds,
                "told": told(clause, show_values=show_values),
            }
            for clause in note.clauses
        ],
    }


def _wait_as_json(wait: Wait) -> dict[str, object]:
    return {
        "rule": wait.rule,
        "key": wait.key,
        "missing": wait.lacks or None,
        "came": [
            {"name": name, "id": event_id or None, "time": moment}
            for name, event_id, moment in wait.came
        ],
        "until": wait.until,
        "status": wait.status,
        "revision": wait.revision or None,
        "outdated": wait.outdated,
    }
