"""ghost.toml as frozen dataclasses: what the rest of Ghost may know of the file.

Rule 1: everything here is whole: paths are absolute, durations seconds, variables expanded.
Rule 2: a default stands here or in `core.restart.Policy`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from ghostbot.core.bucket import Rate
from ghostbot.core.quiet import Window
from ghostbot.core.restart import Policy
from ghostbot.core.rights import Grant

LISTEN = ("127.0.0.1", 5051)  # the private door, on the port of the system Ghost replaces
COMMAND = "/ghost"  # the slash command that manifest.yml declares
HEARTBEAT_S = 300.0
DIGEST = "0 9 * * *"
OFTEN = Rate(10, 60.0)  # more patches than this no person reads


Limit = tuple[int | None, int | None]  # soft, hard; None is unlimited


class Kill(StrEnum):
    """Whom a stop reaches: all descendants, those in the daemon's group, or its first process."""

    TREE = "tree"
    GROUP = "group"
    LEADER = "leader"


class ProbeKind(StrEnum):
    """How a probe looks."""

    HTTP = "http"
    TCP = "tcp"
    EXEC = "exec"
    LOG = "log"
    NOTIFY = "notify"
    TUNNEL = "tunnel"


class ProbeRole(StrEnum):
    """What a probe tells: may others build on it, must it be restarted, or both."""

    READY = "ready"
    LIVE = "live"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeTable:
    """One way to look at a daemon, [[daemon.NAME.probe]], or at what a [check.NAME] names."""

    kind: ProbeKind
    label: str  # unique within its daemon, "http", "http 2": what people and stores call it
    role: ProbeRole = ProbeRole.BOTH
    url: str | None = None  # http: asked; tunnel: where its agent answers, or the public address
    port: int | None = None  # tcp, and http without url; the daemon's own unless told
    command: tuple[str, ...] = ()  # exec
    path: Path | None = None  # log: the file; the daemon's own log unless told
    pattern: str | None = None  # a regex: in the body, in a line of the log, or the public address
    body: str | None = None  # a substring that the body must hold
    ask: str = "/"  # tunnel: what is asked of the public address
    markers: bool = False  # log: read its marks and status lines
    silence_s: float | None = None  # log: nothing new for so long is sick
    headers: Mapping[str, str] = field(default_factory=dict)
    status: tuple[int, ...] = ()  # http; none is 200 to 299
    every_s: float = 30.0
    timeout_s: float = 5.0
    failures: int = 3
    successes: int = 1
    grace_s: float = 0.0  # after the start failures do not count


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTable:
    """What Ghost looks at and does not run: [check.NAME]."""

    name: str
    probe: ProbeTable
    heal: tuple[str, ...] = ()  # names of actions, the mildest first
    attempts: int = 5  # heals in one trouble
    pause_s: float = 60.0  # after the first heal; doubles with each
    description: str | None = None
    group: str | None = None


class ActionKind(StrEnum):
    """What an action does."""

    RESTART = "restart"
    COMMAND = "command"
    HTTP = "http"
    GITHUB_DISPATCH = "github_dispatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionTable:
    """Something to do: [action.NAME], as a heal or when a person asks for it."""

    name: str
    kind: ActionKind
    daemons: tuple[str, ...] = ()  # restart: names, all, group:G
    command: tuple[str, ...] = ()
    cwd: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None  # http
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    repository: str | None = None  # github_dispatch: owner/name
    workflow: str | None = None  # with it a workflow_dispatch, without a repository_dispatch
    event_type: str | None = None
    ref: str = "main"
    inputs: Mapping[str, str] = field(default_factory=dict)
    token_env: str | None = None  # names the variable that holds the token
    base_url: str = "https://api.github.com"
    timeout_s: float = 60.0
    confirm: bool = False  # a person is asked once more
    role: str = "operator"
    description: str | None = None


