"""Workflows steered from the command line and over HTTP: real processes, daemon, broker, store."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPException
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest

from orchestrator.cli.main import run
from tests.integration.cli.conftest import COMMAND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.cli.conftest import Shell

pytestmark = pytest.mark.timeout(180)

FILES = Path(__file__).parent / "desk"
PATIENCE_SECONDS = 40


@pytest.fixture(scope="module")
def installed(applied: Shell, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A daemon that runs the workflows of `FILES`, shared: tests have keys of their own."""
    shell = furnished(applied, tmp_path_factory.mktemp("office"))
    with daemon(shell):
        yield shell


@dataclass(frozen=True)
class Done:
    """What a command line left behind, named as by ``subprocess``."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Desk:
    """Runs command lines in this process: there are many, and starting one takes a second."""

    shell: Shell
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> Done:
        code = run(list(arguments))
        return Done(code, *self.capsys.readouterr())


@pytest.fixture
def office(
    installed: Shell, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    """Somebody who gives orders to the shared daemon."""
    return seated(installed, capsys, monkeypatch)


@pytest.fixture
def apart(
    shell: Shell,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    """Somebody in an installation of their own, where nothing runs yet."""
    assert shell.run("apply").returncode == 0
    folder = tmp_path / "office"
    folder.mkdir()
    return seated(furnished(shell, folder), capsys, monkeypatch)


def seated(
    shell: Shell, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    for name, value in shell.environment.items():
        monkeypatch.setenv(name, value)
    return Desk(shell, capsys)


def furnished(shell: Shell, folder: Path) -> Shell:
    """Give a shell the schemas and workflows of `FILES`, and a queue of its own."""
    settings = {"ORCHESTRATOR_HTTP_PORT": str(free_port())}
    for kind in ("rules", "schemas"):
        (folder / kind).mkdir()
        name = "workflows" if kind == "rules" else kind
        (folder / kind / "office.yaml").write_text((FILES / f"{name}.yaml").read_text())
        settings[f"ORCHESTRATOR_{kind.upper()}"] = str(folder / kind)
    return replace(shell, environment=shell.environment | settings, folder=folder)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def daemon(shell: Shell) -> Iterator[subprocess.Popen[str]]:
    """Run a daemon until it has its rules, and kill it in the end."""
    with subprocess.Popen(
        [*COMMAND, "run"],
        env=shell.environment,
        cwd=shell.folder,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if json.loads(line)["event"] == "rulebook_loaded":
                    break
            # Somebody must read what it says, or it stops once the pipe is full.
            drain = threading.Thread(target=deque(maxlen=0).extend, args=(process.stderr,))
            drain.start()
            yield process
        finally:
            process.kill()
    drain.join()


def told(office: Desk, *arguments: str) -> Any:
    """Run a command line with ``--json`` and return what it says."""
    done = office.run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def look(office: Desk, key: str) -> dict[str, Any]:
    """Return an instance as it is now."""
    shown: dict[str, Any] = told(office, "instances", "show", key)[0]
    return shown


def until(office: Desk, key: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Look at an instance until something holds of it."""
    end = monotonic() + PATIENCE_SECONDS
    while monotonic() < end:
        if holds(shown := look(office, key)):
            return shown
    raise AssertionError(f"it never came to that: {shown}")


