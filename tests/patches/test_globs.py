"""Globs of paths: who forbids, forbids widely; who allows, allows what is written."""

from __future__ import annotations

import time

import pytest

from ghostbot.patches.globs import covering


@pytest.mark.parametrize(
    ("glob", "path", "allows", "forbids"),
    [
        ("src/**", "src/a/b.py", True, True),
        ("src", "src/a/b.py", True, True),
        ("src/", "src/a/b.py", True, True),
        ("./src", "src/a.py", True, True),
        ("/src", "src/a.py", True, True),
        ("src", "src2/a.py", False, False),
        ("src", "lib/src/a.py", False, True),
        ("*.md", "README.md", True, True),
        ("*.md", "docs/a.md", False, True),
        ("**/*.md", "docs/a.md", True, True),
        ("**/*.md", "a.md", True, True),
        ("docs/*.md", "docs/a.md", True, True),
        ("docs/*.md", "docs/deep/a.md", False, False),
        ("docs/**/*.md", "docs/deep/er/a.md", True, True),
        ("docs/**/*.md", "docs/a.md", True, True),
        ("a?.py", "ab.py", True, True),
        ("a?b", "a/b", False, False),
        ("[ab].py", "a.py", True, True),
        ("[!ab].py", "c.py", True, True),
        ("[!ab].py", "a.py", False, False),
        ("x[!a]y", "x/y", False, False),
        ("a+b(c).py", "a+b(c).py", True, True),
        ("*", "any/thing", True, True),
        ("**", "any/thing", True, True),
        ("src", "SRC/a.py", False, True),
        ("[", "[", True, True),
        ("a[^b]c", "a^c", True, True),
        ("src/\n", "src/a", False, False),
    ],
)
def test_a_glob_covers_what_its_side_says(
    glob: str, path: str, allows: bool, forbids: bool
) -> None:
    assert (covering(path, [glob]) == glob) is allows
    assert (covering(path, [glob], wide=True) == glob) is forbids


def test_the_first_that_covers_is_named() -> None:
    assert covering("a/b", ["c", "a", "**"]) == "a"
    assert covering("a/b", []) is None


def test_a_glob_of_many_stars_does_not_hold_the_house() -> None:
    began = time.monotonic()
    assert covering("a/" * 500 + "b", ["*a*a*a*a*a*c", "**/**/**/c"], wide=True) is None
    assert time.monotonic() - began < 5
