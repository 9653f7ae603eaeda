"""Strict YAML: what is read, what is refused with which advice, and where everything stands."""

from __future__ import annotations

import pytest
import yaml

from orchestrator.document import Limits, read_document, reading


def problems(text: bytes | str, limits: Limits | None = None) -> list[str]:
    """Return the problems of a file, without the file name."""
    _, found = read_document(text, "f", limits or Limits())
    return [str(problem).removeprefix("f:") for problem in found]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: text", {"a": "text"}),
        ("- 1\n- -2\n- 0.5\n- 1.0e+3", [1, -2, 0.5, 1000.0]),
        ("[true, false, null]", [True, False, None]),
        ("a:", {"a": None}),
        ("'on': \"NO\"", {"on": "NO"}),
        (
            "{id: C-991, route: a.b/c, version: 3.0.0}",
            {"id": "C-991", "route": "a.b/c", "version": "3.0.0"},
        ),
        ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
        ("a: >-\n  one\n  two\n", {"a": "one two"}),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("\ufeffa: b", {"a": "b"}),
        ("---\na: ü", {"a": "ü"}),
    ],
)
def test_plain_values_are_read_as_json_would(text: str, value: object) -> None:
    """What every YAML version reads alike is accepted, and nothing is said about it."""
    document, found = read_document(text, "f")

    assert document is not None
    assert (document.value, found) == (value, [])


@pytest.mark.parametrize("text", ["on", "Yes", "NO", "~", "Null", "True", "48:00", "010", "0x1F"])
def test_disputed_words_are_refused_but_not_when_quoted(text: str) -> None:
    """Readers disagree on these words: the file must say what it means."""
    assert len(problems(f"a: {text}")) == 1
    assert problems(f'a: "{text}"') == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: NO", '1:4: error: unquoted NO is false in YAML 1.1: write false, or "NO" for text'),
        ("on: x", '1:1: error: unquoted on is true in YAML 1.1: write "on"'),
        ("a: ~", '1:4: error: ~ is not read alike by all YAML versions: write null, or "~" for'),
        ("a: 48:00", "1:4: error: digits with colons are a number to base 60 in YAML 1.1: write"),
        ("a: 010", "1:4: error: a number with a leading 0 is octal, hexadecimal or binary in some"),
        ("a: 1_000", "1:4: error: underscores in numbers are read differently by YAML versions"),
        ("a: 2026-11-20", "1:4: error: a date or time is ambiguous without quotes: write"),
        ("a: .inf", '1:4: error: infinity and not-a-number cannot be sent as JSON: write ".inf"'),
        ("a: 1e3", "1:4: error: numbers are written as in JSON"),
        ("a: +5", "1:4: error: numbers are written as in JSON"),
        ("a: 9223372036854775808", "1:4: error: this integer does not fit in 64 bits"),
        ("a: 1.0e+999", "1:4: error: this number is too large"),
        ("1: x", '1:1: error: a key must be text: write "1"'),
        ("[a]: x", "1:1: error: a key must be text: quote it, or use a list"),
        ("a: {{ b }}", '1:5: error: a key must be text: write a template as "${...}"'),
        ("? \n: x", '1:2: error: a key must be text: write ""'),
        ("a: 1\nb: 2\na: 3", '3:1: error: key "a" is already on line 1: keep one'),
        ("a: &x 1", "1:4: error: anchor &x is not allowed: remove it"),
        ("a: *x", "1:4: error: alias *x is not allowed: write the value out"),
        ("<<: {a: 1}", "1:1: error: merge key << is not allowed: write the entries out"),
        ("a: !!str 1", '1:4: error: "tag:yaml.org,2002:str" is a YAML tag, which is not allowed'),
        ("if: !has(data.x)", '1:5: error: "!has(data.x)" is a YAML tag, which is not allowed'),
        ("a: 1\n---\nb: 2", "2:1: error: a second document begins here"),
        ("", "1:1: error: the file is empty"),
        ("# only a comment\n", "1:1: error: the file is empty"),
        (b"a: caf\xe9", "1:7: error: byte 0xE9 is not UTF-8: save the file as UTF-8"),
        ("a: b\nc: \x01", "2:4: error: character U+0001 is not allowed"),
        ("a:\n\t- b", "2:1: error: a tab cannot indent or separate here: use spaces"),
    ],
)  # fmt: skip
def test_disputed_yaml_is_refused_with_advice(text: bytes | str, expected: str) -> None:
    """Each message names the place, what is wrong and what to write instead."""
    (found,) = problems(text)

    assert found.startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if: a ? b : c", "1:11: error: `: ` inside unquoted text begins a mapping: put"),
        ('if: "a" == data.b', '1:9: error: a value that begins with " ends where that closes'),
        ("if: [1, 2] == x", "1:12: error: a value that begins with [ ends where that closes"),
        ("if: !(a || b)", "1:5: error: a value that begins with `!` is YAML syntax"),
        ("if: &&x", "1:5: error: a value that begins with `&` is YAML syntax"),
        ("a: {to: @x}", "1:9: error: a value that begins with `@` is YAML syntax"),
        ("with: {to: ${data.x}}", "1:12: error: inside { } and [ ] a template needs quotes: write"),
        ('a: "b\nc: d', "1:4: error: this quote is never closed"),
        ('a: "\\d+"', "1:5: error: a backslash in double quotes begins an escape"),
        ("- when: A\n   if: x", "2:4: error: this key is indented deeper than the entry above it"),
        ("- when: A\n if: x", "2:2: error: the indentation fits nothing above"),
        ("- when: A\n  then\n  - X", "2:3: error: this is neither `key: value` nor a list item"),
        ("a b\nc: d", "2:2: error: the line above is neither `key: value` nor a list item"),
        ("a: [1, 2\nb: c", "2:2: error: this list needs a `,` before here, or its closing `]`"),
        ("a: - b", "1:4: error: a list begins on the line below its key"),
        ("a: | b", "1:4: error: the text after `|` or `>` begins on the next line"),
        ("a: ]", "1:4: error: this is not YAML (did not find expected node content)"),
    ],
)  # fmt: skip
def test_syntax_errors_teach_the_trap_behind_them(text: str, expected: str) -> None:
    """The parser's own words help nobody who writes a condition for the first time."""
    (found,) = problems(text)

    assert found.startswith(expected)


