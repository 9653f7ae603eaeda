"""Records a case of the log as a test of the rules. Leaves writing and playing it to others."""

from __future__ import annotations

import asyncio
from shlex import quote
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.inquiry import inquire
from orchestrator.cli.problems import ERRORS
from orchestrator.core.workflow.ids import read_command_id
from orchestrator.errors import Misconfigured
from orchestrator.ruletest.recording import record
from orchestrator.ruletest.transcript import Recorded, RecordedEvent
from orchestrator.topology import Names, dead_letter_queue

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.adapters.rabbit.log import Start
    from orchestrator.catalog import Catalog
    from orchestrator.cli.evidence import Evidence
    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.event import Event
    from orchestrator.ruletest.recording import Recording
    from orchestrator.settings import Settings


def record_case(  # noqa: PLR0913 - what was asked for, and where to look
    settings: Settings,
    rulebook: Rulebook,
    catalog: Catalog,
    key: str,
    start: Start,
    *,
    with_data: bool,
) -> int:
    """Print the test that the case `key` makes, and return the exit code.

    Raises:
        Misconfigured: nothing of it can be recorded.
    """
    evidence = asyncio.run(inquire(settings, rulebook, key, start))
    recorded = recorded_case(evidence)
    if not recorded.events:
        raise Misconfigured(
            f"no event with the key {key} that a rule wants is in {Names.of(settings).log}:"
            f" `orchestrator explain {quote(key)}` tells what there is"
        )
    recording = asyncio.run(record(recorded, rulebook, catalog, with_data=with_data))
    click.echo(recording.text, nl=False)
    if recording.problems and not with_data:
        real = asyncio.run(record(recorded, rulebook, catalog, with_data=True))
        if not real.problems:
            output.note("it passes with the real texts: say --with-data")
    return _tell(recording)


def _tell(recording: Recording) -> int:
    """Say on standard error what is to be known of the test, beside the test itself."""
    if recording.kept:
        kept = ", ".join(recording.kept)
        output.note(f"as they are, because their schema allows no placeholder: {output.text(kept)}")
    for problem in recording.problems:
        output.note(f"does not pass with the rules as they are: {output.text(problem)}")
    return ERRORS if recording.problems else 0


def answered(event: Event) -> str | None:
    """Return the step of a workflow that an event answers, as it says itself; None for none."""
    command = read_command_id(event.causation_id) if event.causation_id else None
    return None if command is None else str(command[1])


def recorded_case(evidence: Evidence) -> Recorded:
    """Return what the evidence tells of a case, without what its own rules sent being given."""
    # What only the store remembers came before everything the log still holds.
    logged = sorted(evidence.logged, key=lambda each: bool(each.seen.channel))
    sent = {each.seen.id: each.seen for each in logged if each.seen.rule is not None}
    effects: dict[str | None, datetime] = {}
    for seen in sent.values():
        first = effects.get(seen.causation_id, seen.time)
        effects[seen.causation_id] = min(first, seen.time)
    queue = dead_letter_queue(evidence.queue)
    letters = [found for _, found in evidence.letters if found.queue == queue]
    return Recorded(
        key=evidence.key,
        events=[
            RecordedEvent(
                each.event.type,
                each.event.data,
                each.event.correlation_id,
                each.event.id,
                each.event.time,
                effects.get(each.event.id),
                answered(each.event),
            )
            for each in logged
            if each.event is not None
            and each.seen.rule is None
            and each.event.type in evidence.rulebook.by_type
        ],
        sent=[(seen.rule or "", seen.type, seen.time) for seen in sent.values()],
        open=[(at.definition, at.key) for at in evidence.instances],
        letters=[(found.rule, found.reason) for found in letters],
        until=evidence.now,
    )
