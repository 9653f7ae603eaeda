"""The catalog: which message types exist, where they travel, what they carry. Knows no files."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

from jsonschema_rs import ValidationError

from orchestrator.catalog.validators import compile_schema, schema_errors
from orchestrator.catalog.violations import describe
from orchestrator.core.problem import Position
from orchestrator.core.shapes import Shape
from orchestrator.errors import SchemaViolation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jsonschema_rs import Validator

Kind = Literal["event", "command"]
"""What a message is: a fact, or an order to one service."""

Action = Literal["send", "receive"]
"""What a service does with messages."""

Schema = dict[str, object] | bool
"""A JSON Schema 2020-12 that refers to nothing outside itself."""


@dataclass(frozen=True)
class MessageType:
    """A type of message.

    Attributes:
        name: such as ``ComplaintFiled``.
        channel: the routing key it travels under, such as ``complaints.v1``.
        kind: event or command.
        description: for people, on any number of lines; may be empty.
        schema: what its data must satisfy, complete in itself.
        examples: data that satisfies it, from the document.
        position: where the document defines it.
        validator: `schema`, compiled.
    """

    name: str
    channel: str
    kind: Kind
    description: str
    schema: Schema
    examples: tuple[object, ...]
    position: Position
    validator: Validator = field(repr=False, compare=False)

    def validate(self, data: object) -> None:
        """Check `data`, a JSON value, against the payload schema.

        Raises:
            SchemaViolation: naming the type, the fields as JSON pointers and the rules they
                break; the data is not in the text.
        """
        try:
            broken = None if self.validator.is_valid(data) else self.validator.iter_errors(data)
        except ValueError as error:  # a set, a class, a key that is a number
            raise SchemaViolation(f"{self.name}: the data is not JSON") from error
        if broken is not None:
            raise SchemaViolation(f"{self.name}: {describe(broken)}")

    @cached_property
    def shape(self) -> Shape:
        """What the schema says of the data, for whoever checks what is written about it."""
        return Shape.of([self.schema])

    @property
    def definition(self) -> tuple[object, ...]:
        """What two documents that both define the type must agree on."""
        return (self.name, self.channel, self.kind, self.schema)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel that message types share.

    Attributes:
        address: the routing key.
        description: for people; may be empty.
        types: names of the message types that travel on it, sorted.
        accepts_undocumented: events of types that no document knows may travel on it.
    """

    address: str
    description: str
    types: tuple[str, ...]
    accepts_undocumented: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """What a service does with messages of one channel.

    Attributes:
        service: who does it.
        action: whether it sends them, or receives them.
        channel: the address.
        types: names of the message types, sorted.
    """

    service: str
    action: Action
    channel: str
    types: tuple[str, ...]


@dataclass(frozen=True)
class Catalog:
    """Every message type of every document. Built whole and never changed.

    Attributes:
        types: those of the documents, by name.
        channels: by address.
        undocumented: stands for events of unknown type, under an empty name; None where the
            documents accept no such events.
        operations: of all documents, in the order they are written.
        senders: type -> the services that send it; none of them where its documents declare who
            sends what and leave it out. A type about which nobody knows is not there.
        receivers: the same for the services that receive it.
        built_in: those that every installation knows, by name.
        unlisted: types that a document describes and no channel carries.
    """

    types: Mapping[str, MessageType]
    channels: Mapping[str, Channel]
    undocumented: MessageType | None = None
    operations: tuple[Operation, ...] = ()
    senders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    receivers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    built_in: Mapping[str, MessageType] = field(default_factory=dict)
    unlisted: frozenset[str] = frozenset()

    @cached_property
    def revision(self) -> str:
        """A hash of what the catalog means, 12 hexadecimal digits; comments do not change it."""
        meaning = [
            [message.definition for _, message in sorted(self.types.items())],
            sorted(c.address for c in self.channels.values() if c.accepts_undocumented),
        ]
        text = json.dumps(meaning, sort_keys=True)
        return blake2b(text.encode(), digest_size=6).hexdigest()

    def event(self, name: str) -> MessageType | None:
        """Return what an event of type `name` must satisfy; None if no document accepts it.

        A type that no document names is accepted where a channel is marked ``x-open: true``: it
        travels on that channel, and any data will do.
        """
        known = self.message(name)
        if known is None and self.undocumented is not None:
            return replace(self.undocumented, name=name)
        return known

    def message(self, name: str) -> MessageType | None:
        """Return what a message of type `name` must satisfy; None if nobody knows it."""
        return self.types.get(name) or self.built_in.get(name)

    def nearest(self, name: str) -> str | None:
        """Return the known type whose name is most like `name`, for "did you mean"."""
        known = [*self.types, *self.built_in]
        return next(iter(difflib.get_close_matches(name, known, n=1)), None)

    def form(self, schema: Schema) -> Callable[[object], None]:
        """Return what raises ``SchemaViolation`` for data that does not satisfy `schema`.

        Raises:
            SchemaViolation: it is no JSON Schema that can be checked here.
        """
        if broken := list(schema_errors(schema)):
            raise SchemaViolation(describe(iter(broken)))
        try:
            validator = compile_schema(schema)
        except ValidationError as error:  # a reference that leads nowhere, an endless pattern
            raise SchemaViolation(error.message) from error
        position = Position("form", 1, 1)
        return MessageType("the form", "", "event", "", schema, (), position, validator).validate
