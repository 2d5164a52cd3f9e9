"""nesy doctor: what is missing is found and has a remedy, keys are never printed, no network unless asked."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from pathlib import Path

import pytest

from nesy.cli import installation
from nesy.cli.app import run
from nesy.cli.installation import Finding

KEY = "sk-very-secret"


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)


def test_this_installation_is_told_as_text_and_as_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NESY_CACHE", str(tmp_path / "not" / "made"))
    monkeypatch.setattr(installation, "FULL", 0)
    monkeypatch.setattr(socket, "create_connection", None)  # whoever asks the network fails
    code = run(["doctor", "--json"])
    told = json.loads(capsys.readouterr().out)
    findings = {f["name"]: f for f in told["findings"]}
    assert code == 0 and told["ok"], [f for f in told["findings"] if f["status"] == "problem"]
    assert findings["torch"]["value"] == version("torch") and findings["cache"]["value"].endswith("(not made yet)")
    assert not (tmp_path / "not").exists()  # looking changes nothing
    assert run(["doctor"]) == 0
    text = capsys.readouterr().out
    assert text.endswith("no problems\n") and all(f["value"][:40] in text for f in told["findings"])


def test_a_problem_is_exit_code_1_with_its_remedy(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NESY_CACHE", str(tmp_path / "file" / "below"))
    assert run(["doctor"]) == 1
    text = capsys.readouterr().out
    assert "PROBLEM cache" in text and "help: set NESY_CACHE" in text and text.endswith("1 problem\n")


def test_packages() -> None:
    assert installation.package("lark", "1.2").status == "ok"
    missing, old = installation.package("no-such-package", "2"), installation.package("lark", "99.1")
    assert missing == Finding("no-such-package", "problem", "missing", "pip install --upgrade 'no-such-package>=2'")
    assert old.status == "problem" and "older than 99.1" in old.value
    assert installation.optional("x", ["lark", "no-such-package"]).remedy.endswith("pip install 'nesy[x]'")
    for newer, older in (("2.15.0+cpu", "2.6"), ("3.10", "3.9.7"), ("1.0", "1"), ("5.0.0.dev0", "5")):
        assert installation._numbers(newer) >= installation._numbers(older)
    assert installation._numbers("1.0") == installation._numbers("1.0.0")


def test_the_needed_packages_are_those_of_the_project() -> None:
    import tomllib

    root = Path(__file__).resolve().parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    needed, extras = installation.requirements()
    assert [f"{n}>={v}" for n, v in needed] == project["dependencies"]
    assert set(extras) == set(project["optional-dependencies"]) and "pytest" in extras["dev"]


def test_an_installed_wheel_says_the_same_of_its_needs(tmp_path: Path) -> None:
    """What only an extra needs (`open-vocabulary` too) is not missing; extras for working trees are not told."""
    needed, extras = installation.requirements()
    installed, told = installation.requirements(tmp_path / "pyproject.toml")
    assert sorted(installed) == sorted(needed)
    mine = {k: sorted(v) for k, v in extras.items() if k not in ("dev", "docs")}
    assert {k: sorted(v) for k, v in told.items()} == mine  # the installer sorts


def test_python_and_disk() -> None:
    assert installation.python_version((3, 11, 0)).status == "ok"
    assert installation.python_version((3, 10, 9)).status == "problem"
    kinds = [installation.room(b, Path("/")).status for b in (2**20, 3 * 2**30, 2**40)]
    assert kinds == ["problem", "note", "ok"]


def test_the_language_model_is_read_from_the_environment_and_the_key_is_not_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert installation.llm().status == "note"
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "https://me:pass@models.example/v1?token=t")
    monkeypatch.setenv("OPENAI_MODEL", "small")
    found = installation.llm()
    assert found.status == "ok" and "https://models.example/v1, model small, key set" in found.value
    run(["doctor"])
    text = "".join(capsys.readouterr())
    assert KEY not in text and "pass" not in text and "token" not in text
    monkeypatch.setenv("OPENAI_BASE_URL", "models.example")
    assert installation.llm().status == "problem" and installation.ask_server().status == "problem"


class Server(BaseHTTPRequestHandler):
    seen: list[tuple[str, str | None]] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers["Authorization"]))
        self.send_response(200 if self.headers["Authorization"] == f"Bearer {KEY}" else 401)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def test_the_server_is_asked_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1/")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    refused = installation.ask_server()
    assert refused.status == "problem" and refused.remedy == "set OPENAI_API_KEY"
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert installation.ask_server().status == "ok" and Server.seen[-1] == ("/v1/models", f"Bearer {KEY}")
    server.shutdown()
    server.server_close()
    gone = installation.ask_server()
    assert gone.status == "problem" and "does not answer" in gone.value
