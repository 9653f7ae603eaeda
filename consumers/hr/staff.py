"""Who works where: from the file that HR_STAFF names, else sample data. Knows no case."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from consumers.hr.sample_staff import SAMPLE_STAFF
from consumers.messages.hr import Investigator
from orchestrator.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "HR_STAFF"

_STAFF = TypeAdapter(dict[str, list[Investigator]])


def read_staff(environ: Mapping[str, str] = os.environ) -> dict[str, list[Investigator]]:
    """Return region -> investigators.

    Raises:
        Misconfigured: the file cannot be read, or holds something else.
    """
    file = environ.get(VARIABLE)
    if not file:
        return _STAFF.validate_python(SAMPLE_STAFF)
    try:
        return _STAFF.validate_json(Path(file).read_bytes())
    except OSError as error:
        raise Misconfigured(f"{VARIABLE}: {file}: {error.strerror}") from error
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        place = "/".join(map(str, wrong["loc"]))
        raise Misconfigured(f"{VARIABLE}: {file}: {place}: {wrong['msg']}") from None
