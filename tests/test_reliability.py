"""docs/reliability.md names tests: each is there, and none of the 36 checks is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d*) +\|(.*)\|(.*)\|(.*)\|$", PAGE, re.MULTILINE)
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_every_named_test_exists(path: str, name: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), f"{path} has no {name}"


def test_every_check_is_there_once_and_names_a_test_or_says_not_yet() -> None:
    numbers = [int(number) for number, *_ in ROWS if number]
    assert numbers == sorted(set(numbers))
    assert set(range(1, 38)) <= set(numbers)
    for number, check, far, tests in ROWS:
        assert ("not yet" in far) is ("::" not in tests), f"{number} {check}"
