"""Every link and every path in the documentation leads to a file, and links to a heading in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
SOURCE = re.compile(r"(?<![\w/])(?:tests|orchestrator|consumers|examples|benchmarks)/[\w./-]*\w")


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    found = LINK.findall(CODE.sub("", page.read_text()))
    targets = [(page.parent / path if path else page, path, anchor) for path, anchor in found]
    return [
        f"{path}#{anchor}"
        for target, path, anchor in targets
        if not target.exists() or (anchor and anchor not in anchors(target))
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """A dead link is found by the reader who needed it."""
    assert dead_links(page) == []


def test_dead_links_are_found(tmp_path: Path) -> None:
    """The control: a file and a heading that are not there, beside two that are."""
    page = tmp_path / "page.md"
    page.write_text("# A heading\n[a](page.md#a-heading) [b](#a-heading) [c](no.md) [d](#none)")

    assert dead_links(page) == ["no.md#", "#none"]


def missing_files(text: str) -> list[str]:
    """The files and folders of ours that a text names, and that are not there."""
    return [path for path in SOURCE.findall(text) if not (ROOT / path).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_is_named_is_there(page: Path) -> None:
    """A promise whose test was renamed is one that nobody can look into."""
    assert missing_files(page.read_text()) == []


def test_missing_files_are_found() -> None:
    """The control: a test that is not there, beside one that is."""
    assert missing_files("`tests/unit/test_docs_links.py`, `tests/unit/test_none.py`") == [
        "tests/unit/test_none.py"
    ]


def test_every_page_is_in_the_index() -> None:
    """What the index leaves out is not found."""
    docs = ROOT / "docs"
    index = docs / "README.md"
    linked = {(docs / path).resolve() for path, _ in LINK.findall(index.read_text())}

    assert set(docs.glob("*/**/*.md")) - linked == set()
