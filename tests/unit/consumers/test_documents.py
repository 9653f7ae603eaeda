"""The claim check: what is put is what is claimed, or nobody gets anything."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from consumers.archive.service import Stacks, archive
from consumers.archive.shelf import Shelf, open_shelf
from consumers.documents import DocumentFolder, DocumentMissing, claim_check, open_documents
from consumers.documents.__main__ import main
from consumers.messages.archive import ArchivePdf, PdfArchived
from consumers.messages.document import ClaimCheck
from orchestrator.service import DependencyDown, Reject
from tests.unit.consumers.contexts import context

if TYPE_CHECKING:
    from pathlib import Path

PDF = b"%PDF-1.7 Be it enacted.\n"
MEDIA_TYPE = "application/pdf"


@pytest.fixture
def documents(tmp_path: Path) -> DocumentFolder:
    """A document store."""
    return DocumentFolder(tmp_path / "documents")


@pytest.fixture
def stacks(tmp_path: Path, documents: DocumentFolder) -> Stacks:
    """The archive beside it."""
    return Stacks(documents, Shelf(tmp_path / "archive"))


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def test_a_document_is_claimed_by_its_content(
    documents: DocumentFolder, tmp_path: Path
) -> None:
    """Twice the same content is one file, named by its digest, that nobody may write."""
    check = await documents.put(PDF, MEDIA_TYPE)

    assert check == await documents.put(PDF, MEDIA_TYPE)
    assert check.digest == f"sha256:{hashlib.sha256(PDF).hexdigest()}"
    assert (check.size, check.media_type) == (len(PDF), MEDIA_TYPE)
    assert await documents.claim(check) == PDF
    [file] = files(tmp_path)
    assert file.parent.name + file.name == hashlib.sha256(PDF).hexdigest()
    assert file.stat().st_mode & 0o777 == 0o444


async def test_a_document_that_is_not_there_may_still_come(documents: DocumentFolder) -> None:
    """The event can be faster than its document: such a failure is tried again."""
    with pytest.raises(DocumentMissing, match="is not in the document store"):
        await documents.claim(claim_check(PDF, MEDIA_TYPE))


@pytest.mark.parametrize("damaged", [PDF.replace(b"Be", b"Ce"), b""])
async def test_a_damaged_document_is_never_handed_out(
    documents: DocumentFolder, tmp_path: Path, damaged: bytes
) -> None:
    """One flipped bit is noticed, and a lost end; putting the document again mends it."""
    check = await documents.put(PDF, MEDIA_TYPE)
    [file] = files(tmp_path)
    file.chmod(0o644)
    file.write_bytes(damaged)

    with pytest.raises(Reject, match="put it again"):
        await documents.claim(check)

    await documents.put(PDF, MEDIA_TYPE)
    assert await documents.claim(check) == PDF


async def test_a_wrong_size_is_noticed(documents: DocumentFolder) -> None:
    """Who made the claim check made it for something else."""
    check = await documents.put(PDF, MEDIA_TYPE)
    wrong = ClaimCheck(digest=check.digest, size=check.size + 1, media_type=MEDIA_TYPE)

    with pytest.raises(Reject, match="another size or digest"):
        await documents.claim(wrong)


async def test_a_folder_that_cannot_be_used_is_a_dependency_that_is_down(tmp_path: Path) -> None:
    """It concerns every document: none of the messages should lose attempts."""
    (tmp_path / "documents").write_text("a file where the folder should be")
    documents = DocumentFolder(tmp_path / "documents")

    with pytest.raises(DependencyDown, match="documents cannot be used"):
        await documents.put(PDF, MEDIA_TYPE)
    with pytest.raises(DependencyDown, match="documents cannot be used"):
        await documents.claim(claim_check(PDF, MEDIA_TYPE))


async def test_the_environment_says_where_they_lie(tmp_path: Path) -> None:
    """Both services must find the same folder, and an auditor the archive."""
    environ = {"DOCUMENTS_FOLDER": str(tmp_path / "in"), "ARCHIVE_FOLDER": str(tmp_path / "kept")}

    await open_documents(environ).put(PDF, MEDIA_TYPE)
    await open_shelf(environ).keep("a.pdf", PDF)

    assert [file.relative_to(tmp_path).parts[0] for file in files(tmp_path)] == ["in", "kept"]


async def test_a_pdf_is_archived_under_its_name(stacks: Stacks, tmp_path: Path) -> None:
    """And once, however often the command comes: it is never replaced."""
    command = ArchivePdf(name="HB-101", document=await stacks.documents.put(PDF, MEDIA_TYPE))

    replies = [await archive(command, context(stacks)) for _ in range(2)]

    assert replies == [PdfArchived(name="HB-101", document=command.document)] * 2
    [kept] = files(tmp_path / "archive")
    assert (kept.name, kept.read_bytes()) == ("HB-101.pdf", PDF)


async def test_an_archived_document_is_never_replaced(stacks: Stacks, tmp_path: Path) -> None:
    """Another document under the same name is refused, and the first one stays."""
    for content in (PDF, PDF + b"changed"):
        check = await stacks.documents.put(content, MEDIA_TYPE)
        command = ArchivePdf(name="HB-101", document=check)
        if content == PDF:
            await archive(command, context(stacks))
        else:
            with pytest.raises(Reject, match=r"another document is archived as HB-101\.pdf"):
                await archive(command, context(stacks))

    [kept] = files(tmp_path / "archive")
    assert kept.read_bytes() == PDF


@pytest.mark.parametrize(("content", "media_type"), [(b"<html>", MEDIA_TYPE), (PDF, "text/html")])
async def test_only_a_pdf_is_archived(stacks: Stacks, content: bytes, media_type: str) -> None:
    """By what it says and by how it begins: nobody looks at it again for years."""
    check = await stacks.documents.put(content, media_type)

    with pytest.raises(Reject, match="HB-101 is not a PDF"):
        await archive(ArchivePdf(name="HB-101", document=check), context(stacks))


def test_a_file_is_put_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is printed goes into an event as it is."""
    monkeypatch.setenv("DOCUMENTS_FOLDER", str(tmp_path / "documents"))
    (tmp_path / "bill.pdf").write_bytes(PDF)

    printed = main([str(tmp_path / "bill.pdf"), MEDIA_TYPE])

    assert ClaimCheck.model_validate_json(printed) == claim_check(PDF, MEDIA_TYPE)
    assert len(files(tmp_path / "documents")) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.pdf", MEDIA_TYPE], r"nowhere\.pdf: No such file or directory"),
        ([__file__, "pdf"], "media_type: String should match"),
        ([__file__], r"Usage: python -m consumers\.documents FILE MEDIA_TYPE"),
    ],
)
def test_a_mistake_on_the_command_line_is_told(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one line, without a trace back, and nothing is stored."""
    monkeypatch.setenv("DOCUMENTS_FOLDER", str(tmp_path / "documents"))

    with pytest.raises(SystemExit, match=said):
        main(arguments)

    assert files(tmp_path) == []
