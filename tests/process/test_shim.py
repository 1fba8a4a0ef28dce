"""The exec shim: limits, niceness and another user, with nothing of its own left behind."""

from __future__ import annotations

import json
import os
import pwd
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ghostbot.config.model import DaemonTable, LogTable
from ghostbot.core.daemon import Exited
from ghostbot.process.limits import SHIM, refusal
from ghostbot.process.spawn import spawn
from tests.fakes.house import House

IS_ROOT = os.geteuid() == 0
PYTHON = "/usr/bin/python3"  # one that every user may run
CAN_CHANGE = IS_ROOT and Path(PYTHON).exists()
AS_ROOT = pytest.mark.skipif(not CAN_CHANGE, reason="only root may become somebody else")

SHOW = """
import json, os, resource, signal
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({
    "nofile": resource.getrlimit(resource.RLIMIT_NOFILE),
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "nice": os.nice(0),
    "umask": os.umask(0),
    "ids": [os.getuid(), os.geteuid(), os.getgid(), os.getegid()],
    "groups": sorted(os.getgroups()),
    "env": dict(os.environ),
    "ignored": int(status["SigIgn"], 16) & ~(1 << 12) & ~(1 << 24),
    "blocked": int(status["SigBlk"], 16),
    "fds": sorted(os.listdir("/proc/self/fd")),
    "oom": int(open("/proc/self/oom_score_adj").read()),
    "command": open("/proc/self/cmdline").read(),
    "session": os.getsid(0) == os.getpid(),
    "cwd": os.getcwd(),
}))
"""

Table = Callable[..., DaemonTable]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    def build(*command: str, **keys: object) -> DaemonTable:
        whole = {"log": LogTable(path=tmp_path / "web.log"), "cwd": tmp_path, **keys}
        return DaemonTable(name="web", command=command, **whole)  # type: ignore[arg-type]

    return build


def run(a_table: DaemonTable, **inherited: str) -> tuple[int, str, int]:
    """Start it and wait; return its code, its log and its pid."""
    inherited = inherited or {"PATH": os.environ["PATH"]}
    with spawn(a_table, marker="s/web/r", inherited=inherited) as child:
        return child.wait(20), a_table.log.path.read_text("utf-8", "replace"), child.pid


def shown(a_table: DaemonTable, **inherited: str) -> dict[str, object]:
    code, log, _ = run(a_table, **inherited)
    assert code == 0, log
    found: dict[str, object] = json.loads(log.splitlines()[-1])
    return found


def test_limits_niceness_and_umask_are_as_the_file_says(table: Table) -> None:
    nice = os.nice(0) + 1
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    limits = {"nofile": (64, min(128, soft)), "core": (0, 0)}
    said = shown(table(sys.executable, "-S", "-c", SHOW, nice=nice, umask=0o27, rlimits=limits))
    assert (said["nofile"], said["core"]) == ([64, min(128, soft)], [0, 0])
    assert (said["nice"], said["umask"]) == (nice, 0o27)


def test_nothing_of_the_shim_is_left_in_the_program(table: Table) -> None:
    said = shown(table(sys.executable, "-S", "-c", SHOW, nice=os.nice(0)))
    assert said["fds"] == ["0", "1", "2", "3"]  # 3 is the listing itself
    glibcs_own = 0b11 << 31  # GNU make leaves them ignored, and no call resets them
    assert (int(str(said["ignored"])) & ~glibcs_own, said["blocked"]) == (0, 0)
    assert (said["oom"], said["session"]) == (0, True)
    assert "shim" not in str(said["command"])


@pytest.mark.parametrize("locale", [{}, {"LANG": "C"}, {"LC_CTYPE": "C"}, {"LC_ALL": "C"}])
def test_the_environment_passes_the_shim_untouched(
    table: Table, locale: dict[str, str], tmp_path: Path
) -> None:
    """Python coerces the C locale (PEP 538), by a variable that its children would inherit."""
    inherited = {"PATH": os.environ["PATH"], "PYTHONHOME": "/nowhere", "ODD": "\udcff", **locale}
    log = LogTable(path=tmp_path / "env.log")
    with_shim = table("env", "-0", nice=os.nice(0), log=log)
    run(with_shim, **inherited)
    found = dict(p.split(b"=", 1) for p in log.path.read_bytes().strip(b"\0").split(b"\0"))
    assert found.pop(b"GHOST_SPEC")
    assert found == {
        os.fsencode(k): os.fsencode(v) for k, v in {**inherited, "GHOST_UNIT": "s/web/r"}.items()
    }


