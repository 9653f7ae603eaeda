"""``python -m orchestrator``: the command, for where it is not on the path."""

from orchestrator.cli.main import main

main()
