"""Who may do what with a real Ghost, and that each deed and each refusal is on record."""

from __future__ import annotations

import asyncio
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from ghostbot.playground import Playground
from tests.e2e.test_slack import TWO, connected, words_of
from tests.fakes.real_ghost import RealGhost, real_ghost

pytestmark = pytest.mark.timeout(90)

Message = dict[str, Any]


def private(slack: Playground, words: str, by: str) -> Any:
    """Return a look for an answer that one person alone sees."""
    return lambda seen: next(
        (m for m in seen if m["ephemeral"] and words in words_of(m)),
        None,
    )


async def events(ghost: RealGhost, **more: str) -> list[dict[str, Any]]:
    query = "&".join(f"{key}={value}" for key, value in more.items())
    found: list[dict[str, Any]] = (await ghost.get(f"/api/events?{query}"))["events"]
    return found


async def test_the_first_admin_is_made_by_the_code_that_up_printed(
    slack: Playground, tmp_path: Path
) -> None:
    async with real_ghost(tmp_path, TWO, slack) as ghost:
        await connected(ghost)
        found = re.search(r"/ghost claim (\S+) +within 10 minutes", ghost.out.read_text())
        assert found
        code = found[1]
        await slack.type("/ghost reload", by="bob")
        await slack.until(private(slack, "`ghost claim` on the machine", "bob"), seen_by="bob")
        await slack.type("/ghost claim ABCD-EFGH", by="bob")
        await slack.until(private(slack, "this code is wrong", "bob"), seen_by="bob")
        await slack.type(f"/ghost claim {code}", by="alice")
        await slack.until(private(slack, "You are an *admin*", "alice"))
        await slack.until(
            lambda seen: next((m for m in seen if "is an admin of Ghost now" in m["text"]), None),
            seen_by="bob",
        )
        await slack.type(f"/ghost claim {code}", by="bob")
        await slack.until(
            lambda seen: len([m for m in seen if "this code is wrong" in m["text"]]) > 1 or None,
            seen_by="bob",
        )
        await ghost.end(9)
        await ghost.up()
        await connected(ghost)
        await slack.type("/ghost whoami", by="alice")
        await slack.until(private(slack, "*an admin*, made so by", "alice"))
        await slack.type("/ghost whoami", by="bob")
        await slack.until(
            private(slack, "*an operator*, as a member of <#C0ALERTS>", "bob"), seen_by="bob"
        )
        told = [(e["kind"], e["who"]) for e in await events(ghost, kind="claim,refusal")]
        bob, alice = "U0BOB", "U0ALICE"
        assert told == [("refusal", bob), ("refusal", bob), ("claim", alice), ("refusal", bob)]
        log = (tmp_path / ".ghost" / "ghost.log").read_text()
        assert code not in log + str(await events(ghost))
        _, said, _ = await ghost.cli("events", "--kind", "claim")
        assert "alice became an admin by a code  (U0ALICE)" in said


async def test_a_code_said_in_front_of_everybody_is_void_and_a_guests_is_not_taken(
    slack: Playground, tmp_path: Path
) -> None:
    async with real_ghost(tmp_path, TWO, slack) as ghost:
        await connected(ghost)
        code, said, _ = await ghost.cli("claim")
        assert code == 0
        made = said.split()[3]
        await slack.type(f"@ghost claim {made}", by="alice")
        await slack.until(private(slack, "is void", "alice"))
        await slack.type(f"/ghost claim {made}", by="alice")
        await slack.until(private(slack, "this code is wrong", "alice"))
        _, said, _ = await ghost.cli("claim")
        await slack.type(f"/ghost claim {said.split()[3]}", by="carol")
        await slack.until(private(slack, "you are a guest", "carol"), seen_by="carol")
        await slack.type(f"/ghost claim {said.split()[3]}", by="alice")
        await slack.until(private(slack, "You are an *admin*", "alice"))
        _, said, _ = await ghost.cli("claim", "--list")
        assert said.startswith("U0ALICE  alice  since ")
        assert (await ghost.cli("claim", "--revoke", "alice"))[0] == 0
        await slack.type("/ghost whoami", by="alice")
        await slack.until(private(slack, "*an operator*", "alice"))


