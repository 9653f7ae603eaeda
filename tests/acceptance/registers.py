"""What the departments hold in the end, read past their code. Knows no workflow."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from redis import Redis

if TYPE_CHECKING:
    from tests.acceptance.harness import Site

BOOKS: Final = {
    "businesses": ("BL", "LL"),
    "health": ("HP",),
    "planning": ("BP", "PP", "SW", "FL"),
}
"""Department -> the books of what costs a fee."""


def fees(site: Site) -> dict[str, list[float]]:
    """Return for each case the fees of the grants that it still has, the lowest first."""
    found: dict[str, list[float]] = defaultdict(list)
    with Redis.from_url(site.services.redis_url, decode_responses=True) as redis:
        for department, books in BOOKS.items():
            for book in books:
                entries: Any = redis.hgetall(f"{site.name}:{{{department}}}:{book}:entries")
                for subject, text in entries.items():
                    entry = json.loads(text)
                    if "undone" not in entry:
                        found[subject.partition("/")[0]].append(json.loads(entry["content"])["fee"])
    return {case: sorted(each) for case, each in found.items()}
