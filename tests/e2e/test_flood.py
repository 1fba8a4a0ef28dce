"""One root dies and takes fifty with it: people read of one trouble."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ghostbot.playground import Playground
from tests.e2e.test_slack import alerts, connected, words_of
from tests.fakes.real_ghost import real_ghost

pytestmark = pytest.mark.timeout(120)

DEPENDENTS = 50
HEAD = """
[slack]
channel = "#ghost-alerts"
heartbeat = "off"
digest = "off"
mention = "@oncall"
[web]
listen = "off"
[defaults]
ready_after = "100ms"
[daemon.root]
command = ["sh", "-c", "exec 3<>pipe; exec sleep 1000000"]
restart_delay = "500ms"
"""


def dependent(number: int) -> str:
    # It reads from what the root holds open, and fails as soon as that is gone.
    script = "exec 4<pipe; read line <&4; exit 3"
    return f'[daemon.leaf{number}]\ncommand = ["sh", "-c", "{script}"]\nafter = ["root"]\n'


async def test_a_root_that_dies_with_fifty_dependents_is_one_thread_and_at_most_three_messages(
    slack: Playground, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    toml = HEAD + "".join(map(dependent, range(DEPENDENTS)))
    async with real_ghost(tmp_path, toml, slack) as ghost:
        daemons = await ghost.all_up()
        await connected(ghost)
        os.kill(daemons["root"]["pid"], signal.SIGKILL)
        over = await slack.until(
            lambda seen: next((m for m in alerts(seen) if "are up again" in words_of(m)), None),
            timeout=60,
        )
        assert "*root*" in words_of(over)
        assert "and 48 more" in over["text"]
        again = await ghost.all_up()
        assert all(again[name]["restarts"] == 1 for name in daemons)
        (incident,) = (await ghost.get("/api/incidents"))["incidents"]
        assert (incident["names"][0], len(incident["names"])) == ("root", DEPENDENTS + 1)
        await slack.until(
            lambda seen: "up again" in words_of(seen[-1]) or None, thread_ts=over["ts"], timeout=60
        )
        heads = [m for m in slack.messages() if m["thread_ts"] in (None, m["ts"])]
        assert len(heads) == 1
        shown = slack.messages()
        assert len(shown) <= 3
        replies = len(slack.messages(thread_ts=over["ts"])) - 1
        print(f"{len(shown)} in the channel, {replies} in its thread")  # noqa: T201  -s shows it
