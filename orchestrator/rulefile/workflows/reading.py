"""Reads one entry of ``workflows``: its heading, and what it says. Knows no rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.rulefile.rules import Draft, read_heading
from orchestrator.rulefile.workflows.doubts import warn_of_doubts
from orchestrator.rulefile.workflows.templates import filled_in
from orchestrator.rulefile.workflows.workflow import read_content

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.parts import Part
    from orchestrator.rulefile.workflows.templates import Template


def read_workflow(
    part: Part, templates: Mapping[str, Template], catalog: MessageCatalog
) -> Draft | None:
    """Return the workflow, or None where nothing of it can be read.

    Args:
        part: where it stands.
        templates: the workflows with parameters of all files, by name.
        catalog: the known message types.
    """
    if not isinstance(part.value, dict):
        part.refuse(f"a workflow is a mapping with `name` and `steps`, not {part.kind}")
        return None
    entries = filled_in(part, templates)
    if entries is None:
        return None
    content = read_content(part, entries, catalog)
    warn_of_doubts(content)
    return read_heading(part, entries, content)
