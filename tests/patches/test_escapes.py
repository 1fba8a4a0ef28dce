"""Nothing outside a root changes, nor what is git's or Ghost's in it, whatever a patch asks for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ghostbot.core.patch import PLAIN, Change, Op, Plan, Refused
from ghostbot.patches.apply import Status, apply
from ghostbot.patches.compile import compile_patch
from ghostbot.patches.paths import Rules
from ghostbot.patches.tree import Tree
from tests.fakes.plans import Look, look

ALIVE = b"alive\n"
CODES = {"bad_path", "outside_root", "protected_path", "not_regular", "hard_link"}

# Where a patch may not go. {outside} is the real path of a folder beside the root.
HOSTILE = [
    *("../outside/canary", "sub/../../outside/canary", "./../outside/canary", "../outside/new"),
    *("{outside}/canary", "{outside}/new", "{root}/../outside/canary", "{root}2/x"),
    *("link/canary", "link/new", "link/deep/new", "sub/link/canary", "canary.link", "dangling"),
    *("up/outside/canary", "abs/canary", "twin", "pipe", "sub", "sub/file/x"),
    *(".git/config", ".git/hooks/post-checkout", ".GIT/config", ".Git/new", "sub/.git/x"),
    *("git~1/config", ".git./config", ".git /config", ".git", ".git::$DATA", ".g\u200cit/config"),
    *(".ghost/ghost.db", "ghost.toml", "state/new", "sub\\..\\..\\outside\\canary", "..\\x"),
    *("C:\\x", "C:x", "~/x", "~root/x", "a\0b", "a\x1bb", "sub//x", "sub/./x", "sub/", ".", ".."),
    *("/", "", "sub /x", "sub./x", "x" * 256, "d/" * 40 + "x", "a\u202egpj.x", "/etc/ghost-test"),
    *("/dev/null", "/proc/self/environ", "//etc/ghost-test", "sub/../sub/file"),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root full of ways out, with canaries wherever they lead."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (outside, root / "sub", root / ".git" / "hooks", root / ".ghost"):
        folder.mkdir(parents=True)
    (root / "state").mkdir()
    for canary in ("config", "hooks/post-checkout"):
        (root / ".git" / canary).write_bytes(ALIVE)
    (root / ".ghost" / "ghost.db").write_bytes(ALIVE)
    (root / "ghost.toml").write_bytes(ALIVE)
    (root / "sub" / "file").write_bytes(ALIVE)
    (root / "ok").write_bytes(ALIVE)
    (outside / "canary").write_bytes(ALIVE)
    (root / "link").symlink_to("../outside")
    (root / "sub" / "link").symlink_to("../../outside")
    (root / "up").symlink_to("..")
    (root / "abs").symlink_to(outside)
    (root / "canary.link").symlink_to("../outside/canary")
    (root / "dangling").symlink_to("../outside/new")
    (outside / "twin").write_bytes(ALIVE)
    os.link(outside / "twin", root / "twin")
    os.mkfifo(root / "pipe")
    return root


def named(path: str, root: Path) -> str:
    return path.replace("{outside}", str(root.parent / "outside")).replace("{root}", str(root))


def everything(root: Path) -> Look:
    (root / "pipe").unlink()  # which cannot be read
    seen = look(root.parent)
    os.mkfifo(root / "pipe")
    return seen


def one(path: str, op: Op, **what: object) -> Change:
    old = {"base": ALIVE, "base_mode": PLAIN} if op is not Op.ADD else {}
    new = {"new": b"evil\n", "new_mode": PLAIN} if op is not Op.DELETE else {}
    empty = {"base": None, "base_mode": None, "new": None, "new_mode": None}
    return Change(path=path, op=op, **{**empty, **old, **new, **what})  # type: ignore[arg-type]


PLANS: dict[str, Callable[[str], Change]] = {
    "add": lambda path: one(path, Op.ADD),
    "update": lambda path: one(path, Op.UPDATE),
    "delete": lambda path: one(path, Op.DELETE),
    "move from": lambda path: one("stolen", Op.MOVE, source=path),
    "move to": lambda path: one(path, Op.MOVE, source="ok"),
}


def json_of(**told: object) -> str:
    return json.dumps(told)


def quoted(path: str) -> str:
    """Write a name as git does, with every byte in octal."""
    return '"' + "".join(f"\\{byte:03o}" for byte in os.fsencode(path)) + '"'


FORMS: dict[str, Callable[[str], str]] = {
    "git add": lambda p: (
        f"diff --git a/{p} b/{p}\nnew file mode 100644\n--- /dev/null\n+++ b/{p}\n"
        "@@ -0,0 +1 @@\n+evil\n"
    ),
    "git add, quoted": lambda p: (
        f"diff --git {quoted('a/' + p)} {quoted('b/' + p)}\nnew file mode 100644\n"
        f"--- /dev/null\n+++ {quoted('b/' + p)}\n@@ -0,0 +1 @@\n+evil\n"
    ),
    "git update": lambda p: (
        f"diff --git a/{p} b/{p}\n--- a/{p}\n+++ b/{p}\n@@ -1 +1 @@\n-alive\n+evil\n"
    ),
    "git update, quoted": lambda p: (
        f"--- {quoted('a/' + p)}\n+++ {quoted('b/' + p)}\n@@ -1 +1 @@\n-alive\n+evil\n"
    ),
    "git delete": lambda p: (
        f"diff --git a/{p} b/{p}\ndeleted file mode 100644\n--- a/{p}\n+++ /dev/null\n"
        "@@ -1 +0,0 @@\n-alive\n"
    ),
    "git rename from": lambda p: (
        f"diff --git a/{p} b/stolen\nsimilarity index 100%\nrename from {p}\nrename to stolen\n"
    ),
    "git rename to": lambda p: (
        f"diff --git a/ok b/{p}\nsimilarity index 100%\nrename from ok\nrename to {p}\n"
    ),
    "git copy from": lambda p: (
        f"diff --git a/{p} b/stolen\nsimilarity index 100%\ncopy from {p}\ncopy to stolen\n"
    ),
    "git mode": lambda p: f"diff --git a/{p} b/{p}\nold mode 100644\nnew mode 100755\n",
    "unified": lambda p: f"--- {p}\n+++ {p}\n@@ -1 +1 @@\n-alive\n+evil\n",
    "v4a add": lambda p: f"*** Begin Patch\n*** Add File: {p}\n+evil\n*** End Patch\n",
    "v4a update": lambda p: (
        f"*** Begin Patch\n*** Update File: {p}\n@@\n-alive\n+evil\n*** End Patch\n"
    ),
    "v4a delete": lambda p: f"*** Begin Patch\n*** Delete File: {p}\n*** End Patch\n",
    "v4a move to": lambda p: (
        f"*** Begin Patch\n*** Update File: ok\n*** Move to: {p}\n@@\n-alive\n+evil\n"
        "*** End Patch\n"
    ),
    "v4a move from": lambda p: (
        f"*** Begin Patch\n*** Update File: {p}\n*** Move to: stolen\n@@\n-alive\n+evil\n"
        "*** End Patch\n"
    ),
    "aider add": lambda p: f"{p}\n<<<<<<< SEARCH\n=======\nevil\n>>>>>>> REPLACE\n",
    "aider update": lambda p: f"{p}\n<<<<<<< SEARCH\nalive\n=======\nevil\n>>>>>>> REPLACE\n",
    "str_replace": lambda p: json_of(
        command="str_replace", path=p, old_str="alive", new_str="evil"
    ),
    "create": lambda p: json_of(command="create", path=p, file_text="evil\n"),
    "insert": lambda p: json_of(command="insert", path=p, insert_line=0, insert_text="evil\n"),
    "old_string": lambda p: json_of(file_path=p, old_string="alive", new_string="evil"),
    "create_file": lambda p: json_of(type="create_file", path=p, diff="+evil"),
    "update_file": lambda p: json_of(type="update_file", path=p, diff="@@\n-alive\n+evil"),
    "delete_file": lambda p: json_of(type="delete_file", path=p),
    "block": lambda p: json_of(
        id="x", role="r", target_file=p, patch={"pattern": "alive", "replacement": "evil"}
    ),
    "block, regex": lambda p: json_of(
        id="x", target_file=p, mode="regex", patch={"pattern": "l[i]", "replacement": "evil"}
    ),
    "mutations": lambda p: json_of(blockId="x", mutations=[{"path": p, "contents": "evil\n"}]),
    "mutations, file": lambda p: json_of(mutations=[{"file": p, "content": "evil\n"}]),
    "mutations, upsert": lambda p: json_of(
        mutations=[{"op": "upsert", "path": p, "contents": "evil\n"}]
    ),
    "mutations, delete": lambda p: json_of(mutations=[{"op": "delete", "path": p}]),
    "mutations, chmod": lambda p: json_of(mutations=[{"op": "chmod", "path": p, "mode": "755"}]),
    "mutations, file_create": lambda p: json_of(
        mutations=[{"type": "file_create", "target": p, "content": "evil\n"}]
    ),
}


@pytest.mark.parametrize("form", PLANS)
def test_no_plan_leads_out_of_the_root(root: Path, tmp_path: Path, form: str) -> None:
    before = everything(root)
    state = tmp_path.with_name(f"{tmp_path.name}-state")
    with Tree(root, Rules(override=("*",), own=(str(root / "state"),))) as tree:
        for path in HOSTILE:
            plan = Plan(root="app", format="test", changes=(PLANS[form](named(path, root)),))
            with pytest.raises(Refused) as refused:
                apply(plan, tree, state, "p1")
            assert refused.value.code in CODES, path
    assert everything(root) == before


@pytest.mark.parametrize("form", FORMS)
def test_no_format_leads_out_of_the_root(root: Path, tmp_path: Path, form: str) -> None:
    before = everything(root)
    state = tmp_path.with_name(f"{tmp_path.name}-state")
    taken = []
    with Tree(root, Rules(own=(str(root / "state"),))) as tree:
        for path in HOSTILE:
            text = FORMS[form](named(path, root)).encode("utf-8", "surrogateescape")
            try:
                plan = compile_patch(text, root=tree.root, files=tree)
            except Refused:
                continue
            taken.append((path, plan.changes))
            assert apply(plan, tree, state, f"p{len(taken)}").status is Status.APPLIED
    seen = everything(root)
    assert taken == []
    assert seen == before


@pytest.mark.parametrize("form", FORMS)
def test_the_same_text_works_for_a_path_that_is_fine(root: Path, tmp_path: Path, form: str) -> None:
    new = " add" in form or "create" in form or form in {"git rename to", "v4a move to"}
    text = FORMS[form]("sub/new" if new else "sub/file").encode()
    with Tree(root) as tree:
        plan = compile_patch(text, root=tree.root, files=tree)
        assert apply(plan, tree, tmp_path / "states", "p1").status is Status.APPLIED


def test_a_link_that_a_patch_would_make_cannot_be_planned(root: Path, tmp_path: Path) -> None:
    change = one("evil.link", Op.ADD, new=b"../outside", new_mode=0o120000)
    with Tree(root) as tree, pytest.raises(Refused) as refused:
        apply(Plan(root="app", format="test", changes=(change,)), tree, tmp_path / "states", "p1")
    assert refused.value.code == "mode"
    assert not (root / "evil.link").is_symlink()
