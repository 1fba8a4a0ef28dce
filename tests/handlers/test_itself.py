"""Every verb beside orders and troubles: what is looked at, and Ghost itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from ghostbot.core.daemon import State
from ghostbot.core.plan import Change, Plan
from ghostbot.core.snapshot import Part
from ghostbot.errors import ConfigError, Failed
from ghostbot.guards.tunnels import TunnelView
from ghostbot.probes.finding import Finding
from ghostbot.slack.blocks.menus import SAY
from tests.fakes.ghost import FakeGhost, died, view
from tests.fakes.itself import STRAY, look
from tests.fakes.slack_side import Side, shown, slack_side, until


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    ghost = FakeGhost({"web": view("web", cpu_percent=97.0, rss_bytes=2**29), "api": died("api")})
    async with slack_side(ghost) as made:
        made.admins.add("U0ALICE")
        yield made


async def told(side: Side, text: str, word: str) -> dict[str, Any]:
    """Type it, and return the private answer that holds `word`."""
    await side.slack.type(text)
    return await side.slack.until(
        lambda seen: next((m for m in seen if m["ephemeral"] and word in shown(m)), None)
    )


async def said(side: Side, word: str) -> dict[str, Any]:
    """Return what everybody reads that holds `word`."""
    return await side.slack.until(
        lambda seen: next((m for m in seen if word in shown(m)), None), seen_by="bob"
    )


async def test_top_shows_who_takes_most_and_what_the_machine_has_left(side: Side) -> None:
    answer = shown(await told(side, "/ghost top", "97 % CPU"))
    assert "512 MiB" in answer
    assert "4.0 of 8.0 GiB memory free" in answer


async def test_registry_and_backoff_show_every_record(side: Side) -> None:
    assert "*api*  backoff" in shown(await told(side, "/ghost registry", "*web*"))
    await told(side, "/ghost backoff", "No daemon has a death")


async def test_tunnels_are_shown_with_both_of_their_ends(side: Side) -> None:
    tunnel = TunnelView(
        name="site",
        state=State.UP,
        url="https://x.trycloudflare.example",
        is_current=True,
        local=True,
        public=False,
        said="HTTP 502",
        since=None,
        proved_at=None,
        age_s=3.0,
        reconnects=4,
        previous=(),
    )
    side.itself.views = (tunnel,)
    answer = shown(await told(side, "/ghost tunnels", "trycloudflare"))
    assert "HTTP 502" in answer
    assert "4 reconnects" in answer


async def test_health_names_what_is_in_trouble_first(side: Side) -> None:
    side.itself.bad = (Part("disk", "trouble", "0.1 GB free", 2.0),)
    answer = await told(side, "/ghost health", "1 part of Ghost in trouble")
    assert shown(answer).index("*disk*") < shown(answer).index("*store*")


async def test_test_reports_each_probe_and_what_failed_first(side: Side) -> None:
    side.itself.found = [
        look("web", Finding(ok=True, said="HTTP 200", took_s=0.012)),
        look("api", Finding(ok=False, said="HTTP 500")),
    ]
    answer = shown(await told(side, "/ghost test", "1 of 2 looks failed"))
    assert answer.index("HTTP 500") < answer.index("HTTP 200 in 12 ms")


async def test_test_alert_says_how_long_it_took(side: Side) -> None:
    await told(side, "/ghost test alert", "Told after 42 ms")
    assert side.itself.did == [("test alert", "U0ALICE")]


async def test_reload_shows_the_plan_and_does_it_when_pressed(side: Side) -> None:
    side.itself.plan = Plan(added=("db",), restarted=(Change("web", ("command",)),))
    plan = await told(side, "/ghost reload", "+ db: new")
    assert side.itself.did == [("plan", "U0ALICE")]
    await side.slack.press(plan["ts"], f"{SAY}:reload now")
    await said(side, "<@U0ALICE> reloaded ghost.toml")
    assert side.itself.did[-1] == ("reload", "U0ALICE")


async def test_a_question_is_answered_once_and_only_by_who_may(side: Side) -> None:
    side.itself.plan = Plan(added=("db",))
    plan = await told(side, "/ghost reload", "+ db: new")
    side.admins.clear()
    await side.slack.press(plan["ts"], f"{SAY}:reload now")
    await side.slack.until(lambda seen: any("takes an admin" in m["text"] for m in seen))
    side.admins.add("U0ALICE")
    await side.slack.press(plan["ts"], f"{SAY}:reload now")
    await said(side, "<@U0ALICE> reloaded ghost.toml")
    await side.slack.press(plan["ts"], f"{SAY}:reload now")
    await side.slack.until(lambda seen: any("answered already" in m["text"] for m in seen))
    assert [what for what, _ in side.itself.did] == ["plan", "reload"]


async def test_a_reload_that_changes_nothing_has_nothing_to_press(side: Side) -> None:
    assert SAY not in shown(await told(side, "/ghost reload", "Nothing has changed"))


async def test_mistakes_in_the_file_are_all_told_and_nothing_is_done(side: Side) -> None:
    side.itself.broken = ConfigError(["ghost.toml:3: daemon.web.comand: unknown key", "line 4"])
    answer = shown(await told(side, "/ghost reload", "2 mistakes in ghost.toml"))
    assert "daemon.web.comand: unknown key" in answer


async def test_an_upgrade_is_tried_before_it_is_done(side: Side) -> None:
    await side.slack.type("/ghost upgrade")
    await said(side, "<@U0ALICE> upgraded Ghost")
    await until(lambda: side.itself.did == [("check", "U0ALICE"), ("become", "")])


async def test_an_upgrade_that_would_not_start_is_refused_with_its_reason(side: Side) -> None:
    side.itself.broken = Failed("cannot upgrade: the next Ghost would not start")
    await side.slack.type("/ghost upgrade")
    await said(side, "the next Ghost would not start")
    assert side.itself.did == []


async def test_sweep_lists_and_ends_only_when_pressed(side: Side) -> None:
    side.itself.strays = (STRAY,)
    listed = await told(side, "/ghost sweep", "1 process that no record knows")
    assert "4242" in shown(listed)
    await side.slack.press(listed["ts"], f"{SAY}:sweep kill")
    await said(side, "ended  4242")
    assert side.itself.did == [("sweep list", "U0ALICE"), ("sweep kill", "U0ALICE")]


async def test_down_asks_first_and_says_who_ended_it_all(side: Side) -> None:
    asked = await told(side, "/ghost down", "stops 1 daemon, then Ghost itself")
    assert side.itself.did == []
    await side.slack.press(asked["ts"], f"{SAY}:down now")
    await said(side, "<@U0ALICE> is stopping all daemons")
    await until(lambda: side.itself.did == [("down", "U0ALICE")])


async def test_help_in_two_steps(side: Side) -> None:
    first = await told(side, "/ghost", "/ghost status")
    assert "/ghost registry" not in shown(first)
    await side.slack.press(first["ts"], f"{SAY}:help all")
    await side.slack.until(lambda seen: any("/ghost registry" in shown(m) for m in seen))


async def test_a_drill_says_who_kills_what_and_why_it_cannot(side: Side) -> None:
    await side.slack.type("/ghost drill web")
    await said(side, "cannot drill web")  # no watchdogs here: the real drill says so


async def test_a_question_of_long_ago_is_to_be_asked_again(side: Side) -> None:
    side.itself.plan = Plan(added=("db",))
    plan = await told(side, "/ghost reload", "+ db: new")
    side.slack.clock.advance(601)
    await side.slack.press(plan["ts"], f"{SAY}:reload now")
    await side.slack.until(
        lambda seen: any("asked more than ten minutes" in m["text"] for m in seen)
    )
    assert [what for what, _ in side.itself.did] == ["plan"]
