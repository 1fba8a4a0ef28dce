"""Starting a process: what it inherits, where its output goes, and whose trouble a refusal is."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ghostbot.config.model import DaemonTable, LogTable
from ghostbot.errors import CannotSpawn
from ghostbot.process.spawn import clean_signals, spawn

SHOW = (
    "import os, signal; print(os.getsid(0) == os.getpid(), os.getcwd(), os.environ.get('PORT'),"
    " os.environ['GHOST_UNIT'], os.environ.get('MINE'), signal.getsignal(signal.SIGPIPE).name,"
    " os.readlink('/proc/self/fd/0'), sorted(os.listdir('/proc/self/fd')), sep='|')"
)


def table(tmp_path: Path, *command: str, **keys: object) -> DaemonTable:
    whole = {"log": LogTable(tmp_path / "deep" / "er" / "web.log"), "cwd": tmp_path, **keys}
    return DaemonTable(name="web", command=command, **whole)  # type: ignore[arg-type]


def start(a_table: DaemonTable) -> int:
    with spawn(a_table, marker="s/web/r", inherited={"PATH": os.environ["PATH"]}) as child:
        return child.wait(20)


def refusal(a_table: DaemonTable) -> CannotSpawn:
    with pytest.raises(CannotSpawn) as caught:
        start(a_table)
    return caught.value


def test_a_daemon_has_its_own_session_folder_port_and_marker(tmp_path: Path) -> None:
    a_table = table(tmp_path, sys.executable, "-S", "-c", SHOW, port=5051, env={"MINE": "yes"})
    assert start(a_table) == 0
    words = a_table.log.path.read_text().strip().split("|")
    assert words[:5] == ["True", str(tmp_path), "5051", "s/web/r", "yes"]
    assert words[6] == "/dev/null"
    assert words[7] == "['0', '1', '2', '3']"  # 3 is the listing itself


def test_output_is_appended_and_the_log_is_private(tmp_path: Path) -> None:
    a_table = table(tmp_path, "sh", "-c", "echo out; echo err >&2")
    start(a_table)
    start(a_table)
    assert a_table.log.path.read_text() == "out\nerr\nout\nerr\n"
    assert stat.S_IMODE(a_table.log.path.stat().st_mode) & ~0o640 == 0


def test_stderr_goes_apart_where_it_is_told_so_and_the_mask_of_files_is_set(tmp_path: Path) -> None:
    log = LogTable(tmp_path / "out.log", stderr=tmp_path / "deep" / "err.log")
    a_table = table(tmp_path, "sh", "-c", "echo out; echo err >&2; umask", log=log, umask=0o27)
    assert start(a_table) == 0
    assert log.path.read_text() == "out\n0027\n"
    assert (tmp_path / "deep" / "err.log").read_text() == "err\n"


SIGNALS = """
import signal, subprocess
from ghostbot.process.spawn import clean_signals
clean_signals()
status = open("/proc/self/status").read()
child = subprocess.run(["cat", "/proc/self/status"], capture_output=True, text=True).stdout
for text in (status, child):
    print(*[line.split()[1] for line in text.splitlines() if line[:6] in ("SigBlk", "SigIgn")])
"""


def test_signals_that_were_ignored_or_blocked_are_as_they_should_be() -> None:
    def spoil() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    ran = subprocess.run(
        [sys.executable, "-c", SIGNALS],
        preexec_fn=spoil,
        capture_output=True,
        text=True,
        check=True,
        cwd=Path.cwd(),
    )
    mine, childs = (line.split() for line in ran.stdout.splitlines())
    # 32 and 33 are glibc's own; GNU make leaves them ignored, and no call resets them
    glibcs_own = 0b11 << 31
    assert [int(word, 16) & ~glibcs_own for word in childs] == [0, 0]
    pythons_own = (1 << signal.SIGPIPE - 1) | (1 << signal.SIGXFSZ - 1)
    assert int(mine[0], 16) == 0
    assert int(mine[1], 16) & ~(pythons_own | glibcs_own) == 0
    assert callable(clean_signals)


def test_refusals_name_the_cause_and_are_the_daemons(tmp_path: Path) -> None:
    plain, script, lost = (tmp_path / name for name in ("plain", "script", "lost"))
    plain.write_text("echo no\n")
    script.write_text("\x00\x01no program")
    script.chmod(0o755)
    lost.write_text("#!/nowhere/python\n")
    lost.chmod(0o755)
    cases = {
        "/nowhere/web is not there": table(tmp_path, "/nowhere/web"),
        f"{plain} may not be executed": table(tmp_path, str(plain)),
        f"{script} is no program": table(tmp_path, str(script)),
        f"{lost} names an interpreter that is not there": table(tmp_path, str(lost)),
        f"its folder {tmp_path}/no is not there": table(tmp_path, "true", cwd=tmp_path / "no"),
        f"its folder {plain} is not there": table(tmp_path, "true", cwd=plain),
        f"the log {tmp_path} of web: it is a directory": table(
            tmp_path, "true", log=LogTable(tmp_path)
        ),
        "embedded null byte": table(tmp_path, "tr\0ue"),
        "not a directory": table(tmp_path, "true", log=LogTable(plain / "web.log")),
    }
    for words, a_table in cases.items():
        refused = refusal(a_table)
        assert words in str(refused), str(refused)
        assert not refused.own


def test_a_log_that_is_a_pipe_nobody_reads_holds_nobody_up(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    refused = refusal(table(tmp_path, "true", log=LogTable(fifo)))
    assert "it is a pipe that nobody reads" in str(refused)


@pytest.mark.parametrize(
    "number", [errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC]
)
def test_scarcity_is_ghosts_own_trouble_in_the_same_words_for_all(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RLIMIT_NPROC does not bind root, so the system's answer is faked."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(subprocess, "Popen", refuse)
    refused = refusal(table(tmp_path, "true"))
    assert refused.own
    assert "web" not in str(refused)


def test_no_descriptor_leaks_whatever_happens(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    start(table(tmp_path, "true"))
    refusal(table(tmp_path, "/nowhere"))
    refusal(table(tmp_path, "true", cwd=tmp_path / "no"))
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
