"""What ``commit.lua`` is called with: commits as keys and arguments. Talks to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from orchestrator.adapters.redis.entries import (
    finished_name,
    header,
    milliseconds,
    milliseconds_since_1970,
    outbox_entry,
    revision_name,
    timer_name,
)

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.adapters.redis.layout import Layout
    from orchestrator.core.decision import Part
    from orchestrator.core.ids import ReactionId
    from orchestrator.core.status import Status
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
        arguments += (len(commit.reactions), len(commit.writes))
        arguments += (timer_name(timer.at), milliseconds(timer.due)) if timer else (b"", b"")
        for write in commit.writes:
            self._add_write(write, commit.reactions[-1].id)
        for reaction in commit.reactions:
            entry = outbox_entry(commit.key, reaction.messages, self._now_ms)
            arguments += (reaction.id, entry)

    def complete(self) -> tuple[bytes | int, ...]:
        """Return number of keys, keys and arguments."""
        return (len(self._keys), *self._keys, *self._arguments)

    def _add_write(self, write: InstanceWrite, version: ReactionId) -> None:
        at, before, status = write.at, write.expected, write.status
        value = self._position(self._layout.instance(at))
        expected = header(before.version, before.status, before.revision) if before else b""
        if status is None:
            self._arguments += (value, expected, b"", b"", b"", b"", b"", 0)
            return
        last = header(version, status, write.revision) + (write.state or b"")
        listed = before.status if before and status.final else status
        steps = [] if at.message else self._steps(write, status, last)
        self._arguments += (
            value,
            expected,
            b"" if status.final else last,
            timer_name(at),
            b"" if write.due is None or status.final else milliseconds(write.due),
            b"" if at.message else self._index(at, listed),
            b"" if at.message else at.key.encode(),
            len(steps),
            *steps,
        )

    def _steps(self, write: InstanceWrite, status: Status, last: bytes) -> Arguments:
        """Return what changes beside the value, the timer and the entry in the index."""
        at, before = write.at, write.expected
        steps = [step for part in write.parts for step in self._write_part(at, part)]
        if status.final:
            return steps + self._end(write, status, last)
        if before is None:
            return [*steps, b"count", revision_name(at.definition, write.revision), 1]
        if before.status is not status:
            steps += (b"unlist", self._index(at, before.status), at.key.encode())
        if before.revision != write.revision:
            steps += (b"count", revision_name(at.definition, before.revision), -1)
            steps += (b"count", revision_name(at.definition, write.revision), 1)
        return steps

    def _write_part(self, at: InstanceKey, part: Part) -> Arguments:
        due = b"" if part.due is None else milliseconds(part.due)
        pieces, name = self._position(self._layout.pieces(at)), part.name.encode()
        piece: Arguments = [b"unpiece", pieces, name]
        if part.state is not None:
            piece = [b"piece", pieces, name, part.state]
        names = self._position(self._layout.piece_timers(at))
        return [*piece, b"timer", names, timer_name(at.of_piece(part.name)), due]

    def _end(self, write: InstanceWrite, status: Status, last: bytes) -> Arguments:
        """Return what takes an instance from those that are open to those that are finished."""
        at, before, layout = write.at, write.expected, self._layout
        pieces = self._position(layout.pieces(at))
        name = finished_name(at, status, write.revision)
        steps: Arguments = []
        if before:
            steps += (b"count", revision_name(at.definition, before.revision), -1)
        if write.state is None:
            steps += (b"finish", name)
        else:
            value, behind = layout.last_state(at), layout.last_pieces(at)
            steps += (b"keep", name, self._position(value), last, pieces, self._position(behind))
        return [*steps, b"drop", pieces, self._position(layout.piece_timers(at))]

    def _index(self, at: InstanceKey, status: Status) -> int:
        return self._position(self._layout.open_index(self._shard, at.definition, status))

    def _position(self, key: bytes) -> int:
        self._keys.append(key)
        return len(self._keys)
