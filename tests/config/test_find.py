"""Which ghost.toml is meant, and where its Ghost keeps its state."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ghostbot.config.find import find, state_dir
from ghostbot.errors import ConfigError


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """Return a folder two levels below one with a ghost.toml."""
    (tmp_path / "ghost.toml").write_text("")
    (tmp_path / "a" / "b").mkdir(parents=True)
    return tmp_path / "a" / "b"


def test_the_nearest_file_upwards_is_found(deep: Path, tmp_path: Path) -> None:
    assert find(None, {}, deep) == tmp_path / "ghost.toml"
    (deep.parent / "ghost.toml").write_text("")
    assert find(None, {}, deep) == deep.parent / "ghost.toml"


def test_the_environment_goes_before_the_folder_and_the_flag_before_both(
    deep: Path, tmp_path: Path
) -> None:
    for name in ("x.toml", "y.toml"):
        (tmp_path / name).write_text("")
    environ = {"GHOST_CONFIG": str(tmp_path / "x.toml")}
    assert find(None, environ, deep) == tmp_path / "x.toml"
    assert find(str(tmp_path / "y.toml"), environ, deep) == tmp_path / "y.toml"


def test_a_path_stays_as_relative_as_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ghost.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    assert find("./ghost.toml", {}, tmp_path) == Path("ghost.toml")
    assert find(None, {}, tmp_path) == Path("ghost.toml")


def test_where_nothing_is_found_it_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        find(None, {}, tmp_path)
    assert str(tmp_path) in str(told.value)
    assert "`ghost init` writes one here" in str(told.value)


@pytest.mark.parametrize(("given", "environ"), [("x.toml", {}), (None, {"GHOST_CONFIG": "x.toml"})])
def test_a_named_file_that_is_not_there_is_told_with_who_named_it(
    deep: Path, given: str | None, environ: dict[str, str]
) -> None:
    with pytest.raises(ConfigError) as told:
        find(given, environ, deep)
    by = "-c" if given else "GHOST_CONFIG"
    assert str(told.value) == f"cannot find x.toml ({by}): there is no {deep / 'x.toml'}"


def test_a_folder_is_no_file(deep: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"it is a folder \(did you mean .*ghost\.toml\?\)"):
        find(str(tmp_path), {}, deep)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "{}/.ghost"),
        ('[ghost]\nstate_dir = "x"', "{}/x"),
        ('[ghost]\n"state\\u005fdir" = "x"', "{}/x"),
        ('[ghost]\nstate_dir = "../x"', "{}/../x"),
        ('[ghost]\nstate_dir = "${HOME}/x"\n[nonsense]\ny = 5', "/home/ann/x"),
        ('[ghost]\nstate_dir = "${NOPE}/x"', "{}/.ghost"),
        ("[ghost]\nstate_dir = 5", "{}/.ghost"),
        ("ghost = 5", "{}/.ghost"),
        ("[ghost]\nstate_dir = [[", "{}/.ghost"),
    ],
)
def test_the_state_directory_is_found_whatever_else_is_wrong(
    tmp_path: Path, text: str, where: str
) -> None:
    (tmp_path / "ghost.toml").write_text(text)
    expected = Path(where.format(tmp_path)).resolve()
    assert state_dir(tmp_path / "ghost.toml", {"HOME": "/home/ann"}) == expected


def test_the_state_directory_of_a_file_that_is_gone_is_beside_it(tmp_path: Path) -> None:
    assert state_dir(tmp_path / "ghost.toml", {}) == tmp_path / ".ghost"


def test_finding_imports_nothing_slow() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import sys, ghostbot.config.find; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    slow = {"asyncio", "pydantic", "tomllib", "dotenv", "dataclasses", "difflib", "inspect"}
    assert not slow & set(told.stdout.split())
