"""`ghost patch` as a process, with no Ghost anywhere."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from ghostbot.patches import locks
from ghostbot.patches.apply import Swap
from ghostbot.patches.journal import journals
from ghostbot.patches.tree import Tree
from tests.fakes.plans import change, look, plan

DIFF = """\
--- a/greet.py
+++ b/greet.py
@@ -1,2 +1,2 @@
 def greet():
-    return "hi"
+    return "hello"
"""
OLD = b'def greet():\n    return "hi"\n'
NEW = b'def greet():\n    return "hello"\n'
KEYS = [
    *("id", "status", "reason", "where", "root", "format", "risk", "needs", "approvals"),
    *("expires_at", "plan_digest", "files"),
]

Ran = subprocess.CompletedProcess[str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    (root / "greet.py").write_bytes(OLD)
    return root


def environ(root: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GHOST_", "SLACK_"))}
    state = str(root.parent / "xdg")
    return {**kept, "PYTHONPATH": str(Path(__file__).parents[2]), "XDG_STATE_HOME": state}


def ghost(root: Path, *words: str, given: str = DIFF) -> Ran:
    """Run `ghost patch apply - …` in a folder that knows no ghost.toml."""
    return run(root, "apply", "-", "--root", str(root), *words, given=given)


def run(root: Path, *words: str, given: str = "") -> Ran:
    return subprocess.run(
        [sys.executable, "-m", "ghostbot", "patch", *words],
        cwd=root.parent,
        env=environ(root),
        input=given,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_patch_is_applied_with_a_yes_and_taken_back_by_its_id(root: Path) -> None:
    ran = ghost(root, "--yes")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("applied\n")
    assert (root / "greet.py").read_bytes() == NEW
    assert [one.parent for one in (root.parent / "xdg" / "ghost" / "patches").iterdir()]
    name = ran.stdout.split("revert ")[1].split()[0]
    ran = run(root, "revert", name, "--root", str(root), "--yes")
    assert ran.returncode == 0, ran.stderr
    assert (root / "greet.py").read_bytes() == OLD


def test_a_patch_is_read_from_a_file(root: Path) -> None:
    file = root.parent / "it.patch"
    file.write_text(DIFF)
    ran = run(root, "apply", str(file), "--root", str(root), "--yes", "--no-verify")
    assert ran.returncode == 0, ran.stderr
    assert run(root, "apply", "none.patch", "--root", str(root), "--yes").returncode == 4


def test_a_dry_run_shows_the_real_diff_and_changes_nothing(root: Path) -> None:
    before = look(root.parent)
    ran = ghost(root, "--dry-run")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-2:] == ['-    return "hi"', '+    return "hello"']
    assert "1 file, 1 lines added, 1 removed" in ran.stderr
    assert look(root.parent) == before


def test_programs_get_json_with_every_key(root: Path) -> None:
    told = json.loads(ghost(root, "--dry-run", "--json").stdout)
    assert list(told) == KEYS
    assert told["status"] == "validated"
    digest = told["plan_digest"]
    told = json.loads(ghost(root, "--yes", "--json").stdout)
    assert (told["status"], told["plan_digest"]) == ("applied", digest)
    assert told["files"] == [{"path": "greet.py", "op": "update", "tier": "exact", "notes": []}]
    assert told["root"] == str(root)


def test_a_patch_that_is_already_in_the_tree_is_a_noop(root: Path) -> None:
    ghost(root, "--yes")
    before = look(root.parent)
    ran = ghost(root, "--yes", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["status"] == "noop"
    assert look(root.parent) == before


@pytest.mark.parametrize(
    ("given", "code", "status"),
    [
        (DIFF.replace("hi", "ho"), "no_match", "failed"),
        (DIFF.replace("greet.py", "../greet.py"), "outside_root", "rejected"),
        ("Please make it say hello.", None, None),
    ],
)
def test_a_refusal_is_exit_1_with_code_reason_and_place(
    root: Path, given: str, code: str | None, status: str | None
) -> None:
    before = look(root)
    ran = ghost(root, "--yes", "--json", given=given)
    assert ran.returncode == 1
    told = json.loads(ran.stdout)
    assert told["status"] == (status or told["status"])
    assert told["code"] == (code or told["code"])
    assert set(told["where"]) == {"path", "line", "column"}
    ran = ghost(root, "--yes", given=given)
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert told["code"] in ran.stderr
    assert look(root) == before


def test_nothing_is_applied_where_nobody_can_be_asked(root: Path) -> None:
    ran = ghost(root)
    assert ran.returncode == 2
    assert "--yes" in ran.stderr
    assert (root / "greet.py").read_bytes() == OLD


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, NEW), ("n\n", 130, OLD)])
def test_a_person_at_a_terminal_is_shown_the_diff_and_asked(
    root: Path, answer: str, code: int, left: bytes
) -> None:
    (root.parent / "it.patch").write_text(DIFF)
    ours, theirs = pty.openpty()
    try:
        asked = subprocess.Popen(
            [sys.executable, "-m", "ghostbot", "patch", "apply", "it.patch", "--root", str(root)],
            cwd=root.parent,
            env=environ(root),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        os.write(ours, answer.encode())
        out, err = asked.communicate(timeout=30)
    finally:
        os.close(ours)
        os.close(theirs)
    assert asked.returncode == code, err
    assert b'+    return "hello"' in out
    assert (root / "greet.py").read_bytes() == left


def test_what_a_terminal_would_obey_is_made_visible(root: Path) -> None:
    given = DIFF.replace('"hello"', '"\x1b[2J\u202eolleh"')
    ran = ghost(root, "--dry-run", given=given)
    assert "\x1b" not in ran.stdout + ran.stderr
    assert "\u202e" not in ran.stdout + ran.stderr


def test_what_a_crash_left_is_undone_before_anything_else(root: Path) -> None:
    state = root.parent / "xdg" / "ghost"
    with Tree(root) as tree, locks.held(state, tree.root):
        swap = Swap(plan(change(root, "greet.py", b"half")), tree, state, "p1")
        swap.forward()
        swap.close()
    ran = ghost(root, "--yes")
    assert ran.returncode == 0, ran.stderr
    assert "p1 was cut short; it is undone" in ran.stderr
    assert (root / "greet.py").read_bytes() == NEW


def test_backups_lie_where_they_are_told_to_even_in_the_root(root: Path) -> None:
    state = root / "state"
    assert ghost(root, "--yes", "--state-dir", str(state)).returncode == 0
    assert len(journals(state)) == 1
    given = "--- /dev/null\n+++ b/state/x\n@@ -0,0 +1 @@\n+x\n"
    ran = ghost(root, "--yes", "--json", "--state-dir", str(state), given=given)
    assert json.loads(ran.stdout)["code"] == "protected_path"


def test_the_state_directory_of_the_nearest_ghost_toml_is_used(root: Path) -> None:
    (root.parent / "ghost.toml").write_text("")
    assert ghost(root, "--yes").returncode == 0
    assert len(journals(root.parent / ".ghost")) == 1


def test_a_file_is_overwritten_by_a_move_only_where_that_is_said(root: Path) -> None:
    (root / "old").write_text("old\n")
    given = (
        "*** Begin Patch\n*** Update File: old\n*** Move to: greet.py\n@@\n-old\n+new\n"
        "*** End Patch\n"
    )
    assert ghost(root, "--yes", given=given).returncode == 1
    assert (root / "greet.py").read_bytes() == OLD
    ran = ghost(root, "--yes", "--allow-overwrite", given=given)
    assert ran.returncode == 0, ran.stderr
    assert (root / "greet.py").read_text() == "new\n"
    assert not (root / "old").exists()
    name = ran.stdout.split("revert ")[1].split()[0]
    assert run(root, "revert", name, "--root", str(root), "--yes").returncode == 0
    assert (root / "greet.py").read_bytes() == OLD
    assert (root / "old").read_text() == "old\n"


def test_a_root_that_is_not_there_is_exit_4(root: Path) -> None:
    ran = run(root, "apply", "-", "--root", "none", "--yes", given=DIFF)
    assert ran.returncode == 4
    assert "cannot open the root none: no such file or directory" in ran.stderr
