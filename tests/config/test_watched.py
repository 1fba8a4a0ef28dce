"""Probes, checks, actions, limits and times in ghost.toml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ghostbot.config.load import load
from ghostbot.config.model import ActionKind, Config, ProbeKind, ProbeRole, ProbeTable
from ghostbot.core.restart import Kind
from ghostbot.errors import ConfigError

ENV = {"PATH": "/usr/bin:/bin"}
Read = Callable[..., Config]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def write(text: str, **environ: str) -> Config:
        path = tmp_path / "ghost.toml"
        path.write_text(f"[daemon.web]\ncommand = 'sleep 1'\n{text}")
        return load(path, {**ENV, **environ})

    return write


@pytest.fixture
def told(read: Read) -> Callable[[str], str]:
    def mistakes(text: str) -> str:
        with pytest.raises(ConfigError) as error:
            read(text)
        return str(error.value)

    return mistakes


def test_every_key_of_a_probe_reaches_its_field(read: Read, tmp_path: Path) -> None:
    web = read("""
        port = 80
        [[daemon.web.probe]]
        kind = "http"
        role = "ready"
        url = "https://example.com:8443/health?x=1"
        headers = { Host = "example.com" }
        status = [200, 204]
        body = "ok"
        pattern = "o.k"
        every = "10s"
        timeout = "2s"
        failures = 4
        successes = 2
        grace = "1m"
        [[daemon.web.probe]]
        kind = "log"
        path = "logs/web.log"
        markers = true
        silence = "5m"
        [[daemon.web.probe]]
        kind = "exec"
        command = "true --really"
        [[daemon.web.probe]]
        kind = "http"
        """).daemons["web"]
    assert web.probes[0] == ProbeTable(
        kind=ProbeKind.HTTP,
        label="http",
        role=ProbeRole.READY,
        url="https://example.com:8443/health?x=1",
        headers={"Host": "example.com"},
        status=(200, 204),
        body="ok",
        pattern="o.k",
        every_s=10,
        timeout_s=2,
        failures=4,
        successes=2,
        grace_s=60,
    )
    assert [probe.label for probe in web.probes] == ["http", "log", "exec", "http 2"]
    assert (web.probes[1].path, web.probes[1].silence_s) == (tmp_path / "logs/web.log", 300)
    assert web.probes[2].command == ("true", "--really")
    assert not web.notify


def test_who_notifies_is_known_by_its_probe(read: Read) -> None:
    assert read('[[daemon.web.probe]]\nkind = "notify"').daemons["web"].notify


def test_a_tunnel_has_its_own_pace_and_budget(read: Read) -> None:
    config = read("""
        [daemon.tunnel]
        command = "sleep 1"
        kind = "tunnel"
        [[daemon.tunnel.probe]]
        kind = "tunnel"
        url = "http://127.0.0.1:4040"
        [check.site]
        kind = "tunnel"
        url = "https://example.com"
        """)
    tunnel = config.daemons["tunnel"]
    assert (tunnel.policy.kind, tunnel.policy.slow_restarts) == (Kind.TUNNEL, 3)
    assert tunnel.policy.stable_after_s == 1800
    assert tunnel.probes[0].every_s == 60
    assert config.checks["site"].attempts == 3


def test_limits_and_times_reach_their_fields(read: Read, tmp_path: Path) -> None:
    web = read("""
        memory_max = "200MB"
        cpu_max = "150%"
        limit_for = "30s"
        restart_with = true
        schedule = "@daily"
        drill = "0 4 * * sun"
        watch = ["src/**/*.py", "/etc/web.conf"]
        """).daemons["web"]
    assert (web.memory_max_bytes, web.cpu_max, web.limit_for_s) == (200_000_000, 150.0, 30.0)
    assert (web.restart_with, web.schedule, web.drill) == (True, "@daily", "0 4 * * sun")
    assert web.watch == (str(tmp_path / "src/**/*.py"), "/etc/web.conf")


def test_checks_and_actions_are_read(read: Read, tmp_path: Path) -> None:
    config = read(
        """
        [check.site]
        kind = "http"
        url = "https://example.com"
        heal = ["again", "hook", "deploy"]
        pause = "2m"
        [action.again]
        kind = "restart"
        daemons = "web"
        [action.clean]
        kind = "command"
        command = "true"
        env = { A = "1" }
        confirm = true
        [action.hook]
        kind = "http"
        url = "http://127.0.0.1/x"
        method = "PUT"
        timeout = "3s"
        [action.deploy]
        kind = "github_dispatch"
        repository = "ann/site"
        event_type = "down"
        token_env = "TOKEN"
        role = "approver"
        """,
        TOKEN="t",
    )
    site = config.checks["site"]
    assert (site.heal, site.pause_s, site.attempts) == (("again", "hook", "deploy"), 120, 5)
    assert site.probe.every_s == 300
    again, clean, hook, deploy = config.actions.values()
    assert (again.kind, again.daemons, again.role) == (ActionKind.RESTART, ("web",), "operator")
    assert (clean.command, clean.cwd, clean.confirm) == (("true",), tmp_path, True)
    assert (hook.method, hook.timeout_s) == ("PUT", 3)
    assert (deploy.event_type, deploy.role, deploy.workflow) == ("down", "approver", None)
    assert config.warnings == ()


PROBE = "[[daemon.web.probe]]\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("probe = 1", "1 is no list: write [[daemon.NAME.probe]]"),
        (PROBE, 'its kind is missing: write kind as one of "http", "tcp"'),
        (PROBE + 'kind = "htp"', '"htp" is not known (did you mean http?)'),
        (PROBE + 'kind = "http"', "http needs a port: write one here, or as the daemon's"),
        (PROBE + 'kind = "tcp"', "tcp needs a port"),
        (PROBE + 'kind = "exec"', "its command is missing"),
        (PROBE + 'kind = "exec"\ncommand = "no-such-thing"', "no such program on PATH"),
        (PROBE + 'kind = "log"', "it looks for nothing: write pattern, markers or silence"),
        (PROBE + 'kind = "tunnel"', "it names no address: write url"),
        (PROBE + 'kind = "tcp"\nport = 1\nurl = "http://x"', "that is for http or tunnel"),
        (PROBE + 'kind = "http"\nport = 1\nevry = "1s"', "unknown key (did you mean every?)"),
        (PROBE + 'kind = "http"\nurl = "example.com"', 'did you mean "http://example.com"?'),
        (PROBE + 'kind = "http"\nurl = "ftp://example.com"', "no address of http or https"),
        (PROBE + 'kind = "http"\nurl = "http://x:99999/"', "is no address"),
        (PROBE + 'kind = "http"\nurl = "http://x:1"\nport = 1', "leave one of them out"),
        (PROBE + 'kind = "http"\nport = 1\npattern = "("', "is no regular expression"),
        (PROBE + 'kind = "http"\nport = 1\nstatus = 99', "write a number from 100 to 599"),
        (PROBE + 'kind = "http"\nport = 1\nheaders = { "a b" = "c" }', "no name of a header"),
        (PROBE + 'kind = "http"\nport = 1\nheaders = { a = "b\\nc" }', "no text on one line"),
        (PROBE + 'kind = "tcp"\nport = "auto"', "is the daemon's own"),
        ('url = "http://x"', "it belongs in [[daemon.NAME.probe]]"),
        (PROBE + 'kind = "http"\nport = 1\npattern = "[[a]"', "Possible nested set"),
        ('[action.x]\nkind = "restart"\ndaemons = []', "its daemons is missing"),
        ('kind = "tunnel"\nenv = { A = "${tunnel.web.url}" }', "only when it is up"),
        (
            'kind = "tunnel"\ninstances = 2\n[daemon.b]\ncommand = "echo ${tunnel.web.url}"',
            "no such tunnel (did you mean web-2?)",
        ),
        ('memory_max = "1kB"', 'is too small: at least "1000kB"'),
        ('cpu_max = "much"', 'write "80%", or "150%"'),
        ("cpu_max = 0", "out of range"),
        ('schedule = "tomorrow"', "is no time of crontab(5): it has 1 fields"),
        ('drill = "60 * * * *"', "60 is no minute"),
        ('kind = "oneshot"\ndrill = "@daily"', "a oneshot cannot be drilled"),
        ('[check.x]\nkind = "http"', "its url is missing"),
        ('[check.x]\nkind = "notify"', "nobody starts it, so it tells nothing"),
        ('[check.x]\nkind = "log"\nmarkers = true', "its path is missing"),
        ('[check.x]\nkind = "tcp"\nport = 1\nrole = "live"', "unknown key here"),
        ('[check.x]\nkind = "tcp"\nport = 1\nheal = ["y"]', "no such action: write [action.y]"),
        ('[check.all]\nkind = "tcp"\nport = 1', "choose another name"),
        ("[check]\nx = 1", "1 is no table: write [check.x]"),
        ('[action.x]\nkind = "restart"', "its daemons is missing"),
        ('[action.x]\nkind = "restart"\ndaemons = ["wb"]', "no such daemon (did you mean web?)"),
        ('[action.x]\nkind = "restart"\ndaemons = ["group:g"]', "cannot restart group:g"),
        ('[action.x]\nkind = "command"\ncommand = "no-such-thing"', "no such program on PATH"),
        ('[action.x]\nkind = "command"\ncommand = "true"\nurl = "http://x"', "takes no url"),
        ('[action.x]\nkind = "http"\nurl = "http://x"\nmethod = "FETCH"', "is not known"),
        ('[action.x]\nkind = "github_dispatch"\nrepository = "x"', 'write "owner/name"'),
        (
            '[action.x]\nkind = "github_dispatch"\nrepository = "a/b"\ntoken_env = "T"',
            "it names nothing to begin",
        ),
        (
            '[action.x]\nkind = "github_dispatch"\nrepository = "a/b"\nworkflow = "w"',
            "its token_env is missing",
        ),
        ('env = { A = "${tunnel.t.url}" }', "no such tunnel (a tunnel is a daemon with"),
    ],
)
def test_a_mistake_is_told_with_the_way_out(
    told: Callable[[str], str], text: str, words: str
) -> None:
    assert words in told(text)


DISPATCH = """
[action.deploy]
kind = "github_dispatch"
repository = "a/b"
workflow = "w.yml"
token_env = "NO_SUCH_TOKEN"
"""
HEALS = '[check.x]\nkind = "tcp"\nport = 1\nheal = ["deploy"]\n'


def test_a_heal_that_cannot_run_is_a_mistake_and_an_action_that_cannot_a_warning(
    told: Callable[[str], str], read: Read
) -> None:
    assert "a check heals by this action, and could not" in told(DISPATCH + HEALS)
    (warning,) = read(DISPATCH).warnings
    assert warning.endswith(
        "NO_SUCH_TOKEN is not set: put it into .env, or into Ghost's environment"
    )


def test_a_tunnels_address_is_left_to_be_put_in(read: Read) -> None:
    web = read("""
        env = { PUBLIC = "${tunnel.t.url}/hook", COST = "5$$" }
        [daemon.t]
        command = "sleep 1"
        kind = "tunnel"
        """).daemons["web"]
    assert web.env == {"PUBLIC": "${tunnel.t.url}/hook", "COST": "5$"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('kind = "oneshot"\ncpu_max = 50', "a oneshot is not restarted for what it uses"),
        ("restart_with = true", "it comes after nothing"),
        (PROBE + 'kind = "notify"\n[defaults]\nkind = "oneshot"', "no probe is asked"),
    ],
)
def test_what_has_no_effect_is_warned_of(read: Read, text: str, words: str) -> None:
    (warning,) = read(text).warnings
    assert words in warning


def test_what_is_said_for_all_leaves_out_whom_it_cannot_be_for(read: Read) -> None:
    config = read("""
        kind = "oneshot"
        [defaults]
        drill = "@weekly"
        memory_max = "1GB"
        restart_with = true
        [daemon.api]
        command = "sleep 1"
        """)
    assert [d.drill for d in config.daemons.values()] == [None, "@weekly"]
    assert config.warnings == ()


def test_a_tunnel_without_a_probe_is_warned_of(read: Read) -> None:
    (warning,) = read('kind = "tunnel"').warnings
    assert "not whether its public address answers" in warning
