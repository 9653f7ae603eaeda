"""The ids of what a workflow sends: derived from what it is for. Knows no state."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from orchestrator.core.ids import ReactionId

_WORKFLOW_BYTES: Final = 4
_START_BYTES: Final = 8

WORKFLOW_DIGITS: Final = 2 * _WORKFLOW_BYTES
"""How many digits of an instance's id its workflow decides."""

_COMMAND: Final = re.compile(r"([0-9a-f]{24})\.([^.\[\]~]+)(?:\[(\d{1,9})\])?(~?)\.\d{1,9}")
_TARGET: Final = re.compile(r"([^.\[\]~]+)(?:\[(\d{1,9})\])?")


@dataclass(frozen=True, slots=True)
class Target:
    """What a command is for.

    Attributes:
        step: the step's name.
        index: which item of its for-each, from 0; None for a step that is taken once.
        undoing: whether it compensates.
    """

    step: str
    index: int | None = None
    undoing: bool = False

    def __str__(self) -> str:
        """Return ``step``, ``step[3]``, ``step~`` or ``step[3]~``."""
        item = "" if self.index is None else f"[{self.index}]"
        return f"{self.step}{item}{'~' if self.undoing else ''}"


def instance_id(workflow: str, start: ReactionId) -> str:
    """Return the id of the instance that a start event began: 24 hexadecimal digits.

    The first 8 tell the workflow, so that a reply to an earlier instance of it is recognised.
    """
    return workflow_digits(workflow) + start[:_START_BYTES].hex()


def workflow_digits(workflow: str) -> str:
    """Return the 8 digits that the ids of all instances of a workflow begin with."""
    return blake2b(workflow.encode(), digest_size=_WORKFLOW_BYTES).hexdigest()


def command_id(instance: str, target: Target, attempt: int) -> str:
    """Return the id of the command that tries `target` for the `attempt`-th time, from 1."""
    return f"{instance}.{target}.{attempt}"


def read_command_id(text: str) -> tuple[str, Target] | None:
    """Return the instance's id and the target of a command id, whatever the attempt."""
    found = _COMMAND.fullmatch(text)
    if found is None:
        return None
    instance, step, index, undoing = found.groups()
    return instance, Target(step, None if index is None else int(index), bool(undoing))


def read_target(text: str) -> Target | None:
    """Return the target that a person names: ``step`` or ``step[3]``."""
    found = _TARGET.fullmatch(text)
    if found is None:
        return None
    step, index = found.groups()
    return Target(step, None if index is None else int(index))


def reaction_for(instance: str, purpose: str) -> ReactionId:
    """Return what message ids derive from that an instance sends once, for one purpose."""
    return ReactionId(blake2b(f"{instance}.{purpose}".encode(), digest_size=16).digest())


def fraction(command: str) -> float:
    """Return a number in [0, 1) that a command id alone decides."""
    return int.from_bytes(blake2b(command.encode(), digest_size=4).digest(), "big") / 2**32
