"""The catalog of messages: AsyncAPI documents in, types with validators out."""

from orchestrator.catalog.builtin import built_in_types
from orchestrator.catalog.model import Catalog, Channel, Kind, MessageType, Operation, Schema
from orchestrator.catalog.reading import read_catalog, read_schema_files

__all__ = [
    "Catalog",
    "Channel",
    "Kind",
    "MessageType",
    "Operation",
    "Schema",
    "built_in_types",
    "read_catalog",
    "read_schema_files",
]
