from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.acceptance.walkthrough import follows

if TYPE_CHECKING:
    from tests.acceptance.walkthrough import Everything, Section

pytestmark = pytest.mark.timeout(120)  # several processes start, on whatever machine


@follows("how-to/pass-large-documents.md")
async def test_a_document_is_passed_as_the_page_says(
    everything: Everything, section: Section
) -> None:
    """A document that is signed arrives in the archive, by the commands of the page."""
    await everything.follow(section)
