"""The restart policy: delays, budgets, breaker, forgiveness."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostbot.core.restart import After, Kind, Policy, Record, cooldown, delay, forgive, judge


def starts_of_a_command_that_dies_at_once(policy: Policy, until: float) -> list[float]:
    """Return when it is started, for a daemon without jitter in its name's favour."""
    now, record, starts = 0.0, Record(), [0.0]
    while now < until:
        verdict = judge(policy, record, "x", now)
        record = verdict.record
        now += verdict.wait_s
        starts.append(now)
    return starts


def test_the_third_death_within_the_window_opens_the_breaker() -> None:
    policy, record = Policy(), Record()
    verdicts = []
    for now in (0.0, 1.0, 3.0):
        verdict = judge(policy, record, "web", now)
        record = verdict.record
        verdicts.append(verdict.blocked)
    assert verdicts == [False, False, True]
    assert verdict.wait_s == 60
    assert verdict.why == "died 3 times within 15 s"


def test_a_blocked_daemon_is_tried_ever_more_rarely_for_ever() -> None:
    starts = starts_of_a_command_that_dies_at_once(Policy(), 20000)
    gaps = [b - a for a, b in pairwise(starts[3:])]
    assert [round(s) for s in starts[:2]] == [0, 1]
    assert starts[2] == pytest.approx(3, abs=0.4)  # jitter of a fifth on the second delay
    assert gaps[:5] == [120, 240, 480, 960, 1920]
    assert gaps[5:] == pytest.approx([3600] * len(gaps[5:]))


def test_deaths_further_apart_than_the_window_do_not_open_the_breaker() -> None:
    record = Record()
    for now in (0.0, 16.0, 32.0, 48.0):
        verdict = judge(Policy(), record, "web", now)
        record = verdict.record
        assert not verdict.blocked


def test_a_loop_too_slow_for_the_window_is_caught_as_flapping() -> None:
    record, verdicts = Record(), []
    for now in (0.0, 100.0, 200.0, 300.0, 400.0):
        verdict = judge(Policy(), record, "web", now)
        record = verdict.record
        verdicts.append(verdict.blocked)
    assert verdicts == [False, False, False, False, True]
    assert verdict.record.flapping
    assert verdict.why == "flapping: died 5 times within 1800 s"


def test_flapping_just_over_the_stable_time_is_still_damped_over_an_hour() -> None:
    policy, record, now, starts = Policy(), Record(), 0.0, 0
    while now < 3600:
        starts += 1
        now += policy.stable_after_s + 1
        record = forgive(record)  # it was up and stable once
        verdict = judge(policy, record, "web", now)
        record, now = verdict.record, now + verdict.wait_s
    assert starts <= 33  # without the slow budget it would be 58


def test_being_stable_forgives_one_death_at_a_time() -> None:
    record = Record(unforgiven=2)
    assert forgive(record).unforgiven == 1
    assert forgive(forgive(forgive(record))).unforgiven == 0


def test_being_stable_closes_the_breaker_and_begins_its_cooldowns_anew() -> None:
    record = Record(unforgiven=3, deaths=(1.0, 2.0, 3.0), trips=2)
    closed = forgive(record)
    assert closed.trips == 0
    assert not judge(Policy(), closed, "web", 1000).blocked


def test_a_closed_breaker_does_not_forget_the_deaths_that_make_a_daemon_flap() -> None:
    record = Record(deaths=(100.0, 200.0, 300.0, 400.0, 500.0), trips=1, flapping=True)
    again = judge(Policy(), forgive(record), "web", 700)
    assert again.blocked
    assert again.record.flapping
    quiet = judge(Policy(), forgive(record), "web", 5000)
    assert (quiet.blocked, quiet.record.flapping) == (False, False)


@given(count=st.integers(1, 10_000), name=st.text(max_size=20))
def test_delays_grow_within_their_jitter_and_never_beyond_the_cap(count: int, name: str) -> None:
    policy = Policy(restart_delay_s=1, restart_max_delay_s=30)
    plain = min(2.0 ** min(count - 1, 50), 30)
    assert plain * 0.8 <= delay(policy, count, name) <= min(plain * 1.2, 30)


def test_jitter_is_the_same_in_every_process() -> None:
    code = (
        "from ghostbot.core.restart import *; print([delay(Policy(), k, 'web') for k in range(9)])"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_names_differ_in_their_jitter_so_that_twins_part() -> None:
    assert len({delay(Policy(), 3, f"web-{n}") for n in range(20)}) > 15


def test_a_cooldown_longer_than_an_hour_is_kept_as_asked() -> None:
    assert cooldown(Policy(cooldown_s=7200), Record(trips=3)) == 7200


@pytest.mark.parametrize("restart", list(After))
@pytest.mark.parametrize("kind", list(Kind))
def test_which_exits_end_a_daemons_work(restart: After, kind: Kind) -> None:
    policy = Policy(kind=kind, restart=restart, exit_codes=frozenset({0, 3}))
    ends = {code for code in (*range(256), *range(-31, 0), None) if policy.is_end(code)}
    if restart is After.NEVER:
        assert len(ends) == 256 + 31 + 1
    elif restart is After.ALWAYS and kind is not Kind.ONESHOT:
        assert ends == set()
    else:
        assert ends == {0, 3}
