"""How a benchmark says what it does and what it found. Measures nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

SUBJECTS = ("handwritten", "orchestrator")


def say(text: str) -> None:
    """Show progress on standard error."""
    end = "\r" if sys.stderr.isatty() else "\n"
    sys.stderr.write(f"\x1b[K{text}{end}" if end == "\r" else f"{text}\n")
    sys.stderr.flush()


def spread(figures: Sequence[float]) -> list[float]:
    """Return the least and the greatest."""
    return [min(figures), max(figures)]


def print_figures(figures: Mapping[str, object], *, as_json: bool) -> None:
    """Print figures, one a line or as one JSON object."""
    if as_json:
        print(json.dumps(_rounded(figures), indent=2))
    else:
        _print_table(figures)


def _rounded(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _rounded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return round(value, 3) if isinstance(value, float) else value


def _print_table(figures: Mapping[str, object], prefix: str = "") -> None:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            _print_table(value, f"{prefix}{name}.")
        else:
            numbers = value if isinstance(value, list) else [value]
            text = " to ".join(f"{number:,.2f}" for number in numbers)
            print(f"{prefix}{name:<60}"[:60], f"{text:>18}")
