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
from consumers.messages import (
    AnalysisMerged,
    AssessRisk,
    CasefileCreated,
    CasefileDeleted,
    CasefileFetched,
    CasefileMissing,
    CasefileRefused,
    CreateCasefile,
    DeleteCasefile,
    DocumentsFound,
    ExtractFacts,
    FactsExtracted,
    FetchCasefile,
    MergeAnalysis,
    MessageRefused,
    MessageStored,
    OpenSession,
    RecordsFound,
    RiskAssessed,
    SearchDocuments,
    SearchRecords,
    SearchStatements,
    SessionOpened,
    StatementsFound,
    StoreMessage,
)
from orchestrator.service import Context

MOST_MESSAGES: Final = 200

FILES = (
    Grant(
        asked=CreateCasefile,
        granted=CasefileCreated,
        denied=CasefileRefused,
        prefix="CF",
        checks=[Check("A file needs a title.", lambda asked: not asked.title.strip())],
        undo=Undo(DeleteCasefile, CasefileDeleted),
    ),
    Grant(asked=OpenSession, granted=SessionOpened, prefix="CS"),
    Grant(
        asked=StoreMessage,
        granted=MessageStored,
        denied=MessageRefused,
        prefix="CM",
        item="position",
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
    command: FetchCasefile, context: Context[Register]
) -> CasefileFetched | CasefileMissing:
    """Read what was said about the file of this case."""
    case = context.correlation_id
    files = await context.resources.read("CF", [case])
    if [f"CF-{each.number:06}" for each in files] != [command.casefile]:
        return CasefileMissing(reason=f"This case has no file {command.casefile}.")
    said = await context.resources.read("CM", [f"{case}/{n}" for n in range(MOST_MESSAGES)])
    texts = [orjson.loads(each.content)["text"] for each in said]
    return CasefileFetched(casefile=command.casefile, texts=texts)


@service.on("SearchDocuments")
async def documents(command: SearchDocuments, _context: Context[Register]) -> DocumentsFound:
    """Look for documents."""
    return DocumentsFound(findings=search(DOCUMENTS, command.query))


@service.on("SearchRecords")
async def records(command: SearchRecords, _context: Context[Register]) -> RecordsFound:
    """Look for entries in registers."""
    return RecordsFound(findings=search(RECORDS, command.query))


@service.on("SearchStatements")
async def statements(command: SearchStatements, _context: Context[Register]) -> StatementsFound:
    """Look for what witnesses said."""
    return StatementsFound(findings=search(STATEMENTS, command.query))


@service.on("ExtractFacts")
async def extract(command: ExtractFacts, _context: Context[Register]) -> FactsExtracted:
    """Find who and when in texts."""
    return FactsExtracted(names=names(command.texts), years=years(command.texts))


@service.on("AssessRisk")
async def assess(command: AssessRisk, _context: Context[Register]) -> RiskAssessed:
    """Tell how urgent texts are."""
    return RiskAssessed(score=score(command.texts), signals=signals(command.texts))


@service.on("MergeAnalysis")
async def merge(command: MergeAnalysis, _context: Context[Register]) -> AnalysisMerged:
    """Make one report of two analyses."""
    return AnalysisMerged(report=report(command))
