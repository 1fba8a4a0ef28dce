"""`ghost patch`, where it speaks with a Ghost or of a marked folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ghostbot import errors
from ghostbot.cli.root import root
from ghostbot.patches import marks

PATCH = "*** Begin Patch\n*** Add File: a.txt\n+a\n*** End Patch\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "a.patch").write_text(PATCH)
    return tmp_path


def ghost(folder: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(root, ["patch", *words, "--state-dir", str(folder / "state")])
    if isinstance(done.exception, errors.GhostError):
        return done.exception.exit_code, str(done.exception)
    return done.return_value or done.exit_code, done.output


def test_a_folder_that_needs_a_person_takes_no_patch_until_one_says_it_is_mended(
    folder: Path,
) -> None:
    app, state = folder / "app", folder / "state"
    mark = marks.Mark(patch="p7", root=str(app), at=1.0, left=("b.txt: somebody changed it",))
    marks.mark(state, mark)
    apply = ("apply", str(folder / "a.patch"), "--root", str(app), "--yes")
    code, said = ghost(folder, *apply)
    assert (code, "b.txt: somebody changed it" in said, "patch clear" in said) == (1, True, True)
    assert not (app / "a.txt").exists()
    code, said = ghost(folder, "clear", str(app))
    assert (code, "after p7" in said) == (0, True)
    assert "needed nobody" in ghost(folder, "clear", str(app))[1]
    assert ghost(folder, *apply)[0] == 0
    assert (app / "a.txt").exists()


def test_the_first_mark_of_a_folder_stays(folder: Path) -> None:
    for patch in ("p1", "p2"):
        marks.mark(folder, marks.Mark(patch=patch, root=str(folder / "app"), at=1.0, left=()))
    assert [found.patch for found in marks.marks(folder)] == ["p1"]
    found = marks.marked(folder, folder / "app" / ".." / "app")
    assert found is not None
    assert found.patch == "p1"


def test_a_mark_that_makes_no_sense_is_one_all_the_same(folder: Path) -> None:
    marks.mark(folder, marks.Mark(patch="p1", root=str(folder / "app"), at=1.0, left=()))
    (path,) = (folder / "patches" / "marks").iterdir()
    path.write_text("{")
    with pytest.raises(marks.Marked, match="a patch was taken back"):
        marks.refuse_marked(folder, folder / "app", "app")


@pytest.mark.parametrize(
    "words", [("list",), ("show", "p1"), ("submit", "a.patch"), ("approve", "p1")]
)
def test_without_a_ghost_they_say_that_none_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(folder)
    (folder / "ghost.toml").write_text("")
    done = CliRunner().invoke(root, ["patch", *words])
    assert isinstance(done.exception, errors.NotRunning)
