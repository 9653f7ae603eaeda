"""Changes of rules and schemas are seen from the moment on in which they were read."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from orchestrator.errors import Misconfigured
from orchestrator.folders import Folders

SCHEMAS = Path(__file__).parents[2] / "schemas"
RULE = "- when: ComplaintWithdrawn\n  then: [CloseCase]\n"


def put(file: Path, content: str | None) -> None:
    """Give a file other content, or remove it."""
    file.unlink()
    if content is not None:
        file.write_text(content)


def two_folders(where: Path, how: str) -> Path:
    """Make an old folder of rules and a new one, and return how the old one is called."""
    for name, content in (("old", RULE), ("new", RULE + RULE)):
        (where / name).mkdir()
        (where / name / "rules.yaml").write_text(content)
    if how != "link":
        return where / "old"
    (where / "rules").symlink_to("old")
    return where / "rules"


def replace(rules: Path, other: Path, how: str) -> None:
    """Put another folder where the rules are: by a link, by its name, or only remove them."""
    if how == "link":
        link = rules.with_name("link")
        link.symlink_to(other.name)
        link.rename(rules)
        return
    rules.rename(rules.with_name("gone"))
    if how == "rename":
        other.rename(rules)


class LookedAtOnce(Folders):
    """Folders that are watched until they were compared with what was built."""

    def __init__(self, rules: Path) -> None:
        super().__init__(rules, SCHEMAS)
        self.looked = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def _is_built(self) -> bool:
        try:
            return super()._is_built()
        finally:
            self._loop.call_soon_threadsafe(self.looked.set)


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file of rules, in a folder of its own; what changed before is looked for soon."""
    monkeypatch.setattr("orchestrator.folders.LOOK_MS", 50)
    file = tmp_path / "rules.yaml"
    file.write_text(RULE)
    return file


@pytest.mark.parametrize(
    ("content", "seen"), [(RULE, 0), (RULE + RULE, 1), (None, 1)], ids=["same", "other", "gone"]
)
async def test_what_changed_before_the_watch_began_is_seen(
    rules: Path, content: str | None, seen: int
) -> None:
    """The daemon would run on old rules until somebody saves a file once more."""
    folders = LookedAtOnce(rules.parent)
    folders.build()
    put(rules, content)

    async with asyncio.timeout(5):
        assert len([change async for change in folders.changes(folders.looked)]) == seen


async def test_what_changes_later_is_seen(rules: Path) -> None:
    """However often nothing was seen before."""
    folders = LookedAtOnce(rules.parent)
    folders.build()
    changes = folders.changes(asyncio.Event())
    first = asyncio.ensure_future(anext(changes))
    async with asyncio.timeout(5):
        await folders.looked.wait()
        put(rules, RULE + RULE)
        await first


async def test_what_editors_hide_in_a_folder_is_no_change(rules: Path) -> None:
    """Nothing of it is read, and they write it all day: each time would be a reload."""
    folders = LookedAtOnce(rules.parent)
    folders.build()
    changes = folders.changes(asyncio.Event())
    first = asyncio.ensure_future(anext(changes))
    async with asyncio.timeout(5):
        await folders.looked.wait()
        (rules.parent / ".rules.yaml.swp").write_text("what somebody types")
        await asyncio.wait((first,), timeout=2)
        assert not first.done()
        put(rules, RULE + RULE)
        await first


@pytest.mark.parametrize("how", ["link", "rename", "again"])
async def test_a_folder_that_takes_the_place_of_another_is_seen(tmp_path: Path, how: str) -> None:
    """As volumes, deployments and checkouts do it; a watch goes on looking at the old one."""
    rules = two_folders(tmp_path, how)
    folders = LookedAtOnce(rules)
    folders.build()
    changes = folders.changes(asyncio.Event())
    async with asyncio.timeout(10):
        first = asyncio.ensure_future(anext(changes))
        await folders.looked.wait()
        replace(rules, tmp_path / "new", how)
        await first
        if how == "again":  # the watch has told that it is gone, and is over
            (tmp_path / "new").rename(rules)
            await anext(changes)
    assert len(folders.build().definitions) == 2


def test_rules_that_are_all_gone_are_refused_until_a_file_says_so(rules: Path) -> None:
    """A volume that is not mounted looks the same, and no event would be reacted to."""
    folders = Folders(rules.parent, SCHEMAS)
    folders.build()
    rules.unlink()
    for _ in range(2):
        with pytest.raises(Misconfigured, match="holds no rule files any more"):
            folders.build()
    rules.write_text("rules: []\n")
    assert folders.build().definitions == ()


def test_a_daemon_may_start_before_its_first_rule_is_written(tmp_path: Path) -> None:
    """Nothing is reacted to before, so nothing can be lost by it."""
    assert Folders(tmp_path, SCHEMAS).build().definitions == ()
