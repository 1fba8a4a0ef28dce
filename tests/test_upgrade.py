"""What one Ghost hands on to the next in its process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ghostbot.errors import AlreadyRunning
from ghostbot.process.lock import Lock, holder
from ghostbot.process.spawn import inherited_environment
from ghostbot.upgrade import VARIABLE, Handed, taken


def test_what_is_handed_on_is_taken_out_of_the_environment() -> None:
    environ = {VARIABLE: "3 12.5 7", "HOME": "/root"}
    assert taken(environ) == Handed(3, 12.5, 7)
    assert environ == {"HOME": "/root"}


@pytest.mark.parametrize("words", ["", "1", "1 2", "one 2 3", "1 2 3 4", "nan"])
def test_nonsense_in_the_environment_is_a_plain_start(words: str) -> None:
    assert taken({VARIABLE: words}) == Handed()


def test_no_daemon_inherits_it() -> None:
    assert inherited_environment({VARIABLE: "1 2 3", "A": "b"}) == {"A": "b"}


def test_a_lock_that_was_handed_on_is_held_throughout(tmp_path: Path) -> None:
    first = Lock(tmp_path)
    first.hand_on()
    assert os.get_inheritable(first.fd)
    assert first._door is not None
    first._door.close()  # as execve(2) does
    again = Lock(tmp_path, first.fd)
    assert again.fd == first.fd
    assert not os.get_inheritable(again.fd)
    assert holder(tmp_path) == os.getpid()
    again.release()
    assert holder(tmp_path) is None


def test_a_descriptor_that_is_not_the_lock_is_left_alone(tmp_path: Path) -> None:
    stranger = os.open(os.devnull, os.O_RDONLY)
    try:
        lock = Lock(tmp_path, stranger)
        assert lock.fd != stranger
        with pytest.raises(AlreadyRunning, match=f"pid {os.getpid()}"):
            Lock(tmp_path, stranger)
        lock.release()
    finally:
        os.close(stranger)
    Lock(tmp_path, 987).release()
