"""A patch that is cut short anywhere leaves the old tree or the new one."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghostbot.core.patch import Plan
from ghostbot.patches import locks, recover, staging
from ghostbot.patches.apply import Swap, apply
from ghostbot.patches.journal import Kind, journal_of, journals
from ghostbot.patches.tree import Tree
from tests.fakes.plans import change, house, look, plan

PARTS = 8  # so that each stays well below the time limit of a test
EDITED = {"src/app.py", "src/gone.py"}
PROGRAM = Path(__file__).parents[1] / "programs" / "crash_patch.py"
CARRIES = PROGRAM.with_name("crash_carry.py")


@pytest.fixture
def quick() -> Iterator[Path]:
    """A folder in memory where there is one: thousands of fsyncs are not what is measured."""
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None)
    yield Path(folder).resolve()
    shutil.rmtree(folder)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def cut_short(root: Path, state: Path, asked: Plan) -> Swap:
    """Leave what a kill leaves right before `done`: every file is in its place."""
    with Tree(root) as tree, locks.held(state, tree.root):
        swap = Swap(asked, tree, state, "p1")
        swap.forward()
        swap.close()
    return swap


@pytest.mark.parametrize("part", range(1, PARTS + 1))
def test_a_kill_at_every_step_and_at_every_step_of_recovery_leaves_old_or_new(
    quick: Path, part: int
) -> None:
    ran = subprocess.run(
        [sys.executable, PROGRAM, quick, str(part), str(PARTS)],
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    told = json.loads(ran.stdout)
    assert told["mixed"] == []
    assert told["steps"] > 50
    assert told["schedules"] > 50
    assert told["old"] > 0


@pytest.mark.parametrize("part", [1, 2])
@pytest.mark.parametrize("house", ["comes up", "stays down"])
def test_a_kill_anywhere_of_checks_and_restarts_leaves_tree_word_and_house_as_one(
    quick: Path, part: int, house: str
) -> None:
    ran = subprocess.run(
        [sys.executable, CARRIES, quick, str(part), "2", house],
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    told = json.loads(ran.stdout)
    assert told["wrong"] == []
    assert told["steps"] > 60
    assert told["rolled_back"] > 20
    assert told["applied"] == (1 if (house, part) == ("comes up", 2) else 0)  # its last step


def test_a_patch_that_crashed_before_it_was_done_is_undone(root: Path, state: Path) -> None:
    asked = house(root)
    old = look(root)
    cut_short(root, state, asked)
    assert look(root) != old
    (undone,) = recover.recover(state)
    assert undone.left == ()
    assert set(undone.restored) >= {"src/app.py", "src/gone.py", "run", "new/added"}
    assert look(root) == old
    assert journal_of(state, "p1").kinds()[-1] is Kind.UNDONE
    assert recover.recover(state) == []


def test_a_users_edit_is_kept_and_told_and_the_rest_goes_back(root: Path, state: Path) -> None:
    asked = house(root)
    old = look(root)
    cut_short(root, state, asked)
    (root / "src" / "app.py").write_bytes(b"mine")
    (root / "src" / "gone.py").write_bytes(b"mine too")
    (root / "new" / "mine").write_bytes(b"and mine")
    (undone,) = recover.recover(state)
    assert [line.split(":")[0] for line in undone.left] == ["src/app.py", "src/gone.py"]
    seen = look(root)
    assert seen.pop("src/app.py")[2] == b"mine"
    assert seen.pop("src/gone.py")[2] == b"mine too"
    assert seen.pop("new/mine")[2] == b"and mine"
    assert seen.pop("new")[0] == "d"
    assert seen == {path: what for path, what in old.items() if path not in EDITED}
    assert journal_of(state, "p1").kinds()[-1] is Kind.ATTENTION
    assert recover.recover(state) == []  # a person was told; it is not told for ever


def test_an_edit_between_the_look_and_the_undo_is_kept(
    root: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_short(root, state, house(root))
    real = staging.stage

    def edit(*args: object) -> int:
        (root / "src" / "app.py").write_bytes(b"mine")
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(recover, "stage", edit)
    (undone,) = recover.recover(state)
    assert "src/app.py: somebody changed it meanwhile" in undone.left
    assert (root / "src" / "app.py").read_bytes() == b"mine"
    assert not list(root.rglob("*.tmp"))


def test_a_folder_that_became_a_link_is_not_entered_by_an_undo(
    root: Path, state: Path, tmp_path: Path
) -> None:
    cut_short(root, state, house(root))
    outside = tmp_path / "outside"
    shutil.copytree(root / "src", outside)
    before = look(outside)
    (root / "src").rename(root / "moved")
    (root / "src").symlink_to(outside)
    (undone,) = recover.recover(state)
    assert [line.split(":")[0] for line in undone.left] == ["src/app.py", "src/gone.py"]
    assert look(outside) == before


def test_a_folder_that_is_gone_is_made_again_for_what_it_held(root: Path, state: Path) -> None:
    asked = house(root)
    old = look(root)
    (root / "src" / "app.py").unlink()
    asked = plan(change(root, "src/gone.py", None))
    cut_short(root, state, asked)
    (root / "src").rmdir()
    (undone,) = recover.recover(state)
    assert undone.restored == ("src/gone.py",)
    assert look(root)["src/gone.py"] == old["src/gone.py"]


def test_a_backup_that_rotted_is_not_put_back(root: Path, state: Path) -> None:
    asked = house(root)
    swap = cut_short(root, state, asked)
    number = [step.path for step in swap.record.steps].index("src/app.py")
    (journal_of(state, "p1").folder / f"old-{number}").write_bytes(b"rot")
    (undone,) = recover.recover(state)
    assert len(undone.left) == 1
    assert "its bytes have changed" in undone.left[0]
    assert (root / "src" / "app.py").read_bytes() == b"print('new')\n"


def test_a_full_disk_leaves_the_undo_to_be_done_again(
    root: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = house(root)
    old = look(root)
    cut_short(root, state, asked)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(recover, "stage", full)
        (undone,) = recover.recover(state)
    assert any("No space left" in line for line in undone.left)
    (undone,) = recover.recover(state)
    assert undone.left == ()
    assert look(root) == old


def test_a_root_that_is_not_there_now_is_told_and_undone_when_it_is(
    root: Path, state: Path
) -> None:
    asked = house(root)
    old = look(root)
    cut_short(root, state, asked)
    root.rename(root.parent / "unmounted")
    (undone,) = recover.recover(state)
    assert "cannot open the root" in undone.left[0]
    (root.parent / "unmounted").rename(root)
    (undone,) = recover.recover(state)
    assert undone.left == ()
    assert look(root) == old


def test_a_root_in_use_is_passed_over(root: Path, state: Path) -> None:
    cut_short(root, state, house(root))
    with locks.held(state, str(root)):
        assert recover.recover(state) == []
    assert len(recover.recover(state)) == 1


def test_the_next_patch_undoes_what_a_crash_left_before_it_begins(root: Path, state: Path) -> None:
    asked = house(root)
    cut_short(root, state, asked)
    with Tree(root) as tree:
        assert apply(asked, tree, state, "p2").status == "applied"
    assert journal_of(state, "p1").kinds()[-1] is Kind.UNDONE


def test_backups_are_forgotten_once_they_are_old_but_not_of_what_is_unfinished(
    root: Path, state: Path
) -> None:
    asked = house(root)
    with Tree(root) as tree:
        apply(asked, tree, state, "p0")
    cut_short(root, state, plan(change(root, "kept", b"other")))
    assert recover.prune(state, older_than_s=60) == 0
    assert recover.prune(state, older_than_s=-1) == 1
    assert [journal.folder.name for journal in journals(state)] == ["p1"]
