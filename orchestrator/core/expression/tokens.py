"""Source text to tokens, one at a time. Knows no grammar beyond the shape of a token."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from orchestrator.core.expression import hints
from orchestrator.core.expression.limits import MAX_INTEGER, MAX_SOURCE, MIN_INTEGER

_SPACE: Final = re.compile(r"(?:[ \t\r\n]+|//[^\n]*)*")
_TOKEN: Final = re.compile(
    r"""
      (?P<number>0[xX][0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<string>[rR]?(?:"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*'))
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<symbol>&&|\|\||==(?!=)|!=(?!=)|<=|>=|!(?!=)|[<>+\-*/%?:.,()\[\]{}])
    """,
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\\"'`?])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|.)"
)
_ESCAPED: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class SourceError(Exception):
    """The source cannot be compiled; ``offset`` is the character at fault."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class Token(NamedTuple):
    """A piece of the source. The text of a string has its quotes, so ``"in"`` is not ``in``."""

    kind: Literal["number", "string", "name", "symbol", "end"]
    text: str
    start: int
    end: int


def next_token(source: str, offset: int, begin: int) -> Token:
    """Return the token at or after ``offset`` of an expression that begins at ``begin``.

    Raises:
        SourceError: there is none, or the expression is too long.
    """
    space = _SPACE.match(source, offset)
    start = space.end() if space else offset
    if start - begin > MAX_SOURCE:
        raise SourceError(f"longer than {MAX_SOURCE:,} characters: split the rule", start)
    if start == len(source):
        return Token("end", "", start, start)
    match = _TOKEN.match(source, start)
    if match is None:
        raise SourceError(hints.unreadable(source, start), start)
    kind = match.lastgroup
    if kind == "number":
        _refuse_suffix(source, match.end())
    return Token(kind, match.group(), start, match.end())  # type: ignore[arg-type]  # a group's name


def number_value(text: str, offset: int) -> float:
    """Return the number that a text with or without a sign spells.

    Raises:
        SourceError: it is too large.
    """
    hexadecimal = "x" in text or "X" in text
    if not hexadecimal and ("." in text or "e" in text or "E" in text):
        value = float(text)
        if value in {float("inf"), float("-inf")}:
            raise SourceError("this number is too large", offset)
        return value
    if len(text) > len(str(MIN_INTEGER)):
        raise SourceError("this integer does not fit in 64 bits", offset)
    integer = int(text, 16 if hexadecimal else 10)
    if not MIN_INTEGER <= integer <= MAX_INTEGER:
        raise SourceError("this integer does not fit in 64 bits", offset)
    return integer


def string_value(token: Token) -> str:
    """Return the text that a string token stands for.

    Raises:
        SourceError: an escape is unknown or stands for no character.
    """
    if token.text[0] in "rR":
        return token.text[2:-1]
    body = token.text[1:-1]
    if "\\" not in body:
        return body
    return _ESCAPE.sub(lambda match: _unescape(match, token.start + 1), body)


def _unescape(match: re.Match[str], offset: int) -> str:
    letter, *hexadecimal, octal = match.groups()
    if letter:
        return _ESCAPED.get(letter, letter)
    digits = next(filter(None, hexadecimal), None)
    if digits is None and octal is None:
        raise SourceError(
            rf'"{match.group()}" is no escape: write \\ for a backslash, or r"..." for a pattern',
            offset + match.start(),
        )
    code = int(digits, 16) if digits else int(octal, 8)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004  # Unicode's own limits
        raise SourceError(f'"{match.group()}" is no character', offset + match.start())
    return chr(code)


def _refuse_suffix(source: str, end: int) -> None:
    following = source[end : end + 1]
    if following in {"u", "U"}:
        raise SourceError("there are no unsigned numbers: leave the u out", end)
    if following.isalnum() or following == "_":
        raise SourceError(
            'a number ends here and a name begins: for a duration write duration("48h")', end
        )
