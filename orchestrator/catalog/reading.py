"""From AsyncAPI documents to the catalog and every problem. Knows no format, no schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.catalog.asyncapi import read_declarations
from orchestrator.catalog.builtin import built_in_types
from orchestrator.catalog.findings import Findings
from orchestrator.catalog.model import Catalog, Channel, MessageType, Operation
from orchestrator.catalog.operations import join_operations
from orchestrator.catalog.payloads import check_schemas, compile_message
from orchestrator.catalog.validators import compile_schema
from orchestrator.document import read_document, read_file
from orchestrator.errors import CannotRead, Misconfigured

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from orchestrator.catalog.asyncapi import ChannelDeclaration, Declarations
    from orchestrator.catalog.operations import OperationDeclaration
    from orchestrator.core.problem import Position, Problem
    from orchestrator.document import Path as DocumentPath

_SUFFIXES = frozenset({".yaml", ".yml"})


def read_schema_files(path: Path) -> list[tuple[str, bytes]]:
    """Read the AsyncAPI documents at `path`: one file, or all ``*.yaml`` of a directory.

    What is hidden is left out: editors and file systems leave such files behind.

    Returns:
        Name and content of each, in the order of their names. Of a file over the size limit only
        as much as shows that it is.

    Raises:
        Misconfigured: there are none, or they cannot be read.
    """
    try:
        files = sorted(filter(_is_document, path.iterdir())) if path.is_dir() else [path]
        documents = [(str(file), read_file(file)) for file in files]
    except OSError as error:
        raise CannotRead(error, "ORCHESTRATOR_SCHEMAS") from error
    if not documents:
        raise Misconfigured(f"{path} holds no *.yaml files: put the AsyncAPI documents there")
    return documents


def _is_document(file: Path) -> bool:
    return file.suffix in _SUFFIXES and not file.name.startswith(".")


def read_catalog(files: Sequence[tuple[str, bytes]]) -> tuple[Catalog | None, list[Problem]]:
    """Read AsyncAPI documents.

    Args:
        files: name and content of each.

    Returns:
        The catalog, None if there is any error, and every problem of every file in the order of
        the files.
    """
    reader = _Reader()
    problems = [problem for file, text in files for problem in reader.read(file, text)]
    if any(problem.level == "error" for problem in problems):
        return None, problems
    return reader.catalog(), problems


class _Reader:
    """Joins the documents into one catalog."""

    def __init__(self) -> None:
        self._types: dict[str, MessageType] = {}
        self._channels: dict[str, list[ChannelDeclaration]] = {}
        self._operations: list[tuple[frozenset[str], tuple[Operation, ...]]] = []
        self._reusable: set[str] = set()
        self._undocumented: MessageType | None = None

    def read(self, file: str, text: bytes) -> list[Problem]:
        """Add one document; return its problems in the order of the file."""
        document, problems = read_document(text, file)
        if document is not None:
            findings = Findings(document)
            declared = read_declarations(findings)
            check_schemas(findings)
            for channel in declared.channels:
                self._add_channel(findings, channel)
            self._operations.append(_operations(declared))
            self._reusable |= declared.messages
            unread = {problem.position for problem in problems}  # what is wrong there follows
            problems += [each for each in findings.problems if each.position not in unread]
        return sorted(dict.fromkeys(problems), key=lambda p: (p.position.line, p.position.column))

    def catalog(self) -> Catalog:
        """Return what was read."""
        channels = {
            address: Channel(
                address=address,
                description=next((d.description for d in declared if d.description), ""),
                types=tuple(sorted(m.name for m in self._types.values() if m.channel == address)),
                accepts_undocumented=any(declaration.open for declaration in declared),
            )
            for address, declared in sorted(self._channels.items())
        }
        return Catalog(
            types=dict(sorted(self._types.items())),
            built_in=built_in_types(),
            channels=channels,
            undocumented=self._undocumented,
            operations=tuple(o for _, operations in self._operations for o in operations),
            senders=join_operations(self._operations, "send"),
            receivers=join_operations(self._operations, "receive"),
            unlisted=frozenset(self._reusable - self._types.keys()),
        )

    def _add_channel(self, findings: Findings, channel: ChannelDeclaration) -> None:
        self._channels.setdefault(channel.address, []).append(channel)
        if channel.open:
            self._open(findings, channel)
        for declaration in channel.messages:
            message = compile_message(findings, declaration, channel.address)
            if message is not None:
                self._add_type(findings, declaration.path, message)

    def _add_type(self, findings: Findings, path: DocumentPath, message: MessageType) -> None:
        known = self._types.setdefault(message.name, message)
        built_in = built_in_types().get(message.name)
        if built_in and built_in.definition != message.definition:
            findings.report_key(
                path,
                f'"{message.name}" is a message of workflows, which every installation knows: give '
                "yours another name",
            )
        if known.channel != message.channel:
            findings.report_key(
                path,
                f'"{message.name}" travels on "{message.channel}" here and on "{known.channel}" in '
                f"{known.position}: a type has one channel",
            )
        elif known.definition != message.definition:
            findings.report_key(
                path,
                f'"{message.name}" is defined differently in {known.position}: '
                "make them equal, or remove one",
            )

    def _open(self, findings: Findings, channel: ChannelDeclaration) -> None:
        position = findings.document.key_position((*channel.path, "x-open"))
        known = self._undocumented
        if known is None:
            self._undocumented = _undocumented_type(channel.address, position)
        elif known.channel != channel.address:
            findings.report_key(
                (*channel.path, "x-open"),
                f'"{known.channel}" is open already, in {known.position}: events of unknown type '
                "can have one channel only",
            )


def _operations(declared: Declarations) -> tuple[frozenset[str], tuple[Operation, ...]]:
    """Return the message types of a document, and its operations."""
    channels = {channel.path: channel for channel in declared.channels}
    operations = tuple(
        _operation(operation, channels[operation.channel])
        for operation in declared.operations
        if operation.channel in channels
    )
    types = frozenset(m.name for channel in declared.channels for m in channel.messages)
    return types, operations


def _operation(operation: OperationDeclaration, channel: ChannelDeclaration) -> Operation:
    keys = None if operation.messages is None else {path[-1] for path in operation.messages}
    types = {m.name for m in channel.messages if keys is None or m.path[-1] in keys}
    return Operation(operation.service, operation.action, channel.address, tuple(sorted(types)))


def _undocumented_type(address: str, position: Position) -> MessageType:
    return MessageType(
        name="",
        channel=address,
        kind="event",
        description="In no document; any data is accepted.",
        schema={},
        examples=(),
        position=position,
        validator=compile_schema({}),
    )
