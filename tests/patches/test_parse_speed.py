"""A patch of a mebibyte is planned within a second, however hard it was made to be."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial

import pytest

from ghostbot.patches import sniff
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
    ],
    ids=range(8),
)
def test_what_was_made_to_be_slow_is_refused_within_a_second(patch: str) -> None:
    assert quickest(lambda: refusal(patch, {})) < PARSED_S


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