@dataclass(frozen=True, slots=True)
class LogTable:
    """Where a daemon's output goes: [daemon.NAME.log]."""

    path: Path  # state_dir/logs/NAME.log unless told
    max_bytes: int = 20_000_000  # then the head of the file becomes an archive
    keep: int = 5  # archives; the oldest goes first
    compress: bool = True
    stderr: Path | None = None  # None: into the same file


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonTable:
    """One daemon: [daemon.NAME], with what [defaults] says for all."""

    name: str
    of: str = ""  # the name in the file: `web` for web-1 and web-2; its own for a single one
    instances: int = 1
    instance: int | None = None  # which of them this is, from 1; None for a single one
    command: tuple[str, ...]  # the first is an absolute path, or a name found on PATH
    policy: Policy = field(default_factory=Policy)
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)  # only what the file sets
    env_file: tuple[Path, ...] = ()  # read at each start; a later one wins, and `env` over all
    user: str | None = None  # None, as with the next three: as Ghost is
    umask: int | None = None
    nice: int | None = None
    rlimits: Mapping[str, Limit] = field(default_factory=dict)  # by name, as in `nofile`
    autostart: bool = True
    priority: int = 100  # the smaller starts first, within what `after` allows
    after: tuple[str, ...] = ()
    ready_after_s: float = 1.0  # alive this long is ready, where nothing better tells
    port: int | None = None
    port_auto: bool = False  # a free one is chosen at the first start, and kept
    probes: tuple[ProbeTable, ...] = ()
    restart_with: bool = False  # also restarted when what it comes after is
    schedule: str | None = None  # cron: a oneshot is started then, any other restarted
    watch: tuple[str, ...] = ()  # absolute globs: restarted when such a file changes
    memory_max_bytes: int | None = None  # of its whole tree
    cpu_max: float | None = None  # of its whole tree, in percent of one core
    limit_for_s: float = 60.0  # over a limit for so long, it is restarted
    drill: str | None = None  # cron: killed on purpose then
    kill: Kill = Kill.TREE
    group: str | None = None
    description: str | None = None
    log: LogTable

    def __post_init__(self) -> None:
        """A single daemon is its own family."""
        if not self.of:
            object.__setattr__(self, "of", self.name)

    @property
    def notify(self) -> bool:
        """Whether it says itself when it is ready: READY=1, see sd_notify(3)."""
        return any(probe.kind is ProbeKind.NOTIFY for probe in self.probes)


@dataclass(frozen=True, slots=True, kw_only=True)
class RootTable:
    """A tree that patches may change: [root.NAME]."""

    name: str
    path: Path
    allow: tuple[str, ...] = ()  # globs of all that may be patched; none is everything
    protect: tuple[str, ...] = ()  # globs that may not, beside those that never may
    override: tuple[str, ...] = ()  # protected globs that may be patched all the same
    approvals: int = 1
    approvals_risky: int = 2
    expires_s: float = 86_400.0
    verify: tuple[tuple[str, ...], ...] = ()  # commands, tried in a copy, then in the root
    verify_live: bool = False  # the root is too big to copy: tried in place alone
    verify_link: tuple[str, ...] = ()  # folders that a copy links to instead of copying
    verify_timeout_s: float = 900.0
    restart: tuple[str, ...] = ()  # daemons that are restarted, and must be ready, after
    commit: bool = False
    auto: str | None = None  # None: never without a person; "exact"
    auto_from: tuple[str, ...] = ()  # whose exact matches need no person: webhook or inbox names
    approve_in: str | None = None  # "slack" or "any"; None: slack once it is connected
    allow_overwrite: bool = False
    shell_policy: str = "reject"


