"""What git makes of two versions of a file, damaged on its way: applied right, or refused."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghostbot.core.patch import Refused
from tests.fakes.patches import planned

WORDS = ["a", "b", "  b", "", "\tc", "-- d", "++ e", "@@ f", "a ", "diff", "ä"]
lines = st.lists(st.sampled_from(WORDS), max_size=14)


@st.composite
def versions(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Give a file and what becomes of it, with line ends of one kind, or of several."""
    old = draw(lines)
    new = list(old)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(new)))
        new[at : at + draw(st.integers(0, 2))] = draw(st.lists(st.sampled_from(WORDS), max_size=2))
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "mixed"]))
    return text(draw, old, end), text(draw, new, end)


def text(draw: st.DrawFn, rows: list[str], end: str) -> bytes:
    ends = st.sampled_from(["\n", "\r\n"]) if end == "mixed" else st.just(end)
    made = "".join(row + draw(ends) for row in rows)
    return (made.rstrip("\r\n") if draw(st.booleans()) and draw(st.booleans()) else made).encode()


def git_diff(old: bytes, new: bytes, context: int) -> bytes:
    with TemporaryDirectory() as folder:
        for side, data in (("a", old), ("b", new)):
            (Path(folder) / side).mkdir()
            (Path(folder) / side / "f").write_bytes(data)
        command = ["git", "diff", "--no-index", "--no-prefix", f"-U{context}", "a/f", "b/f"]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        assert done.returncode <= 1, done.stderr
        return done.stdout


def applied_by_git(old: bytes, patch: bytes) -> bytes | None:
    with TemporaryDirectory() as folder:
        (Path(folder) / "f").write_bytes(old)
        command = ["git", "apply", "--whitespace=nowarn", "-"]
        done = subprocess.run(command, cwd=folder, input=patch, capture_output=True, check=False)
        return (Path(folder) / "f").read_bytes() if done.returncode == 0 else None


def applied(old: bytes, patch: bytes) -> bytes | None:
    """Return what Ghost makes of it; None where it refuses."""
    try:
        plan = planned(patch, {"f": old})
    except Refused:
        return None
    (change,) = plan.changes
    return change.new


HEADER = re.compile(rb"^@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@", re.MULTILINE)


def miscounted(patch: bytes) -> bytes:
    return HEADER.sub(rb"@@ -\1,7 +\3,9 @@", patch)


def misplaced(patch: bytes) -> bytes:
    return HEADER.sub(lambda m: b"@@ -%d%s +%s%s @@" % (900, m[2] or b"", m[3], m[4] or b""), patch)


def numberless(patch: bytes) -> bytes:
    return HEADER.sub(b"@@ ... @@", patch)


def without_last_newline(patch: bytes) -> bytes:
    return patch.removesuffix(b"\n")


def with_crlf(patch: bytes) -> bytes:
    return patch.replace(b"\n", b"\r\n")


def bare_blanks(patch: bytes) -> bytes:
    return re.sub(rb"^ (\r?)$", rb"\1", patch, flags=re.MULTILINE)


def untrailed(patch: bytes) -> bytes:
    """Drop the context that follows the last change."""
    rows = patch.removesuffix(b"\n").split(b"\n")
    while rows and rows[-1][:1] == b" ":
        rows.pop()
    return b"\n".join([*rows, b""])


DAMAGES: list[Callable[[bytes], bytes]] = [
    *(miscounted, misplaced, numberless, without_last_newline, with_crlf, bare_blanks, untrailed)
]
bounded = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@bounded
@given(versions(), st.sampled_from([1, 3]))
def test_what_git_made_is_applied_as_git_does(pair: tuple[bytes, bytes], context: int) -> None:
    old, new = pair
    if old == new:
        return
    patch = git_diff(old, new, context)
    made = applied(old, patch)
    assert made == new, patch
    assert applied_by_git(old, patch.replace(b"a/f", b"f").replace(b"b/f", b"f")) in {None, new}


@bounded
@given(versions(), st.lists(st.sampled_from(DAMAGES), min_size=1, max_size=3, unique=True))
def test_what_was_damaged_is_applied_right_or_refused(
    pair: tuple[bytes, bytes], damages: list[Callable[[bytes], bytes]]
) -> None:
    old, new = pair
    if old == new:
        return
    patch = git_diff(old, new, 3)
    for damage in damages:
        patch = damage(patch)
    assert applied(old, patch) in {None, new}, patch