async def test_the_terminal_of_a_detached_ghost_is_its_owners_alone(tmp_path: Path) -> None:
    ghost = RealGhost(tmp_path, TWO, {})
    ghost.state_dirs[-1].mkdir(mode=0o755)
    (ghost.state_dirs[-1] / "ghost.out").touch(0o644)
    code, said, _ = await ghost.cli("up", "--detach", "--playground")
    try:
        assert code == 0, said
        made = re.search(r"/ghost claim (\S+)", said)
        assert made
        out = ghost.state_dirs[-1] / "ghost.out"
        assert made[1] in out.read_text()
        page = re.search(r"The playground is (http://127\.0\.0\.1:\d+/): open it", said)
        assert page
        assert page[1] in out.read_text()
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
    finally:
        await ghost.cli("down")


async def test_what_slack_delivers_again_to_the_next_ghost_is_not_done_again(
    slack: Playground, tmp_path: Path
) -> None:
    async with real_ghost(tmp_path, TWO, slack) as ghost:
        await ghost.all_up()
        await connected(ghost)
        slack.faults.drop_acks(2)  # the delivery, and the one that follows at once
        await slack.type("@ghost stop web", by="bob")
        await ghost.daemon("web", lambda d: d["word"] == "down")
        await ghost.end(9)
        await ghost.up()
        await connected(ghost)
        await ghost.cli("start", "web")
        slack.clock.advance(60)
        await slack.type("/ghost whoami", by="bob")
        await slack.until(private(slack, "an operator", "bob"), seen_by="bob")
        assert len(await events(ghost, kind="order")) == 2  # the stop, and the start
        assert (await ghost.daemons())["web"]["word"] == "up"


async def test_roles_are_taken_from_the_file_at_a_reload_and_who_is_unknown_is_told(
    slack: Playground, tmp_path: Path
) -> None:
    limits = '[roles]\noperator = [{ who = "U0BOB", groups = ["front"] }, "@nobody"]\n'
    grouped = TWO.replace("[daemon.web]", '[daemon.web]\ngroup = "front"')
    async with real_ghost(tmp_path, grouped, slack) as ghost:
        await ghost.all_up()
        await connected(ghost)
        ghost.config.write_text(limits + grouped)
        code, _, wrong = await ghost.cli("reload")
        assert code == 0, wrong
        lines = await until_told(ghost, "cannot make @nobody an operator")
        assert any("write the id instead" in line for line in lines)
        await slack.type("/ghost restart worker", by="bob")
        await slack.until(
            private(slack, "you operate the daemons of front alone", "bob"), seen_by="bob"
        )
        await slack.type("/ghost restart web", by="bob")
        await slack.until(
            lambda seen: next((m for m in seen if "restarted *web*" in m["text"]), None)
        )
        await slack.type("/ghost restart web", by="alice")
        await slack.until(private(slack, "you are a viewer", "alice"))
        kinds = [(e["kind"], e["who"]) for e in await events(ghost, kind="order,refusal,reload")]
        assert kinds == [
            ("order", "local:root") if kinds[0][1] == "local:root" else kinds[0],
            ("reload", kinds[1][1]),
            ("refusal", "U0BOB"),
            ("order", "U0BOB"),
            ("refusal", "U0ALICE"),
        ]


async def until_told(ghost: RealGhost, words: str) -> list[str]:
    """Wait until Ghost tells this as a trouble of its own."""
    deadline = asyncio.get_running_loop().time() + 15
    while True:
        lines: list[str] = (await ghost.get("/ghost/status.json"))["troubles"]
        if any(words in line for line in lines):
            return lines
        assert asyncio.get_running_loop().time() < deadline, lines
        await asyncio.sleep(0.05)
