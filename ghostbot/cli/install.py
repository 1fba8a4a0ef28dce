"""`ghost install`: have systemd or launchd start Ghost, and start it again."""

from __future__ import annotations

import os
import plistlib
import pwd
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from ghostbot import errors
from ghostbot.cli import place

RESTART_S = 2  # a file with a mistake is read again this often, which costs next to nothing
BEAT_S = 30  # a loop that stood still for as long is beyond help
STOP_S = 90  # Ghost itself is gone in seconds; daemons it is told to stop may take longer


@dataclass(frozen=True, slots=True)
class Service:
    """What a service manager has to know."""

    config: Path
    program: tuple[str, ...]  # how this very ghost is run
    path: str  # PATH, in which daemons' programs are found
    user: str | None = None  # None: a service of whoever installs it

    @property
    def name(self) -> str:
        """`ghost-FOLDER`, so that a machine can have several."""
        folder = re.sub(r"[^A-Za-z0-9_.-]+", "-", self.config.parent.name).strip("-.")
        return f"ghost-{folder or 'root'}"


@click.command()
@place.option
@click.option("--user", "scope", flag_value="user", default=True, help="For yourself (default).")
@click.option(
    "--system", "scope", flag_value="system", help="For the machine, as the file's owner."
)
@click.option("--print", "print_", is_flag=True, help="Show what would be written; write nothing.")
@click.option(
    "--for",
    "manager",
    type=click.Choice(["systemd", "launchd"]),
    default="launchd" if sys.platform == "darwin" else "systemd",
    show_default=True,
)
def install(*, scope: str, print_: bool, manager: str) -> None:
    """Write a service, so that Ghost is started with the machine, and again when it dies.

    Its daemons are left running when the service is stopped or restarted; `ghost down` stops
    them, and leaves the service stopped.
    """
    path = place.config_path().absolute()
    is_system = scope == "system"
    user = pwd.getpwuid(path.stat().st_uid).pw_name if is_system else None
    service = Service(path, _program(), os.environ.get("PATH", os.defpath), user)
    text = unit(service) if manager == "systemd" else plist(service)
    if print_:
        click.echo(text, nl=False)
        return
    target = _target(service, manager, is_system=is_system)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise errors.Failed(
            f"cannot write {target}: {why}" + (" (as root: sudo)" if is_system else "")
        ) from None
    click.echo(f"wrote {target}; now type:")
    for line in _commands(service, target, manager, is_system=is_system):
        click.echo(f"  {line}")


def unit(service: Service) -> str:
    """Return a unit for systemd, see systemd.service(5)."""
    run, config = " ".join(_quoted(w) for w in service.program), _quoted(str(service.config))
    user = f"User={service.user}\n" if service.user else ""
    network = "Wants=network-online.target\nAfter=network-online.target\n" if service.user else ""
    target = "multi-user.target" if service.user else "default.target"
    return f"""\
[Unit]
Description=Ghost keeps the daemons of {_unspecial(str(service.config))}
{network}StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={run} up -c {config}
ExecReload={run} reload -c {config}
WorkingDirectory={_unspecial(str(service.config.parent))}
Environment={_quoted(f"PATH={service.path}", dollar=False)}
{user}WatchdogSec={BEAT_S}
# Daemons outlive Ghost: only Ghost itself is ended, and the next one takes them over.
KillMode=process
Delegate=yes
TimeoutStopSec={STOP_S}
Restart=always
# `ghost down` ends with 0, and means it.
RestartPreventExitStatus=0
RestartSec={RESTART_S}

[Install]
WantedBy={target}
"""


def plist(service: Service) -> str:
    """Return a job for launchd, see launchd.plist(5)."""
    job = {
        "Label": service.name,
        "ProgramArguments": [*service.program, "up", "-c", str(service.config)],
        "WorkingDirectory": str(service.config.parent),
        "EnvironmentVariables": {"PATH": service.path},
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},  # `ghost down` ends with 0, and means it
        "ThrottleInterval": RESTART_S,
        "ExitTimeOut": STOP_S,
        "AbandonProcessGroup": True,  # daemons outlive Ghost
        "StandardOutPath": str(service.config.parent / "ghost.out"),
        "StandardErrorPath": str(service.config.parent / "ghost.out"),
    }
    if service.user:
        job["UserName"] = service.user
    return plistlib.dumps(job, sort_keys=False).decode()


def _program() -> tuple[str, ...]:
    """Return how this very ghost was started."""
    script = Path(sys.argv[0])
    if script.name == "__main__.py":
        return (sys.executable, "-m", "ghostbot")
    return (str(Path(sys.executable).absolute()), str(script.absolute()))


def _unspecial(text: str) -> str:
    return text.replace("%", "%%")  # systemd.unit(5), "Specifiers"


def _quoted(word: str, *, dollar: bool = True) -> str:
    """Quote one word as systemd.syntax(7) has it; in command lines `$` is special too."""
    text = _unspecial(word).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text.replace("$", "$$") if dollar else text}"'


def _target(service: Service, manager: str, *, is_system: bool) -> Path:
    if manager == "launchd":
        folder = Path("/Library/LaunchDaemons")
        folder = folder if is_system else Path.home() / "Library" / "LaunchAgents"
        return folder / f"{service.name}.plist"
    config_home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    folder = Path("/etc/systemd/system") if is_system else config_home / "systemd" / "user"
    return folder / f"{service.name}.service"


def _commands(service: Service, target: Path, manager: str, *, is_system: bool) -> tuple[str, ...]:
    if manager == "launchd":
        domain = "system" if is_system else "gui/$(id -u)"
        return (f"launchctl bootstrap {domain} {target}",)
    if is_system:
        return ("systemctl daemon-reload", f"systemctl enable --now {service.name}")
    return (
        "systemctl --user daemon-reload",
        f"systemctl --user enable --now {service.name}",
        "loginctl enable-linger   # so that it runs while you are not logged in",
    )
