from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.acceptance.walkthrough import DOCS, Everything, Section, sections

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.local import Services

pytestmark = pytest.mark.timeout(120)  # several processes start, on whatever machine

PAGE = DOCS / "tutorials/first-workflow.md"


@pytest.fixture(scope="module")
async def everything(
    own_services: Services, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Everything]:
    """What runs in the first terminal, from the first section to the last."""
    async with Everything.up(own_services, tmp_path_factory.mktemp("clone")) as running:
        yield running


@pytest.mark.parametrize("section", sections(PAGE), ids=lambda section: section.title)
async def test_every_command_does_what_the_text_says(
    everything: Everything, section: Section
) -> None:
    """The first workflow of anybody must work as it is written, refusals and all."""
    await everything.follow(section)
