"""A patch of a mebibyte is planned within a second, however hard it was made to be."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial

import pytest

from ghostbot.patches import sniff, syntax
from tests.fakes.patches import planned, refusal

pytestmark = pytest.mark.alone
MIB = 1024 * 1024
PARSED_S = 1.0
TRIES = 4


def quickest(do: Callable[[], object]) -> float:
    """Return the seconds of the quickest try: what else a machine does only ever adds."""
    found = []
    for _ in range(TRIES):
        began = time.perf_counter()
        do()
        found.append(time.perf_counter() - began)
        if found[-1] < PARSED_S:
            break
    return min(found)


def test_a_mebibyte_in_each_format_is_read_within_a_second() -> None:
    rows = "".join(f" line {n} of it all\n-old {n}\n+new {n}\n" for n in range(25_000))
    body = f"@@ -1,50000 +1,50000 @@\n{rows}"
    block = "".join(
        f"a{n}.py\n<<<<<<< SEARCH\nold {n}\n=======\nnew {n}\n>>>>>>> REPLACE\n" for n in range(999)
    )
    mutations = [{"path": f"f{n}", "contents": "x\n" * 10_000} for n in range(50)]
    for patch in (
        f"--- a/f\n+++ b/f\n{body}",
        f"*** Begin Patch\n*** Update File: f\n{rows}*** End Patch\n",
        block + "x\n" * 400_000,
        json.dumps({"blockId": "1", "mutations": mutations}),
    ):
        assert len(patch) > MIB // 2
        assert quickest(partial(sniff.read, patch, None)) < PARSED_S


@pytest.mark.parametrize(
    "patch",
    [
        '"' + '\\"' * (MIB // 2 - 2),
        "{" + '"a' * (MIB // 4),
        "```\n" * (MIB // 5),
        "<<<<<<< SEARCH\n" * 60_000,
        "--- a\n" * 170_000,
        "--- a\n+++ b\n" * 80_000,
        "*** Begin Patch\n" * 60_000,
        "~~~~\n````\n" * 100_000,
        "x\n" + "```a\n" * (MIB // 5),
        "x\n" + "~~~~a\n```b\n" * (MIB // 11),
    ],
    ids=range(10),
)
def test_what_was_made_to_be_slow_is_refused_within_a_second(patch: str) -> None:
    assert quickest(lambda: refusal(patch, {})) < PARSED_S


ADDED = "--- a/f\n+++ b/f\n@@ -1 +1,2 @@\n x\n+{}\n"


@pytest.mark.parametrize("line", [" " * (MIB - 99), "-eyJ" * 60_000, "eyJ." * 60_000])
def test_a_long_line_is_judged_within_a_second(line: str) -> None:
    patch = ADDED.format(line)
    assert quickest(lambda: planned(patch, {"f": "x\n"})) < PARSED_S


def test_a_word_that_would_fill_all_memory_is_counted_first() -> None:
    edit = {"file_path": "f", "old_string": "a", "new_string": "b" * 900_000, "replace_all": True}
    patch, files = json.dumps(edit), {"f": "a\n" * 50_000}
    assert refusal(patch, files).code == "too_large"
    assert quickest(lambda: refusal(patch, files)) < PARSED_S


def test_a_block_that_stands_everywhere_at_another_indent_is_refused_within_a_second() -> None:
    patch = "--- a/f\n+++ b/f\n@@ ... @@\n" + "   x\n" * 2_000 + "-    x\n+y\n"
    files = {"f": "x\n" * 100_000}
    assert refusal(patch, files).code == "no_match"
    assert quickest(lambda: refusal(patch, files)) < PARSED_S


def test_a_hundred_thousand_anchors_are_followed_within_a_second() -> None:
    patch = "*** Begin Patch\n*** Update File: f\n" + "@@ x\n" * 100_000 + "+y\n*** End Patch\n"
    files = {"f": "z\n" * 100_000 + "x\n" * 100_000}
    assert refusal(patch, files).code == "ambiguous"
    assert quickest(lambda: refusal(patch, files)) < PARSED_S


def test_hunks_that_name_their_lines_in_a_file_of_equal_ones_are_placed_within_a_second() -> None:
    rows = (f"@@ -{n},1 +{n},1 @@\n-x\n+y\n" for n in range(1, 2_970, 3))
    patch, files = "--- a/f\n+++ b/f\n" + "".join(rows), {"f": "x\n" * 100_000}
    assert quickest(lambda: planned(patch, files)) < PARSED_S


def test_a_big_file_is_not_gone_through_a_thousand_times() -> None:
    rows = [{"file_path": "f", "old_string": f"<{n}>", "new_string": "x"} for n in range(999)]
    files = {"f": "".join(f"<{n}>" for n in range(999)) + "z" * 4_000_000}
    assert refusal(json.dumps(rows), files).code == "too_many"


def test_blocks_of_few_different_lines_are_compared_within_a_second() -> None:
    old, new = "a\nb\n" * 450, "b\nb\na\n" * 300
    block = f"f\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n"
    assert quickest(lambda: sniff.read(block * 60, None)) < PARSED_S


@pytest.mark.parametrize(
    ("path", "before", "line"),
    [
        ("f.toml", "x=1\n", ".".join("a" * 200_000) + "=1"),
        ("f.yml", "x: 1\n", "y: " + "[" * 500_000),
    ],
)
def test_a_file_whose_parser_would_take_hours_is_refused_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, path: str, before: str, line: str
) -> None:
    monkeypatch.setattr(syntax, "WALL_S", 1.0)
    lines = before.rstrip("\n")
    patch = f"--- a/{path}\n+++ b/{path}\n@@ -1 +1,2 @@\n {lines}\n+{line}\n"
    began, ours = time.perf_counter(), time.thread_time()
    assert refusal(patch, {path: before}).code == "syntax"
    assert time.perf_counter() - began < 1.0 + PARSED_S
    assert time.thread_time() - ours < PARSED_S


def test_a_thousand_hunks_find_their_places_in_a_long_file_within_a_second() -> None:
    old = "".join(f"line {n}\n}}\n\n" for n in range(50_000))
    hunks = "".join(f"@@ ... @@\n }}\n \n-line {n}\n+LINE {n}\n }}\n" for n in range(1, 50_000, 51))
    patch = f"--- a/f\n+++ b/f\n{hunks}"
    (change,) = planned(patch, {"f": old}).changes
    assert quickest(lambda: planned(patch, {"f": old})) < PARSED_S
    assert change.new is not None
    assert change.new.count(b"LINE") == 981


def test_a_file_of_equal_lines_takes_no_longer() -> None:
    patch = "--- a/f\n+++ b/f\n@@ ... @@\n" + " x\n" * 20_000 + "-y\n+z\n"
    files = {"f": "x\n" * 100_000}
    assert refusal(patch, files).code == "no_match"
    assert quickest(lambda: refusal(patch, files)) < PARSED_S
