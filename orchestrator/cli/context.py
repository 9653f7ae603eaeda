"""What commands start from: the settings, the catalog. Refuses what is wrong with them, clearly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from orchestrator.catalog import read_catalog, read_schema_files
from orchestrator.errors import InvalidDefinitions, Misconfigured
from orchestrator.rulefile import read_rule_files, read_rules
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.catalog import Catalog, MessageType
    from orchestrator.core.definitions import Rulebook


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        Misconfigured: a variable has a value it cannot have.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"ORCHESTRATOR_{'_'.join(str(step) for step in found['loc']).upper()}: {found['msg']}"
            for found in error.errors(include_input=False, include_url=False)
        )
        raise Misconfigured(wrong) from None


def load_catalog(schemas: Path) -> Catalog:
    """Read the message types.

    Raises:
        Misconfigured: there are no documents at `schemas`.
        InvalidDefinitions: they have errors.
    """
    catalog, problems = read_catalog(read_schema_files(schemas))
    if catalog is None:
        raise InvalidDefinitions(problems)
    return catalog


def load_rulebook(settings: Settings) -> Rulebook:
    """Read the rules and the message types they use.

    Raises:
        Misconfigured: a folder holds no files, or cannot be read.
        InvalidDefinitions: they have errors.
    """
    catalog = load_catalog(settings.schemas)
    rulebook, problems = read_rules(read_rule_files(settings.rules), catalog)
    if rulebook is None:
        raise InvalidDefinitions(problems)
    return rulebook


def find_type(catalog: Catalog, name: str) -> MessageType:
    """Return the message type called `name`.

    Raises:
        Misconfigured: no document names it; the text names the nearest that is.
    """
    found = catalog.message(name)
    if found is None:
        near = catalog.nearest(name)
        hint = f"did you mean {near}?" if near else "`orchestrator schemas show` lists them"
        raise Misconfigured(f"no document names the message type {name}: {hint}")
    return found
