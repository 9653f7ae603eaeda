"""Messages of the casefiles service, as in schemas/casefiles.yaml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from consumers.messages.grant import Denied, Granted, Undoing, Undone
from consumers.messages.message import Count, Label, Message, Name, Reason


class CreateCasefile(Message):
    """Command: open a file for a case."""

    title: Name


class CasefileCreated(Granted):
    """Event: the file is open."""


class CasefileRefused(Denied):
    """Event: no file is opened."""


class DeleteCasefile(Undoing):
    """Command: close a file as if it never was."""


class CasefileDeleted(Undone):
    """Event: there is no file."""


class OpenSession(Message):
    """Command: begin to talk about a file."""

    casefile: Label
    participant: Name


class SessionOpened(Granted):
    """Event: the talk has begun."""


class StoreMessage(Message):
    """Command: keep what was said.

    Attributes:
        position: of the message in its talk, from 0.
    """

    session: Label
    position: Count
    text: Reason


class MessageStored(Granted):
    """Event: what was said is kept."""


class MessageRefused(Denied):
    """Event: what was said is not kept."""


class SearchDocuments(Message):
    """Command: look for documents."""

    query: Name


class DocumentsFound(Message):
    """Event: the documents there are."""

    findings: list[Name]


class SearchRecords(Message):
    """Command: look for entries in registers."""

    query: Name


class RecordsFound(Message):
    """Event: the entries there are."""

    findings: list[Name]


class SearchStatements(Message):
    """Command: look for what witnesses said."""

    query: Name


class StatementsFound(Message):
    """Event: the statements there are."""

    findings: list[Name]


class FetchCasefile(Message):
    """Command: read a file."""

    casefile: Label


class CasefileFetched(Message):
    """Event: what was said about the file, in order."""

    casefile: Label
    texts: list[Reason]


class CasefileMissing(Denied):
    """Event: there is no such file."""


class ExtractFacts(Message):
    """Command: find who and when in texts."""

    texts: list[Reason]


class FactsExtracted(Message):
    """Event: names and years of the texts, each once."""

    names: list[Label]
    years: list[Label]


class AssessRisk(Message):
    """Command: tell how urgent texts are."""

    texts: list[Reason]


class RiskAssessed(Message):
    """Event: how urgent the texts are.

    Attributes:
        score: from 0 to 100, the higher the more urgent.
        signals: the words that say so.
    """

    score: Annotated[int, Field(ge=0, le=100)]
    signals: list[Label]


class MergeAnalysis(Message):
    """Command: make one report of two analyses."""

    names: list[Label]
    years: list[Label]
    score: Annotated[int, Field(ge=0, le=100)]


class AnalysisMerged(Message):
    """Event: the report."""

    report: Reason
