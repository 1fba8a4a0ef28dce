"""Token buckets: how many may come at once, and when the next."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ghostbot.core.bucket import Bucket, Rate, is_full, taken

TEN = Rate(10, 60.0)


def test_a_full_bucket_gives_as_many_as_it_holds_and_then_one_at_a_time() -> None:
    bucket: Bucket | None = None
    for _ in range(10):
        bucket, wait_s = taken(bucket, TEN, 100.0)
        assert wait_s == 0.0
    bucket, wait_s = taken(bucket, TEN, 100.0)
    assert wait_s == 6.0
    bucket, wait_s = taken(bucket, TEN, 106.0)
    assert wait_s == 0.0
    assert taken(bucket, TEN, 106.0)[1] == 6.0


def test_who_is_turned_away_takes_nothing() -> None:
    bucket = Bucket(0.5, 0.0)
    for _ in range(100):
        bucket, wait_s = taken(bucket, TEN, 0.0)
        assert wait_s == 3.0
    assert taken(bucket, TEN, 3.0)[1] == 0.0


def test_a_bucket_never_holds_more_than_it_can() -> None:
    bucket, _ = taken(None, TEN, 0.0)
    assert not is_full(bucket, TEN, 0.0)
    assert is_full(bucket, TEN, 6.0)
    bucket, _ = taken(bucket, TEN, 1e6)
    assert bucket.left == 9.0


@given(st.lists(st.floats(0, 30), max_size=200), st.integers(1, 20), st.floats(0.5, 120))
def test_no_more_come_in_any_time_than_fit_it(
    pauses: list[float], count: int, per_s: float
) -> None:
    rate, bucket, now, let_in = Rate(count, per_s), None, 0.0, list[float]()
    for pause in pauses:
        now += pause
        bucket, wait_s = taken(bucket, rate, now)
        if wait_s == 0.0:
            let_in.append(now)
    for begin in let_in:
        within = [at for at in let_in if begin <= at < begin + per_s]
        assert len(within) <= 2 * count


@given(st.floats(0, 1e6), st.floats(-1e3, 0))
def test_a_clock_that_goes_back_gives_nothing_away(at: float, step: float) -> None:
    bucket, _ = taken(Bucket(0.0, at), TEN, at + step)
    assert bucket.left == 0.0
