"""The reference of schema files: its examples work as written, and nothing is left out."""

from __future__ import annotations

import re
from pathlib import Path

from orchestrator.catalog import read_catalog
from orchestrator.catalog.keywords import FORMATS

PAGE = (Path(__file__).parents[3] / "docs/reference/schemas.md").read_text()


def test_the_document_on_the_page_is_right() -> None:
    """It is what people copy first."""
    (document,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)

    catalog, problems = read_catalog([("page", document.encode())])

    assert problems == []
    assert catalog is not None
    assert list(catalog.types) == ["ChargeInvoice", "InvoiceSent"]


def test_every_format_is_on_the_page() -> None:
    """Authors look there which formats are checked."""
    assert [name for name in FORMATS if f"`{name}`" not in PAGE] == []
