"""Ids of instances, and places in lists of them, as text for addresses. Looks nothing up."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.convertors import Convertor, register_url_convertor

from orchestrator.errors import Refused
from orchestrator.operation import pages
from orchestrator.ports import InstanceKey

if TYPE_CHECKING:
    from orchestrator.operation.pages import Place

_SEPARATOR = ":"
_MOVES = frozenset({"", ".", ".."})
"""What clients take out of a path between two slashes, unless those are quoted."""


class _AnyText(Convertor[str]):
    """What a route takes for an id: keys have slashes and line breaks, too."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("any", _AnyText())


def instance_id(at: InstanceKey) -> str:
    """Return the id of an instance: its workflow and its key."""
    return f"{at.definition}{_SEPARATOR}{at.key}"


def read_instance_id(text: str) -> InstanceKey:
    """Read what `instance_id` wrote. Raise ``Refused`` for anything else."""
    workflow, separator, key = text.partition(_SEPARATOR)
    if not separator or not workflow or not key:
        raise Refused("an instance's id is WORKFLOW:KEY, such as restaurant-opening:R-7")
    return InstanceKey(workflow, key)


def address(at: InstanceKey) -> str:
    """Return the path under which an instance is found."""
    found = instance_id(at)
    safe = ":" if _MOVES & set(found.split("/")) else ":/"
    return f"/workflows/instances/{quote(found, safe=safe)}"


def cursor(last: Place) -> str:
    """Return what leads behind an instance of a list, in letters that need no quotes."""
    return urlsafe_b64encode(pages.cursor(last).encode()).decode().rstrip("=")


def read_cursor(text: str) -> Place:
    """Read what `cursor` wrote. Raise ``Refused`` for anything else."""
    try:
        padded = text + "=" * (-len(text) % 4)
        return pages.read_cursor(urlsafe_b64decode(padded).decode())
    except ValueError as error:
        raise Refused("`after` takes the `next` of the page before") from error
