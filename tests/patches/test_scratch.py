"""A patch is tried in a copy, by checks that may misbehave in every way."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from ghostbot.errors import Failed
from ghostbot.patches import checks, scratch
from ghostbot.patches.checks import Ran
from ghostbot.patches.tree import Tree
from tests.fakes.plans import change, house, look, plan


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


def tried(root: Path, *codes: str, timeout_s: float = 20.0, **how: object) -> list[Ran]:
    """Try the plan of a house with checks that are Python programs."""
    asked = house(root)
    argv = [[sys.executable, "-c", code] for code in codes]
    before, state = look(root), root.parent / "state"
    with Tree(root) as tree:
        ran = scratch.verify(asked, tree, state, argv, timeout_s=timeout_s, **how)  # type: ignore[arg-type]
    assert look(root) == before
    assert list((state / "patches" / "scratch").iterdir()) == []
    return ran


def test_checks_see_the_tree_as_the_patch_leaves_it_and_the_root_stays(root: Path) -> None:
    code = """if True:
        from pathlib import Path
        assert Path('src/app.py').read_text() == "print('new')\\n"
        assert not Path('src/gone.py').exists()
        assert Path('link').readlink() == Path('kept')
        assert Path('run').stat().st_mode & 0o100
        Path('old').write_text('spoilt')
        Path('kept').unlink()
    """
    (ran,) = tried(root, code)
    assert ran.failure is None, ran.output


@pytest.mark.parametrize(
    "code",
    [
        "open('src/app.py', 'w').write('formatted')",
        "import os; os.unlink('run')",
        "open('src/gone.py', 'w')",
        "import os; os.rename('new', 'aside')",
        "import os; os.chmod('src/app.py', 0o755)",
        "import os, shutil; shutil.rmtree('src'); os.symlink('/etc', 'src')",
    ],
)
def test_a_check_that_changes_what_the_patch_writes_has_failed(root: Path, code: str) -> None:
    (ran, *_) = tried(root, code, "print('never')")
    assert ran.code == 0, ran.output
    assert "is not what the patch would leave" in (ran.failure or "")


def test_the_first_check_that_fails_ends_it_and_says_why(root: Path) -> None:
    ran = tried(root, "print('fine')", "import sys; sys.exit('tests failed')", "print('never')")
    assert [one.code for one in ran] == [0, 1]
    assert ran[1].failure is not None
    assert ran[1].failure.endswith("ended with 1: tests failed")


def test_a_check_that_does_not_end_is_ended_with_all_it_started(root: Path) -> None:
    code = """if True:
        import os, signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(4321)'])
        if os.environ.get('CI'):
            print('started', flush=True)
        time.sleep(4321)
    """
    began = time.monotonic()
    (ran,) = tried(root, code, timeout_s=1.5)
    assert ran.code is None
    assert "started" in ran.output
    assert time.monotonic() - began < 20
    assert not left("time.sleep(4321)")


@pytest.mark.skipif(not checks.apart(), reason="this system gives us no namespaces")
def test_what_leaves_the_group_is_ended_too(root: Path) -> None:
    code = """if True:
        import subprocess, sys
        subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(5432)'],
                         start_new_session=True)
    """
    (ran,) = tried(root, code)
    assert ran.code == 0, ran.output
    assert not left("time.sleep(5432)")


def left(mark: str) -> list[int]:
    """Return the processes whose command is to import time and `mark`, once the ended are gone."""
    until = time.monotonic() + 3
    command = f"import time; {mark}"
    while True:
        found = [
            process.info["pid"]
            for process in psutil.process_iter(["pid", "cmdline", "status"])
            if process.info["status"] != psutil.STATUS_ZOMBIE
            and command in (process.info["cmdline"] or ())
        ]
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.05)


def test_a_flood_of_output_is_cut_to_its_end(root: Path) -> None:
    code = "import sys\nfor n in range(200_000): print('x' * 50)\nprint('the end')"
    (ran,) = tried(root, code)
    assert ran.code == 0
    assert len(ran.output) <= checks.OUTPUT_BYTES
    assert ran.output.endswith("the end\n")


def test_a_check_sees_no_token_and_not_our_home(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SLACK_BOT_TOKEN", "GHOST_TOKEN", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN"):
        monkeypatch.setenv(name, "secret")
    (ran,) = tried(root, "import os; print(dict(os.environ))")
    assert "secret" not in ran.output
    assert f"'HOME': '{os.environ.get('HOME')}'" not in ran.output


def test_a_program_is_looked_for_nowhere_in_the_tree(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f".::bin:src:{os.environ['PATH']}:")
    (ran,) = tried(root, "import os; print(os.environ['PATH'])")
    assert all(place.startswith("/") for place in ran.output.strip().split(":"))


def test_a_file_that_grows_while_it_is_copied_is_copied_as_it_was(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root.mkdir()
    (root / "log").write_bytes(b"line\n" * 10)
    real = os.read

    def grows(fd: int, size: int) -> bytes:
        with (root / "log").open("ab") as log:
            log.write(b"more\n" * 10)
        return real(fd, size)

    with Tree(root) as tree, monkeypatch.context() as patched:
        patched.setattr(os, "read", grows)
        patched.setattr(scratch._Copying.__init__, "__defaults__", (1 << 30, 100, False))
        asked = plan(change(root, "b", b"b"))
        scratch.verify(asked, tree, root.parent / "state", [])
    assert (root / "log").stat().st_size == 100


@pytest.mark.skipif(not checks.apart(), reason="this system gives us no namespaces")
def test_a_check_reaches_itself_and_nobody_else(root: Path) -> None:
    code = """if True:
        import socket
        door = socket.create_server(('127.0.0.1', 0))
        socket.create_connection(door.getsockname()).close()
        try:
            socket.create_connection(('192.0.2.1', 80), timeout=1)
        except OSError as error:
            print(error.errno)
    """
    (ran,) = tried(root, code)
    assert ran.code == 0, ran.output
    assert ran.output.strip() == "101"  # ENETUNREACH


def test_git_ghosts_own_and_pipes_are_not_copied_and_what_is_big_is_linked(root: Path) -> None:
    for folder in (".git", ".ghost", "state", "node_modules"):
        (root / folder).mkdir(parents=True)
        (root / folder / "x").write_text("x")
    (root / "src").rmdir() if (root / "src").exists() else None
    os.mkfifo(root / "pipe")
    (root / "a").write_text("a")
    with Tree(root) as tree:
        code = "import os; print(sorted(os.listdir()), os.path.islink('node_modules'))"
        (ran,) = scratch.verify(
            plan(change(root, "b", b"b")),
            tree,
            root / "state",
            [[sys.executable, "-c", code]],
            links=["node_modules"],
        )
    assert ran.output.strip() == "['a', 'b', 'node_modules'] True"


def test_a_link_by_its_whole_name_does_not_lead_back_to_the_root(root: Path) -> None:
    asked = house(root)
    (root / "current").symlink_to(root / "src")
    (root / "kept.link").symlink_to(root / "kept")
    (root / "out").symlink_to("/usr/bin/env")
    before = look(root)
    code = """if True:
        from pathlib import Path
        Path('current/app.py').read_text().index('new')
        Path('current/made').write_text('x')
        Path('kept.link').write_text('x')
        assert Path('out').readlink() == Path('/usr/bin/env')
    """
    with Tree(root) as tree:
        (ran,) = scratch.verify(asked, tree, root.parent / "state", [[sys.executable, "-c", code]])
    assert ran.failure is None, ran.output
    assert look(root) == before


def test_a_tree_that_is_too_big_is_told_and_leaves_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "TREE_FILES", 2)
    monkeypatch.setattr(scratch._Copying.__init__, "__defaults__", (1 << 30, 2, True))
    with pytest.raises(Failed, match="it is over 2 files"):
        tried(root, "pass")
    assert list((root.parent / "state" / "patches" / "scratch").iterdir()) == []


def test_a_program_that_is_not_there_is_a_failure_in_words(root: Path) -> None:
    asked = house(root)
    with Tree(root) as tree:
        (ran,) = scratch.verify(asked, tree, root.parent / "state", [["no-such-program"]])
    assert ran.code == 127
    assert "no-such-program" in (ran.failure or "")
