"""Installations for acceptance tests: on services that all share, or on a module's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.acceptance.harness import installed

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.local import Services
    from tests.acceptance.harness import Site


@pytest.fixture
def site(services: Services, unique: str, tmp_path: Path) -> Site:
    """An installation with its topology declared and the smallest rule file."""
    return installed(services, unique, tmp_path)


@pytest.fixture
def frail_site(own_services: Services, unique: str, tmp_path: Path) -> Site:
    """The same on services that this module may kill."""
    return installed(own_services, unique, tmp_path)
