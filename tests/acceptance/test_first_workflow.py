from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.acceptance.walkthrough import follows

if TYPE_CHECKING:
    from tests.acceptance.walkthrough import Everything, Section

pytestmark = pytest.mark.timeout(120)  # several processes start, on whatever machine


@follows("tutorials/first-workflow.md")
async def test_every_command_does_what_the_text_says(
    everything: Everything, section: Section
) -> None:
    """The first workflow of anybody must work as it is written, refusals and all."""
    await everything.follow(section)
