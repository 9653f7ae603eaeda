"""Finds consumer services: those that installed packages offer, and those in a module."""

from __future__ import annotations

import importlib
import sys
from importlib.metadata import EntryPoint, entry_points
from traceback import extract_tb
from typing import Any

from orchestrator.errors import Misconfigured
from orchestrator.service.service import Service

GROUP = "orchestrator.services"
"""Entry points under which packages install their services."""

AnyService = Service[Any]


def installed() -> dict[str, EntryPoint]:
    """Return the services that installed packages offer, by name. Imports none of them."""
    return {point.name: point for point in sorted(entry_points(group=GROUP))}


def find(name: str) -> AnyService:
    """Return the installed service called `name`, or the object at ``module:attribute``.

    Modules are also looked for in the current folder.

    Raises:
        Misconfigured: there is no such service; the text names those there are.
    """
    point = installed().get(name)
    if point is None:
        if ":" not in name:
            known = ", ".join(installed()) or "none"
            raise Misconfigured(
                f"there is no service {name}: installed are {known}; or give module:attribute"
            )
        point = EntryPoint(name=name, value=name, group=GROUP)
        if "" not in sys.path:
            sys.path.insert(0, "")
            importlib.invalidate_caches()
    try:
        found = point.load()
    except Misconfigured:
        raise
    except (ImportError, AttributeError) as error:
        raise Misconfigured(f"service {name} cannot be imported: {error}") from error
    except Exception as error:  # the module of somebody else raises anything
        raise Misconfigured(f"service {name} cannot be imported: {_told(error)}") from error
    if not isinstance(found, Service):
        raise Misconfigured(f"{point.value} is not a Service")
    return found


def _told(error: Exception) -> str:
    """Return what is wrong with a module, and on which line of it, on one line."""
    what = f"{type(error).__name__}: {' '.join(str(error).split())}"
    steps = [step for step in extract_tb(error.__traceback__) if step.name == "<module>"]
    if isinstance(error, SyntaxError) or not steps:  # the text of the former ends with the place
        return what
    return f"{what} ({steps[-1].filename}, line {steps[-1].lineno})"