def step(shown: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next((s for s in shown["steps"] if s["name"] == name), {})
    return found


def begin(office: Desk, workflow: str, key: str, *, answered: bool = True) -> None:
    """Start an instance and, if asked to, let its review be answered."""
    assert office.run("workflows", "start", workflow, "{}", "--key", key).stdout == f"{key}\n"
    until_open(office, key)
    if answered:
        answer(office, key)


def answer(office: Desk, key: str) -> None:
    assert office.run("publish", "Answered", '{"fee": 7}', "--key", key).returncode == 0
    until(office, key, lambda shown: step(shown, "review")["status"] == "completed")


def until_open(office: Desk, key: str) -> None:
    end = monotonic() + PATIENCE_SECONDS
    while office.run("instances", "show", key).returncode != 0:
        assert monotonic() < end, f"{key} never began"


def test_a_case_from_start_to_end(office: Desk) -> None:
    """Start, list, show, decide, end: what a clerk does with one case."""
    begin(office, "permit", "case-1")
    listed = told(office, "instances", "list", "--workflow", "permit")
    wrong = office.run("instances", "approve", "case-1", "release", "--role", "clerk")
    empty = office.run("instances", "approve", "case-1", "release", "--role", "supervisor")
    given = office.run(
        *("instances", "approve", "case-1", "release", "--role", "supervisor"),
        *("--data", '{"amount": 5}', "--by", "ines", "--comment", "as agreed"),
    )
    ahead = until(office, "case-1", lambda shown: bool(step(shown, "later")))
    skipped = office.run("instances", "skip", "case-1", "later")
    done = until(office, "case-1", lambda shown: shown["status"] == "completed")
    again = office.run("instances", "skip", "case-1", "later")
    drawn = office.run("instances", "show", "case-1").stdout

    assert "case-1" in [each["key"] for each in listed]
    assert (wrong.returncode, empty.returncode) == (1, 1)
    assert "refused: step release waits for the role supervisor, not clerk" in wrong.stdout
    assert "refused" in empty.stdout
    assert (given.returncode, skipped.returncode) == (0, 0), given.stderr + skipped.stderr
    assert step(ahead, "release")["output"] == {
        "decision": "approved",
        "by": "ines",
        "role": "supervisor",
        "comment": "as agreed",
        "data": {"amount": 5},
    }
    assert [each["status"] for each in done["steps"]] == ["completed", "completed", "skipped"]
    assert (again.returncode, "no workflow has an open instance" in again.stderr) == (1, True)
    assert "completed, started" in drawn
    # What was refused before it was sent is nobody's dead letter.
    assert (
        told(
            office,
            "dlq",
            "list",
            "--queue",
            office.shell.environment["ORCHESTRATOR_QUEUE"] + ".dlq",
        )
        == []
    )


def test_a_case_that_is_suspended(office: Desk) -> None:
    """Answers are taken in, nothing goes on, and what was taken in counts when it is resumed."""
    begin(office, "permit", "case-2", answered=False)
    suspended = office.run("instances", "suspend", "case-2", "--comment", "audit")
    twice = office.run("instances", "suspend", "case-2")
    retried = office.run("instances", "retry", "case-2", "review")
    answer(office, "case-2")
    stopped = look(office, "case-2")
    resumed = office.run("instances", "resume", "case-2")
    after = until(office, "case-2", lambda shown: bool(step(shown, "release")))

    assert suspended.stdout == "permit case-2: suspended\n"
    assert "refused: it is suspended already" in twice.stdout
    assert "refused: it is suspended: resume it first" in retried.stdout
    assert [each["name"] for each in stopped["steps"]] == ["review"]
    assert resumed.returncode == 0
    assert step(after, "release")["status"] == "running"


def test_a_command_is_sent_again(office: Desk) -> None:
    """Its service lost it; a person sees to it that it is asked a second time."""
    begin(office, "permit", "case-3", answered=False)
    unknown = office.run("instances", "retry", "case-3", "reviw")
    assert office.run("instances", "retry", "case-3", "review").returncode == 0
    after = until(office, "case-3", lambda shown: step(shown, "review")["attempts"] == 2)

    assert "refused: it has no step reviw: open are review" in unknown.stdout
    assert step(after, "review")["status"] == "running"


@pytest.mark.parametrize(
    ("key", "order", "end"),
    [
        ("case-4", ("reject", "case-4", "release", "--role", "supervisor"), "faulted"),
        ("case-5", ("cancel", "case-5"), "cancelled"),
    ],
)
def test_what_was_done_is_taken_back(office: Desk, key: str, order: Any, end: str) -> None:
    """A case that a person rejects or cancels leaves nothing behind."""
    begin(office, "permit", key)
    until(office, key, lambda shown: bool(step(shown, "release")))
    given = office.run("instances", *order)
    undoing = until(office, key, lambda shown: bool(step(shown, "review")["compensation"]))
    refused = office.run("instances", "cancel", key)
    office.run("publish", "Undone", "{}", "--key", key)
    done = until(office, key, lambda shown: shown["ended_at"] is not None)

    assert (given.returncode, given.stdout) == (0, f"permit {key}: compensating\n")
    assert undoing["status"] == "compensating"
    assert "it is compensating already" in refused.stdout
    assert done["status"] == end
    assert step(done, "review")["compensation"]["status"] == "completed"


def test_an_incident_is_ended_by_a_person(office: Desk) -> None:
    """It says why it cannot go on, and stays until somebody says what is to be done."""
    begin(office, "stubborn", "case-6")
    office.run("instances", "cancel", "case-6")
    stuck = until(office, "case-6", lambda shown: shown["status"] == "incident")
    found = told(office, "instances", "list", "--status", "incident", "--workflow", "stubborn")
    resolved = office.run("instances", "resolve", "case-6", "--comment", "done by hand")
    done = until(office, "case-6", lambda shown: shown["ended_at"] is not None)

    assert stuck["incidents"] == {"review~": "no answer within 100ms"}
    assert [each["key"] for each in found] == ["case-6"]
    assert resolved.returncode == 0
    assert done["status"] == "cancelled"


def test_a_case_is_watched_to_its_end(office: Desk) -> None:
    """A script reads one document for each change, and stops with the instance."""
    begin(office, "permit", "case-7")
    until(office, "case-7", lambda shown: bool(step(shown, "release")))
    with office.shell.start("instances", "watch", "case-7") as watching:
        assert watching.stdout is not None
        first = json.loads(watching.stdout.readline())
        approve = (
            "approve",
            "case-7",
            "release",
            "--role",
            "supervisor",
            "--data",
            '{"amount": 1}',
        )
        office.run("instances", *approve)
        office.run("instances", "skip", "case-7", "later")
        rest = [json.loads(line) for line in watching.stdout]
        assert watching.wait(timeout=30) == 0

    assert step(first, "release")["status"] == "running"
    assert rest[-1]["status"] == "completed"


def test_many_cases_at_once(office: Desk) -> None:
    """What is meant can be seen before, and afterwards what came of each."""
    keys = ["batch-1", "batch-2", "batch-3"]
    for key in keys:
        begin(office, "permit", key, answered=False)
    choice = ("--filter", 'workflow == "permit" && key.startsWith("batch-")')
    looked = told(office, "instances", "suspend", *choice, "--dry-run")
    untouched = look(office, "batch-1")["status"]
    suspended = told(office, "instances", "suspend", *choice)
    office.run("instances", "resume", "batch-2")
    mixed = office.run("instances", "resume", *choice)
    wrong = office.run("instances", "cancel", "--filter", "unchanged > 5")
    cancelled = told(office, "instances", "cancel", *choice)

    assert {each["key"]: each["result"] for each in looked} == dict.fromkeys(
        keys, "would be asked for"
    )
    assert untouched == "running"
    assert {each["key"]: each["result"] for each in suspended} == dict.fromkeys(keys, "suspended")
    assert mixed.returncode == 1
    assert mixed.stdout.count("running\n") == 2
    assert "batch-2\trunning\trefused: it is not suspended" in mixed.stdout
    assert (wrong.returncode, "--filter: " in wrong.stderr) == (1, True)
    assert {each["key"] for each in cancelled} == set(keys)


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("instances cancel", 2, "name one instance by its KEY, or many with --filter"),
        ("instances suspend K --filter true", 2, "by its KEY, or many with --filter"),
        ("instances suspend --filter 'size('", 1, "--filter: "),
        ("instances suspend --filter stats", 1, "did you mean status"),
        ("instances suspend nobody", 1, "no workflow has an open instance for nobody"),
        ("instances watch nobody", 1, "no workflow has an instance for nobody"),
        ("instances approve K s", 2, "--role"),
        ("instances approve K s --role r --data {", 1, "not JSON"),
        ("workflows show permits", 1, "did you mean permit?"),
        ("workflows start permits", 1, "did you mean permit?"),
        ("workflows start permit {} --key ''", 1, "a key has 1 to 200 characters"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(office: Desk, line: str, code: int, said: str) -> None:
    """On one line, without a traceback."""
    arguments = [word.strip("'") for word in line.split(" ")]
    done = office.run(*arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def post(office: Desk, key: str, request: str) -> tuple[int, dict[str, Any]]:
    """Start a notice over HTTP, and wait for its end."""
    port = office.shell.environment["ORCHESTRATOR_HTTP_PORT"]
    asked = Request(
        f"http://127.0.0.1:{port}/workflows/notice/instances?wait=50s",
        json.dumps({"input": {}, "key": key}).encode(),
        {"Content-Type": "application/json", "Idempotency-Key": request},
    )
    with urlopen(asked, timeout=55) as answer:  # noqa: S310 - our own daemon
        return answer.status, json.load(answer)


def notes(office: Desk, key: str) -> int:
    """Return how many different notes were sent for a key."""
    steps = told(office, "trace", key)["steps"]
    return len({each["id"] for each in steps if each.get("type") == "Note"})


@pytest.mark.parametrize(("request_id", "expected"), [("r-1", 2), (None, 4)], ids=["same", "other"])
def test_who_asks_again_after_a_crash_gets_the_one_result(
    apart: Desk, request_id: str | None, expected: int
) -> None:
    """The daemon dies while a program waits; asked again by the same name it starts nothing new.

    The control asks by another name, and two are started.
    """
    key = f"http-{request_id}"
    with ThreadPoolExecutor() as pool:
        with daemon(apart.shell) as first:
            lost = pool.submit(post, apart, key, request_id or "r-2")
            until_open(apart, key)
            first.kill()
        with pytest.raises((OSError, HTTPException)):
            lost.result()
        with daemon(apart.shell):
            until(apart, key, lambda shown: shown["ended_at"] is not None)
            status, shown = post(apart, key, request_id or "r-3")

    assert (status, shown["status"]) == (200, "completed")
    assert notes(apart, key) == expected
