"""Strict YAML for files that people edit: values, positions, every problem. Knows no rule."""

from orchestrator.document.files import read_file
from orchestrator.document.reading import LIMITS, Limits, read_document
from orchestrator.document.scalars import quoted, shown
from orchestrator.document.tree import Document, Path
from orchestrator.document.writing import write_document

__all__ = [
    "LIMITS",
    "Document",
    "Limits",
    "Path",
    "quoted",
    "read_document",
    "read_file",
    "shown",
    "write_document",
]
