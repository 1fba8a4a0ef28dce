"""People in Slack and a real Ghost: what they type, press and read."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from ghostbot.playground import Playground
from tests.fakes.real_ghost import LOOK_S, RealGhost, program, real_ghost

pytestmark = pytest.mark.timeout(90)

Message = dict[str, Any]


def toml(daemons: str) -> str:
    return f"""
[slack]
channel = "#ghost-alerts"
heartbeat = "5m"
mention = "@oncall"
[web]
listen = "off"
[defaults]
ready_after = "200ms"
{daemons}
"""


TWO = toml(
    f"""
[daemon.web]
command = {program("counter.py")}
[daemon.worker]
command = {program("counter.py")}
after = ["web"]
"""
)


def words_of(message: Message) -> str:
    """Return everything a message shows, as one string."""
    return json.dumps(message, ensure_ascii=False)


def alerts(seen: list[Message]) -> list[Message]:
    """Return the messages of troubles."""
    return [m for m in seen if "incident " in words_of(m) and not m["ephemeral"]]


def buttons(message: Message) -> set[str]:
    """Return the ids of the buttons that can be pressed."""
    found: set[str] = set()

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("type") == "button":
                found.add(value["action_id"])
            for inner in value.values():
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    look([message.get("blocks"), message.get("attachments")])
    return found


async def connected(ghost: RealGhost) -> None:
    """Wait until Ghost says that it is connected."""
    deadline = asyncio.get_running_loop().time() + 15
    while (said := (await ghost.get("/api/daemons"))["slack"]) != "connected":
        assert asyncio.get_running_loop().time() < deadline, said
        await asyncio.sleep(LOOK_S)


async def test_status_is_answered_to_the_asker_alone(slack: Playground, tmp_path: Path) -> None:
    async with real_ghost(tmp_path, TWO, slack) as ghost:
        await ghost.all_up()
        await connected(ghost)
        await slack.type("/ghost status", by="alice")
        answer = await slack.until(
            lambda seen: next((m for m in seen if m["ephemeral"] and "worker" in words_of(m)), None)
        )
        assert "web" in words_of(answer)
        assert not any(m["ephemeral"] for m in slack.messages(seen_by="bob"))


async def test_a_death_is_one_message_that_is_edited_until_it_is_up_again(
    slack: Playground, tmp_path: Path
) -> None:
    async with real_ghost(tmp_path, TWO, slack) as ghost:
        web = (await ghost.all_up())["web"]
        await connected(ghost)
        os.kill(web["pid"], signal.SIGKILL)
        down = await slack.until(lambda seen: next(iter(alerts(seen)), None))
        assert "killed by SIGKILL" in words_of(down)
        over = await slack.until(
            lambda seen: next((m for m in alerts(seen) if "is up again" in words_of(m)), None)
        )
        assert over["ts"] == down["ts"]
        assert buttons(over) == set()
        thread = await slack.until(
            lambda seen: seen if "up again" in words_of(seen[-1]) else None, thread_ts=down["ts"]
        )
        assert "killed by SIGKILL" in words_of({"all": thread})
        assert len(alerts(slack.messages())) == 1


async def test_a_blocked_daemon_is_healed_by_its_button(slack: Playground, tmp_path: Path) -> None:
    flag = tmp_path / "healed"
    script = (
        f"import os,sys,time; time.sleep(600) if os.path.exists({str(flag)!r}) else sys.exit(3)"
    )
    flaky = toml(
        f"""
