"""Notes on their way to whoever keeps them."""

from __future__ import annotations

from ghostbot.record import WAITING_MAX, WHAT_MAX, Record


def test_what_nobody_takes_is_lost_the_oldest_first_and_counted() -> None:
    record = Record()
    for number in range(WAITING_MAX + 10):
        record.note("order", "U1", str(number))
    taken = record.take()
    assert (len(taken), record.lost, taken[0].what) == (WAITING_MAX, 10, "10")
    assert not record.take()


def test_ids_grow_also_where_the_clock_is_set_back() -> None:
    times = iter([100.0, 50.0, 50.0, 200.0])
    record = Record(lambda: next(times))
    for _ in range(3):
        record.note("order", "U1", "x")
    ids = [noted.id for noted in record.take()]
    assert ids == sorted(set(ids))
    assert ids[-1] == 200_000_000


def test_a_long_sentence_is_cut() -> None:
    record = Record()
    record.note("death", "", "x" * 10_000)
    assert len(record.take()[0].what) == WHAT_MAX
