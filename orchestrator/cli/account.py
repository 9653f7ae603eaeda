"""Concludes from the evidence what each rule made of each event, in words. Asks nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from orchestrator.cli.clauses import reason
from orchestrator.cli.evidence import key_of, wording
from orchestrator.cli.output import text
from orchestrator.cli.waiting import at_moment, distance, lacks
from orchestrator.core.hearing import hear_all
from orchestrator.core.ids import reaction_id
from orchestrator.core.stateful import StatefulRule
from orchestrator.core.stateful.tally import every_event
from orchestrator.core.status import Status
from orchestrator.core.workflow import Workflow
from orchestrator.core.workflow.outline import APPROVAL
from orchestrator.ports import InstanceKey
from orchestrator.topology import dead_letter_queue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.cli.evidence import Evidence, Pending
    from orchestrator.cli.seen import Seen
    from orchestrator.core.clauses import Clause
    from orchestrator.core.deadletter import DeadLetter
    from orchestrator.core.decision import Definition
    from orchestrator.core.event import Event
    from orchestrator.core.hearing import Hearing
    from orchestrator.core.stateful.memory import Memory
    from orchestrator.ports import OpenInstance

NO_RULE: Final = "no rule"
"""Stands where the name of a rule would."""

_GONE: Final = "there is no such rule any more"

ID_SHOWN: Final = 8
"""As much of an id as tells it from the others of a case."""

Verdict = Literal["sent", "waits", "took", "silent", "failed", "pending", "unknown"]
"""Of a rule and an event: it sent something, or will; it remembers the event; it took it before;
its guard did not let it through; it failed; it has not reacted yet; nobody can tell any more."""


@dataclass(frozen=True, slots=True)
class Note:
    """What one rule made of one event.

    Attributes:
        rule: the name of the rule.
        verdict: in one word.
        words: in a sentence.
        clauses: what each clause of its guard came to, by the rule as it is now.
        key: what its state is kept under, where that is not the event's own key.
    """

    rule: str
    verdict: Verdict
    words: str
    clauses: tuple[Clause, ...] = ()
    key: str | None = None


class Account:
    """The conclusions about one case.

    Args:
        evidence: what is known.
        rule: the only rule to tell of; None for all.
        show_values: show the values of secrets, too.
    """

    def __init__(
        self, evidence: Evidence, *, rule: str | None = None, show_values: bool = False
    ) -> None:
        self._evidence = evidence
        self.rule = rule
        self.show_values = show_values
        self._sent: dict[tuple[str | None, str | None], list[Seen]] = {}
        self._asked: dict[str | None, str] = {}
        for logged in evidence.logged:
            seen = logged.seen
            if seen.rule is not None:
                self._asked[seen.id] = seen.rule
                self._sent.setdefault((seen.causation_id, seen.rule), []).append(seen)
        self._memories = list(_memories(evidence))

    def notes(self, event: Event) -> list[Note]:
        """Return what each rule that wants events of this type made of `event`."""
        if self._was_refused(event):
            return [Note(NO_RULE, "failed", "was asked: the event was refused")]
        if event.type not in self._evidence.rulebook.by_type:
            return [] if self._is_effect(event) else [Note(NO_RULE, "silent", "wants its type")]
        return [
            self._note(event, hearing)
            for hearing in hear_all(self._evidence.rulebook, event, event.time)
            if self.rule in (None, hearing.rule.name) and not self._is_for_another(event, hearing)
        ] + list(self._of_rules_that_are_gone(event))

    def _is_for_another(self, event: Event, hearing: Hearing) -> bool:
        """Tell whether a rule looked for something of its own in the event, and it was not there.

        What answers another rule's command is an answer to no other, unless that took it.
        """
        if hearing.wants is False and hearing.guard is None:
            return True
        name = hearing.rule.name
        return (
            _awaits(hearing.rule, event)
            and self._asked.get(event.causation_id, name) != name
            and reaction_id(event.identity, name) not in self._evidence.reacted
        )

    def _was_refused(self, event: Event) -> bool:
        """Tell whether no rule could be asked about the event."""
        queue = dead_letter_queue(self._evidence.queue)
        return any(
            seen.id == event.id and letter.rule is None and letter.queue == queue
            for seen, letter in self._evidence.letters
        )

    def _is_effect(self, event: Event) -> bool:
        """Tell whether something led to it: most replies and commands are for services alone."""
        return event.causation_id is not None

    def _of_rules_that_are_gone(self, event: Event) -> Iterator[Note]:
        known = self._evidence.rulebook.by_name
        names = {rule for cause, rule in self._sent if cause == event.id and rule is not None}
        names |= {at.definition for at in self._evidence.instances}
        for name in sorted(names - known.keys()):
            if self.rule not in (None, name):
                continue
            if (event.id, name) in self._sent:
                yield Note(name, "sent", f"{self._commands(event, name)}; {_GONE}")
            elif (kept := self._kept(event, name)) is not None:
                yield Note(name, "waits", f"{kept[1]}; {_GONE}", key=_other_key(kept[0], event))

    def _note(self, event: Event, hearing: Hearing) -> Note:
        name = hearing.rule.name
        kept = self._kept(event, name)
        key, waiting = kept or (hearing.key, None)
        verdict, words = self._outcome(event, hearing, waiting)
        clauses = hearing.guard.conjuncts if hearing.guard else ()
        return Note(name, verdict, words, clauses, _other_key(key, event))

    def _outcome(self, event: Event, hearing: Hearing, waiting: str | None) -> tuple[Verdict, str]:
        traces = self._traces(event, hearing, waiting)
        if traces is not None:
            return traces
        if hearing.wants is False:
            return "silent", f"did not fire: {self._reason(hearing)}"
        if hearing.wants is None:
            return "failed", f"fails on it: {self._reason(hearing)}"
        if isinstance(hearing.rule, StatefulRule):
            return self._of_memory(event, hearing, hearing.rule)
        if hearing.rule.stateful:
            return self._of_instance(event, hearing)
        return self._unsent(event, hearing)

    def _traces(
        self, event: Event, hearing: Hearing, waiting: str | None
    ) -> tuple[Verdict, str] | None:
        """Return what the rule left behind that anybody can see; None for nothing."""
        name = hearing.rule.name
        if (letter := self._letter(event, name)) is not None:
            return "failed", text(f"failed: {letter.error}; dead letter in {letter.queue}")
        if told_of := self._messages(event, name):
            return "sent", f"{told_of}{self._by_then(event, hearing)}"
        return ("waits", waiting) if waiting is not None else None

    def _by_then(self, event: Event, hearing: Hearing) -> str:
        """Return that the rule was another one when it sent this; empty if it was not."""
        if hearing.wants is False:
            return ", by what the rule was then: its guard is false now"
        sent = self._sent.get((event.id, hearing.rule.name), ())
        revisions = {seen.revision for seen in sent if seen.revision is not None}
        former = revisions - {hearing.rule.revision}
        return text(f", by what the rule was then (revision {min(former)})") if former else ""

    def _reason(self, hearing: Hearing) -> str:
        return reason(hearing, show_values=self.show_values)

    def _letter(self, event: Event, rule: str) -> DeadLetter | None:
        return next(
            (
                letter
                for seen, letter in self._evidence.letters
                if seen.id == event.id and letter.rule == rule
            ),
            None,
        )

    def _messages(self, event: Event, rule: str) -> str:
        """Return what the rule sent on the event, and what it will; empty for nothing."""
        later = [
            f"will send {one.outgoing.type} {self._when(one)}"
            for one in self._evidence.pending
            if one.outgoing.rule == rule and one.outgoing.causation_id == event.id
        ]
        sent = [self._commands(event, rule)] if (event.id, rule) in self._sent else []
        return text("; ".join((*sent, *later)))

    def _commands(self, event: Event, rule: str) -> str:
        types = [seen.type for seen in self._sent[event.id, rule]]
        counted = [
            f"{count} {name}" if (count := types.count(name)) > 1 else name
            for name in dict.fromkeys(types)
        ]
        return f"sent {', '.join(counted)}"

    def _when(self, one: Pending) -> str:
        return f"{distance(one.due - self._evidence.now)}, at {text(one.due)}"

    def _of_instance(self, event: Event, hearing: Hearing) -> tuple[Verdict, str]:
        """Return what became of an event that a definition with a state of its own took."""
        name = hearing.rule.name
        found = self._evidence.instances.get(InstanceKey(name, hearing.key or ""))
        if reaction_id(event.identity, name) not in self._evidence.reacted:
            if found is None and _awaits(hearing.rule, event):
                return "silent", text(f"nothing open under the key {hearing.key} awaits it")
            return self._unsent(event, hearing)
        if found is None:
            return "took", text(f"taken; nothing is open under the key {hearing.key} any more")
        return "took", text(f"taken; its instance {hearing.key} is {found[1].status}")

    def _of_memory(self, event: Event, hearing: Hearing, rule: StatefulRule) -> tuple[Verdict, str]:
        """Return what became of an event that a rule remembered."""
        other = _under(hearing.key, event)
        counts = text(f"counted{_as_element(hearing.element, event)}{other}")
        if (entry := self._in_vain(event, rule.name)) is not None:
            return "took", f"{counts}; its time was over in vain: see `unmatched show {entry}`"
        if (fired := self._fired_with(event, rule)) is not None:
            return "took", f"{counts}; part of what fired with {fired.type} {fired.id[:ID_SHOWN]}"
        if reaction_id(event.identity, rule.name) in self._evidence.reacted:
            return "took", f"{counts}; no longer waited with: fired, answered or its time was over"
        return self._unsent(event, hearing)

    def _kept(self, event: Event, rule: str) -> tuple[str, str] | None:
        """Return where a rule still remembers the event, and what it waits for together with it.

        It may do so under a key that it had once: an instance goes by the wording it began with.
        """
        for listed, began_with, memory in self._memories:
            key = listed.at.key
            if listed.at.definition != rule or (element := memory.element_of(event)) is None:
                continue
            counts = f"counted{_as_element(element, event)}{_under(key, event)}"
            waiting = f"waits for {lacks(began_with, memory)}{self._until(listed)}"
            return key, text(f"{counts}; {waiting}")
        return None

    def _until(self, listed: OpenInstance) -> str:
        if listed.status is Status.INCIDENT:
            return "; its time was over, and what then follows failed"
        due = listed.due
        return f" until {at_moment(due, self._evidence.now)}" if due is not None else ""

    def _in_vain(self, event: Event, rule: str) -> str | None:
        for noted in self._evidence.unmatched:
            events = noted.entry.events.values()
            if noted.entry.rule == rule and any(e.identity == event.identity for e in events):
                return noted.id
        return None

    def _fired_with(self, event: Event, rule: StatefulRule) -> Event | None:
        """Return the event that the rule fired with, of those after `event` with the same key."""
        key = key_of(rule, event, event.time)
        is_later = False
        for logged in self._evidence.logged:
            other = logged.event
            is_later = is_later or (other is not None and other.identity == event.identity)
            if (
                other is not None
                and (is_later or logged.seen.timed)  # what carries no time came in this order
                and (other.id, rule.name) in self._sent
                and other.type in rule.triggers
                and key_of(rule, other, other.time) == key
                and other.time >= event.time
            ):
                return other
        return None

    def _unsent(self, event: Event, hearing: Hearing) -> tuple[Verdict, str]:
        """Return why an event that the guard lets through led to nothing that can be seen."""
        evidence = self._evidence
        if reaction_id(event.identity, hearing.rule.name) in evidence.reacted:
            return "took", "reacted, and had nothing to send: no `if` of its actions held"
        if evidence.backlog:
            waits = f"{evidence.backlog:,} messages wait in {evidence.queue}"
            return "pending", f"would fire, but has not reacted: {waits}; is the daemon running?"
        return "unknown", (
            "would fire as it is now, but no trace of a reaction is left: the rule is newer than"
            " the event, or it reacted longer ago than the log and the markers reach"
        )


def _memories(evidence: Evidence) -> Iterator[tuple[OpenInstance, StatefulRule, Memory]]:
    """Yield what rules remember, each with the wording that it began with."""
    for at, (listed, instance) in evidence.instances.items():
        began_with = wording(evidence.rulebook, at, instance)
        if isinstance(began_with, StatefulRule):
            yield listed, began_with, every_event(instance.state, began_with.elements)


def _as_element(element: str | None, event: Event) -> str:
    return f" as {element}" if element != event.type else ""


def _under(key: str | None, event: Event) -> str:
    other = _other_key(key, event)
    return f" under the key {other}" if other is not None else ""


def _other_key(key: str | None, event: Event) -> str | None:
    return key if key != event.correlation_id else None


def _awaits(rule: Definition, event: Event) -> bool:
    """Tell whether the event answers steps of a workflow, or decides them, and begins nothing."""
    return isinstance(rule, Workflow) and (
        event.type in rule.outline.awaiting or event.type == APPROVAL
    )
