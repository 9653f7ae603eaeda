"""A copy of the rules in which days are seconds: a demo has no two days. Reads nothing else."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from orchestrator.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def shortened(rules: Path, folder: Path, windows: Mapping[str, float]) -> dict[str, str]:
    """Copy `rules` to `folder`, with other windows and otherwise as they are.

    Args:
        rules: the folder with the rules.
        folder: where the copy goes; it must not exist yet.
        windows: the name of a rule -> its window in seconds.

    Returns:
        The name of each rule -> its window in `rules`.

    Raises:
        Misconfigured: there is no such rule, or it has no window.
    """
    shutil.copytree(rules, folder, ignore=shutil.ignore_patterns("tests"))
    return {name: _shorten(folder, name, seconds) for name, seconds in windows.items()}


def _shorten(folder: Path, name: str, seconds: float) -> str:
    rule = re.compile(
        rf"^( *)- name: {re.escape(name)}\n(?:\1 .*\n)*?\1  within: (\S+)\n", re.MULTILINE
    )
    for file in sorted(folder.rglob("*.yaml")):
        text = file.read_text()
        if found := rule.search(text):
            begin, end = found.span(2)
            file.write_text(f"{text[:begin]}{seconds:g}s{text[end:]}")
            return found[2]
    raise Misconfigured(f"{folder}: no rule {name} with a window that could be shortened")
