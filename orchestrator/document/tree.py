"""A document that was read: its value and where each part of it stands. Reads nothing itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from orchestrator.core.problem import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Path = tuple[str | int, ...]
Original: TypeAlias = "Callable[[str, int], int]"

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_DOUBLE_QUOTED_UNIT = re.compile(
    r"\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\.|.", re.DOTALL
)
_SINGLE_QUOTED_UNIT = re.compile(r"''|.", re.DOTALL)
_ANY_UNIT = re.compile(r".", re.DOTALL)
_BLANK_ESCAPES = frozenset("\\" + letter for letter in "tnvfr \t\n\rN_LP")


@dataclass(slots=True)
class Node:
    """One value in the file.

    Attributes:
        value: the plain Python value, children included.
        line: counted from 0, as the parser does.
        column: counted from 0.
        start: index of its first character in the source.
        end: index after its last character.
        style: None for unquoted text and collections, or the sign it begins with: ``' " | >``.
        children: of a mapping, key text -> (key, value); of a list, its items.
    """

    value: object
    line: int
    column: int
    start: int
    end: int
    style: str | None = None
    children: dict[str, tuple[Node, Node]] | list[Node] | None = None

    def child(self, step: str | int) -> tuple[Node, Node] | None:
        """Return the key and the value of an entry (for a list item both are the item)."""
        match self.children, step:
            case dict() as entries, str():
                return entries.get(step)
            case list() as items, int() if 0 <= step < len(items):
                return items[step], items[step]
        return None


class Document:
    """The value of one YAML file, with positions.

    A path that leads nowhere is followed as far as it leads: what is missing is reported at the
    place that lacks it.

    Attributes:
        file: the name that positions carry.
        value: dicts, lists, str, int, float, bool and None.
    """

    def __init__(
        self, file: str, source: str, root: Node, original: Original | None = None
    ) -> None:
        self.file = file
        self.value = root.value
        self._source = source
        self._root = root
        self._original = original

    def read_as(self, original: Original) -> Document:
        """Return the document for those who read its texts otherwise than they are written.

        Args:
            original: gives for a text as it is written, and the index of a character in what it is
                read as, the index of the character it comes from.
        """
        return Document(self.file, self._source, self._root, original)

    def position(self, path: Path) -> Position:
        """Return where the value at the path begins."""
        return self._at(self._find(path)[1])

    def key_position(self, path: Path) -> Position:
        """Return where the key of a mapping entry begins, or the item itself in a list."""
        return self._at(self._find(path)[0])

    def locate(self, path: Path, offset: int) -> Position:
        """Return where a character of the text at the path stands in the file.

        Exact in any style for characters that are not blank; a blank next to a folded line break
        may be a column off.

        Args:
            path: to a text. For any other value the position of the value is returned.
            offset: index into the text, from 0; its length means just behind it.
        """
        node = self._find(path)[1]
        if not isinstance(node.value, str):
            return self._at(node)
        index = self._original(node.value, offset) if self._original else offset
        return self._position_of(node, _source_index(self._source, node, node.value, index))

    def cut_by_comment(self, path: Path) -> bool:
        """Tell whether the value is unquoted text that ends where a comment begins on its line."""
        node = self._find(path)[1]
        rest = LINE_BREAK.split(self._source[node.end : node.end + 200], maxsplit=1)[0]
        return node.style is None and isinstance(node.value, str) and rest.lstrip()[:1] == "#"

    def _find(self, path: Path) -> tuple[Node, Node]:
        key = node = self._root
        for step in path:
            found = node.child(step)
            if found is None:
                break
            key, node = found
        return key, node

    def _at(self, node: Node) -> Position:
        return Position(self.file, node.line + 1, node.column + 1)

    def _position_of(self, node: Node, index: int) -> Position:
        lines = LINE_BREAK.split(self._source[node.start : index])
        if len(lines) == 1:
            return Position(self.file, node.line + 1, node.column + 1 + len(lines[0]))
        return Position(self.file, node.line + len(lines), len(lines[-1]) + 1)


def _source_index(source: str, node: Node, text: str, offset: int) -> int:
    """Find a character of the text in the source by counting the characters that are not blank.

    Folding, indentation and chomping only ever add and remove blanks, so the others are the same
    on both sides, in the same order.
    """
    before = text[:offset]
    visible = sum(not character.isspace() for character in before)
    blanks = len(before) - len(before.rstrip())
    wanted_is_visible = offset < len(text) and not text[offset].isspace()
    end = first = _content_start(source, node)
    for index, end, is_blank in _units(source, node):
        if is_blank:
            if visible == 0 and not wanted_is_visible:
                if blanks == 0:
                    return index
                blanks -= 1
            continue
        if visible == 0:
            return index
        visible -= 1
        first = end
    return min(first + blanks, end)


def _units(source: str, node: Node) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, is blank) of each piece of the source that stands for one character."""
    start = _content_start(source, node)
    unit = {'"': _DOUBLE_QUOTED_UNIT, "'": _SINGLE_QUOTED_UNIT}.get(node.style or "", _ANY_UNIT)
    end = node.end - 1 if node.style in {'"', "'"} else node.end
    for match in unit.finditer(source, start, end):
        yield match.start(), match.end(), _is_blank(match[0])


def _content_start(source: str, node: Node) -> int:
    if node.style in {'"', "'"}:
        return node.start + 1
    if node.style in {"|", ">"}:
        header = LINE_BREAK.search(source, node.start)
        return header.end() if header else node.end
    return node.start


def _is_blank(unit: str) -> bool:
    if unit[0] != "\\" or len(unit) == 1:
        return unit.isspace()
    if digits := unit[2:]:
        return chr(int(digits, base=16)).isspace()
    return unit in _BLANK_ESCAPES
