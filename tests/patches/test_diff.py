"""The diff that people read is made from real bytes, and hides nothing."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostbot.core.patch import EXECUTABLE, PLAIN, Change, Op
from ghostbot.patches.diff import Count, count, unified, visible
from ghostbot.patches.risk import risks, tier
from tests.fakes.plans import change, house, plan


def update(base: bytes, new: bytes, *notes: str, path: str = "x") -> Change:
    return Change(
        path=path, op=Op.UPDATE, base=base, base_mode=PLAIN, new=new, new_mode=PLAIN, notes=notes
    )


def git_applies(root: Path, text: str) -> None:
    """Let git apply a diff in a folder that is no repository of its own."""
    ran = subprocess.run(
        ["git", "apply", "-"],
        input=text.encode(),
        cwd=root,
        env={"PATH": "/usr/bin:/bin", "GIT_CEILING_DIRECTORIES": str(root.parent), "HOME": "/none"},
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, (ran.stderr, text)


LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"\n"]), min_size=1, max_size=25)


@given(old=LINES, new=LINES, cut=st.booleans())
@settings(max_examples=40, deadline=None)
def test_what_is_drawn_is_what_git_applies(
    tmp_path_factory: pytest.TempPathFactory, old: list[bytes], new: list[bytes], cut: bool
) -> None:
    base, after = b"".join(old), b"".join(new)
    after = after.removesuffix(b"\n") if cut else after
    if base == after or not after:
        return
    root = tmp_path_factory.mktemp("root")
    (root / "x").write_bytes(base)
    git_applies(root, unified(plan(update(base, after))))
    assert (root / "x").read_bytes() == after


def test_every_kind_of_change_is_drawn_as_git_reads_it(tmp_path: Path) -> None:
    root = tmp_path / "root"
    asked = house(root)
    text = unified(asked)
    for line in (
        *("new file mode 100644", "deleted file mode 100644", "old mode 100644"),
        *("new mode 100755", "rename from old name", "rename to new/deep/name"),
        *("--- /dev/null", "+++ /dev/null", "+++ b/src/app.py", "-print('old')"),
    ):
        assert line in text.splitlines()
    (root / "old name").write_bytes(b"ascii\n")
    asked = plan(
        change(root, "src/app.py", b"print('new')\n"),
        change(root, "new/name", b"ascii\nmore", source="old name"),
        change(root, "src/gone.py", None),
        change(root, "run", b"#!/bin/sh\n", mode=EXECUTABLE),
    )
    git_applies(root, unified(asked))
    assert (root / "src" / "app.py").read_bytes() == b"print('new')\n"
    assert (root / "new" / "name").read_bytes() == b"ascii\nmore"
    assert not (root / "src" / "gone.py").exists()
    assert (root / "run").stat().st_mode & 0o111


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("a\u202eb\u2066c", r"a\u202eb\u2066c"),
        ("a\u200bb\ufeff", r"a\u200bb\ufeff"),
        ("a\udcffb", r"a\xffb"),
        ("\x9b\x7f\r\x00", r"\x9b\x7f\x0d\x00"),
        ("\U000e0041", r"\U000e0041"),
        ("tab\tü…✓", "tab\tü…✓"),
    ],
)
def test_what_is_not_seen_is_written_out(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_nothing_in_a_file_commands_a_terminal_or_draws_a_line_of_its_own() -> None:
    text = unified(plan(update(b"a\n", b"\x1b]0;t\x07\xe2\x80\xae\x0b\xc2\x85\xff\n")))
    assert text.splitlines()[-1] == r"+\x1b]0;t\x07\u202e\x0b\x85\xff"


def test_line_ends_are_news_only_where_they_change() -> None:
    assert "\\x0d" not in unified(plan(update(b"a\r\nb\r\n", b"a\r\nc\r\n")))
    text = unified(plan(update(b"a\r\nb\r\n", b"a\nb\r\n")))
    assert "-a\\x0d" in text.splitlines()
    assert "+a" in text.splitlines()


def test_a_lost_last_newline_is_told() -> None:
    lines = unified(plan(update(b"a\nb\n", b"a\nb"))).splitlines()
    assert lines[-3:] == ["-b", "+b", "\\ No newline at end of file"]


def test_lines_are_counted() -> None:
    assert count(update(b"a\nb\nc\n", b"a\nB\nc\nd\n")) == Count(2, 1)
    assert count(update(b"same", b"same")) == Count(0, 0)


@pytest.mark.alone
def test_a_big_rewritten_file_is_drawn_in_a_moment() -> None:
    base = b"".join(b"%d\n" % (n % 7) for n in range(100_000))
    new = b"".join(b"%d\n" % (n % 5) for n in range(100_000))
    began = time.perf_counter()
    assert unified(plan(update(base, new))).count("\n") > 100_000
    took = time.perf_counter() - began
    began = time.perf_counter()
    for _ in range(3):
        [visible(line.decode()) for line in (base + new).splitlines()]
    plain = time.perf_counter() - began
    assert took < 5 * plain + 0.5


def test_risks_are_named_once(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "tests").mkdir(parents=True)
    (root / "tests" / "test_a.py").write_text("x")
    (root / "Makefile").write_text("all:\n")
    (root / ".env").write_text("A=1\n")
    asked = plan(
        change(root, "tests/test_a.py", None),
        change(root, "Makefile", b"all:\n", mode=EXECUTABLE),
        change(root, ".env", b"A=2\n"),
        update(b"a\n", b"b\n" * 400, "indent", "overwrite"),
    )
    assert set(risks(asked)) == {
        *("delete", "deleted_test", "path:makefile", "mode", "protected:.env*", "tier:indent"),
        *("overwrite", "lines:404"),
    }
    assert tier(asked.changes[-1]) == "indent"
    assert risks(plan(update(b"a\n", b"b\n"))) == ()
