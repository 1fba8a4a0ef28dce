"""Lines stand at one place or at none, and what is written is what was meant."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ghostbot.patches import lines
from ghostbot.patches.matching import Hit, Lines, Nowhere, Several, Tier, shifted, straightened

rows = st.lists(st.sampled_from(["a", "b", " a", "  a", "a ", "", "“a”", '"a"']), max_size=12)
bounded = settings(max_examples=200, deadline=None, derandomize=True)


def places(texts: list[str], old: list[str]) -> list[int]:
    return [at for at in range(len(texts) - len(old) + 1) if texts[at : at + len(old)] == old]


@bounded
@given(rows, rows.filter(bool), st.integers(0, 4))
def test_an_exact_hit_is_the_only_one(texts: list[str], old: list[str], floor: int) -> None:
    found = Lines(texts).find(old, floor=floor)
    exact = [at for at in places(texts, old) if at >= floor]
    if len(exact) == 1:
        assert found == Hit(exact[0], Tier.EXACT)
    elif exact:
        assert found == Several(tuple(exact))
    else:
        assert isinstance(found, Nowhere | Several) or found.tier is not Tier.EXACT


@bounded
@given(rows, rows.filter(bool))
def test_a_named_line_is_taken_only_where_the_lines_stand(texts: list[str], old: list[str]) -> None:
    for named in range(len(texts) + 1):
        found = Lines(texts).find(old, named=named)
        if named in places(texts, old):
            assert found == Hit(named, Tier.EXACT)
        else:
            assert found == Lines(texts).find(old)


@bounded
@given(
    st.lists(st.sampled_from(["if x:", "    y", "", "  z = 1"]), min_size=1, max_size=6),
    st.sampled_from(["    ", "\t", " "]),
    st.booleans(),
)
def test_a_block_is_found_by_one_shift_and_new_lines_get_it(
    block: list[str], shift: str, less: bool
) -> None:
    deep = [shift + text if text else text for text in block]
    there, old = (block, deep) if less else (deep, block)
    found = Lines(["top", *there, "end"]).find(old)
    if not any(text.strip() for text in block):
        return
    assert isinstance(found, Hit)
    assert found.tier is Tier.INDENT
    assert [shifted(text, found) for text in old] == there


def test_lines_that_are_shifted_each_in_its_own_way_stand_nowhere() -> None:
    assert Lines(["  a", "    b"]).find(["a", "b"]) == Nowhere()
    assert Lines(["\ta"]).find(["  a"]) == Nowhere()
    assert shifted("x", Hit(0, Tier.INDENT, "  ", less=True)) is None


def test_a_tier_is_tried_everywhere_before_the_next() -> None:
    assert Lines(["a ", "b", "a"]).find(["a"]) == Hit(2, Tier.EXACT)
    assert Lines(["  a", "a "]).find(["a"]) == Hit(1, Tier.TRAILING)
    assert Lines(["a ", "a\t"]).find(["a"]) == Several((0, 1))


def test_a_hit_at_the_end_must_end_there() -> None:
    assert Lines(["a", "b", "a"]).find(["a"], at_end=True) == Hit(2, Tier.EXACT)
    assert Lines(["a", "b"]).find(["a"], at_end=True) == Nowhere()


def test_the_nearest_line_is_where_the_likest_place_differs() -> None:
    texts = ["x", "def f():", "    return 1", "y"]
    assert Lines(texts).near(["def f():", "    return 2"]) == (2, 1)
    assert Lines(texts).near(["nothing"]) is None


def test_only_marks_that_the_file_has_otherwise_are_straightened() -> None:
    assert straightened("“new” – x", ["“old”"], ['"old"']) == '"new" – x'


@bounded
@given(st.binary(max_size=60).filter(lambda data: b"\0" not in data))
def test_what_is_read_is_written_again(data: bytes) -> None:
    if not data.startswith(lines.WIDE_BOMS):
        assert lines.read(data, "f").encoded() == data


@bounded
@given(st.text("a\r\n\u2028\x0b\x85", max_size=12))
def test_a_line_ends_at_its_end_and_nowhere_else(text: str) -> None:
    made = lines.split(text)
    assert all(line.end in {"\n", "\r\n", "\r"} for line in made[:-1])
    assert not any("\n" in line.text or "\r" in line.text for line in made)
    assert "".join(a + b for a, b in made) == text
