"""What summaries say, by the rule that the one they were written under did not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from ghostbot.core.verdict import Verdict, verdict

SUMMARIES = Path(__file__).parents[1] / "data" / "original" / "summaries"
EXPECTED = {
    "01-pass-completed": Verdict("pass"),
    "02-pass-plain": Verdict("pass"),
    "03-failed-with-check-marks": Verdict("fail"),
    "04-partial-mixed": Verdict("partial"),
    "05-partial-behind-check-mark": Verdict("partial"),
    "06-pending-says-complete": Verdict("pending"),
    "07-critical-mixed": Verdict("fail"),
    "08-pass-while-tests-failed": Verdict("pass", is_disputed=True),
    "09-success-while-result-false": Verdict("pass", is_disputed=True),
    "10-failure-without-marks": Verdict("unknown"),
    "11-in-progress-mixed": Verdict("pending"),
    "12-warning-fork-failed": Verdict("fail"),
    "13-status-starting": Verdict("pending"),
    "14-pass-with-failures-inside": Verdict("pass", is_disputed=True),
    "15-partial-mojibake-macroman": Verdict("partial"),
    "16-pass-mojibake-cp1252": Verdict("pass"),
}


@pytest.mark.parametrize("path", sorted(SUMMARIES.glob("*.md")), ids=lambda path: path.stem)
def test_a_real_summary_is_read_as_it_is_meant(path: Path) -> None:
    assert verdict(path.read_text(encoding="utf-8")) == EXPECTED[path.stem]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "unknown"),
        ("✅ and ❌", "mixed"),
        ("🟢", "pass"),
        ("🔴", "fail"),
        ("```\nStatus: FAILED\n```\n> Status: done", "pass"),
        ("Status: ✅\nStatus: FAILED", "pass"),
        ("Status: nobody knows\n✅", "unknown"),
    ],
)
def test_each_rule_holds_alone(text: str, word: str) -> None:
    assert verdict(text).word == word


def test_only_a_pass_is_disputed() -> None:
    assert verdict("Status: PASS\n❌").is_disputed
    assert verdict("Status: PASS\nSuccess: False").is_disputed
    assert not verdict("Status: FAILED\n❌").is_disputed
