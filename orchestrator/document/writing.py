"""Writes plain values as YAML that the strict reader takes back. Knows nothing of rules."""

from __future__ import annotations

from typing import Any

import yaml

from orchestrator.document.scalars import plain_value


class _Dumper(yaml.CSafeDumper):
    """Writes texts of several lines as blocks, and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 - the library's signature
        """Return True: what stands twice is written twice."""
        del data
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    if "\n" in text:
        return "|"
    return None if plain_value(text) == (text, None) else "'"


def _number(dumper: _Dumper, number: float) -> yaml.ScalarNode:
    # As in JSON: 1e+20 is no number in YAML 1.1, which wants a point.
    text = repr(number)
    written = text if "." in text else text.replace("e", ".0e")
    return dumper.represent_scalar("tag:yaml.org,2002:float", written)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(float, _number)


def write_document(value: object) -> str:
    """Return YAML that `read_document` reads as `value`.

    Args:
        value: dicts, lists, str, int, float, bool and None; keys in the order they are written.
    """
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
