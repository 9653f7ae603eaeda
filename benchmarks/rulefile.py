"""How long it takes to load and check 1,000 rules: ``python -m benchmarks.rulefile``."""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path

from orchestrator.catalog import read_catalog, read_schema_files
from orchestrator.cli.main import COLLECTOR
from orchestrator.rulefile import read_rules

RULES = 1_000
FILES = 20
RUNS = 5
_RULE = """
- name: rule-{number}
  description: one of very many
  when: ComplaintFiled
  if: data.category == "overtime-pay" && get(data.amount, 0) > {number}
  then:
    - SendAcknowledgment:
        to: ${{data.complainant.email}}
        text: "We received complaint ${{event.subject}} number {number}."
    - send: AssignInvestigator
      with: {{region: "${{data.region}}", priority: "${{data.amount > {number} ? 'high' : 'low'}}"}}
      if: size(data.region) > 0
"""


def main() -> None:
    """Print the best of a few runs, in seconds."""
    catalog, _ = read_catalog(read_schema_files(Path(__file__).parents[1] / "schemas"))
    if catalog is None:
        sys.exit("schemas/ has errors: run `orchestrator schemas check`")
    share = RULES // FILES
    files = [
        (f"{file}.yaml", "".join(_RULE.format(number=file * share + n) for n in range(share)))
        for file in range(FILES)
    ]
    gc.set_threshold(*COLLECTOR)  # as every process of ours
    seconds = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        rulebook, problems = read_rules(files, catalog)
        seconds.append(time.perf_counter() - begin)
        if rulebook is None or len(rulebook.definitions) != RULES:
            sys.exit(f"the rules are wrong: {problems[0]}")
    print(json.dumps({"rules": RULES, "files": FILES, "load_seconds": round(min(seconds), 3)}))


if __name__ == "__main__":
    main()
