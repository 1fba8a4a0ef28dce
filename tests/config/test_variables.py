"""Variables: what is expanded, what is left, and what is told."""

from __future__ import annotations

import pytest

from ghostbot.config.variables import expand, expand_all
from ghostbot.config.wrong import Wrong

ENV = {"HOME": "/home/ann", "EMPTY": "", "DOLLARS": "${HOME}$$"}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("${HOME}/bin", "/home/ann/bin"),
        ("$$5", "$5"),
        ("$${HOME}", "${HOME}"),
        ("$HOME and ^ok$", "$HOME and ^ok$"),
        ("a${EMPTY}b", "ab"),
        ("${DOLLARS}", "${HOME}$$"),  # once, not again
        ("$$$${HOME}", "$${HOME}"),
    ],
)
def test_a_text_is_expanded_once(text: str, expanded: str) -> None:
    assert expand(text, ENV) == expanded


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("${HOMME}", "the variable HOMME is not set (did you mean HOME?)"),
        ("${QUITE_OTHER}", "the variable QUITE_OTHER is not set; set it, or write $$ for a dollar"),
        ("${HOME:-x}", 'cannot read "${HOME:-x}" as a variable: write ${NAME}, or $$ for a dollar'),
        ("${HOME", 'cannot read "${HOME" as a variable: write ${NAME}, or $$ for a dollar'),
        ("${}", 'cannot read "${}" as a variable: write ${NAME}, or $$ for a dollar'),
    ],
)
def test_what_cannot_be_expanded_is_told_with_the_way_out(text: str, words: str) -> None:
    with pytest.raises(Wrong) as told:
        expand(text, ENV)
    assert str(told.value) == words


def test_each_wrong_variable_in_a_nest_is_told_with_its_place() -> None:
    with pytest.raises(Wrong) as told:
        expand_all({"a": ["x", "${A1}", {"b": "${B1}${C1}"}], "d": "$$"}, {})
    assert [place for place, _ in told.value.each] == [
        ("a", 1),
        ("a", 2, "b"),
        ("a", 2, "b"),
    ]


def test_a_nest_is_expanded_everywhere() -> None:
    nest = {"a": ["${HOME}", 1, True], "b": {"c": "$$"}}
    assert expand_all(nest, ENV) == {"a": ["/home/ann", 1, True], "b": {"c": "$"}}


def test_a_nul_is_refused_as_no_program_can_be_given_one() -> None:
    with pytest.raises(Wrong, match="holds a NUL"):
        expand("a\0b", {})