[daemon.flaky]
command = ["python3", "-S", "-c", {json.dumps(script)}]
restart_delay = "100ms"
"""
    )
    async with real_ghost(tmp_path, flaky, slack) as ghost:
        await connected(ghost)
        blocked = await slack.until(
            lambda seen: next((m for m in alerts(seen) if "is blocked" in words_of(m)), None)
        )
        assert "exited 3" in words_of(blocked)
        assert {"ghost_restart", "ghost_logs"} <= buttons(blocked)
        assert (await ghost.daemons())["flaky"]["breaker"] == "open"
        flag.touch()
        await slack.press(blocked["ts"], "ghost_restart", by="bob")
        over = await slack.until(
            lambda seen: next((m for m in alerts(seen) if "is up again" in words_of(m)), None)
        )
        assert over["ts"] == blocked["ts"]
        await ghost.daemon("flaky", lambda d: d["word"] == "up" and d["breaker"] == "closed")
        # Who pressed is said where everybody sees it.
        await slack.until(
            lambda seen: "restarted" in words_of({"all": seen}) or None, thread_ts=blocked["ts"]
        )


async def test_the_logs_button_shows_the_last_lines_to_whoever_pressed(
    slack: Playground, tmp_path: Path
) -> None:
    script = "import sys; print('no module named relay', flush=True); sys.exit(1)"
    broken = toml(
        f"""
[daemon.bridge]
command = ["python3", "-S", "-c", {json.dumps(script)}]
restart_delay = "100ms"
"""
    )
    async with real_ghost(tmp_path, broken, slack) as ghost:
        await connected(ghost)
        alert = await slack.until(
            lambda seen: next((m for m in alerts(seen) if "ghost_logs" in buttons(m)), None)
        )
        await slack.press(alert["ts"], "ghost_logs", by="bob")

        def answered(seen: list[Message]) -> bool:
            private = [m for m in seen if m["ephemeral"]]
            return any("no module named relay" in words_of(m) for m in private)

        await slack.until(
            lambda seen: answered(seen) or answered(slack.messages(seen_by="bob")) or None,
            seen_by="bob",
            thread_ts=alert["ts"],
        )


async def test_orders_are_said_in_the_channel_with_who_gave_them(
    slack: Playground, tmp_path: Path
) -> None:
    async with real_ghost(tmp_path, TWO, slack) as ghost:
        before = (await ghost.all_up())["web"]["pid"]
        await connected(ghost)
        await slack.type("/ghost restart web", by="bob")
        said = await slack.until(
            lambda seen: next((m for m in seen if "is up" in words_of(m)), None), seen_by="alice"
        )
        assert not said["ephemeral"]
        after = await ghost.daemon("web", lambda d: d["word"] == "up")
        assert after["pid"] != before
        await slack.type("/ghost stop worker", by="bob")
        await ghost.daemon("worker", lambda d: d["word"] == "down")
        await slack.type("/ghost start worker", by="bob")
        await ghost.daemon("worker", lambda d: d["word"] == "up")


async def test_unknown_words_and_names_get_the_nearest_in_private(
    slack: Playground, tmp_path: Path
) -> None:
    async with real_ghost(tmp_path, TWO, slack) as ghost:
        await ghost.all_up()
        await connected(ghost)
        for typed, said in (
            ("/ghost restrat web", "did you mean restart?"),
            ("/ghost restart wbe", "did you mean web?"),
            ("/ghost help", "status"),
        ):
            await slack.type(typed)
            answer = await slack.until(
                lambda seen, said=said: next((m for m in seen if said in words_of(m)), None)
            )
            assert answer["ephemeral"]


async def test_who_is_not_in_the_channel_may_not_stop_anything(
    slack: Playground, tmp_path: Path
) -> None:
    async with real_ghost(tmp_path, TWO, slack) as ghost:
        pid = (await ghost.all_up())["web"]["pid"]
        await connected(ghost)
        await slack.type("/ghost stop web", by="dave", channel="general")
        refused = await slack.until(
            lambda seen: next((m for m in seen if m["ephemeral"]), None),
            seen_by="dave",
            channel="general",
        )
        assert "may not" in words_of(refused)
        assert (await ghost.daemons())["web"]["pid"] == pid


async def test_the_beat_is_one_message_that_says_how_the_house_is(
    slack: Playground, tmp_path: Path
) -> None:
    quick = TWO.replace('heartbeat = "5m"', 'heartbeat = "1s"')
    async with real_ghost(tmp_path, quick, slack) as ghost:
        await ghost.all_up()

        def beats(seen: list[Message]) -> list[Message]:
            return [m for m in seen if "daemons" in m["text"] and "incident" not in words_of(m)]

        first = await slack.until(lambda seen: next(iter(beats(seen)), None))
        later = await slack.until(
            lambda seen: next((m for m in beats(seen) if m != first), None), timeout=15
        )
        assert later["ts"] == first["ts"]
        assert len(beats(slack.messages())) == 1


async def test_a_new_ghost_goes_on_editing_the_message_of_the_last_one(
    slack: Playground, tmp_path: Path
) -> None:
    slow = TWO + '\n[daemon.slow]\ncommand = ["sleep", "600"]\nrestart_delay = "3s"\n'
    async with real_ghost(tmp_path, slow, slack) as ghost:
        pid = (await ghost.all_up())["slow"]["pid"]
        await connected(ghost)
        os.kill(pid, signal.SIGKILL)
        down = await slack.until(lambda seen: next(iter(alerts(seen)), None))
        # A reply in its thread shows that Ghost has noted where its message is.
        await slack.until(lambda seen: len(seen) > 1 or None, thread_ts=down["ts"])
        await ghost.end(signal.SIGKILL)
        await ghost.up()
        over = await slack.until(
            lambda seen: next((m for m in alerts(seen) if "is up again" in words_of(m)), None),
            timeout=20,
        )
        assert over["ts"] == down["ts"]
        assert len(alerts(slack.messages())) == 1


async def test_a_dependency_and_its_daemon_die_and_people_see_them_through(
    slack: Playground, tmp_path: Path
) -> None:
    """One message from the deaths, over a page, a person and a new Ghost, to the recovery."""
    well = tmp_path / "well"
    well.touch()
    script = (
        "import os, sys, time\n"
        f"while os.path.exists({str(well)!r}): time.sleep(0.02)\n"
        "print('no space left on device', flush=True); sys.exit(3)"
    )
    story = toml(
        f"""
