"""Reads who sends and who receives which messages, as a document declares it. Knows no schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, get_args

from orchestrator.catalog.findings import name_of
from orchestrator.catalog.model import Action, Operation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from orchestrator.catalog.findings import Findings
    from orchestrator.document import Path

_KEYS: Final = frozenset(
    {
        *("title", "summary", "description", "tags", "externalDocs", "bindings", "$ref", "action"),
        *("channel", "security", "traits", "messages", "reply", "x-service"),
    }
)
_ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
_ANSWER: Final[Mapping[Action, Action]] = {"send": "receive", "receive": "send"}


@dataclass(frozen=True, slots=True)
class OperationDeclaration:
    """An operation as a document declares it.

    Attributes:
        service: who does it.
        channel: path of the channel it is about.
        messages: paths of the messages in that channel; None for all of them.
    """

    service: str
    action: Action
    channel: Path
    messages: tuple[Path, ...] | None


def read_operations(findings: Findings) -> list[OperationDeclaration]:
    """Return the operations of the document, and report what is wrong with them."""
    return [
        operation
        for path in findings.entries(("operations",))
        for operation in _read_operation(findings, path)
    ]


def join_operations(
    declared: Iterable[tuple[Collection[str], Sequence[Operation]]], action: Action
) -> dict[str, tuple[str, ...]]:
    """Return which services do `action` to a message type.

    Args:
        declared: of each document its message types and its operations.
        action: what they do.

    Returns:
        The services, sorted, by message type. Types are left out where any document that has
        them declares no such operation at all: then nobody knows. An empty tuple stands for a
        type that was left out of operations which others are in.
    """
    services: dict[str, set[str]] = {}
    unknown: set[str] = set()
    for types, operations in declared:
        wanted = [operation for operation in operations if operation.action == action]
        unknown.update(() if wanted else types)
        for name in types:
            services.setdefault(name, set())
        for operation in wanted:
            for name in operation.types:
                services.setdefault(name, set()).add(operation.service)
    return {
        name: tuple(sorted(found))
        for name, found in sorted(services.items())
        if found or name not in unknown
    }


def _read_operation(findings: Findings, path: Path) -> Iterator[OperationDeclaration]:
    target = findings.resolve(path)
    if target is None or not findings.is_mapping(target):
        return
    findings.check_keys(target, _KEYS)
    findings.require(target, "action", "channel")
    action = _read_action(findings, target)
    channel = _points_into(findings, (*target, "channel"), ("channels",))
    if channel is None:
        return
    messages = _read_messages(findings, target, channel)
    if action is not None:
        service = _read_service(findings, target, path)
        yield OperationDeclaration(service, action, channel, messages)
        yield from _read_reply(findings, target, OperationDeclaration(service, action, channel, ()))


def _read_action(findings: Findings, path: Path) -> Action | None:
    found = findings.text((*path, "action"))
    for action in _ACTIONS:
        if found == action:
            return action
    if found is not None:
        findings.report((*path, "action"), f'"action" must be one of {", ".join(_ACTIONS)}')
    return None


def _read_service(findings: Findings, target: Path, path: Path) -> str:
    """Return who does it: ``x-service``, else what the operation is called."""
    texts = [findings.text((*target, key)) for key in ("x-service", "title")]
    return next((text for text in texts if text), str(path[-1]))


def _read_messages(findings: Findings, path: Path, channel: Path) -> tuple[Path, ...] | None:
    if not findings.has((*path, "messages")):
        return None
    parent = (*channel, "messages")
    found = [_points_into(findings, item, parent) for item in findings.items((*path, "messages"))]
    return tuple(message for message in found if message is not None)


def _read_reply(
    findings: Findings, path: Path, operation: OperationDeclaration
) -> Iterator[OperationDeclaration]:
    """Yield what the other side of a request does: whoever receives it sends the reply."""
    reply = findings.resolve((*path, "reply"))
    if reply is None or not findings.is_mapping(reply):
        return
    channel: Path | None = operation.channel
    if findings.has((*reply, "channel")):
        channel = _points_into(findings, (*reply, "channel"), ("channels",))
    if channel is not None:
        messages = _read_messages(findings, reply, channel)
        yield OperationDeclaration(operation.service, _ANSWER[operation.action], channel, messages)


def _points_into(findings: Findings, path: Path, parent: Path) -> Path | None:
    """Return where the reference at `path` points, after reporting one that misses `parent`."""
    if not findings.has(path):
        return None
    pointer = findings.pointer(path)
    target = findings.target(pointer) if pointer else None
    if target is not None and target[:-1] == parent:
        return target
    place = "#/" + "/".join(str(step) for step in parent)
    findings.report(path, f'{name_of(path)} must refer into "{place}": write $ref: "{place}/..."')
    return None
