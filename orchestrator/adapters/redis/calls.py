"""What ``commit.lua`` is called with: commits as keys and arguments. Talks to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from orchestrator.adapters.redis.entries import (
    LATER,
    header,
    kept_name,
    milliseconds,
    milliseconds_since_1970,
    outbox_entry,
    revision_name,
    timer_name,
)
from orchestrator.core.status import Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from orchestrator.adapters.redis.layout import Layout
    from orchestrator.core.decision import Instance, Part
    from orchestrator.core.ids import ReactionId
    from orchestrator.ports import Commit, InstanceKey, InstanceWrite

Arguments: TypeAlias = "list[bytes | int]"


class Call:
    """One call of the script: the commits of one shard.

    Args:
        layout: names of keys, and the limits that hold in a shard.
        epoch: what the server must show.
        shard: which.
        now: when the commits are made.
    """

    def __init__(self, layout: Layout, epoch: bytes, shard: int, now: datetime) -> None:
        self._layout = layout
        self._shard = shard
        self._now_ms = milliseconds_since_1970(now)
        self._keys = [
            layout.epoch(shard),
            *layout.seen(shard, layout.bucket(now.timestamp())),
            layout.outbox(shard),
            layout.timers(shard),
            layout.revisions(shard),
            layout.finished(shard, kept=False),
            layout.finished(shard, kept=True),
        ]
        self._arguments: Arguments = [
            epoch,
            layout.marker_seconds,
            self._now_ms,
            layout.retention_ms,
            layout.retained,
        ]

    def add(self, commit: Commit) -> None:
        """Let the call make `commit`, too, after those before it."""
        arguments, timer = self._arguments, commit.timer
        recalled = [write for write in commit.writes if write.recalled]
        arguments += (len(commit.reactions), len(commit.writes) + len(recalled))
        arguments += (timer_name(timer.at), milliseconds(timer.due)) if timer else (b"", b"")
        for write in recalled:
            self._insist_on_last_state(write)
        for write in commit.writes:
            self._add_write(write, commit.reactions[-1].id)
        for reaction in commit.reactions:
            entry = outbox_entry(commit.key, reaction.messages, self._now_ms)
            arguments += (reaction.id, entry)

    def complete(self) -> tuple[bytes | int, ...]:
        """Return number of keys, keys and arguments."""
        return (len(self._keys), *self._keys, *self._arguments)

    def _insist_on_last_state(self, write: InstanceWrite) -> None:
        """Add a write that writes nothing: what is begun again must still be as it was kept.

        That none is open does not tell: others may have begun and ended it again since.
        """
        kept = self._position(self._layout.last_state(write.at))
        self._arguments += (kept, _header(write.recalled), b"", b"", b"", b"", 0)

    def _add_write(self, write: InstanceWrite, version: ReactionId) -> None:
        """Add the arguments of a write. Its value and its index have positions that follow."""
        at, before, status = write.at, _open_before(write), write.status
        layout, arguments = self._layout, self._arguments
        listed = before.status if before and (status is None or status.final) else status
        index, name = self._listed(at, listed or Status.WAITING)
        value = self._position(layout.instance(at))
        self._keys.append(index)
        expected = _header(before)
        if status is None:
            arguments += (value, expected, b"", b"", b"", b"", 0)
            return
        last = header(version, status, write.revision, parted=write.parted) + (write.state or b"")
        steps = self._steps_of_message(write) if at.message else self._steps(write, status, last)
        arguments += (
            value,
            expected,
            b"" if status.final else last,
            timer_name(at),
            b"" if write.due is None or status.final else milliseconds(write.due),
            name,
            len(steps),
            *steps,
        )

    def _steps(self, write: InstanceWrite, status: Status, last: bytes) -> Sequence[bytes | int]:
        """Return what changes beside the value, the timer and the entry in the index."""
        at, before = write.at, _open_before(write)
        counted = revision_name(at.definition, write.revision)
        if before is None and not status.final and not write.parts:
            return (b"begin", counted)
        if before and status.final and write.state is None and not write.parted:
            return (
                b"end",
                revision_name(at.definition, before.revision),
                b"finish",
                counted,
                status.encode(),
            )
        steps: Arguments = []
        for part in write.parts:
            steps += self._write_part(at, part)
        if before is None:
            steps += () if status.final else (b"begin", counted)
        elif status.final:
            steps += (b"end", revision_name(at.definition, before.revision))
        else:
            steps += self._moves(at, before, status, counted)
        return steps + self._finish(write, status, last) if status.final else steps

    def _steps_of_message(self, write: InstanceWrite) -> Sequence[bytes | int]:
        """Return the same for a kept message: it is counted and listed, and leaves no trace."""
        at, before, status = write.at, write.expected, write.status
        counted = revision_name(at.definition, LATER)
        if before is None:
            return (b"begin", counted)
        if status is None or status.final:
            return (b"end", counted)
        if before.status is not status:
            index, name = self._listed(at, before.status)
            return (b"unlist", self._position(index), name)
        return ()

    def _listed(self, at: InstanceKey, status: Status) -> tuple[bytes, bytes]:
        """Return the index that holds something of a status, and its name there."""
        if at.message:
            return self._layout.later_index(self._shard, at.definition, status), kept_name(at)
        return self._layout.open_index(self._shard, at.definition, status), at.key.encode()

    def _moves(
        self, at: InstanceKey, before: Instance, status: Status, counted: bytes
    ) -> Arguments:
        """Return what takes an open instance to another list, and to another revision."""
        steps: Arguments = []
        if before.status is not status:
            index, name = self._listed(at, before.status)
            steps += (b"unlist", self._position(index), name)
        if counted != (old := revision_name(at.definition, before.revision)):
            steps += (b"end", old, b"begin", counted)
        return steps

    def _write_part(self, at: InstanceKey, part: Part) -> Arguments:
        due = b"" if part.due is None else milliseconds(part.due)
        pieces, name = self._position(self._layout.pieces(at)), part.name.encode()
        piece: Arguments = [b"unpiece", pieces, name]
        if part.state is not None:
            piece = [b"piece", pieces, name, part.state]
        names = self._position(self._layout.piece_timers(at))
        return [*piece, b"timer", names, timer_name(at.of_piece(part.name)), due]

    def _finish(self, write: InstanceWrite, status: Status, last: bytes) -> Arguments:
        """Return what lists an instance as finished, and keeps or drops what is left of it."""
        at, layout = write.at, self._layout
        counted, how = revision_name(at.definition, write.revision), status.encode()
        steps: Arguments = []
        if write.state is None:
            steps += (b"finish", counted, how)
        else:
            kept = [layout.last_state(at), layout.pieces(at), layout.last_pieces(at)]
            value, pieces, last_pieces = [self._position(key) for key in kept]
            steps += (b"keep", counted, how, value, last, pieces, last_pieces)
        if write.parted:
            pieces = self._position(layout.pieces(at))
            steps += (b"drop", pieces, self._position(layout.piece_timers(at)))
        return steps

    def _position(self, key: bytes) -> int:
        self._keys.append(key)
        return len(self._keys)


def _open_before(write: InstanceWrite) -> Instance | None:
    """Return the instance that must be open; None where none may be."""
    return None if write.recalled else write.expected


def _header(found: Instance | None) -> bytes:
    """Return what the value of an instance begins with; nothing where there is none."""
    if found is None:
        return b""
    return header(found.version, found.status, found.revision, parted=found.parted)
