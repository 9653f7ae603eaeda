"""Strict YAML against PyYAML's own loader: what we accept, every reader reads alike."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.document import Document, read_document

PIECES = (
    *"abno yY0123456789:-.,_+~=<&*!|>%@`#?[]{}\"'\\$\t\n\r\x00é\u2028😀\ufeff",
    *("a: ", "- ", "\n- ", "\n  ", "\nb: ", "true", "No", "null", "~", "<<", ": ", " #", "---\n"),
    *("0x1", "1.5", "1e3", "1.0e+3", ".inf", "12:30", "2026-01-02", "|\n  x\n", ">-\n  x\n\n  y\n"),
    *("'a''b'", '"a\\tb"', '"\\x41"', "${a.b}"),
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@given(TEXTS)
def test_any_text_is_read_or_refused(text: str) -> None:
    """No file may crash the daemon that watches the folder; a refusal always has a reason."""
    document, problems = read_document(text, "f")

    assert document is not None or problems
    lines = text.count("\n") + text.count("\r") + text.count("\u2028") + 1
    assert all(1 <= problem.position.line <= lines for problem in problems)
    assert all(str(problem).isprintable() for problem in problems)


@given(TEXTS)
def test_what_is_accepted_is_what_a_yaml_1_1_loader_reads(text: str) -> None:
    """The point of refusing: no accepted file can mean something else to another tool."""
    document, problems = read_document(text, "f")

    if document is not None and not problems:
        assert document.value == yaml.load(text, yaml.CSafeLoader)


@given(TEXTS)
def test_every_visible_character_of_a_text_is_found_in_the_file(text: str) -> None:
    """An error inside a text points at the character itself, wherever no escape stands for it."""
    document, problems = read_document(text, "f")

    if document is None or problems or not isinstance(document.value, str) or "\\" in text:
        return
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").split("\n")
    for offset, character in enumerate(document.value):
        if not character.isspace():
            assert character_at(document, offset, lines) == character


def character_at(document: Document, offset: int, lines: list[str]) -> str:
    """Return the character of the file that `locate` points at for an offset of its root."""
    position = document.locate((), offset)
    return lines[position.line - 1].removeprefix("\ufeff")[position.column - 1]
