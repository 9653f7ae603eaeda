"""From the bytes of test files to cases and every problem in them. Plays nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orchestrator.document import quoted, read_document
from orchestrator.rulefile.parts import Form, Part
from orchestrator.ruletest.case import Case
from orchestrator.ruletest.expectations import (
    read_instances,
    read_letters,
    read_messages,
    read_never,
)
from orchestrator.ruletest.givens import read_steps
from orchestrator.ruletest.moments import read_start
from orchestrator.ruletest.rows import Row, read_rows
from orchestrator.ruletest.setting import Setting, read_flag, read_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from orchestrator.catalog import Catalog
    from orchestrator.core.problem import Problem

EXPECTATIONS = ("expect", "expect_none", "expect_dead_letter", "expect_open")
CASE_FORM = Form(
    what="a case",
    keys=(
        *("name", "for", "start", "key", "isolated", "without_schedules", "given", "unordered"),
        *EXPECTATIONS,
    ),
    elsewhere=dict.fromkeys(
        ("at", "advance"), "belongs into the list under `given`, at its place in time"
    ),
    synonyms={
        "case": "name",
        "test": "name",
        "when": "given",
        "then": "expect",
        "expected": "expect",
        "correlationid": "key",
        "parameters": "for",
        "for_each": "for",
        "now": "start",
        "expect_nothing": "expect_none",
        "expect_dead_letters": "expect_dead_letter",
    },
)
DEFAULT_START = datetime(2026, 1, 5, 9, tzinfo=UTC)
DEFAULT_KEY = "C-1"


def read_cases(
    files: Iterable[tuple[str, bytes | str]], catalog: Catalog, rules: Collection[str]
) -> tuple[list[Case], list[Problem]]:
    """Read test files.

    Args:
        files: name and content of each; the names appear in positions.
        catalog: the message types that cases may name.
        rules: the names of the rules under test.

    Returns:
        The cases that are without errors, and every problem of every file, in order.
    """
    setting = Setting(catalog, rules, DEFAULT_START, DEFAULT_KEY)
    cases: list[Case] = []
    problems: list[Problem] = []
    for name, text in files:
        document, yaml_problems = read_document(text, name)
        found: list[Problem] = []
        if document is not None:
            cases += _cases(Part(document, (), document.value, found), setting)
        problems += _told_once(yaml_problems, found)
    return cases, problems


def _told_once(yaml_problems: list[Problem], found: list[Problem]) -> list[Problem]:
    """Return all problems in the order of the file.

    Without what only follows from disputed YAML at the same place; and a case with rows is read
    once for each, so that what is wrong with it was found as often.
    """
    disputed = {problem.position for problem in yaml_problems}
    others = [problem for problem in found if problem.position not in disputed]
    distinct = dict.fromkeys((*yaml_problems, *others))
    return sorted(distinct, key=lambda each: (each.position.line, each.position.column))


def _cases(root: Part, setting: Setting) -> Iterator[Case]:
    if not isinstance(root.value, list) or not root.value:
        root.refuse("a test file is a list of cases: put `- name: ...` before each")
    names: set[str] = set()
    for part in root.items():
        for row in read_rows(part):
            before = len(part.problems)
            case = _read_case(row.part, setting)
            if len(part.problems) == before and case is not None:
                name = _distinct(case.name, row)
                if name in names:
                    part.refuse(
                        f"there is a case {quoted(name)} already: give this one another name"
                    )
                names.add(name)
                yield replace(case, name=name)


def _distinct(name: str, row: Row) -> str:
    """Return the name of a case, with the number of the row where it says nothing of it."""
    return f"{name} [{row.number}]" if row.number and not row.is_named else name


def _read_case(part: Part, outer: Setting) -> Case | None:
    if not isinstance(part.value, dict):
        part.refuse(f"a case is a mapping with name, given and expect, not {part.kind}")
        return None
    entries = part.entries(CASE_FORM)
    for needed in ("name", "given"):
        if needed not in entries:
            part.refuse(f"this case has no `{needed}`: add it")
    if not any(expectation in entries for expectation in EXPECTATIONS):
        part.refuse(f"this case expects nothing: add one of {', '.join(EXPECTATIONS)}")
    setting = _setting(entries, outer)
    messages = read_messages(entries.get("expect"), setting)
    never, nothing_else = read_never(entries.get("expect_none"), setting, messages)
    return Case(
        name=read_text(entries.get("name"), ""),
        position=part.position,
        start=setting.start,
        isolated=read_flag(entries.get("isolated")),
        without_schedules=read_flag(entries.get("without_schedules")),
        steps=read_steps(entries["given"], setting) if "given" in entries else (),
        messages=messages,
        unordered=read_flag(entries.get("unordered")),
        never=never,
        nothing_else=nothing_else,
        letters=read_letters(entries.get("expect_dead_letter"), setting),
        instances=read_instances(entries.get("expect_open"), setting),
    )


def _setting(entries: dict[str, Part], outer: Setting) -> Setting:
    start = read_start(entries["start"]) if "start" in entries else None
    key = read_text(entries.get("key"), outer.key)
    return replace(outer, start=start or outer.start, key=key)
