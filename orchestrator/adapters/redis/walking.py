"""Reads many sorted sets as one long ordered list, a part at a time. Knows nothing of instances."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.adapters.redis.connection import translated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from redis.asyncio import Redis

FIRST_READ = 16
LARGEST_READ = 1024


class Entry(NamedTuple):
    """A member of one of the sets. Entries are ordered as Redis orders them, then by set."""

    score: float
    member: bytes
    name: bytes


class Walk(NamedTuple):
    """Which entries, in which order.

    Attributes:
        begin: the score to begin with, inclusive.
        end: the score to end with, inclusive; below `begin` when `descending`.
        after: the entry to begin behind, whether it is still there or not; None for the first.
        descending: from the highest score to the lowest.
    """

    begin: float
    end: float
    after: Entry | None = None
    descending: bool = False


async def walk(
    redis: Redis, server: str, names: Sequence[bytes], way: Walk
) -> AsyncIterator[Entry]:
    """Yield the entries of all sets in one order; one round trip for each part that is read."""
    past = operator.lt if way.descending else operator.gt
    begin, reached, size = way.begin, way.after, FIRST_READ
    while True:
        parts = await _read(redis, server, names, way._replace(begin=begin), size)
        # A set that was cut may have more behind its last one: others must not overtake it.
        cut = sorted((part[-1] for part in parts if len(part) == size), reverse=way.descending)
        passed = 0
        for entry in sorted((e for part in parts for e in part), reverse=way.descending):
            if cut and past(entry, cut[0]):
                break
            if reached is None or past(entry, reached):
                yield entry
                reached, passed = entry, passed + 1
        if not cut:
            return
        begin = cut[0].score
        # More members may share a score than were read: only a larger part leads past them.
        size = min(size * 2, LARGEST_READ) if passed else size * 2


async def _read(
    redis: Redis, server: str, names: Sequence[bytes], way: Walk, size: int
) -> list[list[Entry]]:
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        pipeline.zrange(
            name,
            _score(way.begin),
            _score(way.end),
            desc=way.descending,
            byscore=True,
            offset=0,
            num=size,
            withscores=True,
        )
    with translated(server):
        found = await pipeline.execute()
    return [
        [Entry(score, member, name) for member, score in part]
        for name, part in zip(names, found, strict=True)
    ]


def _score(bound: float) -> str:
    return repr(bound)  # `inf` and `-inf` are what Redis calls them, too
