"""Checks the JSON Schemas of a document and compiles messages. Knows no channels or operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jsonschema_rs import ValidationError

from orchestrator.catalog.bundle import bundle
from orchestrator.catalog.findings import suggest
from orchestrator.catalog.keywords import FORMATS, KEYWORDS, REFUSED, TYPES, subschemas
from orchestrator.catalog.model import MessageType
from orchestrator.catalog.validators import compile_schema, is_linear, schema_errors
from orchestrator.catalog.violations import describe_one, describe_rule

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from orchestrator.catalog.asyncapi import MessageDeclaration
    from orchestrator.catalog.findings import Findings
    from orchestrator.catalog.model import Schema
    from orchestrator.document import Path

_FORMATS_READ = ("application/schema+json;version=draft-2020-12", "application/vnd.aai.asyncapi")
_LINEAR = (
    "is not a regular expression that runs in linear time (no look-around, no back-references)"
)


def check_schemas(findings: Findings) -> None:
    """Report all that is wrong with the schemas of the document, wherever they stand."""
    roots = dict.fromkeys(_schema_roots(findings))
    for path in roots:
        for error in schema_errors(findings.value(path)):
            findings.report((*path, *error.instance_path), _explain(error))
        _check_words(findings, path, roots)


def compile_message(
    findings: Findings, declaration: MessageDeclaration, address: str
) -> MessageType | None:
    """Return the message type, or None after reporting what stands against it.

    Args:
        findings: the document that declares it.
        declaration: what the document says about it.
        address: the routing key of its channel.
    """
    schema = _payload_schema(findings, declaration)
    if schema is None:
        return None
    try:
        validator = compile_schema(schema)
    except ValidationError as error:
        if not findings.has_errors:
            message = f'the payload of "{declaration.name}" is no JSON Schema: {error.message}'
            findings.report(declaration.payload or declaration.path, message)
        return None
    message_type = MessageType(
        name=declaration.name,
        channel=address,
        kind=declaration.kind,
        description=declaration.description,
        schema=schema,
        examples=tuple(findings.value(path) for path in declaration.examples),
        position=findings.document.key_position(declaration.path),
        validator=validator,
    )
    _check_examples(findings, declaration, message_type)
    return message_type


def _payload_schema(findings: Findings, declaration: MessageDeclaration) -> Schema | None:
    if declaration.payload is None:
        message = f'"{declaration.name}" has no "payload": any data is accepted'
        findings.report_key(declaration.path, message, "warning")
        return True
    return bundle(findings, _schema_path(findings, declaration.payload))


def _check_examples(
    findings: Findings, declaration: MessageDeclaration, message: MessageType
) -> None:
    for path, example in zip(declaration.examples, message.examples, strict=True):
        for error in message.validator.iter_errors(example):
            findings.report(
                (*path, *error.instance_path),
                f'the example is no valid "{message.name}": {describe_one(error)}',
            )


def _schema_roots(findings: Findings) -> Iterator[Path]:
    """Yield every place of the document that holds a schema, references not followed."""
    yield from findings.entries(("components", "schemas"))
    parents = [("components",), *findings.entries(("channels",))]
    for parent in (*parents, *findings.entries(("components", "channels"))):
        for message in findings.entries((*parent, "messages")):
            if findings.has((*message, "payload")):
                yield _schema_path(findings, (*message, "payload"))


def _schema_path(findings: Findings, payload: Path) -> Path:
    """Return where the schema of a payload is: inside, if the payload names its format."""
    value = findings.value(payload)
    if not isinstance(value, dict) or "schemaFormat" not in value or "schema" not in value:
        return payload
    written = findings.text((*payload, "schemaFormat")) or ""
    if not written.startswith(_FORMATS_READ):
        message = f'payloads in "{written}" are not read: write JSON Schema 2020-12'
        findings.report((*payload, "schemaFormat"), message)
    return (*payload, "schema")


def _explain(error: ValidationError) -> str:
    """Return what is wrong with a schema, in the words of its author."""
    steps = error.instance_path
    if not steps:
        return f"the schema {describe_rule(error)}"
    if steps[-1] == "type" and error.kind.name == "anyOf":
        return f'"type" must be one of {", ".join(TYPES)}, or a list of different ones'
    return f'"{steps[-1]}" {describe_rule(error)}'


def _check_words(findings: Findings, path: Path, roots: Container[Path]) -> None:
    """Report words of the schema at `path`, and of those it holds, that mean nothing."""
    schema = findings.value(path)
    if not isinstance(schema, dict):
        return
    for keyword in schema:
        if keyword in REFUSED:
            message = f'"{keyword}" is not allowed in a schema here: {REFUSED[keyword]}'
            findings.report_key((*path, keyword), message)
    findings.check_keys(path, KEYWORDS | REFUSED.keys())
    _check_format(findings, (*path, "format"), schema.get("format"))
    _check_patterns(findings, path, schema)
    _check_target(findings, path, roots)
    _check_required(findings, path, schema)
    for below in subschemas(schema):
        _check_words(findings, (*path, *below), roots)


def _check_target(findings: Findings, path: Path, roots: Container[Path]) -> None:
    """Report a reference to what is there but is no schema; it would accept anything."""
    pointer = findings.pointer(path)
    target = findings.target(pointer) if pointer else None
    if target is None or not findings.has(target):
        return
    if not any(target[:length] in roots for length in range(len(target) + 1)):
        message = f'"{pointer}" is no schema: put it under "components/schemas"'
        findings.report((*path, "$ref"), message)


def _check_format(findings: Findings, path: Path, name: object) -> None:
    if isinstance(name, str) and name not in FORMATS:
        hint = suggest(name, FORMATS) or f"; known are {', '.join(sorted(FORMATS))}"
        findings.report(path, f'unknown format "{name}"{hint}')


def _check_patterns(findings: Findings, path: Path, schema: dict[str, object]) -> None:
    named = schema.get("patternProperties")
    for pattern in named if isinstance(named, dict) else ():
        if not is_linear(pattern):
            findings.report_key((*path, "patternProperties", pattern), f'"{pattern}" {_LINEAR}')
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and not is_linear(pattern):
        findings.report((*path, "pattern"), f'"pattern" {_LINEAR}')


def _check_required(findings: Findings, path: Path, schema: dict[str, object]) -> None:
    """Warn of required properties that a schema which describes properties does not describe."""
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, dict) or not isinstance(required, list):
        return
    for index, name in enumerate(required):
        if isinstance(name, str) and name not in properties:
            message = f'"{name}" is required but not described{suggest(name, properties)}'
            findings.report((*path, "required", index), message, "warning")
