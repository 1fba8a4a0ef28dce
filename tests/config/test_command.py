"""Commands: split without a shell, and there when the file is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from ghostbot.config.command import command, search_path, unrunnable
from ghostbot.config.wrong import Wrong


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("python3 -m http.server", ("python3", "-m", "http.server")),
        ("echo 'a b' \"c|d\" e\\ f", ("echo", "a b", "c|d", "e f")),
        ("grep a|b > ", ()),
        (["sh", "-c", "a && b"], ("sh", "-c", "a && b")),
        (["echo", "&&"], ("echo", "&&")),  # a list is taken as it stands
        ("echo a&&b", ("echo", "a&&b")),  # no word by itself: a plain argument
        ("echo # no comment", ("echo", "#", "no", "comment")),
    ],
)
def test_a_command_is_split_like_a_shell_does(value: object, words: tuple[str, ...]) -> None:
    if words:
        assert command(value) == words
    else:
        with pytest.raises(Wrong):
            command(value)


@pytest.mark.parametrize("word", ["|", "||", "&&", ";", ">", ">>", "<", "&", "2>&1"])
def test_a_word_of_the_shell_is_told_with_the_way_to_have_one(word: str) -> None:
    with pytest.raises(Wrong) as told:
        command(f"a {word} b")
    assert f'write ["sh", "-c", "a {word} b"]' in str(told.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "it is empty"),
        ([], "it is empty"),
        ([""], "it is empty"),
        ("echo 'a", 'cannot split "echo \'a": no closing quotation'),
        (5, '5 is no command: write "prog arg" or ["prog", "arg"]'),
        (["echo", 5], "5 is no text (put it in quotes)"),
    ],
)
def test_what_is_no_command_is_told(value: object, words: str) -> None:
    with pytest.raises(Wrong) as told:
        command(value)
    assert str(told.value) == words or str(told.value).startswith(words)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a program, a file that is none, and a script."""
    (tmp_path / "bin").mkdir()
    for name in ("run", "python3", "python3.12", "node", "sh"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n")
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "bin" / "plain").write_text("")
    (tmp_path / "worker.py").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "run -x",
        "./bin/run",
        "bin/run",
        "python3 worker.py",
        "python3 -u worker.py",
        "python3 -m anything.py",
        "python3 -c pass.py",
        "python3",
        "node --require x.js y.js",
        "sh -c missing.sh",
        "run missing.py",
        "sh missing",
    ],
)
def test_what_can_be_run_is_not_told(folder: Path, line: str) -> None:
    assert unrunnable(tuple(line.split()), folder, "bin") is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("gone -x", 'cannot run "gone": no such program on PATH'),
        ("plain", 'cannot run "plain": what is on PATH by that name is not executable'),
        (
            "worker.py",
            'cannot run "worker.py": no such program on PATH (did you mean ./worker.py?)',
        ),
        ("./gone", 'cannot run "./gone": there is no {}/gone'),
        ("./bin", 'cannot run "./bin": {}/bin is no file'),
        ("bin/plain", "{}/bin/plain is not executable (chmod +x makes it so)"),
        ("~/run", "write ${{HOME}}/run"),
        ("A=1 run", 'write env = {{ A = "1" }}'),
        ("python3 wroker.py", 'cannot run "wroker.py": there is no {}/wroker.py'),
        ("python3.12 -u gone.py", 'cannot run "gone.py": there is no {}/gone.py'),
        ("node server/index.js", "there is no {}/server/index.js"),
        ("bin/sh start.sh", "there is no {}/start.sh"),
        ("x" * 5000, "no such program on PATH"),
        ("./" + "x" * 5000, "there is no"),
    ],
)
def test_what_cannot_be_run_is_told(folder: Path, line: str, words: str) -> None:
    assert words.format(folder) in (unrunnable(tuple(line.split()), folder, "bin") or "")


def test_a_daemon_that_sets_path_is_looked_up_there() -> None:
    assert search_path({"PATH": "/opt"}, {"PATH": "/bin"}) == "/opt"
    assert search_path({}, {"PATH": "/bin"}) == "/bin"
    assert search_path({}, {})
