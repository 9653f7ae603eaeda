"""Turns the parser's syntax errors into advice. Knows YAML and its traps, nothing of rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import yaml

_VALUE_ON_A_LINE = re.compile(r"\s*(?:- +)*(?:[\w.-]+: +)?")
_QUOTE_IT = "put the whole value in quotes, or on the next line after `|`"


@dataclass(frozen=True, slots=True)
class SyntaxTrouble:
    """A syntax error and the source around it.

    Attributes:
        problem: the parser's own words.
        context: what the parser was doing, in its own words.
        index: where it noticed, as an index into the source.
        begin: where the thing that it was reading begins.
        line: the line of the source where it noticed, up to the place.
        rest: the remainder of that line.
    """

    problem: str
    context: str
    index: int
    begin: int
    line: str
    rest: str

    @property
    def value_opening(self) -> str:
        """The first character of the value on this line, before the place."""
        return self.line[self.value_offset : self.value_offset + 1] or self.rest[:1]

    @property
    def value_offset(self) -> int:
        """How far into the line its value begins."""
        found = _VALUE_ON_A_LINE.match(self.line)
        return found.end() if found else 0

    @property
    def value_index(self) -> int:
        """Where in the source the value on this line begins."""
        return self.index - len(self.line) + self.value_offset


Advice = tuple[int, str]


def explain(error: yaml.MarkedYAMLError, source: str) -> Advice:
    """Say what is wrong and how to write it instead.

    Args:
        error: as the parser raised it.
        source: the whole text that was parsed.

    Returns:
        The index into the source to point at, and the message.
    """
    trouble = _trouble(error, source)
    for advise in _ADVICE:
        if (advice := advise(trouble)) is not None:
            return advice
    return trouble.index, f"this is not YAML ({trouble.problem}): check quotes and indentation"


def _trouble(error: yaml.MarkedYAMLError, source: str) -> SyntaxTrouble:
    index = error.problem_mark.index if error.problem_mark else 0
    begin = error.context_mark.index if error.context_mark else index
    line_start = source.rfind("\n", 0, index) + 1
    line_end = source.find("\n", index)
    return SyntaxTrouble(
        problem=error.problem or "",
        context=error.context or "",
        index=index,
        begin=begin,
        line=source[line_start:index],
        rest=source[index : line_end if line_end >= 0 else len(source)],
    )


def _tab(trouble: SyntaxTrouble) -> Advice | None:
    if trouble.rest[:1] == "\t" or "tab character" in trouble.problem:
        return trouble.index, "a tab cannot indent or separate here: use spaces"
    return None


def _open_quote(trouble: SyntaxTrouble) -> Advice | None:
    if "end of stream" in trouble.problem and "quoted" in trouble.context:
        return trouble.begin, "this quote is never closed: close it at the end of the value"
    return None


def _escape(trouble: SyntaxTrouble) -> Advice | None:
    if "escape character" not in trouble.problem:
        return None
    return (
        trouble.index,
        "a backslash in double quotes begins an escape: use single quotes, or write it twice",
    )


def _sign(trouble: SyntaxTrouble) -> Advice | None:
    sign, index = trouble.value_opening, trouble.value_index
    if trouble.rest[:1] in {"@", "`"}:
        sign, index = trouble.rest[0], trouble.index
    if sign and sign in "!&*%@`":
        return index, f"a value that begins with `{sign}` is YAML syntax: {_QUOTE_IT}"
    return None


def _block(trouble: SyntaxTrouble) -> Advice | None:
    if trouble.context != "while scanning a block scalar":
        return None
    return trouble.begin, "the text after `|` or `>` begins on the next line, indented"


def _template(trouble: SyntaxTrouble) -> Advice | None:
    if trouble.rest[:1] == "{" and trouble.line.endswith("$"):
        return trouble.index - 1, 'inside { } and [ ] a template needs quotes: write "${...}"'
    return None


def _flow(trouble: SyntaxTrouble) -> Advice | None:
    for closing, name in (("}", "mapping"), ("]", "list")):
        if f"',' or '{closing}'" in trouble.problem:
            message = (
                f"this {name} needs a `,` before here, or its closing `{closing}`; text with "
                "commas, colons or brackets needs quotes"
            )
            return trouble.index, message
    return None


def _colon(trouble: SyntaxTrouble) -> Advice | None:
    if "mapping values" not in trouble.problem:
        return None
    if ": " in trouble.line[len(trouble.line[: trouble.value_offset].rstrip(": ")) :]:
        return trouble.index, f"`: ` inside unquoted text begins a mapping: {_QUOTE_IT}"
    if not trouble.line[:1].isspace():
        return trouble.index, "the line above is neither `key: value` nor a list item: mend it"
    return (
        trouble.index - len(trouble.line.lstrip()),
        "this key is indented deeper than the entry above it: align it with its siblings",
    )


def _bare_word(trouble: SyntaxTrouble) -> Advice | None:
    if "expected ':'" not in trouble.problem:
        return None
    return trouble.begin, "this is neither `key: value` nor a list item: add `:` or `- `"


def _after_close(trouble: SyntaxTrouble) -> Advice | None:
    if trouble.line[trouble.value_offset :] and trouble.value_opening in {'"', "'", "[", "{"}:
        return (
            trouble.index,
            f"a value that begins with {trouble.value_opening} ends where that closes: {_QUOTE_IT}",
        )
    return None


def _dash(trouble: SyntaxTrouble) -> Advice | None:
    if "entries are not allowed" in trouble.problem:
        return trouble.index, "a list begins on the line below its key: put `- ` there"
    return None


def _indentation(trouble: SyntaxTrouble) -> Advice | None:
    for sign in ("'-' indicator", "expected key", "<block end>"):
        if sign in trouble.problem:
            return (
                trouble.index,
                "the indentation fits nothing above: align list items and keys with their siblings",
            )
    return None


_ADVICE: tuple[Callable[[SyntaxTrouble], Advice | None], ...] = (
    _tab,
    _open_quote,
    _escape,
    _template,
    _sign,
    _block,
    _flow,
    _colon,
    _bare_word,
    _after_close,
    _dash,
    _indentation,
)
