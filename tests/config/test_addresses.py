"""`${tunnel.NAME.url}` in every part of ghost.toml that takes it."""

from __future__ import annotations

from pathlib import Path

from ghostbot.config.addresses import filled, missing, named
from ghostbot.config.model import ActionKind, ActionTable, ProbeKind, ProbeTable

BOOK = {"a": "https://a.example", "b-1": "https://b.example"}.get
PROBE = ProbeTable(
    kind=ProbeKind.HTTP,
    label="http",
    url="${tunnel.a.url}/health",
    headers={"Origin": "${tunnel.b-1.url}", "Accept": "*/*"},
)
ACTION = ActionTable(
    name="hook",
    kind=ActionKind.HTTP,
    url="${tunnel.a.url}/set",
    body='{"from": "${tunnel.a.url}", "to": "${tunnel.b-1.url}"}',
    env={"AT": "${tunnel.c.url}"},
    cwd=Path("/srv/${tunnel.d.url}"),
    description="where ${tunnel.e.url} is",
)


def test_addresses_are_put_into_texts_tuples_tables_and_mappings() -> None:
    asked = filled(PROBE, BOOK)
    assert asked.url == "https://a.example/health"
    assert asked.headers == {"Origin": "https://b.example", "Accept": "*/*"}
    assert asked.label == "http"
    assert filled(("x", "--at=${tunnel.a.url}"), BOOK) == ("x", "--at=https://a.example")
    assert PROBE.url == "${tunnel.a.url}/health"


def test_what_needs_no_address_is_returned_as_it_is() -> None:
    plain = ProbeTable(kind=ProbeKind.TCP, label="tcp", port=80)
    assert filled(plain, BOOK) is plain
    assert (named(plain), missing(plain, BOOK)) == ((), None)


def test_the_first_address_that_is_not_known_is_named() -> None:
    assert sorted(named(ACTION)) == ["a", "b-1", "c"]
    assert missing(ACTION, BOOK) == "the address of c"
    assert filled(ACTION, BOOK).env == {"AT": "${tunnel.c.url}"}


def test_an_address_is_no_pattern_for_the_next() -> None:
    assert filled("${tunnel.x.url}", lambda _: r"\1${tunnel.x.url}") == r"\1${tunnel.x.url}"
    assert filled("${tunnel..url} $${HOME} ${tunnel.a.uri}", BOOK) == (
        "${tunnel..url} $${HOME} ${tunnel.a.uri}"
    )
