"""Who sends and who receives what: as much as the documents say, and no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.catalog import Catalog, Operation, read_catalog, read_schema_files

SHIPPED = Path(__file__).parents[3] / "schemas"

BILLS = """
asyncapi: 3.0.0
info: {title: Bills, version: 1.0.0}
channels:
  bills:
    address: bills.v1
    messages:
      BillSent: {payload: {type: object}}
      BillLost: {payload: {type: object}}
      Pay: {name: PayBill, x-kind: command, payload: {type: object}}
operations:
"""
BANK = """
  handle:
    action: receive
    x-service: bank
    channel: {$ref: '#/channels/bills'}
    messages: [{$ref: '#/channels/bills/messages/Pay'}]
"""
ISSUER = """
  tell:
    action: send
    title: the issuer
    channel: {$ref: '#/channels/bills'}
    messages: [{$ref: '#/channels/bills/messages/BillSent'}]
"""


def catalog_of(*texts: str) -> Catalog:
    """The catalog of documents that are right."""
    files = [(f"{number}.yaml", text.encode()) for number, text in enumerate(texts)]
    catalog, problems = read_catalog(files)
    assert catalog is not None, problems
    return catalog


def test_an_operation_says_who_does_what() -> None:
    """The service is what a person looks for in the picture of the rules."""
    catalog = catalog_of(BILLS + BANK + ISSUER)

    assert catalog.operations == (
        Operation("bank", "receive", "bills.v1", ("PayBill",)),
        Operation("the issuer", "send", "bills.v1", ("BillSent",)),
    )


def test_what_is_left_out_of_operations_is_known_to_be_nobody_s() -> None:
    """A warning about it is due: the document tells who sends, and it is not among that."""
    catalog = catalog_of(BILLS + BANK + ISSUER)

    assert catalog.senders == {"BillLost": (), "BillSent": ("the issuer",), "PayBill": ()}
    assert catalog.receivers == {"BillLost": (), "BillSent": (), "PayBill": ("bank",)}


def test_a_document_that_only_receives_does_not_know_who_sends() -> None:
    """Nobody is nagged for what no document has claimed to know."""
    assert catalog_of(BILLS + BANK).senders == {}
    assert catalog_of(BILLS.replace("operations:", "")).receivers == {}


def test_one_document_that_does_not_know_is_enough() -> None:
    """A type of two documents may be sent by whoever the silent one describes."""
    silent = BILLS.replace("operations:", "")

    assert catalog_of(BILLS + ISSUER, silent).senders == {"BillSent": ("the issuer",)}


def test_without_messages_an_operation_is_about_all_of_its_channel() -> None:
    """That is what AsyncAPI says, and `nobody` would be wrong."""
    everything = ISSUER[: ISSUER.index("    messages")]

    assert catalog_of(BILLS + everything).senders == {
        "BillLost": ("the issuer",),
        "BillSent": ("the issuer",),
        "PayBill": ("the issuer",),
    }


@pytest.mark.parametrize(
    "reply",
    [
        "    reply: {messages: [{$ref: '#/channels/bills/messages/BillLost'}]}\n",
        (
            "    reply:\n      channel: {$ref: '#/channels/bills'}\n"
            "      messages: [{$ref: '#/channels/bills/messages/BillLost'}]\n"
        ),
    ],
)
def test_a_reply_is_sent_by_whoever_receives_the_request(reply: str) -> None:
    """Otherwise a reply would look as if nobody sent it."""
    assert catalog_of(BILLS + BANK + reply).senders["BillLost"] == ("bank",)


def test_operations_do_not_change_what_the_catalog_means() -> None:
    """Naming a service must not swap the rulebook of a running daemon."""
    assert catalog_of(BILLS + BANK).revision == catalog_of(BILLS + ISSUER).revision


def test_the_shipped_documents_name_a_service_for_everything() -> None:
    """Every event has a sender and every command a receiver: the picture has no loose ends."""
    catalog, _ = read_catalog(read_schema_files(SHIPPED))

    assert catalog is not None
    loose = [
        name
        for name, message in catalog.types.items()
        if not (catalog.receivers if message.kind == "command" else catalog.senders).get(name)
    ]
    assert loose == []
