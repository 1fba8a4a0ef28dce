"""`ghost patch apply` where ghost.toml says how the folder is to be treated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ghostbot.config.load import load
from ghostbot.patches.compile import compile_patch
from ghostbot.patches.policy import identity
from ghostbot.patches.tree import Tree
from tests.fakes.real_ghost import RealGhost, real_ghost

Ran = subprocess.CompletedProcess[str]
GOOD, BAD = "import time\ntime.sleep(4321)\n", "import time\nraise SystemExit(3)\n"


def edit(old: str, new: str) -> str:
    return json.dumps({"command": "str_replace", "path": "app.py", "old_str": old, "new_str": new})


BREAKS = edit("time.sleep(4321)", "raise SystemExit(3)")
FINE = edit("4321", "5432")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "app.py").write_text(GOOD)
    return tmp_path


def said(place: Path, *lines: str) -> None:
    checks = json.dumps([[sys.executable, "-c", line] for line in lines])
    (place / "ghost.toml").write_text(f'[root.app]\npath = "root"\nverify = {checks}\n')


def run(place: Path, *words: str, given: str = "") -> Ran:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GHOST_", "SLACK_"))}
    state = str(place / "xdg")
    return subprocess.run(
        [sys.executable, "-m", "ghostbot", "patch", *words],
        cwd=place,
        env={
            **kept,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "XDG_STATE_HOME": state,
        },
        input=given,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def apply(place: Path, given: str, *words: str) -> Ran:
    return run(place, "apply", "-", "--root", "root", *words, given=given)


NO_EXIT = "import sys; sys.exit('it would exit' if 'Exit' in open('app.py').read() else 0)"


def test_the_checks_of_the_root_are_run_in_a_copy_and_in_place(place: Path) -> None:
    said(place, NO_EXIT, "print('second')")
    ran = apply(place, FINE, "--yes", "--json")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["status"] == "applied"
    assert told["root"] == "app"
    assert [line["ok"] for line in told["checks"]] == [True] * 4
    ran = apply(place, edit("5432", "SystemExit"), "--yes")
    assert ran.returncode == 1
    assert "not applied: " in ran.stderr
    assert "ended with 1: it would exit" in ran.stderr
    assert "5432" in (place / "root" / "app.py").read_text()


def test_no_verify_leaves_the_checks_out(place: Path) -> None:
    said(place, NO_EXIT)
    ran = apply(place, BREAKS, "--yes", "--no-verify")
    assert ran.returncode == 0, ran.stderr
    assert (place / "root" / "app.py").read_text() == BAD
    name = ran.stdout.split("revert ")[1].split()[0]
    ran = run(place, "revert", name, "--root", "root", "--yes")
    assert ran.returncode == 0, ran.stderr
    assert (place / "root" / "app.py").read_text() == GOOD


def test_the_digest_is_the_one_that_the_house_would_show(place: Path) -> None:
    said(place, NO_EXIT)
    told = json.loads(apply(place, FINE, "--dry-run", "--json").stdout)
    root = load(place / "ghost.toml", {}).roots["app"]
    with Tree(root.path) as tree:
        plan = compile_patch(FINE.encode(), root="app", files=tree)
    assert told["plan_digest"] == plan.digest(identity(root))


def test_what_the_root_forbids_a_local_admin_may_and_is_told_of(place: Path) -> None:
    said(place)
    with (place / "ghost.toml").open("a") as file:
        file.write('allow = ["src/**"]\nprotect = ["app.py"]\n')
    ran = apply(place, FINE, "--yes")
    assert ran.returncode == 0, ran.stderr
    assert "risk: It touches files that its root does not open to patches.\n" in ran.stderr
    assert "risk: It touches app.py: such files are protected" in ran.stderr


def test_what_is_ghosts_own_not_even_a_local_admin_may(place: Path) -> None:
    (place / "root" / "ops").mkdir()
    (place / "root" / "ops" / "house.toml").write_text('[root.app]\npath = ".."\n')
    given = "--- /dev/null\n+++ b/{}\n@@ -0,0 +1 @@\n+x\n"
    for path in ("ops/.ghost/x", "ops/.env"):
        ran = apply(place, given.format(path), "--yes", "--json", "-c", "root/ops/house.toml")
        assert json.loads(ran.stdout)["code"] == "protected_path", path
    given = "--- a/ops/house.toml\n+++ b/ops/house.toml\n@@ -1 +1 @@\n-[root.app]\n+[root.b]\n"
    ran = apply(place, given, "--yes", "--json", "-c", "root/ops/house.toml")
    assert json.loads(ran.stdout)["code"] == "protected_path"


def test_a_broken_ghost_toml_stops_a_patch_whose_checks_it_may_hold(place: Path) -> None:
    said(place)
    with (place / "ghost.toml").open("a") as file:
        file.write("verfy = 1\n")
    ran = apply(place, FINE, "--yes")
    assert ran.returncode == 2
    assert "unknown key (did you mean verify?)" in ran.stderr
    assert "--no-verify" in ran.stderr
    assert (place / "root" / "app.py").read_text() == GOOD
    assert apply(place, FINE, "--yes", "--no-verify").returncode == 0


def test_another_folder_of_a_house_with_roots_has_no_checks(place: Path) -> None:
    said(place, NO_EXIT)
    (place / "other").mkdir()
    (place / "other" / "app.py").write_text(GOOD)
    ran = run(place, "apply", "-", "--root", "other", "--yes", given=BREAKS)
    assert ran.returncode == 0, ran.stderr


def test_without_a_ghost_nothing_is_restarted_and_that_is_said(place: Path) -> None:
    (place / "ghost.toml").write_text(
        '[daemon.web]\ncommand = "sleep 4321"\n[root.app]\npath = "root"\nrestart = ["web"]\n'
    )
    ran = apply(place, FINE, "--yes")
    assert ran.returncode == 0, ran.stderr
    assert "no Ghost is running, so nothing was restarted" in ran.stderr


@pytest.fixture
async def ghost(place: Path) -> AsyncIterator[RealGhost]:
    command = json.dumps([sys.executable, "-S", "root/app.py"])
    toml = f"""
        [web]
        listen = "off"
        [daemon.web]
        command = {command}
        restart_delay = "50ms"
        [daemon.asleep]
        command = "sleep 4321"
        autostart = false
        [root.app]
        path = "root"
        restart = ["web", "asleep"]
        """
    async with real_ghost(place, toml, None) as ghost:
        await ghost.daemon("web", lambda d: d["word"] == "up")
        yield ghost


async def test_daemons_that_do_not_come_up_take_the_patch_back_and_come_up_again(
    ghost: RealGhost, place: Path
) -> None:
    before = (await ghost.daemons())["web"]
    (place / "bad.json").write_text(BREAKS)
    words = ("--root", str(place / "root"), "--yes")
    code, _, err = await ghost.cli("patch", "apply", str(place / "bad.json"), *words)
    assert code == 1, err
    assert "rolled back: web: " in err
    assert (place / "root" / "app.py").read_text() == GOOD
    after = await ghost.daemon("web", lambda d: d["word"] == "up")
    assert after["pid"] != before["pid"]

    (place / "good.json").write_text(FINE)
    code, out, err = await ghost.cli("patch", "apply", str(place / "good.json"), *words)
    assert code == 0, err
    assert out.startswith("applied")
    assert "asleep: is not to run, and was left so" in err
    assert (await ghost.daemons())["asleep"]["word"] == "down"
    assert (await ghost.daemons())["web"]["pid"] != after["pid"]
