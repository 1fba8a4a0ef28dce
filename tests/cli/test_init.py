"""`ghost init`: a ghost.toml where there was none."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from ghostbot.config.load import load
from tests.cli.test_commands import run


def test_a_new_file_runs_as_it_is_and_says_where_to_read_on(tmp_path: Path) -> None:
    ran = run(tmp_path, "init")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("wrote ghost.toml, with 1 daemon: hello\n")
    assert "`ghost up`" in ran.stdout
    assert list(load(tmp_path / "ghost.toml", {"PATH": "/usr/bin:/bin"}).daemons) == ["hello"]
    assert run(tmp_path, "config", "check").stdout == "ghost.toml is fine: 1 daemon\n"


def test_what_somebody_wrote_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "ghost.toml"
    path.write_text("mine")
    ran = run(tmp_path, "init")
    assert ran.returncode == 1
    assert "cannot write ghost.toml: it is there already; `ghost config check`" in ran.stderr
    assert path.read_text() == "mine"


def test_print_writes_nothing_and_c_names_another_file(tmp_path: Path) -> None:
    printed = run(tmp_path, "init", "--print")
    assert "[daemon.hello]" in printed.stdout
    assert list(tmp_path.iterdir()) == []
    assert run(tmp_path, "init", "-c", "mine.toml").stdout.startswith("wrote mine.toml")
    assert (tmp_path / "mine.toml").read_text() == printed.stdout


def test_a_procfile_that_lies_here_is_named(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("web: sleep 100\n")
    assert "There is a Procfile here" in run(tmp_path, "init").stdout


def test_a_procfile_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("web: sleep 100\nworker: sleep 10 | cat\n")
    ran = run(tmp_path, "init", "--from", "Procfile")
    assert ran.returncode == 0, ran.stderr
    assert "with 2 daemons: web, worker" in ran.stdout
    found = tomllib.loads((tmp_path / "ghost.toml").read_text())["daemon"]
    assert found["web"]["command"] == "sleep 100"
    assert found["worker"]["command"] == ["sh", "-c", "sleep 10 | cat"]


def test_what_is_not_here_is_told_with_its_line(tmp_path: Path) -> None:
    app = {"name": "api", "script": "gone.py", "instances": "max"}
    (tmp_path / "ecosystem.json").write_text(json.dumps({"apps": [app]}))
    ran = run(tmp_path, "init", "--from", "ecosystem.json")
    assert ran.returncode == 0
    assert "still wrong:\n  ghost.toml:8: daemon.api.command: cannot run" in ran.stdout
    assert "stands in it as comments (1)" in ran.stdout


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("gone", None, "cannot read gone: no such file or directory"),
        ("x.conf", "hello", "cannot tell what x.conf is: Ghost reads a Procfile"),
        ("ecosystem.config.js", "module.exports = {}", "cannot read ecosystem.config.js: it is a"),
        ("x.json", "{", "cannot read x.json: it is no JSON"),
        ("empty.conf", "[supervisord]\n", "it runs nothing that Ghost could keep alive"),
        ("x.yaml", "processes:\n  - a\n", "cannot read x.yaml: it has no table `processes`"),
    ],
)
def test_a_file_that_cannot_be_taken_over_leaves_nothing(
    tmp_path: Path, name: str, text: str | None, said: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    ran = run(tmp_path, "init", "--from", name)
    assert ran.returncode == 1
    assert said in ran.stderr
    assert not (tmp_path / "ghost.toml").exists()


def test_every_key_can_be_read_without_the_repository(tmp_path: Path) -> None:
    ran = run(tmp_path, "config", "example")
    assert ran.returncode == 0
    assert tomllib.loads(ran.stdout)["daemon"]["web"]["restart"] == "always"
