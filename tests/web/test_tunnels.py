"""Tunnels over HTTP."""

from __future__ import annotations

from pathlib import Path

from ghostbot.config.model import ProbeKind, ProbeTable
from ghostbot.core.daemon import State
from ghostbot.core.restart import Kind, Policy
from ghostbot.web.tunnels import Tunnels
from tests.fakes.doors import open_doors
from tests.fakes.house import until
from tests.fakes.kennel import table

PROBE = ProbeTable(kind=ProbeKind.TUNNEL, label="tunnel", url="http://127.0.0.1:4040")
NGROK = table("ngrok", policy=Policy(kind=Kind.TUNNEL), probes=(PROBE,))


async def test_a_tunnel_is_shown_with_both_of_its_ends_and_their_age(tmp_path: Path) -> None:
    async with open_doors(
        tmp_path, NGROK, table("web"), listen=None, more=lambda k: [Tunnels(k.tunnels.all)]
    ) as asked:
        asked.kennel.world.urls["ngrok"] = "https://a.example"
        asked.kennel.world.local["ngrok"] = True
        await until(lambda: asked.kennel.state("ngrok") is State.UP)
        (found,) = (await asked.ask("GET /api/tunnels")).json["tunnels"]
        assert (found["name"], found["state"], found["url"]) == ("ngrok", "up", "https://a.example")
        assert (found["current"], found["local"], found["public"]) == (True, "ok", "ok")
        assert 0 <= found["age_s"] < 10
        assert (found["reconnects_last_hour"], found["previous"]) == (0, [])
        assert found["proved_at"] >= found["since"]


async def test_a_tunnel_that_was_never_looked_at_is_unknown(tmp_path: Path) -> None:
    bare = table("bare", policy=Policy(kind=Kind.TUNNEL))
    async with open_doors(
        tmp_path, bare, listen=None, more=lambda k: [Tunnels(k.tunnels.all)]
    ) as asked:
        (found,) = (await asked.ask("GET /api/tunnels")).json["tunnels"]
        assert (found["url"], found["local"], found["public"]) == (None, "unknown", "unknown")
        assert (found["age_s"], found["since"]) == (None, None)
        assert (await asked.ask("GET /api/tunnels?all=1")).status == 400
