"""A pattern is judged by what it does, and ends when its time is over."""

from __future__ import annotations

import json
import time

import pytest

from ghostbot.patches.regex import WALL_S
from tests.fakes.patches import refusal, result

TEXT = "one = 1\ntwo = 2\nthree = 3\n"


def block(pattern: str, replacement: str = "x", **keys: object) -> str:
    patch = {"pattern": pattern, "replacement": replacement, "mode": "regex"} | keys
    return json.dumps({"id": "1", "target_file": "a", "patch": patch})


def test_a_pattern_that_matches_once_is_replaced_by_plain_words() -> None:
    assert result(block(r"two = \d", r"\g<0>\n\q"), {"a": TEXT}) == (
        rb"one = 1" + b"\n" + rb"\g<0>\n\q" + b"\nthree = 3\n"
    )


def test_a_count_is_kept_to_the_letter() -> None:
    assert result(block(r"\d", "9", count=3), {"a": TEXT}) == b"one = 9\ntwo = 9\nthree = 9\n"
    answer = refusal(block(r"\d", "9", count=2), {"a": TEXT})
    assert answer.code == "ambiguous"
    assert "3 times, not 2: at lines 1, 2, 3" in answer.words


def test_a_pattern_sees_lf_and_the_file_keeps_its_ends() -> None:
    old = TEXT.replace("\n", "\r\n").encode()
    assert result(block(r"1\ntwo"), {"a": old}) == b"one = x = 2\r\nthree = 3\r\n"


def test_a_mode_that_is_no_mode_is_a_label() -> None:
    patch = {"id": "1", "mode": "auto", "target_file": "a", "patch": {"pattern": "o.e"}}
    patch["patch"]["replacement"] = "x"  # type: ignore[index]
    assert refusal(json.dumps(patch), {"a": TEXT}).code == "no_match"


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|a)*b", r"(.*a){25}b"])
@pytest.mark.alone
def test_a_search_without_end_is_ended(pattern: str) -> None:
    began = time.monotonic()
    answer = refusal(block(pattern), {"a": "a" * 60 + "!\n"})
    assert answer.code == "regex_timeout"
    assert time.monotonic() - began < WALL_S + 1


def test_a_pattern_that_takes_all_memory_is_refused() -> None:
    answer = refusal(block("(?:(?:(?:x{999}){999}){999}){9}"), {"a": TEXT})
    assert answer.code in {"regex_dangerous", "regex_timeout", "no_match"}
