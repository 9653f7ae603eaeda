"""What the two subjects are made to do. Values only; starts nothing and measures nothing."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]
RULE = "- when: ComplaintFiled\n  then:\n    - SendAcknowledgment\n    - AssignInvestigator\n"


@dataclass(frozen=True)
class Workload:
    """The rules of the one subject, the module of the other, and what goes in and out of both.

    Attributes:
        rules: the text of the rule file.
        document: an AsyncAPI document beside those that are shipped; empty for none.
        channel: the routing key of the events.
        outputs: service -> the routing key of the commands it gets.
        handwritten: the module that does the same by hand.
    """

    rules: str = RULE
    document: str = ""
    channel: str = "complaints.v1"
    outputs: Mapping[str, str] = field(
        default_factory=lambda: {"notify": "notify.v1", "hr": "hr.v1"}
    )
    handwritten: str = "benchmarks.handwritten"

    def write(self, folder: Path) -> None:
        """Write rules and schemas into subfolders."""
        shutil.copytree(ROOT / "schemas", folder / "schemas")
        if self.document:
            (folder / "schemas" / "benchmark.yaml").write_text(self.document)
        (folder / "rules").mkdir()
        self.rewrite_rules(folder / "rules")

    def rewrite_rules(self, folder: Path) -> None:
        """Write the rules again, as an editor would."""
        (folder / "rules.yaml").write_text(self.rules)


def two_commands() -> Workload:
    """Return the rule of the README: one event, two commands, nothing remembered."""
    return Workload()


def thousand_rules_over_thousand_types() -> Workload:
    """Return 1,000 rules, each on a type of its own; one of them is that of `two_commands`."""
    types = [f"Generated{number}" for number in range(999)]
    others = "".join(
        f"- when: {name}\n  if: data.amount > {number}\n  then: [SendNotification]\n"
        for number, name in enumerate(types)
    )
    return Workload(RULE + others, document({"generated.v1": types}))


def two_event_joins(within: str = "30d") -> Workload:
    """Return a join of two events per order, with a timeout: one command per order.

    Args:
        within: how long after the first event.
    """
    return Workload(
        rules=(
            "rules:\n"
            "  - name: order-shipping\n"
            "    when: {all: [OrderPlaced, PaymentReceived]}\n"
            f"    within: {within}\n"
            "    then:\n"
            "      - ShipOrder:\n"
            "          items: ${events.OrderPlaced.data.items}\n"
            "          address: ${events.OrderPlaced.data.address}\n"
            "          payment: ${events.PaymentReceived.data.payment}\n"
            "    otherwise: [CancelOrder]\n"
        ),
        document=document(
            {
                "orders.v1": ["OrderPlaced", "PaymentReceived"],
                "shipping.v1": ["ShipOrder"],
                "cancellations.v1": ["CancelOrder"],
            }
        ),
        channel="orders.v1",
        outputs={"shipping": "shipping.v1", "cancellations": "cancellations.v1"},
        handwritten="benchmarks.handwritten_join",
    )


def document(channels: Mapping[str, list[str]]) -> str:
    """Return an AsyncAPI document.

    Args:
        channels: routing key -> the types of the messages that travel under it.
    """
    listed = "".join(
        f"  {key.partition('.')[0]}:\n    address: {key}\n    messages:\n"
        + "".join(
            f"      {name}:\n        $ref: '#/components/messages/{name}'\n" for name in names
        )
        for key, names in channels.items()
    )
    messages = "".join(
        f"    {name}:\n      payload:\n        type: object\n"
        for names in channels.values()
        for name in names
    )
    return (
        'asyncapi: "3.0.0"\ninfo:\n  title: benchmark\n  version: "1.0.0"\n'
        f"channels:\n{listed}components:\n  messages:\n{messages}"
    )
