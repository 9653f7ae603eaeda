"""Turns what happened to a case into a test of the rules, and plays it. Reads no log, no store."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from orchestrator.core.stateful import StatefulRule
from orchestrator.core.workflow.outline import START
from orchestrator.document import write_document
from orchestrator.ruletest.moments import as_written
from orchestrator.ruletest.playing import play
from orchestrator.ruletest.reading import read_cases
from orchestrator.ruletest.transcript import SECOND, Recorded, Transcript, transcribe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta

    from orchestrator.catalog import Catalog
    from orchestrator.core.decision import Definition
    from orchestrator.core.definitions import Rulebook
    from orchestrator.ruletest.judging import Outcome, Sent

_FILE: Final = "the recorded case"


@dataclass(frozen=True, slots=True)
class Recording:
    """A test, and what is to be known of it.

    Attributes:
        text: the test file.
        problems: why it does not pass with the rules as they are; empty where it does.
        kept: texts that were not replaced, though they might have been: event type and path.
    """

    text: str
    problems: tuple[str, ...]
    kept: tuple[str, ...]


async def record(
    recorded: Recorded, rulebook: Rulebook, catalog: Catalog, *, with_data: bool = False
) -> Recording:
    """Return the test that `recorded` makes, played once with the rules as they are.

    Args:
        recorded: what happened.
        rulebook: the rules as they are.
        catalog: the message types.
        with_data: leave texts as they are, instead of replacing those that no condition reads.
    """
    on_time = replace(recorded, events=[replace(event, arrived=None) for event in recorded.events])
    tries: list[Recording] = []
    for each in (on_time, recorded):
        recorder = _Recorder(each, rulebook, catalog)
        script = transcribe(each, rulebook, with_data=with_data)
        for advance in recorder.advances():
            tries.append(await recorder.attempt(script, advance))
            if not tries[-1].problems:
                return tries[-1]
    return min(tries, key=lambda each: len(each.problems))


@dataclass(frozen=True, slots=True)
class _Recorder:
    """Writes and plays one case."""

    recorded: Recorded
    rulebook: Rulebook
    catalog: Catalog

    def advances(self) -> list[timedelta | None]:
        """Return how much time may pass at the end: none, until the last message, until now."""
        last = max(event.arrived or event.time for event in self.recorded.events)
        last = max(last, *(event.time for event in self.recorded.events))
        sent = max((moment for _, _, moment in self.recorded.sent), default=last)
        advances: list[timedelta | None] = [None]
        for moment in (sent, self.recorded.until or last):
            passed = -((last - moment) // SECOND) * SECOND
            if passed > SECOND:
                advances.append(passed)
        return advances

    async def attempt(self, script: Transcript, advance: timedelta | None) -> Recording:
        """Play the case with so much time at its end, and write down what is sent then."""
        passed = [] if advance is None else [{"advance": as_written(advance)}]
        content = {**script.head, "given": [*script.given, *passed], **self._expected_state(script)}
        outcome, problems = await self._play(content)
        if outcome is not None:
            problems += [failure.message for failure in outcome.failures]
            sent = [message for _, message in outcome.sent if self._is_asked(message)]
            problems += self._differences(sent)
            problems += _elsewhere(outcome.sent, script.key) if problems else []
            content |= self._expected_messages(script, sent)
            if not problems:
                outcome, problems = await self._play(content)
                problems += [failure.message for failure in outcome.failures] if outcome else []
        return Recording(write_document([content]), tuple(problems), script.kept)

    def _expected_state(self, script: Transcript) -> dict[str, object]:
        open_now = [
            {"rule": rule, "key": script.keys[rule, key]}
            for rule, key in self.recorded.open
            if (rule, key) in script.keys
        ]
        letters = [
            {"rule": rule, "reason": reason} if rule else {"reason": reason}
            for rule, reason in self.recorded.letters
        ]
        content: dict[str, object] = {"expect_open": open_now}
        return content | ({"expect_dead_letter": letters} if letters else {})

    def _expected_messages(self, script: Transcript, sent: Sequence[Sent]) -> dict[str, object]:
        if not sent:
            return {"expect_none": "others"} if self.recorded.has_one_key else {}
        key = script.key
        moments = {self.recorded.after_start(event.time) for event in self.recorded.events}
        return {"expect": [dict(_expected(each, key, moments)) for each in sent]}

    def _is_asked(self, message: Sent) -> bool:
        """Tell whether the log would hold the message: under another key, only some are."""
        if self.recorded.has_one_key:
            return True
        return (message.rule, message.type) in {
            (rule, kind) for rule, kind, _ in self.recorded.sent
        }

    def _differences(self, sent: Sequence[Sent]) -> list[str]:
        """Say which messages the rules as they are send, or do not, unlike those of the log."""
        now = Counter((message.rule or "", message.type) for message in sent)
        then = Counter((rule, kind) for rule, kind, _ in self.recorded.sent)
        return [
            *(f"rule {rule} sent {kind}, and does not now" for rule, kind in then - now),
            *(
                f"rule {rule} keeps its state under another key, for which there are more events"
                for rule in {rule for rule, _ in then - now}
                if _has_a_key_of_its_own(self.rulebook.by_name.get(rule))
            ),
            *(f"rule {rule} sends {kind}, and did not then" for rule, kind in now - then),
        ]

    async def _play(self, content: Mapping[str, object]) -> tuple[Outcome | None, list[str]]:
        files = [(_FILE, write_document([dict(content)]))]
        cases, problems = read_cases(files, self.catalog, self.rulebook.by_name.keys())
        if problems:
            return None, [str(problem) for problem in problems]
        return await play(cases[0], self.rulebook), []


def _elsewhere(sent: Sequence[tuple[object, Sent]], key: object) -> list[str]:
    """Say which workflows ran under keys of their own: what answered them is not in the case."""
    started = [message for _, message in sent if message.type == START and message.key != key]
    return [
        f"a step runs a workflow under the key {message.key}: give what answers that one by hand,"
        " with this `key`"
        for message in started
    ]


def _has_a_key_of_its_own(rule: Definition | None) -> bool:
    return isinstance(rule, StatefulRule) and rule.by is not None


def _expected(message: Sent, key: object, moments: set[timedelta]) -> Iterator[tuple[str, Any]]:
    yield "message", message.type
    if message.rule:
        yield "rule", message.rule
    if message.key != key:
        yield "key", message.key
    if message.after not in moments:
        yield "at", as_written(message.after)
    yield "exactly", message.data
