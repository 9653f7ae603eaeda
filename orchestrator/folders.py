"""The folders of rules and schemas: read, made a rulebook of, and watched. Runs no rule."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import structlog
from watchfiles import awatch

from orchestrator.catalog import read_catalog, read_schema_files
from orchestrator.errors import InvalidDefinitions, Misconfigured
from orchestrator.rulefile import read_rule_files, read_rules
from orchestrator.telemetry import log_events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from orchestrator.core.definitions import Rulebook

Stamps: TypeAlias = "dict[Path, tuple[int, int, int]]"
"""What tells of each file whether it is still the same."""

SETTLE_MS: Final = 200
LOOK_MS: Final = 1000
"""How often it is asked what changed without a word to the watch: also before that began."""

_GONE: Final = (
    "{} holds no rule files any more: put them back, or write `rules: []` into one"
    " if none are wanted"
)


class Folders:
    """What a daemon reacts with, as files.

    Args:
        rules: the folder of rules.
        schemas: the folder of schemas.
    """

    def __init__(self, rules: Path, schemas: Path) -> None:
        self._rules = rules
        self._schemas = schemas
        self._read: list[list[tuple[str, bytes]]] = []
        self._had_rules = False

    def build(self) -> Rulebook:
        """Read and check all schemas and rules; warnings go to the log.

        Raises:
            InvalidDefinitions: with every problem of every file.
            Misconfigured: a folder cannot be read, or all files of rules are gone, which is how a
                volume looks that is not mounted and a copy that has just begun.
        """
        schemas, rules = self._read = self._files()
        if self._had_rules and not rules:
            raise Misconfigured(_GONE.format(self._rules))
        catalog, doubts = read_catalog(schemas)
        if catalog is None:
            raise InvalidDefinitions(doubts)
        rulebook, problems = read_rules(rules, catalog)
        if rulebook is None:
            raise InvalidDefinitions(problems)
        for problem in (*doubts, *problems):
            structlog.get_logger().warning(log_events.RULEBOOK_WARNING, problem=str(problem))
        self._had_rules = bool(rules)
        return rulebook

    async def changes(self, stopped: asyncio.Event) -> AsyncIterator[None]:
        """Yield with every change of a file since the last `build`, until `stopped`.

        The watch hears nothing of a folder that takes the place of another, by its name or by a
        link, nor of some network drives: so the files are looked at as well.
        """
        watch = awatch(
            self._rules,
            self._schemas,
            stop_event=stopped,
            step=SETTLE_MS,
            rust_timeout=LOOK_MS,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        )
        seen: Stamps | None = None
        async for changed in watch:
            before = seen
            seen = await asyncio.to_thread(_stamps, self._rules, self._schemas)
            same = await asyncio.to_thread(self._is_built) if before is None else before == seen
            if changed or not same:
                yield

    def _is_built(self) -> bool:
        """Tell whether the files are as they were when they were read last."""
        try:
            return self._files() == self._read
        except Misconfigured:  # the next build says why
            return False

    def _files(self) -> list[list[tuple[str, bytes]]]:
        return [read_schema_files(self._schemas), read_rule_files(self._rules)]


def _stamps(*folders: Path) -> Stamps:
    """Return the stamps of all files in `folders`, without reading any."""
    found = {}
    for file in chain.from_iterable(map(_files, folders)):
        with suppress(OSError):  # it went while we looked
            stat = file.stat()
            found[file] = stat.st_ino, stat.st_mtime_ns, stat.st_size
    return found


def _files(path: Path) -> Iterator[Path]:
    """Yield what may be read of a folder: what is hidden never is, and editors write it all day."""
    if not path.is_dir():
        yield path
    for here, inner, names in os.walk(path):
        inner[:] = [each for each in inner if not each.startswith(".")]
        yield from (Path(here, each) for each in names if not each.startswith("."))
