"""The casefiles service: files, talks about them, searches, analyses. The case is the key."""

from typing import Final

import orjson

from consumers.casefiles.reading import (
    DOCUMENTS,
    RECORDS,
    STATEMENTS,
    names,
    report,
    score,
    search,
    signals,
    years,
)
from consumers.department import Check, Department, Grant, Undo
from consumers.department.register import Register
from consumers.messages import casefiles
from orchestrator.service import Context

MOST_MESSAGES: Final = 200

FILES = (
    Grant(
        asked=casefiles.CreateCasefile,
        granted=casefiles.CasefileCreated,
        denied=casefiles.CasefileRefused,
        prefix="CF",
        checks=[Check("A file needs a title.", lambda asked: not asked.title.strip())],
        undo=Undo(casefiles.DeleteCasefile, casefiles.CasefileDeleted),
    ),
    Grant(asked=casefiles.OpenSession, granted=casefiles.SessionOpened, prefix="CS"),
    Grant(
        asked=casefiles.StoreMessage,
        granted=casefiles.MessageStored,
        denied=casefiles.MessageRefused,
        prefix="CM",
        items=("position",),
        checks=[
            Check("A message says something.", lambda asked: not asked.text.strip()),
            Check(
                f"A talk has {MOST_MESSAGES} messages, and no more.",
                lambda asked: asked.position >= MOST_MESSAGES,
            ),
        ],
        details=lambda asked, _day: {"text": asked.text},
    ),
)
service = Department("casefiles", *FILES).service


@service.on("FetchCasefile")
async def fetch(
    command: casefiles.FetchCasefile, context: Context[Register]
) -> casefiles.CasefileFetched | casefiles.CasefileMissing:
    """Read what was said about the file of this case."""
    case = context.correlation_id
    files = await context.resources.read("CF", [case])
    if [f"CF-{each.number:06}" for each in files] != [command.casefile]:
        return casefiles.CasefileMissing(reason=f"This case has no file {command.casefile}.")
    said = await context.resources.read("CM", [f"{case}/{n}" for n in range(MOST_MESSAGES)])
    texts = [orjson.loads(each.content)["text"] for each in said]
    return casefiles.CasefileFetched(casefile=command.casefile, texts=texts)


@service.on("SearchDocuments")
async def documents(
    command: casefiles.SearchDocuments, _context: Context[Register]
) -> casefiles.DocumentsFound:
    """Look for documents."""
    return casefiles.DocumentsFound(findings=search(DOCUMENTS, command.query))


@service.on("SearchRecords")
async def records(
    command: casefiles.SearchRecords, _context: Context[Register]
) -> casefiles.RecordsFound:
    """Look for entries in registers."""
    return casefiles.RecordsFound(findings=search(RECORDS, command.query))


@service.on("SearchStatements")
async def statements(
    command: casefiles.SearchStatements, _context: Context[Register]
) -> casefiles.StatementsFound:
    """Look for what witnesses said."""
    return casefiles.StatementsFound(findings=search(STATEMENTS, command.query))


@service.on("ExtractFacts")
async def extract(
    command: casefiles.ExtractFacts, _context: Context[Register]
) -> casefiles.FactsExtracted:
    """Find who and when in texts."""
    return casefiles.FactsExtracted(names=names(command.texts), years=years(command.texts))


@service.on("AssessRisk")
async def assess(
    command: casefiles.AssessRisk, _context: Context[Register]
) -> casefiles.RiskAssessed:
    """Tell how urgent texts are."""
    return casefiles.RiskAssessed(score=score(command.texts), signals=signals(command.texts))


@service.on("MergeAnalysis")
async def merge(
    command: casefiles.MergeAnalysis, _context: Context[Register]
) -> casefiles.AnalysisMerged:
    """Make one report of two analyses."""
    return casefiles.AnalysisMerged(report=report(command))
