"""Installations for acceptance tests: on services that all share, or on a module's own."""

from __future__ import annotations

import random
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.harness import installed
from tests.acceptance.walkthrough import Everything

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
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


@pytest.fixture(scope="module")
async def everything(
    own_services: Services, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Everything]:
    """What runs in the first terminal, from the first section of a page to the last."""
    async with Everything.up(own_services, tmp_path_factory.mktemp("clone")) as running:
        yield running


@pytest.fixture
def chance() -> random.Random:
    """Seeded randomness; the seed is printed with a failure, so that it can be set here again."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it when the test fails
    return random.Random(seed)  # noqa: S311 - picks moments, guards no secret
