"""Daemons and orders over HTTP, through ghost.sock, before a Ghost on a fake system."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ghostbot.core.daemon import State, Unspawned
from tests.fakes.doors import Asked, open_doors


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Asked]:
    async with open_doors(tmp_path, listen=None) as opened:
        await opened.ask("POST /api/orders?wait=true", {"verb": "start", "all": True})
        yield opened


async def test_all_daemons_are_given_in_the_order_of_the_file(asked: Asked) -> None:
    given = await asked.ask("GET /api/daemons")
    assert given.status == 200
    assert given.headers["content-type"] == "application/json"
    assert [d["name"] for d in given.json["daemons"]] == ["web", "worker"]
    assert given.json["host"] == "studio"
    assert given.json["daemons"][0]["word"] == "up"


async def test_one_daemon_has_the_promised_shape(asked: Asked) -> None:
    web = (await asked.ask("GET /api/daemons/web")).json
    assert set(web) == {
        *("name", "host", "kind", "state", "word", "wanted", "health", "pid", "since"),
        *("uptime_s", "restarts", "starts", "breaker", "next_start_at", "last_exit"),
        *("cpu_percent", "rss_bytes", "port", "url", "after", "group", "description"),
    }
    assert (web["state"], web["group"], web["since"][-1]) == ("up", "front", "Z")


async def test_an_unknown_daemon_is_404_with_the_nearest_name(asked: Asked) -> None:
    for what in ("GET /api/daemons/wbe", "GET /api/daemons/wbe/logs"):
        given = await asked.ask(what)
        assert (given.status, given.code) == (404, "no_such_daemon")
    given = await asked.ask("POST /api/daemons/wbe/restart")
    assert given.json == {
        "error": {
            "code": "no_such_daemon",
            "message": "cannot restart wbe: no such daemon (did you mean web?)",
        }
    }


async def test_an_order_that_waits_is_200_and_true(asked: Asked) -> None:
    given = await asked.ask("POST /api/daemons/worker/stop?wait=true")
    assert (given.status, given.json["state"]) == (200, "down")
    assert asked.kennel.state("worker") is State.DOWN


async def test_an_order_that_does_not_wait_is_202_and_comes_true_later(asked: Asked) -> None:
    given = await asked.ask("POST /api/daemons/web/restart")
    assert (given.status, given.json["name"]) == (202, "web")
    await asked.kennel.until(lambda: asked.kennel.runs.spawns.count("web") == 2, within_s=10)


async def test_an_order_that_fails_is_409_with_the_reason(asked: Asked) -> None:
    await asked.ask("POST /api/daemons/web/stop?wait=true")
    asked.kennel.runs.refuse["web"] = Unspawned("no such file: true", own=False)
    given = await asked.ask("POST /api/daemons/web/start?wait=true")
    assert (given.status, given.code) == (409, "failed")
    assert "web did not come up: no such file: true" in given.json["error"]["message"]


async def test_a_start_behind_what_a_person_stopped_is_409_at_once(asked: Asked) -> None:
    await asked.ask("POST /api/orders?wait=true", {"verb": "stop", "all": True})
    given = await asked.ask("POST /api/daemons/worker/start?wait=true")
    assert given.status == 409
    assert "comes after web, which a person stopped" in given.json["error"]["message"]


async def test_orders_say_for_each_daemon_what_became_of_it(asked: Asked) -> None:
    given = await asked.ask(
        "POST /api/orders?wait=true", {"verb": "restart", "names": ["worker", "web"]}
    )
    assert given.status == 200
    outcomes = given.json["outcomes"]
    assert [(o["name"], o["ok"], o["said"]) for o in outcomes] == [
        ("web", True, "is up"),
        ("worker", True, "is up"),
    ]
    assert outcomes[0]["daemon"]["state"] == "up"


async def test_orders_of_which_one_fails_are_409_and_still_tell_all(asked: Asked) -> None:
    asked.kennel.runs.refuse["worker"] = Unspawned("no such file: true", own=False)
    given = await asked.ask("POST /api/orders?wait=true", {"verb": "restart", "all": True})
    assert given.status == 409
    assert {o["name"]: o["ok"] for o in given.json["outcomes"]} == {"web": True, "worker": False}
    assert given.json["error"]["code"] == "failed"


async def test_a_group_is_ordered_as_one(asked: Asked) -> None:
    given = await asked.ask("POST /api/orders?wait=true", {"verb": "stop", "group": "front"})
    assert [o["name"] for o in given.json["outcomes"]] == ["web"]
    assert asked.kennel.state("worker") is State.UP
    unknown = await asked.ask("POST /api/orders", {"verb": "stop", "group": "frnt"})
    assert (unknown.status, unknown.code) == (404, "no_such_daemon")


async def test_one_unknown_name_among_many_does_nothing_at_all(asked: Asked) -> None:
    given = await asked.ask("POST /api/orders?wait=true", {"verb": "stop", "names": ["web", "db"]})
    assert (given.status, given.code) == (404, "no_such_daemon")
    assert asked.kennel.state("web") is State.UP
    assert asked.kennel.runs.signals == []


async def test_all_is_no_single_daemon(asked: Asked) -> None:
    given = await asked.ask("POST /api/daemons/all/stop?wait=true")
    assert (given.status, given.code) == (404, "no_such_daemon")
    assert asked.kennel.state("web") is State.UP


async def test_an_unknown_verb_is_404_with_the_nearest_one(asked: Asked) -> None:
    given = await asked.ask("POST /api/daemons/web/restrat")
    assert (given.status, given.code) == (404, "no_such_verb")
    assert "did you mean restart?" in given.json["error"]["message"]


async def test_down_is_handed_on_with_whether_to_keep_the_daemons(asked: Asked) -> None:
    assert (await asked.ask("POST /api/down")).status == 202
    assert (await asked.ask("POST /api/down", {"keep": True})).status == 202
    assert asked.downs == [False, True]


@pytest.mark.parametrize(
    ("what", "body", "said"),
    [
        ("POST /api/orders", None, "verb is null"),
        ("POST /api/orders", b"{", "as JSON"),
        ("POST /api/orders", b"\xff\xfe", "as JSON"),
        ("POST /api/orders", b"[" * 20_000, "nested too deeply"),
        ("POST /api/orders", [], "no JSON object"),
        ("POST /api/orders", {"verb": "eat", "all": True}, 'verb is "eat"'),
        ("POST /api/orders", {"verb": ["stop"], "all": True}, "verb is"),
        ("POST /api/orders", {"verb": "stop"}, "exactly one of names, group, all"),
        ("POST /api/orders", {"verb": "stop", "all": True, "names": ["web"]}, "exactly one"),
        ("POST /api/orders", {"verb": "stop", "all": False}, "all is false"),
        ("POST /api/orders", {"verb": "stop", "all": 1}, "all is 1"),
        ("POST /api/orders", {"verb": "stop", "names": []}, "names is []"),
        ("POST /api/orders", {"verb": "stop", "names": "web"}, 'names is "web"'),
        ("POST /api/orders", {"verb": "stop", "names": ["web", 7]}, "a list of 1 to 1000 names"),
        ("POST /api/orders", {"verb": "stop", "names": ["x" * 12_000]}, "names is"),
        ("POST /api/orders", {"verb": "stop", "nmaes": ["web"]}, "nmaes: unknown key (did you"),
        ("POST /api/orders?wiat=true", {"verb": "stop", "all": True}, "wiat: unknown key"),
        ("POST /api/orders?wait=perhaps", {"verb": "stop", "all": True}, "wait is 'perhaps'"),
        ("POST /api/down", {"keep": "yes"}, 'keep is "yes"'),
        ("GET /api/daemons/web/logs?lines=-1", None, "lines is '-1'"),
        ("GET /api/daemons/web/logs?lines=10001", None, "0 to 10000"),
        ("GET /api/daemons/web/logs?sinse=5m", None, "sinse: unknown key"),
    ],
)
async def test_what_makes_no_sense_is_400_and_names_it(
    asked: Asked, what: str, body: object, said: str
) -> None:
    before = list(asked.kennel.runs.signals)
    given = await asked.ask(what, body)
    assert (given.status, given.code) == (400, "bad_request")
    assert said in given.json["error"]["message"]
    assert len(given.body) < 1000
    assert asked.kennel.runs.signals == before
    assert asked.downs == []


async def test_a_body_over_64_kib_is_413(asked: Asked) -> None:
    given = await asked.ask("POST /api/orders", b'{"verb":"' + b"x" * 70_000 + b'"}')
    assert (given.status, given.code) == (413, "too_large")


@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        ("GET /", 404, "no_such_route"),
        ("GET /api/nothing", 404, "no_such_route"),
        ("GET /api/%2e%2e/daemons", 404, "no_such_route"),
        ("DELETE /api/daemons/web", 405, "method_not_allowed"),
        ("GET /api/orders", 405, "method_not_allowed"),
        ("GET /api/down", 405, "method_not_allowed"),
        ("PATCH /health", 405, "method_not_allowed"),
    ],
)
async def test_what_is_not_there_is_said_in_the_one_shape(
    asked: Asked, what: str, status: int, code: str
) -> None:
    given = await asked.ask(what)
    assert (given.status, given.code) == (status, code)
    assert status != 405 or given.headers["allow"]
    assert asked.downs == []


async def test_head_gives_the_head_of_get_alone(asked: Asked) -> None:
    for path in ("/health", "/api/daemons", "/ghost/status.json"):
        given = await asked.ask(f"HEAD {path}")
        assert (given.status, given.body) == (200, b"")


async def test_a_get_with_a_verb_orders_nothing(asked: Asked) -> None:
    given = await asked.ask("GET /api/daemons/web/stop")
    assert given.status == 405
    assert asked.kennel.state("web") is State.UP


async def test_a_name_that_is_no_unicode_text_is_only_unknown(asked: Asked) -> None:
    given = await asked.ask("POST /api/orders", b'{"verb":"stop","names":["\\ud800"]}')
    assert (given.status, given.code) == (404, "no_such_daemon")


async def test_why_tells_the_last_exits_and_what_comes_next(asked: Asked) -> None:
    asked.kennel.runs.die("web", 3)
    await asked.kennel.until(lambda: asked.kennel.state("web") is State.BACKOFF)
    told = (await asked.ask("GET /api/daemons/web/why")).json
    assert told["daemon"]["name"] == "web"
    assert [e["code"] for e in told["exits"]] == [3]
    assert told["happened"][0].startswith("it died ")
    assert told["next"].startswith("started again in ")
    assert told["backoff"]["recent_deaths"] == 1
    assert (await asked.ask("GET /api/daemons/wbe/why")).status == 404
    (web, worker) = (await asked.ask("GET /api/backoff")).json["daemons"]
    assert (web["unforgiven"], worker["unforgiven"]) == (1, 0)
    assert web["next_start_in_s"] <= 1
    records = (await asked.ask("GET /api/registry")).json
    assert list(records) == ["web", "worker"]
    assert (records["web"]["alive"], records["web"]["exits"][0]["code"]) == (False, 3)


async def test_a_hold_keeps_what_runs_and_starts_nothing_again(asked: Asked) -> None:
    held = await asked.ask("POST /api/daemons/web/hold?wait=true", {"for": "2h"})
    assert (held.status, held.json["word"]) == (200, "up, held")
    asked.kennel.runs.die("web", 3)
    await asked.kennel.until(lambda: asked.kennel.state("web") is State.DOWN)
    told = (await asked.ask("GET /api/daemons/web/why")).json
    assert "holds it for another" in told["happened"][0]
    assert told["held_until"][-1] == "Z"
    started = await asked.ask("POST /api/daemons/web/start?wait=true")
    assert started.json["wanted"] == "up"


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("hold", {"for": "soon"}),
        ("hold", {"for": 5}),
        ("hold", {"for": "0s"}),
        ("stop", {"for": "2h"}),
        ("hold", {"until": "2h"}),
    ],
)
async def test_a_time_that_makes_no_sense_holds_nothing(
    asked: Asked, what: str, body: object
) -> None:
    given = await asked.ask(f"POST /api/daemons/web/{what}", body)
    assert (given.status, given.code) == (400, "bad_request")
    assert asked.kennel.ghost.daemon("web").word == "up"


async def test_a_reset_forgives_and_starts_what_is_blocked(asked: Asked) -> None:
    k = asked.kennel
    k.runs.refuse["web"] = Unspawned("no such file: true", own=False)
    k.runs.die("web", 3)
    await k.until(lambda: k.state("web") is State.BLOCKED)
    del k.runs.refuse["web"]
    given = await asked.ask("POST /api/daemons/web/reset?wait=true")
    assert (given.status, given.json["word"], given.json["breaker"]) == (200, "up", "closed")
    again = await asked.ask("POST /api/orders?wait=true", {"verb": "reset", "names": ["web"]})
    assert again.json["outcomes"][0]["said"] == "is reset: its deaths are forgiven"


async def test_a_hold_answers_once_it_is_on_disk(asked: Asked) -> None:
    asked.kennel.disk.clear()
    asking = asyncio.create_task(asked.ask("POST /api/daemons/web/hold?wait=true"))
    await asked.kennel.until(lambda: asked.kennel.ghost.daemon("web").word == "up, held")
    assert not asking.done()
    asked.kennel.disk.set()
    assert (await asking).status == 200
