"""CPU and memory over whole trees."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ghostbot.process.usage import Usage, Use, look

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
MB = 1_000_000


def test_a_tree_is_its_leaders_session_and_all_their_descendants() -> None:
    usage = Usage(dict)
    uses = {
        10: Use(10, 1, 10, 0, 1 * MB),  # the leader
        11: Use(11, 1, 10, 0, 2 * MB),  # reparented, but of its session
        12: Use(12, 11, 12, 0, 4 * MB),  # a session of its own below that one
        20: Use(20, 1, 20, 0, 8 * MB),  # another daemon
    }
    usage.take({"web": 10, "db": 20, "gone": 99}, uses, 100)
    assert {n: m.rss_bytes for n, m in usage.measures().items()} == {"web": 7 * MB, "db": 8 * MB}


def test_cpu_is_what_was_used_since_the_last_look_of_processes_that_were_there_then() -> None:
    usage = Usage(dict)
    half = round(5 / TICK_S)
    usage.take({"web": 10}, {10: Use(10, 1, 10, 1000, MB)}, 100)
    later = {10: Use(10, 1, 10, 1000 + half, MB), 11: Use(11, 10, 10, 777, MB)}
    usage.take({"web": 10}, later, 110)
    assert usage.measures()["web"].cpu_percent == pytest.approx(50)


@pytest.mark.alone
def test_a_busy_process_is_seen_to_be_busy() -> None:
    busy = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"
    command = [sys.executable, "-S", "-c", busy]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True) as child:
        try:
            assert child.stdout
            child.stdout.readline()
            use = {u.pid: u for u in look()}[child.pid]
            assert use.ticks * TICK_S >= 0.25
            assert use.session == child.pid
            assert use.rss_bytes > MB
        finally:
            child.kill()
