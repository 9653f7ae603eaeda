"""What ``orchestrator doctor`` looks at, check by check. Changes nothing, prints nothing."""

from __future__ import annotations

import difflib
import os
import platform
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from orchestrator import __version__
from orchestrator.adapters.rabbit.administration import Administration
from orchestrator.catalog import read_catalog, read_schema_files
from orchestrator.cli.memory import memory
from orchestrator.cli.queues import installed_topologies
from orchestrator.errors import OrchestratorError
from orchestrator.rulefile import read_rule_files, read_rules
from orchestrator.rulefile.windows import told_windows
from orchestrator.settings import Settings
from orchestrator.topology import Names, dead_letter_queue, topology

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from orchestrator.catalog import Catalog
    from orchestrator.core.problem import Problem
    from orchestrator.topology import Topology

_PREFIX = "ORCHESTRATOR_"
_OTHERS = frozenset({"ORCHESTRATOR_MANAGEMENT_URL"})  # told by whoever starts the services for us
_DEAD = dead_letter_queue("")
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        check: what was looked at.
        status: an error keeps the system from working, a warning does not.
        message: what was found and, unless it is fine, what to do.
    """

    check: str
    status: Literal["ok", "warning", "error"]
    message: str


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Yield what every check finds; a part that cannot be reached does not stop the others."""
    yield Finding(
        "program", "ok", f"orchestrator {__version__}, Python {platform.python_version()}"
    )
    for finding in _variables(os.environ):
        yield finding
    for finding in _files(settings):
        yield finding
    async for finding in _reachable("rabbitmq", _rabbitmq(settings)):
        yield finding
    async for finding in _reachable("redis", _redis(settings)):
        yield finding


async def _reachable(check: str, findings: AsyncIterator[Finding]) -> AsyncIterator[Finding]:
    try:
        async for finding in findings:
            yield finding
    except OrchestratorError as error:
        yield Finding(check, "error", str(error))


def _variables(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the variables that look like ours and are none: most are slips of the finger."""
    known = [f"{_PREFIX}{name.upper()}" for name in Settings.model_fields]
    for name in sorted(environment):
        if name.startswith(_PREFIX) and name not in (*known, *_OTHERS):
            near = difflib.get_close_matches(name, known, n=1)
            hint = f": did you mean {near[0]}?" if near else ": nobody reads it"
            yield Finding("settings", "warning", f"{name} is no setting{hint}")


def _files(settings: Settings) -> Iterator[Finding]:
    try:
        files = read_schema_files(settings.schemas)
        catalog, problems = read_catalog(files)
        yield _judged("schemas", problems, f"{len(files)} files in {settings.schemas}")
        if catalog is not None:
            yield from _rules(settings, catalog)
    except OrchestratorError as error:
        yield Finding("files", "error", str(error))


def _rules(settings: Settings, catalog: Catalog) -> Iterator[Finding]:
    files = read_rule_files(settings.rules)
    rulebook, problems = read_rules(files, catalog)
    count = len(rulebook.definitions) if rulebook else 0
    yield _judged("rules", problems, f"{count} rules in {len(files)} files in {settings.rules}")
    recognised = timedelta(hours=settings.dedupe_hours)
    windows = told_windows(rulebook, recognised) if rulebook else None
    if windows:
        yield Finding("windows", "ok", windows)


def _judged(check: str, problems: Sequence[Problem], fine: str) -> Finding:
    errors = [problem for problem in problems if problem.level == "error"]
    if not problems:
        return Finding(check, "ok", fine)
    first = (errors or problems)[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    advice = f"`orchestrator {check} check` shows all" if more else "mend the file"
    return Finding(check, "error" if errors else "warning", f"{first}{more}: {advice}")


async def _rabbitmq(settings: Settings) -> AsyncIterator[Finding]:
    async with Administration.connect(settings.amqp_url.get_secret_value()) as administration:
        yield Finding("rabbitmq", "ok", f"version {administration.version}")
        for wanted in (topology(settings), *installed_topologies(settings)):
            for finding in await _topology(administration, wanted, Names.of(settings)):
                yield finding


async def _topology(
    administration: Administration, wanted: Topology, names: Names
) -> list[Finding]:
    problems = await administration.check(wanted, patience_seconds=0)
    if problems:
        # Where one part is missing all of them tend to be: a few lines say as much as forty.
        told = [Finding("topology", "error", problem) for problem in problems[:_NAMED]]
        more = len(problems) - len(told)
        return [*told, Finding("topology", "error", f"and {more} more")] if more else told
    found = [Finding("topology", "ok", f"{_queues(wanted)} as they must be")]
    for queue in wanted.queues:
        found += await _queue(administration, queue.name, names)
    return found


def _queues(wanted: Topology) -> str:
    """Name the queues, as far as they fit on a line."""
    work = [queue.name for queue in wanted.queues]
    return ", ".join(work[:_NAMED]) + (f" and {len(work) - _NAMED} more" * (len(work) > _NAMED))


async def _queue(administration: Administration, queue: str, names: Names) -> list[Finding]:
    """Return what should make a person look at a queue."""
    status = await administration.status(queue)
    if status is None:
        return []
    if queue == names.queue and not status.consumers:
        waiting = f"{_messages(status.messages)} in {queue} and nobody reads it"
        return [Finding("daemon", "warning", f"{waiting}: start `orchestrator run`")]
    if (queue.endswith(_DEAD) or queue == names.unrouted) and status.messages:
        told = f"{_messages(status.messages)} in {queue}: `orchestrator dlq list --queue {queue}`"
        return [Finding("dead letters", "warning", told)]
    return []


async def _redis(settings: Settings) -> AsyncIterator[Finding]:
    async with memory(settings) as store:
        yield Finding("redis", "ok", f"version {await store.server_version()}")
        weaknesses = await store.inspect()
        for weakness in weaknesses:
            yield Finding("redis", "warning", weakness)
        if not weaknesses:
            yield Finding("redis", "ok", "keeps what it confirms")
        waiting = await store.outbox_size()
        if waiting:
            yield Finding("outbox", "warning", f"{waiting} reactions wait to be published")


def _messages(count: int) -> str:
    return f"{count} message{'' if count == 1 else 's'}"
