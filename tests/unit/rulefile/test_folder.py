"""Which files of a folder are rule files."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from orchestrator.document import LIMITS
from orchestrator.errors import Misconfigured
from orchestrator.rulefile import read_rule_files

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534


@contextmanager
def as_nobody() -> Iterator[None]:
    """Let nothing be read for a while that is closed to its owner: root may read everything."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_yaml_files_of_all_subfolders_but_not_tests_and_hidden_ones(tmp_path: Path) -> None:
    """Rule tests lie beside the rules, and editors leave hidden files behind."""
    for name in ("b.yaml", "a.yml", "hr/c.yaml", "tests/t.yaml", ".b.yaml", ".git/x.yaml", "n.md"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(name)

    files = read_rule_files(tmp_path)

    assert files == [(str(tmp_path / n), n.encode()) for n in ("a.yml", "b.yaml", "hr/c.yaml")]


def test_one_file(tmp_path: Path) -> None:
    """A check of the file one is editing need not wait for the others."""
    file = tmp_path / "anything.txt"
    file.write_text("[]")

    assert read_rule_files(file) == [(str(file), b"[]")]


def test_no_more_is_read_than_is_needed_to_refuse_a_file(tmp_path: Path) -> None:
    """A huge file in the folder must not fill the daemon's memory."""
    (tmp_path / "huge.yaml").write_bytes(b"#" * (LIMITS.size_bytes + 1000))

    ((_, content),) = read_rule_files(tmp_path)

    assert len(content) == LIMITS.size_bytes + 1


def test_no_such_folder(tmp_path: Path) -> None:
    """A wrong path is an error with its name, not an empty rulebook."""
    with pytest.raises(Misconfigured, match=r"^cannot read .*/nowhere: No such file or directory$"):
        read_rule_files(tmp_path / "nowhere")


def test_a_closed_folder_is_refused() -> None:
    """Its rules would be gone, with their schedules, and nobody would have said so."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        Path(folder, "a.yaml").write_text("[]")
        Path(folder, "hr").mkdir(mode=0)
        with as_nobody(), pytest.raises(Misconfigured, match=r"^cannot read .*/hr: Permission"):
            read_rule_files(Path(folder))
        Path(folder, "hr").rename(Path(folder, ".hr"))
        with as_nobody():
            assert len(read_rule_files(Path(folder))) == 1