def test_every_problem_is_reported_in_order() -> None:
    """One look at the output is enough to mend the whole file."""
    assert [line.split(": error")[0] for line in problems("a: NO\nb: 010\na: &x ~\n")] == [
        "1:4",
        "2:4",
        "3:1",
        "3:4",
        "3:4",
    ]


@pytest.mark.parametrize(
    ("text", "limits", "expected"),
    [
        ("[" * 200_000, Limits(), "1:34: error: nested deeper than 32 levels: flatten it"),
        ("[[1]]", Limits(depth=1), "1:3: error: nested deeper than 1 levels: flatten it"),
        ("[1, 2, 3]", Limits(nodes=3), "1:8: error: more than 3 values: split the file"),
        ("abcd", Limits(size_bytes=3), "1:1: error: the file is larger than 3 bytes: split it"),
    ],
)  # fmt: skip
def test_limits_apply_while_reading(text: str, limits: Limits, expected: str) -> None:
    """No file may exhaust the process: 200,000 brackets crash the C parser's own builder."""
    assert problems(text, limits) == [expected]


def test_what_is_just_within_the_limits_is_read() -> None:
    """The control of the test above: the limits refuse what exceeds them and nothing else."""
    assert problems("[[1]]", Limits(depth=2, nodes=3, size_bytes=5)) == []


def test_positions_of_keys_and_values() -> None:
    """Problems found later point at the very place in the file."""
    document, _ = read_document("- when: A\n  then:\n  - {X: 1}\n", "f")

    assert document is not None
    assert str(document.key_position((0, "when"))) == "f:1:3"
    assert str(document.position((0, "when"))) == "f:1:9"
    assert str(document.position((0, "then", 0, "X"))) == "f:3:9"
    assert str(document.position((0, "then", 7, "nowhere"))) == "f:3:3"


@pytest.mark.parametrize(
    "text",
    [
        "k: one ^two",
        "k: 'it''s ^here'",
        'k: "a\\tb\\u0041\\x20\\"\\\\ ^c"',
        "k: |\n  first\n\n    ^second\n  third\n",
        "k: |2-\n\n    one\n  ^two\n",
        "k: >\n  first\n  second ^third\n\n  fourth\n",
        "k: first\n   second\n   ^third",
        "k: 'first\n   second\n\n   ^third'",
        'k: "first\n   se\\\n   cond ^third"',
        "k: ü€😀 ^x",
        "k: |\r\n  first\r\n  ^second\r\n",
    ],
)
def test_a_character_of_a_text_is_found_in_the_file(text: str) -> None:
    """An expression error points at its own line and column, however the text is written."""
    before = text[: text.index("^")].split("\n")
    document, _ = read_document(text, "f")
    assert document is not None
    assert isinstance(document.value, dict)

    position = document.locate(("k",), document.value["k"].index("^"))

    assert (position.line, position.column) == (len(before), len(before[-1]) + 1)


@pytest.mark.parametrize(("offset", "column"), [(0, 4), (1, 5), (2, 6), (3, 7), (4, 8)])
def test_blanks_and_the_end_are_located_too(offset: int, column: int) -> None:
    """Errors such as "ends too early" point just behind the text."""
    document, _ = read_document("k: a  b", "f")

    assert document is not None
    assert document.locate(("k",), offset).column == column


@pytest.mark.parametrize(
    ("text", "expected"),
    [('k: a == " #1"', True), ("k: 'a #1'", False), ("k: a#1", False), ("k: a\nb: c # no", False)],
)
def test_text_cut_by_a_comment_is_noticed(text: str, expected: bool) -> None:  # noqa: FBT001
    """` #` ends unquoted text, which is invisible in the error of the condition it cuts."""
    document, _ = read_document(text, "f")

    assert document is not None
    assert document.cut_by_comment(("k",)) is expected


def test_a_disputed_value_does_not_hide_later_problems() -> None:
    """The document beside problems lets its reader report its own, in one go."""
    document, found = read_document("a: NO\nb: 1", "f")

    assert document is not None
    assert (document.value, len(found)) == ({"a": "NO", "b": 1}, 1)


def test_the_pure_parser_refuses_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML was built without libyaml, files mean the same."""
    monkeypatch.setattr(reading, "_LOADER", yaml.SafeLoader)

    assert problems("- when: A\n  then: [NO]")[0].startswith("2:10: error: unquoted NO is false")
    assert problems("if: a ? b : c")[0].startswith("1:11: error: `: ` inside unquoted text")