[daemon.db]
command = ["python3", "-S", "-c", {json.dumps(script)}]
restart_delay = "100ms"
cooldown = "1h"
[daemon.web]
command = {program("counter.py")}
after = ["db"]
"""
    )
    async with real_ghost(tmp_path, story, slack) as ghost:
        web = (await ghost.all_up())["web"]
        await connected(ghost)
        well.unlink()
        os.kill(web["pid"], signal.SIGKILL)

        def blocked_one(seen: list[Message]) -> Message | None:
            found = [m for m in alerts(seen) if "one is blocked" in words_of(m)]
            return next((m for m in found if "ghost_ack" in buttons(m)), None)

        first = await slack.until(blocked_one)
        assert "*db*, *web* died together" in words_of(first)
        page = await slack.until(
            lambda seen: next((m for m in seen if "<!subteam^S0ONCALL>" in m["text"]), None)
        )
        assert page["thread_ts"] == first["ts"]

        await slack.press(first["ts"], "ghost_ack", by="bob")
        await slack.until(
            lambda seen: next((m for m in alerts(seen) if "In hand" in words_of(m)), None)
        )
        await slack.until(
            lambda seen: "acknowledged it" in words_of({"all": seen}) or None,
            thread_ts=first["ts"],
        )
        await ghost.end(signal.SIGKILL)
        await ghost.up()
        await connected(ghost)
        (incident,) = (await ghost.get("/api/incidents"))["incidents"]
        assert (incident["names"], incident["acked"]["by"]) == (["db", "web"], "bob")
        code, said, _ = await ghost.cli("ack", "1")
        assert (code, said) == (0, "incident 1 was acknowledged already, by bob\n")

        well.touch()
        await slack.press(first["ts"], "ghost_restart", by="alice")
        over = await slack.until(
            lambda seen: next((m for m in alerts(seen) if "are up again" in words_of(m)), None),
            timeout=30,
        )
        assert over["ts"] == first["ts"]
        assert buttons(over) == set()
        assert "<@U0ALICE> asked for a restart" in words_of(over)
        thread = words_of({"all": slack.messages(thread_ts=first["ts"])})
        assert "no space left on device" in thread
        heads = [m for m in alerts(slack.messages()) if m.get("thread_ts") in (None, m["ts"])]
        assert len(heads) == 1
        assert len([m for m in slack.messages() if "S0ONCALL" in m["text"]]) == 1
