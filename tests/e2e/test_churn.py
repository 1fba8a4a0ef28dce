"""Many short lives leave nothing behind in a real Ghost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.fakes.churn import churn

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in proc(5)"),
]


async def test_hundreds_of_short_lives_leave_no_descriptor_thread_or_zombie(
    tmp_path: Path,
) -> None:
    found = await churn(tmp_path, 300)
    before, after = found.before, found.after
    assert after.starts - before.starts > 250  # what is looked at lags a few behind
    assert (after.fds, after.threads, after.zombies) == (before.fds, before.threads, 0), found
    assert after.rss_bytes < 1.1 * before.rss_bytes, found
