"""Writes what tests of rules proved as JUnit XML, which build servers show. Judges nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from orchestrator.cli.verdicts import account
from orchestrator.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from orchestrator.ruletest import Outcome

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(outcomes: Sequence[Outcome], file: Path) -> None:
    """Write one test suite with a test case for each case.

    Raises:
        Misconfigured: the file cannot be written.
    """
    failed = sum(not outcome.passed for outcome in outcomes)
    counts = {"tests": str(len(outcomes)), "failures": str(failed), "errors": "0"}
    suites = ET.Element("testsuites", counts)
    suite = ET.SubElement(suites, "testsuite", {"name": "orchestrator rules test", **counts})
    for outcome in outcomes:
        _add_case(suite, outcome)
    ET.indent(suites)
    try:
        ET.ElementTree(suites).write(file, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise Misconfigured(f"cannot write {file}: {error.strerror}") from error


def _add_case(suite: ET.Element, outcome: Outcome) -> None:
    position = outcome.case.position
    attributes = {
        "classname": position.file,
        "name": outcome.case.name,
        "file": position.file,
        "line": str(position.line),
    }
    clean = {key: _clean(value) for key, value in attributes.items()}
    element = ET.SubElement(suite, "testcase", clean)
    if not outcome.passed:
        message = _clean(outcome.failures[0].message)
        failure = ET.SubElement(element, "failure", {"message": message})
        failure.text = _clean("\n".join(account(outcome)))


def _clean(text: str) -> str:
    """Return the text without what XML cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
