"""Reads the structure of an AsyncAPI 3 document: its channels, its messages. No JSON Schema."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from orchestrator.catalog.model import Kind
from orchestrator.catalog.operations import OperationDeclaration, read_operations
from orchestrator.catalog.references import check_references

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.catalog.findings import Findings
    from orchestrator.document import Path

_MAX_ROUTING_KEY = 255
_VERSION = re.compile(r"3\.\d+\.\d+")
_ABOUT = {"title", "summary", "description", "tags", "externalDocs", "bindings"}
_KEYS = {
    "document": {
        *("asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations"),
        "components",
    },
    "info": _ABOUT - {"summary", "bindings"} | {"version", "termsOfService", "contact", "license"},
    "channel": _ABOUT | {"$ref", "address", "messages", "servers", "parameters", "x-open"},
    "message": _ABOUT
    | {"$ref", "name", "headers", "payload", "correlationId", "contentType", "examples", "traits"}
    | {"x-kind"},
    "example": {"name", "summary", "headers", "payload"},
    "components": {
        *("schemas", "servers", "channels", "operations", "messages", "securitySchemes"),
        *("serverVariables", "parameters", "correlationIds", "replies", "replyAddresses"),
        *("externalDocs", "tags", "operationTraits", "messageTraits", "serverBindings"),
        *("channelBindings", "operationBindings", "messageBindings"),
    },
}
_KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class ChannelDeclaration:
    """A channel as a document declares it; `open` is ``x-open``."""

    address: str
    description: str
    open: bool
    path: Path
    messages: tuple[MessageDeclaration, ...]


@dataclass(frozen=True, slots=True)
class MessageDeclaration:
    """A message as a document declares it.

    Attributes:
        name: its type.
        payload: path of its schema; None if it has none.
        examples: paths of the example payloads.
        path: where the channel lists it.
    """

    name: str
    kind: Kind
    description: str
    payload: Path | None
    examples: tuple[Path, ...]
    path: Path


@dataclass(frozen=True, slots=True)
class Declarations:
    """What a document declares.

    Attributes:
        messages: names of the reusable ones, whether a channel lists them or not.
    """

    channels: tuple[ChannelDeclaration, ...] = ()
    operations: tuple[OperationDeclaration, ...] = ()
    messages: frozenset[str] = frozenset()


def read_declarations(findings: Findings) -> Declarations:
    """Return what the document declares, and report all that is wrong with its structure."""
    if not _is_asyncapi(findings):
        return Declarations()
    findings.check_keys((), _KEYS["document"])
    findings.require((), "info")
    findings.check_keys(("info",), _KEYS["info"])
    if findings.has(("info",)):
        findings.require(("info",), "title", "version")
    findings.check_keys(("components",), _KEYS["components"])
    check_references(findings)
    channels = [_read_channel(findings, path) for path in findings.entries(("channels",))]
    reusable = [
        _read_message(findings, path) for path in findings.entries(("components", "messages"))
    ]
    operations = read_operations(findings)
    return Declarations(
        channels=tuple(channel for channel in channels if channel),
        operations=tuple(operations),
        messages=frozenset(message.name for message in reusable if message),
    )


def _is_asyncapi(findings: Findings) -> bool:
    version = findings.value(("asyncapi",)) if findings.has(("asyncapi",)) else None
    if isinstance(version, str) and _VERSION.fullmatch(version):
        return True
    found = f'AsyncAPI "{version}" is not read' if version else "this is no AsyncAPI document"
    findings.report(("asyncapi",), f'{found}: write "asyncapi: 3.0.0", and what belongs to it')
    return False


def _read_channel(findings: Findings, path: Path) -> ChannelDeclaration | None:
    target = findings.resolve(path)
    if target is None or not findings.is_mapping(target):
        return None
    findings.check_keys(target, _KEYS["channel"])
    messages = [_read_message(findings, entry) for entry in findings.entries((*target, "messages"))]
    address = _read_address(findings, target)
    if address is None:
        return None
    return ChannelDeclaration(
        address=address,
        description=_describe(findings, target),
        open=_read_open(findings, target),
        path=path,
        messages=tuple(message for message in messages if message),
    )


def _read_address(findings: Findings, path: Path) -> str | None:
    if findings.mapping(path).get("address") in (None, ""):
        message = f'channel "{path[-1]}" has no "address": add the routing key of its messages'
        findings.report_key(path, message)
        return None
    address = findings.text((*path, "address"))
    problem = _routing_key_problem(address or "")
    if problem:
        findings.report((*path, "address"), problem)
        return None
    return address


def _routing_key_problem(address: str) -> str:
    """Return why `address` cannot be a routing key; an empty text if it can."""
    if "{" in address:
        return f'"{address}" has parameters: a routing key must be written out'
    if {"*", "#"} & set(address.split(".")):
        return f'"{address}" is a pattern, which receives other channels too: write each one out'
    if len(address.encode()) > _MAX_ROUTING_KEY:
        return f'"address" has over {_MAX_ROUTING_KEY} bytes, which no routing key can have'
    return ""


def _read_open(findings: Findings, path: Path) -> bool:
    value = findings.mapping(path).get("x-open", False)
    if not isinstance(value, bool):
        findings.report((*path, "x-open"), '"x-open" must be true or false')
    return value is True


def _read_message(findings: Findings, path: Path) -> MessageDeclaration | None:
    target = findings.resolve(path)
    if target is None or not findings.is_mapping(target):
        return None
    findings.check_keys(target, _KEYS["message"])
    has_payload = "payload" in findings.mapping(target)
    return MessageDeclaration(
        name=findings.text((*target, "name")) or str(path[-1]),
        kind=_read_kind(findings, target),
        description=_describe(findings, target),
        payload=(*target, "payload") if has_payload else None,
        examples=tuple(_read_examples(findings, target)),
        path=path,
    )


def _read_kind(findings: Findings, path: Path) -> Kind:
    value = findings.mapping(path).get("x-kind", "event")
    for kind in _KINDS:
        if value == kind:
            return kind
    findings.report((*path, "x-kind"), f'"x-kind" must be one of {", ".join(_KINDS)}')
    return "event"


def _read_examples(findings: Findings, path: Path) -> Iterator[Path]:
    for example in findings.items((*path, "examples")):
        findings.check_keys(example, _KEYS["example"])
        if "payload" in findings.mapping(example):
            yield (*example, "payload")


def _describe(findings: Findings, path: Path) -> str:
    """Return the description of what is at `path`, else its summary, else its title."""
    texts = [findings.text((*path, key)) for key in ("description", "summary", "title")]
    return next((text for text in texts if text), "")
