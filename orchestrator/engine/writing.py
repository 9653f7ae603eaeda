"""From decisions to what is written of an instance. Calls nobody, and asks no definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.decision import NO_PARTS, Decision, Instance
from orchestrator.core.envelope import encode
from orchestrator.core.later import keep
from orchestrator.core.status import Status
from orchestrator.errors import BadMessage
from orchestrator.ports import InstanceWrite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.decision import Part
    from orchestrator.core.event import Message
    from orchestrator.core.ids import ReactionId
    from orchestrator.ports import InstanceKey

MAX_REACTION_BYTES = 16 * 1024 * 1024
"""What one reaction may send: it is held, committed and published as a whole."""


class Life:
    """One instance while decisions about it are taken, one after another.

    Args:
        at: which.
        instance: as it was loaded; None for none.
        revision: of the definition that begins it, if it does not exist yet.

    Attributes:
        now: the instance as the decisions so far leave it.
        over: whether the last decision ended it.
    """

    def __init__(self, at: InstanceKey, instance: Instance | None, revision: str) -> None:
        self.now = instance
        self.over = False
        self._at = at
        self._before = instance
        self._revision = instance.revision if instance else revision
        self._last: Decision | None = None
        self._parts: dict[str, Part] = {}
        self._kept: list[InstanceWrite] = []

    def take(self, decision: Decision, reaction: ReactionId) -> None:
        """Take over what was decided on `now`."""
        self._kept += kept_messages(self._at, decision, self._revision)
        status = decision.status
        if status is None:
            return
        self.over = status.final and (self.now is not None or decision.state is not None)
        self._last = decision if self.over or not status.final else Decision()
        self._parts.update((part.name, part) for part in decision.parts)
        if status.final:
            self.now = None
        else:
            self.now = Instance(
                reaction,
                decision.state or b"",
                status,
                self._revision,
                self._changed_parts(decision),
                bool(self._parts) or (self._before is not None and self._before.parted),
            )

    def _changed_parts(self, decision: Decision) -> Mapping[str, bytes]:
        before: Mapping[str, bytes] = self.now.parts if self.now else NO_PARTS
        if not decision.parts:
            return before
        changes = {part.name: part.state for part in decision.parts}
        return {name: state for name, state in {**before, **changes}.items() if state is not None}

    def writes(self) -> tuple[InstanceWrite, ...]:
        """Return what the decisions so far write: at most once of the instance itself."""
        last = self._last
        if last is None:
            return tuple(self._kept)
        write = InstanceWrite(
            self._at,
            self._before,
            last.status,
            last.state,
            last.due,
            self._revision,
            tuple(self._parts.values()),
        )
        return (*self._kept, write)


def kept_messages(at: InstanceKey, decision: Decision, revision: str) -> list[InstanceWrite]:
    """Return what keeps messages until they are due: each is an instance with a timer."""
    return [
        InstanceWrite(
            at.of_message(later.outgoing.id), None, Status.WAITING, keep(later), later.due, revision
        )
        for later in decision.later
    ]


def encoded(decision: Decision) -> tuple[Message, ...]:
    """Return the messages that a decision sends at once.

    Raises:
        BadMessage: one is too much, or all together are, those included that are sent later.
    """
    outgoing = [*decision.outgoing, *(later.outgoing for later in decision.later)]
    messages = []
    room = MAX_REACTION_BYTES
    for each in outgoing:
        message = encode(each)
        room -= len(message.body)
        if room < 0:
            raise BadMessage(
                "too-large",
                f"one event would send {len(outgoing)} messages of over {MAX_REACTION_BYTES} bytes"
                " together: select what each needs in `with`, or send references (claim check)",
            )
        messages.append(message)
    return tuple(messages[: len(decision.outgoing)])
