"""Telling processes apart."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from ghostbot.process.identity import (
    TICKS_PER_S,
    boot_id,
    command_of,
    identify,
    is_alive,
    owner_of_port,
    parse_stat,
    stat_of,
    ticks_now,
)

FIELDS = b"S 7 8 9 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 555 1 2 3" + b" 0" * 26 + b" 9"


@pytest.mark.parametrize("name", [b"sh", b"a b", b") R 1 1 1", b"\xff)(", b"", b"x\ny"])
def test_a_name_that_holds_anything_does_not_fool_the_reader(name: bytes) -> None:
    stat = parse_stat(5, b"5 (" + name + b") " + FIELDS + b"\n")
    assert stat is not None
    assert (stat.state, stat.ppid, stat.group, stat.session) == ("S", 7, 8, 9)
    assert (stat.threads, stat.ticks, stat.exit_code) == (3, 555, 9)


@pytest.mark.parametrize("line", [b"", b"5 (sh", b"5 (sh) S", b"5 (sh) S x y z"])
def test_a_line_that_makes_no_sense_is_nobody(line: bytes) -> None:
    assert parse_stat(5, line) is None


def test_a_process_is_itself_and_nobody_else() -> None:
    me = identify(os.getpid())
    assert me is not None
    assert me.boot == boot_id()
    assert is_alive(me)
    assert not is_alive(replace(me, ticks=me.ticks + 1))
    assert not is_alive(replace(me, boot="another"))
    assert identify(2**22 - 1) is None


def test_the_clock_of_ticks_is_the_kernels() -> None:
    before = ticks_now()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        stat = stat_of(child.pid)
        after = ticks_now() + 2
        assert stat is not None
        assert before <= stat.ticks <= after
        child.kill()
    assert TICKS_PER_S > 0


def test_a_leader_thread_that_ended_before_its_siblings_is_alive() -> None:
    script = (
        "import ctypes, threading, time; threading.Thread(target=time.sleep, args=(60,)).start();"
        "print('x', flush=True); ctypes.CDLL(None).pthread_exit(None)"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-S", "-c", script], stdout=pipe) as child:
        assert child.stdout is not None
        child.stdout.readline()
        limit = time.monotonic() + 10
        while (stat := stat_of(child.pid)) and stat.state != "Z":
            assert time.monotonic() < limit
        assert identify(child.pid) is not None
        child.kill()


def test_whoever_holds_a_port_is_named() -> None:
    with socket.socket() as listener, socket.socket(socket.AF_INET6) as six:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        assert owner_of_port(port) is None  # bound, and nobody listens
        listener.listen()
        owner = owner_of_port(port)
        assert owner is not None
        assert owner[0] == os.getpid()
        assert owner[1]
        six.bind(("::1", 0))
        six.listen()
        assert owner_of_port(six.getsockname()[1]) == owner


def test_a_command_is_shown_in_a_line() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        limit = time.monotonic() + 10
        while command_of(child.pid) != "sleep 60":
            assert time.monotonic() < limit
        child.kill()
    assert command_of(2**22 - 1) == "?"
