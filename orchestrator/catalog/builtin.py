"""The message types that every installation knows: those of workflows. Reads one file of ours."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.catalog.asyncapi import read_declarations
from orchestrator.catalog.findings import Findings
from orchestrator.catalog.payloads import compile_message
from orchestrator.document import read_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.catalog.model import MessageType

_FILE = Path(__file__).parent / "workflows.yaml"


@cache
def built_in_types() -> Mapping[str, MessageType]:
    """Return the types by name, in the order of the document."""
    document, problems = read_document(_FILE.read_bytes(), _FILE.name)
    if document is None:
        raise RuntimeError(f"{_FILE} cannot be read: {problems[0]}")
    findings = Findings(document)
    declared = read_declarations(findings)
    compiled = [
        compile_message(findings, declaration, channel.address)
        for channel in declared.channels
        for declaration in channel.messages
    ]
    if findings.problems:
        raise RuntimeError(f"{_FILE} is no document of ours: {findings.problems[0]}")
    return {message.name: message for message in compiled if message is not None}
