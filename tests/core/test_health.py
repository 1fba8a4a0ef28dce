"""The verdict on a probe: thresholds, grace, and looks that say nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ghostbot.core.health import Health, note

LOOKS = st.lists(st.sampled_from([True, False, None]), max_size=40)
SOME = st.integers(1, 5)


def after(
    looks: list[bool | None], *, failures: int = 3, successes: int = 1, in_grace: bool = False
) -> Health:
    """Return the verdict after these looks, one a second."""
    health = Health()
    for now, ok in enumerate(looks):
        health = note(
            health,
            ok,
            f"look {now}",
            failures=failures,
            successes=successes,
            in_grace=in_grace,
            now=float(now),
        )
    return health


def in_a_row(looks: list[bool | None], wanted: bool) -> int:
    """Count how many of the last looks that tell something found `wanted`."""
    count = 0
    for ok in reversed([ok for ok in looks if ok is not None]):
        if ok is not wanted:
            break
        count += 1
    return count


def test_nothing_is_known_before_the_first_look() -> None:
    assert after([]) == Health()
    assert Health().ok is None


def test_one_bad_look_is_not_sick() -> None:
    assert after([True, False, False]).ok is True
    assert after([True, False, False, False]).ok is False


def test_a_verdict_knows_since_when_it_holds() -> None:
    assert after([True, True, False, False, False, False]).since == 4.0


def test_what_was_sick_is_well_after_so_many_good_looks_in_a_row() -> None:
    sick = [False, False, False]
    assert after([*sick, True, False, True], successes=2).ok is False
    assert after([*sick, True, True], successes=2).ok is True


def test_a_bad_look_within_the_grace_does_not_count_and_a_good_one_does() -> None:
    assert after([False] * 20, in_grace=True).ok is None
    assert after([False, True], in_grace=True).ok is True


def test_a_bad_look_within_the_grace_still_breaks_a_row_of_good_ones() -> None:
    assert after([True, False, True], successes=2, in_grace=True).ok is None


@given(LOOKS, SOME, SOME)
def test_looks_that_say_nothing_change_no_verdict(
    looks: list[bool | None], failures: int, successes: int
) -> None:
    told = [ok for ok in looks if ok is not None]
    silent = after(looks, failures=failures, successes=successes)
    heard = after(told, failures=failures, successes=successes)
    assert (silent.ok, silent.failures, silent.successes) == (
        heard.ok,
        heard.failures,
        heard.successes,
    )


@given(LOOKS)
def test_the_last_look_is_told_with_its_time_whatever_it_found(looks: list[bool | None]) -> None:
    health = after(looks)
    if looks:
        assert (health.said, health.at) == (f"look {len(looks) - 1}", len(looks) - 1)


@given(LOOKS, SOME, SOME)
def test_a_verdict_is_only_ever_reached_by_a_row_of_looks(
    looks: list[bool | None], failures: int, successes: int
) -> None:
    health = after(looks, failures=failures, successes=successes)
    if in_a_row(looks, wanted=False) >= failures:
        assert health.ok is False
    elif in_a_row(looks, wanted=True) >= successes:
        assert health.ok is True
    assert not (health.failures and health.successes)
    if health.ok is False:
        told = "".join("x" if ok is False else "." for ok in looks if ok is not None)
        assert "x" * failures in told
