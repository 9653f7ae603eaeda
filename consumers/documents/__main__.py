"""``python -m consumers.documents FILE MEDIA_TYPE``: stores a file and prints its claim check."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from pydantic import ValidationError

from consumers.documents.store import open_documents
from orchestrator.service import DependencyDown


def put(file: str, media_type: str) -> str:
    """Put `file` into the store and return its claim check as JSON.

    Raises:
        OSError: the file cannot be read.
        ValidationError: it is empty or too large, or the media type is none.
        DependencyDown: the store cannot be used.
    """
    content = Path(file).read_bytes()
    return asyncio.run(open_documents().put(content, media_type)).model_dump_json()


def main(arguments: list[str]) -> str:
    """Return what to print; exit with what is wrong."""
    try:
        file, media_type = arguments
        return put(file, media_type)
    except OSError as error:
        sys.exit(f"Error: {error.filename}: {error.strerror}")
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        sys.exit(f"Error: {wrong['loc'][0]}: {wrong['msg']}")
    except DependencyDown as error:
        sys.exit(f"Error: {error}")
    except ValueError:
        sys.exit("Usage: python -m consumers.documents FILE MEDIA_TYPE")


if __name__ == "__main__":
    sys.stdout.write(f"{main(sys.argv[1:])}\n")
