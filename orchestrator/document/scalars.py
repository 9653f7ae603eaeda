"""What unquoted text means: text, number, boolean or null. Refuses what YAML versions dispute."""

from __future__ import annotations

import re
from dataclasses import dataclass

Plain = str | int | float | bool | None

_CONSTANTS: dict[str, Plain] = {"": None, "null": None, "true": True, "false": False}
_BOOLEAN_IN_YAML_1_1 = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_MISSPELT_CONSTANTS = {"~": "null", "null": "null", "true": "true", "false": "false"}
_CAN_BEGIN_A_NUMBER = frozenset("0123456789+-.")

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+][0-9]+)?")
_INT64 = range(-(2**63), 2**63)
_INT64_CHARACTERS = len(str(_INT64.start))
_SMALL_INTEGER = re.compile(r"-?[0-9]{1,18}")
_READABLE = 40

_DISPUTED: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:.*)?"),
        "a date or time is ambiguous without quotes",
    ),
    (
        re.compile(r"[-+]?[0-9][0-9_]*(?::[0-9]+)+(?:\.[0-9_]*)?"),
        "digits with colons are a number to base 60 in YAML 1.1",
    ),
    (
        re.compile(r"[-+]?0[0-9_]+|[-+]?0[xXoObB][0-9a-fA-F_]+"),
        "a number with a leading 0 is octal, hexadecimal or binary in some YAML versions",
    ),
    (
        re.compile(r"(?=[^_]*_)[-+]?\.?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"),
        "underscores in numbers are read differently by YAML versions",
    ),
    (
        re.compile(r"[-+]?\.(?:inf|Inf|INF|nan|NaN|NAN)"),
        "infinity and not-a-number cannot be sent as JSON",
    ),
    (
        re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"),
        "numbers are written as in JSON, with digits on both sides of the point and no plus sign",
    ),
)


@dataclass(frozen=True, slots=True)
class Dispute:
    """Unquoted text that YAML readers do not agree on.

    Attributes:
        text: as it stands in the file.
        what: what is wrong with it.
        instead: how to write the value it may have meant; empty if only text makes sense.
    """

    text: str
    what: str
    instead: str = ""

    def as_value(self) -> str:
        """Return the advice for a value."""
        value = f"{self.instead}, or " if self.instead else ""
        return f"{self.what}: write {value}{quoted(self.text)} for text"

    def as_key(self) -> str:
        """Return the advice for a key, which is always text."""
        return f"{self.what}: write {quoted(self.text)}"


def plain_value(text: str) -> tuple[Plain, Dispute | None]:
    """Resolve unquoted text.

    Args:
        text: the scalar as the parser delivers it, line breaks folded.

    Returns:
        The value, and None or what is wrong with it. Disputed text is returned as it is.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text], None
    if text[0] in _CAN_BEGIN_A_NUMBER:
        return _number(text)
    return text, _disputed_word(text)


def shown(text: str) -> str:
    """Return text from a file as a message can show it: on one line, printable and short."""
    short = text if len(text) <= _READABLE else text[: _READABLE - 3] + "..."
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in short
    )


def quoted(text: str) -> str:
    """Return text as `shown`, in double quotes, as one would write it in YAML."""
    beginning = text[: _READABLE + 1]
    escaped = beginning.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown(escaped)}"'


def _disputed_word(text: str) -> Dispute | None:
    word = text.lower()
    if meaning := _BOOLEAN_IN_YAML_1_1.get(word):
        return Dispute(text, f"unquoted {text} is {meaning} in YAML 1.1", meaning)
    if meaning := _MISSPELT_CONSTANTS.get(word):
        return Dispute(text, f"{text} is not read alike by all YAML versions", meaning)
    if text in {"=", "<<"}:
        return Dispute(text, f"a lone {text} has a meaning of its own in YAML 1.1")
    return None


def _number(text: str) -> tuple[Plain, Dispute | None]:
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _DECIMAL.fullmatch(text):
        return _decimal(text)
    for pattern, complaint in _DISPUTED:
        if pattern.fullmatch(text):
            return text, Dispute(text, complaint, _as_integer(text))
    return text, None


def _integer(text: str) -> tuple[Plain, Dispute | None]:
    # The length is looked at first: int() of a megabyte of digits is slow, or refused.
    if len(text) <= _INT64_CHARACTERS and (value := int(text)) in _INT64:
        return value, None
    return text, Dispute(text, "this integer does not fit in 64 bits")


def _decimal(text: str) -> tuple[Plain, Dispute | None]:
    value = float(text)
    if abs(value) == float("inf"):
        return text, Dispute(text, "this number is too large")
    return value, None


def _as_integer(text: str) -> str:
    digits = text.replace("_", "").removeprefix("+")
    return str(int(digits)) if _SMALL_INTEGER.fullmatch(digits) else ""
