"""The examples of the reference page work as they are written, in the order they are written."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.cli.conftest import Shell

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "cli.md"


@pytest.mark.timeout(180)  # some forty processes, one after the other
def test_the_examples_work_as_written(shell: Shell, tmp_path: Path) -> None:
    """People copy them; one that fails costs more trust than a missing one."""
    program = tmp_path / "bin" / "orchestrator"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m orchestrator "$@"\n')
    program.chmod(0o755)
    exchange = shell.environment["ORCHESTRATOR_EXCHANGE"]
    queue = shell.environment["ORCHESTRATOR_QUEUE"]
    blocks = re.findall(r"^```console\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    # The page uses the names of an installation that has the broker for itself.
    script = (
        "".join(blocks).replace("hms.", f"{exchange}.").replace("orchestrator.dlq", f"{queue}.dlq")
    )

    ran = subprocess.run(
        ["/bin/bash", "-euxo", "pipefail"],
        input=script,
        env={**shell.environment, "PATH": f"{program.parent}:{shell.environment['PATH']}"},
        cwd=shell.folder,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert script.count("orchestrator ") >= 25