def test_signals_that_python_ignores_end_the_program_as_they_should(table: Table) -> None:
    command = ("sh", "-c", "kill -PIPE $$; exit 3")
    code, _, _ = run(table(*command, nice=os.nice(0)))
    assert code == -signal.SIGPIPE


@AS_ROOT
def test_a_daemon_becomes_its_user_wholly(table: Table) -> None:
    nobody = pwd.getpwnam("nobody")
    said = shown(
        table(PYTHON, "-S", "-c", SHOW, user="nobody", cwd=Path("/"), env={"LOGNAME": "mine"}),
        PATH=os.environ["PATH"],
        HOME="/root",
        USER="root",
    )
    uid, gid = nobody.pw_uid, nobody.pw_gid
    assert said["ids"] == [uid, uid, gid, gid]
    assert said["groups"] == sorted(set(os.getgrouplist("nobody", gid)))
    env = said["env"]
    assert isinstance(env, dict)
    assert (env["HOME"], env["USER"], env["LOGNAME"]) == (nobody.pw_dir, "nobody", "mine")
    assert said["cwd"] == "/"


@AS_ROOT
def test_a_folder_that_only_ghost_may_enter_is_no_place_for_another_user(
    table: Table, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    a_table = table("true", user="nobody", cwd=closed)
    code, _, pid = run(a_table)
    said = f"cannot enter {closed} as user nobody: permission denied"
    assert (code, refusal(a_table, pid, code)) == (126, said)


def test_a_user_that_is_gone_is_told_in_words(table: Table) -> None:
    a_table = table("true", user="nobody-at-all")
    code, log, pid = run(a_table)
    words = "cannot become user nobody-at-all: there is no such user"
    assert (code, log) == (126, f"ghost[{pid}]: {words}\n")
    assert refusal(a_table, pid, code) == words


def test_a_program_that_cannot_be_run_is_told_in_words(table: Table, tmp_path: Path) -> None:
    plain, lost = tmp_path / "plain", tmp_path / "lost"
    plain.write_text("echo no\n")
    lost.write_text("#!/nowhere/sh\n")
    lost.chmod(0o755)
    cases = {
        "/nowhere/web": (127, "cannot run /nowhere/web: it is not there"),
        "no-such-web": (127, "cannot run no-such-web: it is not there"),
        str(plain): (126, f"cannot run {plain}: permission denied"),
        str(lost): (127, f"cannot run {lost}: its interpreter is not there"),
    }
    for program, (expected, words) in cases.items():
        a_table = table(program, nice=os.nice(0))
        code, _, pid = run(a_table)
        assert (code, refusal(a_table, pid, code)) == (expected, words)


def test_a_refusal_goes_where_stderr_goes(table: Table, tmp_path: Path) -> None:
    log = LogTable(path=tmp_path / "out.log", stderr=tmp_path / "err.log")
    a_table = table("no-such-web", nice=os.nice(0), log=log)
    code, out, pid = run(a_table)
    assert out == ""
    assert refusal(a_table, pid, code) == "cannot run no-such-web: it is not there"


def test_what_a_program_itself_says_is_no_refusal(table: Table) -> None:
    a_table = table("sh", "-c", "echo 'ghost[1]: cannot become user x: y' >&2; exit 126", nice=1)
    code, _, pid = run(a_table)
    assert (code, refusal(a_table, pid, code)) == (126, None)
    direct = table("sh", "-c", "exit 127")
    assert refusal(direct, run(direct)[2], 127) is None


def test_a_limit_that_the_system_refuses_is_told_in_words(table: Table) -> None:
    too_many = 2**40  # more than fs.nr_open ever is
    a_table = table("true", rlimits={"nofile": (too_many, too_many)})
    code, _, pid = run(a_table)
    assert code == 126
    assert str(refusal(a_table, pid, code)).startswith(f"cannot set rlimit nofile to {too_many}/")


def test_the_shim_loads_next_to_nothing() -> None:
    end = "import os, sys\nos.execvp = lambda *_: (print(*sys.modules), sys.exit(0))\n"
    code = f"{end}sys.argv = ['x', '--', 'true']\nexec(open({SHIM!r}).read())"
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(ran.stdout.split())
    assert "resource" in loaded
    assert not loaded & {"ghostbot", "json", "re", "enum", "pathlib", "subprocess", "pwd"}


async def test_a_death_in_the_shim_has_its_words(house: House) -> None:
    proc = house.spawn(house.table("true", user="nobody-at-all"))
    exited = await house.exited(proc)
    words = "cannot become user nobody-at-all: there is no such user"
    assert exited == Exited(proc, 126, why=words)
