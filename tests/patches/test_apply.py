"""A plan is applied whole, or the tree is as it was."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ghostbot.core.patch import EXECUTABLE, Op, Plan, Refused
from ghostbot.patches import apply as applying
from ghostbot.patches import locks
from ghostbot.patches.apply import Outcome, Status, apply, drifted
from ghostbot.patches.compile import compile_patch
from ghostbot.patches.journal import Kind, journal_of
from ghostbot.patches.revert import inverse
from ghostbot.patches.tree import Tree
from tests.fakes.plans import change, house, look, plan


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def tree(root: Path) -> Iterator[Tree]:
    root.mkdir()
    with Tree(root) as tree:
        yield tree


def run(asked: Plan, root: Path, state: Path, patch: str = "p1") -> Outcome:
    with Tree(root) as tree:
        return apply(asked, tree, state, patch)


def test_every_kind_of_change_comes_true(root: Path, state: Path) -> None:
    asked = house(root)
    old = look(root)
    assert run(asked, root, state).status is Status.APPLIED
    seen = look(root)
    assert seen["src/app.py"] == ("-", old["src/app.py"][1], b"print('new')\n")
    assert "src/gone.py" not in seen
    assert seen["run"] == ("-", 0o755, b"#!/bin/sh\n")
    assert seen["new/deep/name"] == ("-", old["old name"][1], b"\xff\r\nmore")
    assert "old name" not in seen
    assert seen["new/added"] == ("-", 0o644, b"added\n")
    assert seen["link"] == old["link"]
    assert not [path for path in seen if path.endswith(".tmp")]
    assert journal_of(state, "p1").kinds() == [Kind.BEGIN, Kind.COMMIT, Kind.DONE]


def test_a_plan_without_changes_is_a_noop_and_writes_nothing(tree: Tree, state: Path) -> None:
    assert apply(plan(), tree, state, "p1").status is Status.NOOP
    assert not state.exists()


@pytest.mark.parametrize("perm", [0o600, 0o640, 0o664, 0o700, 0o444])
def test_a_file_keeps_its_mode(tree: Tree, root: Path, state: Path, perm: int) -> None:
    (root / "x").write_text("old")
    (root / "x").chmod(perm)
    apply(plan(change(root, "x", b"new")), tree, state, "p1")
    assert look(root)["x"] == ("-", perm, b"new")


def test_who_may_read_a_file_may_run_it_once_it_runs(tree: Tree, root: Path, state: Path) -> None:
    (root / "x").write_text("x")
    (root / "x").chmod(0o640)
    apply(plan(change(root, "x", b"x", mode=EXECUTABLE)), tree, state, "p1")
    assert look(root)["x"][1] == 0o750


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_stays_whose_it_was(tree: Tree, root: Path, state: Path) -> None:
    (root / "x").write_text("x")
    os.chown(root / "x", 1234, 2345)
    apply(plan(change(root, "x", b"new")), tree, state, "p1")
    assert ((root / "x").stat().st_uid, (root / "x").stat().st_gid) == (1234, 2345)


def edit(root: Path) -> None:
    (root / "src" / "app.py").write_text("mine")


def remove(root: Path) -> None:
    (root / "src" / "gone.py").unlink()


def run_bit(root: Path) -> None:
    (root / "run").chmod(0o755)


def appear(root: Path) -> None:
    (root / "new").mkdir()
    (root / "new" / "added").write_text("mine")


def in_the_way_of_a_move(root: Path) -> None:
    (root / "new" / "deep").mkdir(parents=True)
    (root / "new" / "deep" / "name").write_text("mine")


Drift = Callable[[Path], None]
DRIFTS: list[Drift] = [edit, remove, run_bit, appear, in_the_way_of_a_move]


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_file_that_changed_since_supersedes_the_plan(
    root: Path, state: Path, drift: Drift
) -> None:
    asked = house(root)
    drift(root)
    before = look(root)
    with Tree(root) as tree:
        assert len(drifted(asked, tree)) == 1
    outcome = run(asked, root, state)
    assert outcome.status is Status.SUPERSEDED
    assert "changed since" in (outcome.reason or "")
    assert look(root) == before


def appear_beside(root: Path) -> None:
    (root / "new" / "added").write_text("mine")


def appear_where_something_moves(root: Path) -> None:
    (root / "new" / "deep" / "name").write_text("mine")


LATE = {
    edit: "src/app.py",
    remove: "src/gone.py",
    run_bit: "run",
    appear_beside: "new/added",
    appear_where_something_moves: "new/deep/name",
}


@pytest.mark.parametrize("drift", LATE)
def test_a_file_that_changes_while_others_are_staged_is_kept_and_nothing_else_changes(
    root: Path, state: Path, drift: Drift, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = house(root)
    real, done = applying.settle, []

    def then_drift(fds: list[int]) -> None:
        real(fds)
        if not done:
            done.append(True)
            drift(root)

    monkeypatch.setattr(applying, "settle", then_drift)
    old = look(root)
    assert run(asked, root, state).status is Status.SUPERSEDED
    seen = look(root)
    changed = [path for path in seen | old if seen.get(path) != old.get(path)]
    assert [path for path in changed if seen.get(path, "gone")[0] != "d"] == [LATE[drift]]


@pytest.mark.parametrize("name", ["fsync", "rename", "link", "unlink", "fchmod", "write"])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_an_error_midway_leaves_the_tree_as_it_was(
    root: Path, state: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    asked = house(root)
    old = look(root)
    real, count = getattr(os, name), 0
    lock = threading.Lock()

    def fails_once(*args: object, **kwargs: object) -> object:
        nonlocal count
        with lock:
            count += 1
            now = count == number
        if now:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(*args, **kwargs)

    monkeypatch.setattr(os, name, fails_once)
    try:
        outcome = run(asked, root, state)
    except OSError:
        outcome = None
    monkeypatch.undo()
    if outcome is not None and outcome.status is Status.APPLIED:
        assert count < number
        return
    assert look(root) == old


def test_where_the_system_has_no_thread_left_it_only_takes_longer(
    root: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(_: object) -> None:
        raise RuntimeError("can't start new thread")

    asked = house(root)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", none_left)
        assert run(asked, root, state).status is Status.APPLIED
    assert (root / "new" / "added").read_bytes() == b"added\n"


def limited(root: Path, state: Path, size: int) -> subprocess.CompletedProcess[str]:
    """Apply a plan of two files, of which the second is over the limit for files."""
    code = """if True:
        import resource, signal, sys
        from pathlib import Path
        from ghostbot.patches.apply import apply
        from ghostbot.patches.tree import Tree
        from tests.fakes.plans import change, plan
        root, state, size = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
        asked = plan(change(root, "a", b"new"), change(root, "b", b"x" * size * 2))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        with Tree(root) as tree:
            outcome = apply(asked, tree, state, "p1")
        print(outcome.status, outcome.reason)
    """
    return subprocess.run(
        [sys.executable, "-c", code, root, state, str(size)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )


def test_a_disk_that_takes_no_more_leaves_the_tree_as_it_was(
    tree: Tree, root: Path, state: Path
) -> None:
    (root / "a").write_text("old")
    old = look(root)
    ran = limited(root, state, resource.getpagesize() * 4)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("rolled_back [Errno 27] File too large")
    assert look(root) == old


def test_a_journal_that_cannot_begin_leaves_nothing(tree: Tree, root: Path, state: Path) -> None:
    (root / "a").write_text("old")
    ran = limited(root, state, 100)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("failed")
    assert look(root) == {"a": ("-", 0o644, b"old")}
    assert not list((state / "patches" / "journals").iterdir())


def test_a_folder_swapped_for_a_link_meanwhile_is_not_entered(
    root: Path, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = house(root)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "app.py").write_bytes(b"print('old')\n")
    (outside / "gone.py").write_bytes(b"gone\n")
    before, old = look(outside), look(root)
    real, done = applying.settle, []

    def then_swap(fds: list[int]) -> None:
        real(fds)
        if not done:
            done.append(True)
            (root / "src").rename(root / "aside")
            (root / "src").symlink_to(outside)

    monkeypatch.setattr(applying, "settle", then_swap)
    outcome = run(asked, root, state)
    assert outcome.status in {Status.ROLLED_BACK, Status.ATTENTION}
    assert look(outside) == before
    (root / "src").unlink()
    (root / "aside").rename(root / "src")
    assert look(root) == old


def test_checks_that_fail_before_leave_everything_untouched(root: Path, state: Path) -> None:
    asked = house(root)
    old = look(root)
    with Tree(root) as tree:
        outcome = apply(asked, tree, state, "p1", precheck=lambda: "pytest failed")
    assert outcome == Outcome(status=Status.FAILED, reason="pytest failed")
    assert look(root) == old


def test_checks_that_fail_afterwards_roll_everything_back(root: Path, state: Path) -> None:
    asked = house(root)
    old = look(root)
    seen = []

    def check() -> str:
        seen.append((root / "new" / "added").read_bytes())
        return "web is sick"

    with Tree(root) as tree:
        outcome = apply(asked, tree, state, "p1", verify=check)
    assert outcome == Outcome(status=Status.ROLLED_BACK, reason="web is sick")
    assert seen == [b"added\n"]
    assert look(root) == old


def test_an_interrupt_during_the_checks_rolls_everything_back(root: Path, state: Path) -> None:
    asked = house(root)
    old = look(root)

    def interrupted() -> str:
        raise KeyboardInterrupt

    with Tree(root) as tree, pytest.raises(KeyboardInterrupt):
        apply(asked, tree, state, "p1", verify=interrupted)
    assert look(root) == old


def test_what_a_check_wrote_into_a_patched_file_is_kept_and_told(root: Path, state: Path) -> None:
    asked = house(root)

    def check() -> str:
        edit(root)
        return "formatted"

    with Tree(root) as tree:
        outcome = apply(asked, tree, state, "p1", verify=check)
    assert outcome.status is Status.ATTENTION
    assert [line.split(":")[0] for line in outcome.left] == ["src/app.py"]


def test_one_patch_at_a_time_for_a_root_whatever_the_state_directory(
    root: Path, state: Path, tmp_path: Path
) -> None:
    asked = house(root)
    for other in (state, tmp_path / "other"):
        with locks.held(other, str(root)), pytest.raises(locks.Busy, match="being applied"):
            run(asked, root, state)
    assert run(asked, root, state).status is Status.APPLIED


def test_an_id_is_used_once(root: Path, state: Path) -> None:
    run(house(root), root, state)
    outcome = run(plan(change(root, "kept", b"new")), root, state)
    assert outcome.status is Status.FAILED
    assert (root / "kept").read_bytes() == b"kept"


def test_a_plan_that_overlaps_itself_is_refused(tree: Tree, root: Path, state: Path) -> None:
    for two in (("a", "A"), ("a", "a/b"), ("a/B", "A/b/c")):
        asked = plan(*(change(root, path, b"x") for path in two))
        with pytest.raises(Refused) as refused:
            apply(asked, tree, state, "p1")
        assert refused.value.code == "overlap"
    assert look(root) == {}


def test_no_plan_gives_a_special_mode(tree: Tree, root: Path, state: Path) -> None:
    for mode in (0o104755, 0o120000, 0o102755, 0o40755):
        with pytest.raises(Refused) as refused:
            apply(plan(change(root, "x", b"x", mode=mode)), tree, state, "p1")
        assert refused.value.code == "mode"
    assert look(root) == {}


def test_the_inverse_of_a_patch_is_a_plan_that_undoes_it(root: Path, state: Path) -> None:
    asked = house(root)
    old = look(root)
    run(asked, root, state)
    with Tree(root) as tree:
        back = inverse(state, "p1", tree)
        assert [(one.path, one.op, one.source) for one in back.changes] == [
            ("new/added", Op.DELETE, None),
            ("old name", Op.MOVE, "new/deep/name"),
            ("run", Op.MODE, None),
            ("src/app.py", Op.UPDATE, None),
            ("src/gone.py", Op.ADD, None),
        ]
        assert apply(back, tree, state, "p2").status is Status.APPLIED
    seen = look(root)
    assert {path: what for path, what in seen.items() if not path.startswith("new")} == old
    assert not [path for path, what in seen.items() if path.startswith("new") and what[0] == "-"]
    with Tree(root) as tree:  # and forth again
        assert apply(inverse(state, "p2", tree), tree, state, "p3").status is Status.APPLIED
    assert (root / "new" / "added").read_bytes() == b"added\n"


def test_no_inverse_is_made_of_what_has_changed_since(root: Path, state: Path) -> None:
    run(house(root), root, state)
    edit(root)
    with Tree(root) as tree, pytest.raises(Exception, match=r"src/app\.py has changed since"):
        inverse(state, "p1", tree)


@pytest.mark.alone
def test_fifty_files_in_ten_thousand_are_planned_and_applied_in_a_moment(
    tree: Tree, root: Path, state: Path
) -> None:
    for folder in range(100):
        (root / f"d{folder}").mkdir()
        for number in range(100):
            (root / f"d{folder}" / f"{number}.py").write_bytes(b"x = 1\n" * 20)
    edits = [
        f"--- a/d{n}/{n}.py\n+++ b/d{n}/{n}.py\n@@ -20 +20 @@\n-x = 1\n+x = 2\n" for n in range(50)
    ]
    text = "".join(edits).encode()
    os.sync()  # what was just made is not what is measured
    began = time.perf_counter()
    asked = compile_patch(text, root="app", files=tree)
    assert apply(asked, tree, state, "p1").status is Status.APPLIED
    took = time.perf_counter() - began
    began = time.perf_counter()
    for number in range(100):  # a backup and a new file for each, one after the other
        with (root / f"plain{number}").open("wb") as file:
            file.write(b"x = 1\n" * 20)
            file.flush()
            os.fsync(file.fileno())
    plain = time.perf_counter() - began
    assert took < 2 * plain + 0.2, f"{took * 1000:.0f} ms, {plain * 1000:.0f} ms without care"
