"""A cursor over one part of a rule file that notes what is wrong there. Knows no rule."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.core.problem import Level, Position, Problem
from orchestrator.document import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestrator.document import Document, Path

_FORMULA = re.compile(r"[()\[\]'\"=<>&|!]")
"""What no key has, and the rest of an expression behind a comma has."""
_COMMA = "a comma ends an unquoted value inside { }: put the whole value before it in quotes"


@dataclass(frozen=True, slots=True)
class Form:
    """The keys a mapping may have.

    Attributes:
        what: the mapping in words, such as ``a rule``.
        keys: those it may have.
        elsewhere: keys that have their place elsewhere -> what to do about them here.
        synonyms: what people write instead -> the key they mean.
        note: what else to say about a key that is like none of them.
    """

    what: str
    keys: tuple[str, ...]
    elsewhere: Mapping[str, str]
    synonyms: Mapping[str, str]
    note: str = ""

    def meant(self, key: str) -> str | None:
        """Return the key that one which is none of `keys` stands for; None if that is unclear."""
        if key in self.elsewhere:
            return None
        words = {**{each: each for each in self.keys}, **self.synonyms}
        return self.synonyms.get(key) or words.get(nearest(key, tuple(words)) or "")

    def advice(self, key: str) -> str:
        """Say what is wrong with a key that is not one of `keys`."""
        if key in self.elsewhere:
            return f"`{key}` {self.elsewhere[key]}"
        meant = self.meant(key)
        known = f"did you mean `{meant}`?" if meant else f"it has {', '.join(self.keys)}{self.note}"
        return f"`{shown(key)}` is not a key of {self.what}: {known}"


@dataclass(frozen=True, slots=True)
class Part:
    """One value in a rule file.

    Attributes:
        document: the file it stands in.
        path: where in the file.
        value: what stands there.
        problems: of the whole file; what is wrong with this part is added to it.
        misspelt: whether its key was refused already, and it is read as what that stands for.
    """

    document: Document
    path: Path
    value: object
    problems: list[Problem]
    misspelt: bool = False

    @property
    def position(self) -> Position:
        """Where the value begins."""
        return self.document.position(self.path)

    @property
    def key(self) -> str:
        """The key it stands under; empty for list items and the root."""
        return str(self.path[-1]) if self.path and isinstance(self.path[-1], str) else ""

    @property
    def kind(self) -> str:
        """What the value is, in words that follow "is" in a message."""
        match self.value:
            case None:
                return "empty"
            case bool():
                return "true or false"
            case int() | float():
                return "a number"
            case str():
                return "text"
            case list():
                return "a list"
            case _:
                return "a mapping"

    def refuse(self, message: str, level: Level = "error") -> None:
        """Note a problem at the value."""
        self.problems.append(Problem(self.position, message, level))

    def refuse_key(self, message: str, level: Level = "error") -> None:
        """Note a problem at the key the value stands under, unless that key was refused."""
        if not self.misspelt:
            self.problems.append(Problem(self.document.key_position(self.path), message, level))

    def child(self, step: str | int, value: object) -> Part:
        """Return the part under a key or an index."""
        return Part(self.document, (*self.path, step), value, self.problems)

    def items(self) -> Iterator[Part]:
        """Yield the items of a list; nothing for anything else."""
        if isinstance(self.value, list):
            for index, value in enumerate(self.value):
                yield self.child(index, value)

    def all_entries(self) -> dict[str, Part]:
        """Return the entries of a mapping; none for anything else."""
        if not isinstance(self.value, dict):
            return {}
        return {key: self.child(key, value) for key, value in self.value.items()}

    def entries(self, form: Form) -> dict[str, Part]:
        """Return the entries that `form` has, and refuse the others at their keys.

        One that is misspelt is read as what it stands for: nothing is said to be missing because
        of it, and what is wrong with its value is told at once.
        """
        found = self.all_entries()
        for key in [key for key in found if key not in form.keys]:
            part = found.pop(key)
            if part.value is None and _FORMULA.search(key):
                part.refuse_key(f"`{shown(key)}` is no key: {_COMMA}")
                continue
            part.refuse_key(form.advice(key))
            if meant := form.meant(key):
                found.setdefault(meant, replace(part, misspelt=True))
        return found

    def text(self, instead: str) -> str | None:
        """Return a text that is not blank; refuse anything else.

        Args:
            instead: how to write it, for the message.
        """
        if isinstance(self.value, str) and self.value.strip():
            return self.value
        kind = "empty" if isinstance(self.value, str) else self.kind
        self.refuse(f"`{shown(self.key)}` is {kind}: {instead}")
        return None


def nearest(word: str, known: tuple[str, ...]) -> str | None:
    """Return the known word that is most like `word`, for "did you mean"."""
    return next(iter(difflib.get_close_matches(word.lower(), known, n=1)), None)
