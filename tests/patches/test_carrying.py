"""An approved plan is carried out whole, through copy, root and house, or it is as it was."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from ghostbot.config.model import RootTable
from ghostbot.core.patch import Plan
from ghostbot.core.proposal import MOVES, CheckLine, Status
from ghostbot.patches import apply as applying
from ghostbot.patches import carrying, checks, locks, policy
from ghostbot.patches.apply import Swap
from ghostbot.patches.carrying import Carried, Means, after_crash, carry_out
from ghostbot.patches.checks import Interrupted
from ghostbot.patches.journal import Kind, journal_of
from ghostbot.patches.paths import Rules
from ghostbot.patches.tree import Tree
from tests.fakes.plans import change, house, look, plan

UP = CheckLine(name="restart web", ok=True, took_s=0.1, said="web is up")
DEAD = CheckLine(name="restart web", ok=False, took_s=0.1, said="web did not start: ended with 1")


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


class House:
    """A house whose daemons come up as they are told to, and a note of each turn."""

    def __init__(self, *answers: CheckLine) -> None:
        self.answers = list(answers)
        self.seen: list[Status | str] = []
        self.then: Callable[[], None] = lambda: None

    def moved(self, status: Status) -> None:
        self.seen.append(status)

    def live(self) -> tuple[CheckLine, ...]:
        self.seen.append("live")
        self.then()
        return (self.answers.pop(0),)


@pytest.fixture
def root(tmp_path: Path) -> RootTable:
    return RootTable(name="app", path=tmp_path / "root")


def carry(asked: Plan, root: RootTable, lives: House, **how: object) -> Carried:
    state = root.path.parent / "state"
    means = Means(moved=lives.moved, live=lives.live)
    return carry_out(asked, root, state, "p1", **{"means": means, **how})  # type: ignore[arg-type]


def walked(lives: House, end: Status) -> list[Status | str]:
    """Return what was seen, once it is sure that each turn may follow the one before."""
    turns = [one for one in lives.seen if isinstance(one, Status)]
    for now, then in zip([Status.APPROVED, *turns], [*turns, end], strict=True):
        assert then in MOVES[now], f"{now} to {then}"
    return lives.seen


def test_a_plan_goes_through_copy_root_and_house(root: RootTable) -> None:
    asked = house(root.path)
    lives = House(UP)
    passes = python("assert open('src/app.py').read() == \"print('new')\\n\"; print('fine')")
    root = replace(root, verify=(passes,), restart=("web",))
    carried = carry(asked, root, lives, digest=asked.digest(policy.identity(root)))
    assert carried.status is Status.APPLIED, carried
    assert walked(lives, carried.status) == [
        *(Status.PRECHECKING, Status.APPLYING, Status.VERIFYING, "live")
    ]
    assert [line.ok for line in carried.checks] == [True, True, True]
    assert [line.output for line in carried.checks] == ["fine\n", "fine\n", ""]
    assert carried.checks[1].name.endswith(", in place")
    assert (root.path / "src" / "app.py").read_bytes() == b"print('new')\n"


def test_without_checks_or_daemons_nothing_is_waited_for(root: RootTable) -> None:
    lives = House()
    carried = carry(house(root.path), root, lives)
    assert walked(lives, carried.status) == [Status.APPLYING]
    assert carried == Carried(status=Status.APPLIED)
    assert carry(plan(), root, lives).status is Status.NOOP


def test_another_plan_or_other_checks_than_were_approved_touch_nothing(root: RootTable) -> None:
    asked = house(root.path)
    before = look(root.path)
    digest = asked.digest(policy.identity(root))
    lives = House()
    other = replace(asked, changes=asked.changes[:-1])
    assert carry(other, root, lives, digest=digest).status is Status.SUPERSEDED
    changed = replace(root, verify=(("true",),))
    assert carry(asked, changed, lives, digest=digest).status is Status.SUPERSEDED
    assert lives.seen == []
    assert look(root.path) == before


def test_a_check_that_fails_in_the_copy_touches_nothing(root: RootTable) -> None:
    asked = house(root.path)
    before = look(root.path)
    lives = House()
    root = replace(root, verify=(python("import sys; sys.exit('no: 2 failed')"),))
    carried = carry(asked, root, lives)
    assert carried.status is Status.FAILED
    assert (carried.reason or "").endswith("ended with 1: no: 2 failed")
    assert walked(lives, carried.status) == [Status.PRECHECKING]
    assert look(root.path) == before


IN_THE_ROOT = "import os, sys; here = os.path.exists('../outside')"


def test_a_check_that_fails_in_the_root_takes_everything_back(root: RootTable) -> None:
    asked = house(root.path)
    (root.path.parent / "outside").touch()
    before = look(root.path)
    lives = House()
    fails = python(f"{IN_THE_ROOT}; sys.exit('not here' if here else 0)")
    carried = carry(asked, replace(root, verify=(fails,), restart=("web",)), lives)
    assert carried.status is Status.ROLLED_BACK
    assert walked(lives, carried.status) == [
        *(Status.PRECHECKING, Status.APPLYING, Status.VERIFYING, Status.ROLLING_BACK)
    ]  # no daemon was restarted, so none has to go back
    assert [line.ok for line in carried.checks] == [True, False]
    assert look(root.path) == before


def test_a_daemon_that_does_not_come_up_takes_everything_back_and_comes_up_again(
    root: RootTable,
) -> None:
    asked = house(root.path)
    before = look(root.path)
    lives = House(DEAD, UP)
    seen: list[bool] = []
    lives.then = lambda: seen.append(look(root.path) == before)
    carried = carry(asked, replace(root, restart=("web",)), lives)
    assert carried.status is Status.ROLLED_BACK
    assert carried.reason == DEAD.said
    assert carried.left == ()
    assert walked(lives, carried.status) == [
        *(Status.APPLYING, Status.VERIFYING, "live", Status.ROLLING_BACK, "live")
    ]
    assert seen == [False, True]  # the second time it is the old code that is started


def test_a_house_that_does_not_come_back_needs_a_person(root: RootTable) -> None:
    asked = house(root.path)
    before = look(root.path)
    lives = House(DEAD, DEAD)
    carried = carry(asked, replace(root, restart=("web",)), lives)
    assert carried.status is Status.ATTENTION
    assert carried.left == (DEAD.said,)
    walked(lives, carried.status)
    assert look(root.path) == before


def test_a_file_that_somebody_edits_meanwhile_stays_and_needs_a_person(root: RootTable) -> None:
    asked = house(root.path)
    lives = House(DEAD, UP)
    lives.then = lambda: (root.path / "src" / "app.py").write_text("mine") and None  # type: ignore[func-returns-value]
    carried = carry(asked, replace(root, restart=("web",)), lives)
    assert carried.status is Status.ATTENTION
    assert carried.left == ("src/app.py: somebody changed it meanwhile",)
    walked(lives, carried.status)
    assert (root.path / "src" / "app.py").read_text() == "mine"


def test_a_check_that_changes_the_patch_in_the_root_has_failed(root: RootTable) -> None:
    asked = house(root.path)
    (root.path.parent / "outside").touch()
    spoils = python(f"{IN_THE_ROOT}; here and open('run', 'a').write('# formatted')")
    lives = House()
    carried = carry(asked, replace(root, verify=(spoils,)), lives)
    assert carried.status is Status.ATTENTION
    assert "changed run: what it saw is not what the patch would leave" in (carried.reason or "")
    assert carried.left == ("run: somebody changed it meanwhile",)
    assert (root.path / "src" / "app.py").read_bytes() == b"print('old')\n"


def test_a_file_that_changes_while_the_copy_is_tried_makes_the_plan_void(root: RootTable) -> None:
    asked = house(root.path)
    lives = House()
    edits = python(f"open({str(root.path / 'src' / 'app.py')!r}, 'w').write('mine')")
    for verdict in (1, 0):
        lives.seen.clear()
        (root.path / "src" / "app.py").write_bytes(b"print('old')\n")
        code = f"{edits[2]}; import sys; sys.exit({verdict})"
        carried = carry(asked, replace(root, verify=(python(code),)), lives)
        assert carried.status is Status.SUPERSEDED, verdict
        walked(lives, carried.status)
    assert (root.path / "src" / "app.py").read_text() == "mine"
    assert (root.path / "src" / "gone.py").exists()


def test_a_root_that_is_too_big_to_copy_is_tried_in_place_alone(root: RootTable) -> None:
    asked = house(root.path)
    lives = House()
    fails = python("import os, sys; sys.exit(os.path.exists('src/gone.py') or 'fails')")
    carried = carry(asked, replace(root, verify=(fails,), verify_live=True), lives)
    assert carried.status is Status.ROLLED_BACK
    assert len(carried.checks) == 1
    assert Status.PRECHECKING not in walked(lives, carried.status)


def test_the_roots_rules_hold_to_the_end(root: RootTable) -> None:
    asked = house(root.path)
    before = look(root.path)
    lives = House()
    carried = carry(asked, root, lives, rules=Rules(protect=("run",)))
    assert carried.status is Status.FAILED
    assert "run is protected" in (carried.reason or "")
    assert look(root.path) == before


def test_whoever_cannot_be_told_of_a_turn_stops_it(root: RootTable) -> None:
    asked = house(root.path)
    before = look(root.path)
    turns = (Status.PRECHECKING, Status.APPLYING, Status.VERIFYING, Status.ROLLING_BACK)
    (root.path.parent / "outside").touch()
    fails = python(f"{IN_THE_ROOT}; sys.exit(here)")
    for number, turn in enumerate(turns):

        def moved(status: Status, turn: Status = turn) -> None:
            if status is turn:
                raise RuntimeError("the database is gone")

        state = root.path.parent / "state"
        ruled = replace(root, verify=(fails,))
        with pytest.raises(RuntimeError):
            carry_out(asked, ruled, state, f"p{number}", means=Means(moved=moved))
        assert look(root.path) == before, turn


def test_another_patch_in_the_same_root_is_waited_for(
    root: RootTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = house(root.path)
    state = root.path.parent / "state"
    monkeypatch.setattr(carrying, "PATIENCE_S", 0.1)
    with locks.held(state, str(root.path)), pytest.raises(locks.Busy):
        carry(asked, root, House())
    monkeypatch.setattr(carrying, "PATIENCE_S", 20.0)
    with locks.held(state, str(root.path)):
        found: list[Carried] = []
        other = threading.Thread(target=lambda: found.append(carry(asked, root, House())))
        other.start()
    other.join(20)
    assert found[0].status is Status.APPLIED


def test_what_checks_write_is_told_without_secrets(root: RootTable) -> None:
    token = "xoxb-" + "1234567890-abcdef"
    says = python(f"print({token!r}); raise SystemExit('so: {token}')")
    carried = carry(house(root.path), replace(root, verify=(says,)), House())
    assert token not in repr(carried)
    assert "so: ***" in (carried.reason or "")


def test_a_check_that_cannot_be_copied_for_is_a_failure_in_words(
    root: RootTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(carrying.scratch, "verify", full)
    carried = carry(house(root.path), replace(root, verify=(("true",),)), House())
    assert carried.status is Status.FAILED
    assert carried.reason == "cannot try the patch in a copy: no space left on device"


@pytest.mark.skipif(not checks.hides(), reason="this system hides nothing")
@pytest.mark.parametrize("in_place", [False, True])
def test_checks_see_neither_ghosts_state_nor_its_tokens_and_cannot_undo_that(
    root: RootTable, *, in_place: bool
) -> None:
    asked = house(root.path)
    state, env = root.path / ".ghost", root.path / ".env"
    state.mkdir()
    for path in (env, state / "web.token", state / "ghost.db"):
        path.write_text("canary")
    code = f"""if True:
        import os, subprocess, tempfile
        state, env = {str(state)!r}, {str(env)!r}
        assert os.listdir(state) == ['patches'], os.listdir(state)
        for words in (['umount', state], ['umount', '-l', state], ['umount', env],
                      ['mount', '-t', 'tmpfs', 'x', '/mnt'],
                      ['unshare', '--mount', 'umount', state]):
            assert subprocess.run(words, capture_output=True).returncode != 0, words
        assert not os.path.exists(env) or open(env).read() == ''
        assert os.path.exists('src/app.py')
        tempfile.TemporaryFile().write(b'x')
        open(os.path.expanduser('~/x'), 'w').write('x')
        open('left-here', 'w').write('x')
        assert 'canary' not in subprocess.getoutput('cat /proc/*/environ; ls -R ' + state)
    """
    rules = Rules(own=(str(state), str(env)))
    ruled = replace(root, verify=(python(code),), verify_live=in_place)
    carried = carry_out(asked, ruled, state, "p1", rules=rules)
    assert carried.status is Status.APPLIED, carried.reason
    assert (state / "web.token").read_text() == env.read_text() == "canary"
    assert (root.path / "left-here").exists()
    assert list((state / "patches" / "scratch").iterdir()) == []


# Where Ghost ends meanwhile.


HANGS = "import time; print('hangs', flush=True); time.sleep(4711)"


@pytest.mark.parametrize("in_place", [False, True])
def test_where_ghost_ends_a_check_ends_at_once_and_all_is_as_it_was(
    root: RootTable, *, in_place: bool
) -> None:
    asked = house(root.path)
    before = look(root.path)
    stop = threading.Event()
    turn = Status.VERIFYING if in_place else Status.PRECHECKING

    def moved(status: Status) -> None:
        if status is turn:
            threading.Timer(0.3, stop.set).start()

    ruled = replace(root, verify=(python(HANGS),), verify_live=in_place)
    state = root.path.parent / "state"
    with pytest.raises(Interrupted):
        carry_out(asked, ruled, state, "p1", means=Means(moved=moved, stop=stop))
    assert look(root.path) == before
    assert not hanging()
    if in_place:
        assert journal_of(state, "p1").kinds()[-1] is Kind.UNDONE
        lives = House(UP)
        carried = after_crash(ruled, state, "p1", live=lives.live)
        assert carried.status is Status.ROLLED_BACK
        assert lives.seen == ["live"]


def hanging() -> list[int]:
    found = psutil.process_iter(["pid", "cmdline", "status"])
    return [
        one.info["pid"]
        for one in found
        if HANGS in (one.info["cmdline"] or ()) and one.info["status"] != psutil.STATUS_ZOMBIE
    ]


KILLED = """
import sys
from pathlib import Path
from ghostbot.config.model import RootTable
from ghostbot.patches.carrying import carry_out
from tests.fakes.plans import change, plan
root = RootTable(name="app", path=Path(sys.argv[1]), verify=((sys.executable, "-c", sys.argv[2]),))
carry_out(plan(change(root.path, "a", b"new")), root, Path(sys.argv[1] + "-state"), "p1")
"""


@pytest.mark.skipif(
    not checks.apart() or shutil.which("setpriv") is None, reason="nothing ends them here"
)
def test_where_ghost_is_killed_its_checks_end_too(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    code = f"open({str(ready)!r}, 'w').write('x'); {HANGS}"
    here = str(Path(__file__).parents[2])
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path / "root", code],
        env={**os.environ, "PYTHONPATH": here},
    )
    ready.read_text()
    found = list(psutil.Process(child.pid).children(recursive=True))
    assert found
    child.kill()
    child.wait()
    _, alive = psutil.wait_procs(found, timeout=10)
    assert not alive
    assert list((tmp_path / "root").iterdir()) == []


# After a crash.


def cut_short(asked: Plan, root: RootTable, *, until: str) -> Path:
    """Leave what a kill leaves at some point."""
    state = root.path.parent / "state"
    with Tree(root.path) as tree, locks.held(state, tree.root):
        swap = Swap(asked, tree, state, "p1")
        if until != "before":
            swap.forward()
        if until == "after":
            swap.keep()
        swap.close()
    return state


def test_after_a_crash_it_is_taken_back_and_the_house_with_it(root: RootTable) -> None:
    asked = house(root.path)
    before = look(root.path)
    state = cut_short(asked, root, until="verified")
    lives = House(UP)
    carried = after_crash(root, state, "p1", live=lives.live)
    assert carried.status is Status.ROLLED_BACK
    assert carried.reason == carrying.CUT_SHORT
    assert carried.checks == (UP,)
    assert look(root.path) == before
    again = House(UP)
    assert after_crash(root, state, "p1", live=again.live).status is Status.ROLLED_BACK


def test_after_a_crash_a_house_that_stays_down_or_an_edit_needs_a_person(root: RootTable) -> None:
    asked = house(root.path)
    state = cut_short(asked, root, until="verified")
    (root.path / "run").write_text("mine")
    carried = after_crash(root, state, "p1", live=House(DEAD).live)
    assert carried.status is Status.ATTENTION
    assert carried.left == ("run: somebody changed it meanwhile", DEAD.said)
    again = after_crash(root, state, "p1", live=House(UP).live)
    assert again.status is Status.ATTENTION
    assert again.left == ("run: it is not as it was",)


def test_what_was_done_when_the_crash_came_is_applied(root: RootTable) -> None:
    state = cut_short(house(root.path), root, until="after")
    lives = House()
    assert after_crash(root, state, "p1", live=lives.live).status is Status.APPLIED
    assert lives.seen == []


def test_what_had_not_begun_restarts_nobody(root: RootTable) -> None:
    state = cut_short(house(root.path), root, until="before")
    lives = House()
    assert after_crash(root, state, "p1", live=lives.live).status is Status.ROLLED_BACK
    assert lives.seen == []


def test_what_cannot_be_undone_yet_is_asked_again(root: RootTable) -> None:
    asked = house(root.path)
    state = cut_short(asked, root, until="verified")
    with (
        locks.held(state, str(root.path)),
        pytest.raises(carrying.Failed, match="its root is in use"),
    ):
        after_crash(root, state, "p1", live=House().live)
    assert after_crash(root, state, "p1", live=House(UP).live).status is Status.ROLLED_BACK


# Commits.


def git(root: RootTable, *words: str) -> str:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    own = ["-c", "user.name=A", "-c", "user.email=a@b"]
    done = subprocess.run(
        ["git", *own, *words],
        cwd=root.path,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture
def repository(root: RootTable, monkeypatch: pytest.MonkeyPatch) -> tuple[RootTable, Plan]:
    monkeypatch.setenv("HOME", str(root.path.parent))
    asked = house(root.path)
    git(root, "init", "-q")
    git(root, "config", "user.name", "Owner")
    git(root, "config", "user.email", "owner@example.com")
    (root.path / "mine").write_text("committed\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "begin")
    for hook in ("pre-commit", "post-commit", "prepare-commit-msg", "commit-msg"):
        path = root.path / ".git" / "hooks" / hook
        path.write_text("#!/bin/sh\ntouch ../hooked\nexit 1\n")
        path.chmod(0o755)
    return replace(root, commit=True), asked


def test_exactly_the_files_of_the_plan_are_committed_and_no_hook_runs(
    repository: tuple[RootTable, Plan],
) -> None:
    root, asked = repository
    (root.path / "mine").write_text("staged\n")
    (root.path / "new file").write_text("untracked\n")
    git(root, "add", "mine")
    carried = carry(asked, root, House(), title="Greet: *")
    assert carried.status is Status.APPLIED
    assert carried.checks[-1].said == "committed", carried.checks
    assert git(root, "log", "-1", "--format=%s").strip() == "Greet: * (p1)"
    committed = git(root, "show", "--name-only", "--format=", "-z", "--no-renames").split("\0")
    assert sorted(filter(None, committed)) == [
        *("new/added", "new/deep/name", "old name", "run", "src/app.py", "src/gone.py")
    ]
    left = git(root, "status", "--porcelain").splitlines()
    assert left == ["M  mine", '?? "new file"']
    assert not (root.path.parent / "hooked").exists()


def test_a_commit_that_does_not_come_about_leaves_the_patch_applied(root: RootTable) -> None:
    carried = carry(house(root.path), replace(root, commit=True), House())
    assert carried.status is Status.APPLIED
    assert carried.checks[-1].ok is False
    assert "not a git repository" in carried.checks[-1].said


def test_what_was_taken_back_is_not_committed(repository: tuple[RootTable, Plan]) -> None:
    root, asked = repository
    carried = carry(asked, replace(root, restart=("web",)), House(DEAD, UP))
    assert carried.status is Status.ROLLED_BACK
    assert git(root, "log", "--format=%s").split() == ["begin"]
    assert git(root, "status", "--porcelain") == ""


def test_a_name_that_git_would_read_as_a_pattern_is_a_name(
    repository: tuple[RootTable, Plan],
) -> None:
    root, _ = repository
    (root.path / "ab").write_text("mine, not committed\n")
    (root.path / "mine").write_text("edited\n")
    asked = plan(change(root.path, "a*", b"star\n"), change(root.path, ":(top)x", b"top\n"))
    carried = carry(asked, root, House())
    assert carried.checks[-1].said == "committed", carried.checks
    left = git(root, "status", "--porcelain").splitlines()
    assert left == [" M mine", "?? ab"]


def test_a_full_disk_at_the_last_line_takes_it_back(
    root: RootTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = house(root.path)
    before = look(root.path)

    def full(_: Swap) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(applying.Swap, "keep", full)
    lives = House(UP, UP)
    carried = carry(asked, replace(root, restart=("web",)), lives)
    assert carried.status is Status.ROLLED_BACK
    assert walked(lives, carried.status)[-2:] == [Status.ROLLING_BACK, "live"]
    assert look(root.path) == before