class Scheme(StrEnum):
    """How a webhook's sender proves who it is."""

    BEARER = "bearer"
    GITHUB = "github"  # X-Hub-Signature-256
    STANDARD = "standard"  # standardwebhooks.com


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTable:
    """Who may send patches over HTTP: [webhook.SOURCE]."""

    name: str
    scheme: Scheme
    secret_env: tuple[str, ...]  # names of variables; several while a secret is being changed
    roots: tuple[str, ...] = ()  # those that it may change; none is all
    formats: tuple[str, ...] = ()  # those that it may use; none is all
    paths: tuple[str, ...] = ()  # globs of all that it may change; none is all
    rate: Rate = OFTEN
    pending: int = 5  # how many of its patches may wait at a time
    shell_policy: str | None = None  # None: as the root says


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchTable:
    """A folder whose files are patches: [watch.NAME]."""

    name: str
    inbox: Path
    roots: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    pending: int = 5
    shell_policy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SummariesTable:
    """Where programs write of their work in Markdown: [summaries]."""

    dir: Path
    channel: str | None = None  # None: where alerts go
    archive: Path | None = None  # where those go that were told; None: they stay


@dataclass(frozen=True, slots=True, kw_only=True)
class GhostTable:
    """Ghost itself: [ghost]."""

    name: str  # the host's name unless told
    state_dir: Path  # `.ghost` beside the file unless told
    log_total_bytes: int = 2_000_000_000  # on disk, for the logs of all daemons
    timezone: str | None = None  # of cron, digest and quiet, by its name in tzdata; None: local
    ping_url: str | None = None  # an outside watcher's, asked each minute while Ghost is well


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchesTable:
    """Whose posts become proposals, and where: [slack] patches."""

    channel: str
    from_: tuple[str, ...]  # ids of users (U…), bots (B…) or apps (A…)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackTable:
    """What Ghost does in Slack: [slack]."""

    channel: str | None = None
    command: str = COMMAND
    heartbeat_s: float | None = HEARTBEAT_S  # None: off
    digest: str | None = DIGEST  # cron: when the day before is told; None: never
    mask: tuple[str, ...] = ()  # regexes of what no message may show
    mention: tuple[str, ...] = ()  # whom a page names: ids of people or groups, or @handles
    quiet: tuple[Window, ...] = ()  # when only pages are said
    routes: Mapping[str, str] = field(default_factory=dict)  # severity or group:G → channel
    patches: PatchesTable | None = None  # where listed agents post patches; None: nowhere


class PublicStatus(StrEnum):
    """What the public door tells of the house."""

    OFF = "off"
    SUMMARY = "summary"  # how many are up, and not which
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebTable:
    """The private door, dashboard and API, and the public one: [web]."""

    listen: tuple[str, int] | None = LISTEN  # None: off
    allowed_hosts: tuple[str, ...] = ()  # names beside loopback that requests may come by
    public: tuple[str, int] | None = None  # the door that a tunnel may show the world; None: off
    public_status: PublicStatus = PublicStatus.OFF
    cors: tuple[str, ...] = ()  # origins whose pages may read what the public door tells


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesTable:
    """Who may do what in Slack: [roles]. None is unsaid: see `slack.people`."""

    viewer: tuple[Grant, ...] | None = None
    operator: tuple[Grant, ...] | None = None
    approver: tuple[Grant, ...] | None = None
    admin: tuple[Grant, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole ghost.toml without mistakes."""

    path: Path
    ghost: GhostTable
    slack: SlackTable = SlackTable()
    roles: RolesTable = RolesTable()
    web: WebTable = WebTable()
    daemons: Mapping[str, DaemonTable]  # in file order
    checks: Mapping[str, CheckTable] = field(default_factory=dict)
    actions: Mapping[str, ActionTable] = field(default_factory=dict)
    roots: Mapping[str, RootTable] = field(default_factory=dict)
    webhooks: Mapping[str, WebhookTable] = field(default_factory=dict)
    watches: Mapping[str, WatchTable] = field(default_factory=dict)
    summaries: SummariesTable | None = None
    warnings: tuple[str, ...] = ()  # lines `file:line: key: …` that keep nothing from running
