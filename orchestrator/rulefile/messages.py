"""Finds the message types that rules name in the catalog. Knows no schema and no rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, Protocol

from orchestrator.core.definitions import MessageContract
from orchestrator.document import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.core.shapes import Shape
    from orchestrator.rulefile.parts import Part

_TYPE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]*")


class DocumentedMessage(MessageContract, Protocol):
    """A message type and what its document says of it and of its data."""

    @property
    def kind(self) -> Literal["event", "command"]:
        """Whether it is a fact, or an order to one service."""

    @property
    def shape(self) -> Shape:
        """What the payload schema says of the data."""


class MessageCatalog(Protocol):
    """What rules need of the catalog."""

    @property
    def types(self) -> Mapping[str, DocumentedMessage]:
        """Every documented message type by name."""

    @property
    def revision(self) -> str:
        """A hash of what the catalog means."""

    @property
    def senders(self) -> Mapping[str, tuple[str, ...]]:
        """The services that send a type; none if nobody does. Not there where nobody knows."""

    @property
    def receivers(self) -> Mapping[str, tuple[str, ...]]:
        """The same for the services that receive it."""

    @property
    def unlisted(self) -> frozenset[str]:
        """Types that a document describes and no channel carries."""

    def event(self, name: str) -> DocumentedMessage | None:
        """Return what events of that type must satisfy, None if no document accepts them."""

    def message(self, name: str) -> DocumentedMessage | None:
        """Return what a message of that type must satisfy, None if nobody knows it."""

    def nearest(self, name: str) -> str | None:
        """Return the known name most like `name`, None if none is like it."""

    def form(self, schema: dict[str, object]) -> Callable[[object], None]:
        """Return what raises ``SchemaViolation`` for data that does not satisfy `schema`.

        Raises:
            SchemaViolation: it is no JSON Schema.
        """


def find_event(part: Part, catalog: MessageCatalog) -> str | None:
    """Return the event type that a ``when`` names, or refuse it."""
    instead = "write an event type such as ComplaintFiled, or a list of them: [A, B]"
    name = _type_name(part, instead)
    if name is None:
        return None
    if catalog.event(name) is None:
        part.refuse(_unknown(name, catalog))
        return None
    if catalog.message(name) is None and (meant := catalog.nearest(name)):
        part.refuse(f'no document describes {quoted(name)}: did you mean "{meant}"?', "warning")
    return name


def find_message(part: Part, catalog: MessageCatalog, name: str) -> DocumentedMessage | None:
    """Return the contract of the message that an action sends, or refuse its name.

    Args:
        part: where the name stands as a value.
        catalog: the known types.
        name: as it is written; not necessarily a possible name.
    """
    contract = catalog.message(name)
    if contract is None:
        part.refuse(_unknown(name, catalog) if _TYPE_NAME.fullmatch(name) else _no_name(name))
    return contract


def _type_name(part: Part, instead: str) -> str | None:
    if not isinstance(part.value, str) or not part.value:
        part.refuse(f"an event type cannot be {part.kind}: {instead}")
        return None
    if not _TYPE_NAME.fullmatch(part.value):
        part.refuse(f"{quoted(part.value)} is not an event type: {instead}")
        return None
    return part.value


def _no_name(name: str) -> str:
    if " - " in name:
        return "two list items run together here: align their dashes"
    return f"{quoted(name)} is not a message type: write a type such as SendAcknowledgment"


def _unknown(name: str, catalog: MessageCatalog) -> str:
    if name in catalog.unlisted:
        return f"{quoted(name)} has no channel: list it among the messages of one in its document"
    meant = catalog.nearest(name)
    advice = f'did you mean "{meant}"?' if meant else "describe it in a document under schemas/"
    return f"unknown message type {quoted(name)}: {advice}"
