"""What people write when they mean something else, and what to tell them. Knows no grammar."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_SYMBOLS: Final = (
    ("===", "write == to compare"),
    ("!==", "write != to compare"),
    ("=~", 'write matches(text, "pattern")'),
    ("=", "write == to compare"),
    ("&", "write && for and"),
    ("|", "write || for or"),
    ("${", "here the expression stands alone: leave ${ and } out"),
    ("\u201c", 'write straight quotes: "'),
    ("\u201d", 'write straight quotes: "'),
    ("\u2018", "write straight quotes: '"),
    ("\u2019", "write straight quotes: '"),
    ("`", 'write a text in double or single quotes: "text"'),
    (";", "an expression is one value: leave the ; out"),
)
_WORDS: Final = {
    "and": "write && for and",
    "or": "write || for or",
    "not": "write ! for not",
    "is": "write == to compare, and != for is not",
    "None": "write null",
    "nil": "write null",
    "NULL": "write null",
    "Null": "write null",
    "undefined": "write has(...) to ask whether a field is there",
    "True": "write true",
    "TRUE": "write true",
    "yes": "write true",
    "False": "write false",
    "FALSE": "write false",
    "no": "write false",
    "if": "write condition ? value : other",
    "then": "write condition ? value : other",
    "else": "write condition ? value : other",
    "parameters": "in a template write ${parameters.NAME}, alone in its braces",
}
_FUNCTIONS: Final = {
    "len": "size",
    "length": "size",
    "count": "size",
    "str": "string",
    "float": "double",
    "number": "double",
    "includes": "contains",
    "strip": "trim",
    "toLowerCase": "lower",
    "lowerAscii": "lower",
    "toUpperCase": "upper",
    "upperAscii": "upper",
    "any": "exists",
    "some": "exists",
    "every": "all",
    "mean": "avg",
    "unique": "distinct",
    "sorted": "sort",
    "regex": "matches",
    "match": "matches",
    "date": "timestamp",
    "datetime": "timestamp",
}
_SIZES: Final = frozenset({"length", "len", "count", "size"})


def unreadable(source: str, offset: int) -> str:
    """Say what is wrong with text that is no token."""
    character = source[offset]
    if character in "\"'":
        return f"this text has no closing {character} on its line"
    for symbol, hint in _SYMBOLS:
        if source.startswith(symbol, offset):
            return f'"{symbol}" is no operator: {hint}'
    if character.isalpha():
        return 'names are plain ASCII: write data["näme"] for such a field'
    return f'"{character}" has no meaning here' if character.isprintable() else "unprintable text"


def misplaced(text: str) -> str | None:
    """Return what to write instead of a token that stands where none like it can."""
    if text[0] == "." and text[1:].isdecimal():
        return f"an item of a list is written [{text[1:]}]"
    return _WORDS.get(text)


def unknown_name(name: str, known: Iterable[str], *, after_minus: bool) -> str:
    """Say that a name is unknown and what may have been meant."""
    if name in _WORDS:
        return f'"{name}" is unknown: {_WORDS[name]}'
    choices = sorted(known)
    if close := get_close_matches(name, choices, 1):
        return f'"{name}" is unknown: did you mean {close[0]}?'
    if after_minus:
        return f'"{name}" is unknown: a field with a dash is written data["first-{name}"]'
    return f'"{name}" is unknown: known are {", ".join(choices)}; a text needs quotes: "{name}"'


def unknown_function(name: str, known: Iterable[str]) -> str:
    """Say that a function is unknown and what may have been meant."""
    if name in _FUNCTIONS:
        return f"there is no function {name}: did you mean {_FUNCTIONS[name]}?"
    if name in _WORDS:
        return f'"{name}" is unknown: {_WORDS[name]}'
    choices = sorted(known)
    if close := get_close_matches(name, choices, 1):
        return f"there is no function {name}: did you mean {close[0]}?"
    return f"there is no function {name}: known are {', '.join(choices)}"


def missing_field(name: str) -> str:
    """Return what to do about a field that is not there."""
    if name in _SIZES:
        return "for the number of items write size(...)"
    return "ask has(...) first, or write get(..., default)"


def no_fields(kind: str, name: str) -> str:
    """Say that a value is no map and so does not have a field."""
    hint = ": write size(...)" if name in _SIZES else ""
    return f"{kind} has no field {name}{hint}"
