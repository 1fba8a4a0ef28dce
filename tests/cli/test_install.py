"""Services: what is written, and what their managers say of it."""

from __future__ import annotations

import configparser
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ghostbot.cli.install import Service, plist, unit
from tests.cli.test_commands import run


def service(folder: Path, user: str | None = None) -> Service:
    """Return a service in a folder whose name has all that managers take for special."""
    odd = folder / 'a folder 100% "odd" $HOME'
    odd.mkdir(exist_ok=True)
    config = odd / "ghost.toml"
    config.touch()
    return Service(config, (sys.executable, "-m", "ghostbot"), "/usr/bin:/bin", user)


def parsed(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


@pytest.mark.parametrize("user", [None, "root"])
def test_a_unit_keeps_daemons_alive_and_ghost_watched(tmp_path: Path, user: str | None) -> None:
    found = parsed(unit(service(tmp_path, user)))
    kept = {key: found["Service"][key] for key in ("Type", "KillMode", "Delegate", "Restart")}
    assert kept == {
        "Type": "notify",
        "KillMode": "process",
        "Delegate": "yes",
        "Restart": "always",
    }
    assert int(found["Service"]["WatchdogSec"]) > 0
    assert " reload -c " in found["Service"]["ExecReload"]
    assert found["Service"].get("User") == user
    target = "multi-user.target" if user else "default.target"
    assert found["Install"]["WantedBy"] == target


def test_what_is_special_to_systemd_is_quoted(tmp_path: Path) -> None:
    found = parsed(unit(service(tmp_path)))["Service"]
    assert found["ExecStart"].endswith('a folder 100%% \\"odd\\" $$HOME/ghost.toml"')
    assert found["WorkingDirectory"].endswith('a folder 100%% "odd" $HOME')


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="the text is checked above")
@pytest.mark.parametrize("user", [None, "root"])
def test_systemd_itself_finds_nothing_wrong_with_it(tmp_path: Path, user: str | None) -> None:
    written = service(tmp_path, user)
    file = tmp_path / f"{written.name}.service"
    file.write_text(unit(written))
    ran = subprocess.run(
        ["systemd-analyze", "--system" if user else "--user", "--man=no", "verify", str(file)],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    mine = [line for line in ran.stderr.splitlines() if written.name in line]
    assert not mine, ran.stderr
    assert ran.returncode == 0, ran.stderr


def test_a_job_for_launchd_leaves_the_daemons_alone(tmp_path: Path) -> None:
    written = service(tmp_path)
    job = plistlib.loads(plist(written).encode())
    assert job["AbandonProcessGroup"] is True
    assert job["KeepAlive"] == {"SuccessfulExit": False}
    assert job["ProgramArguments"][-3:] == ["up", "-c", str(written.config)]
    assert "UserName" not in job


def test_install_writes_where_the_manager_looks_and_says_what_to_type(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "ghost.toml").write_text("")
    shown = run(folder, "install", "--print")
    assert "Type=notify" in shown.stdout
    assert not list(tmp_path.rglob("*.service"))
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": ""}
    ran = run(folder, "install", **home)
    assert ran.returncode == 0, ran.stderr
    file = tmp_path / ".config" / "systemd" / "user" / "ghost-shop.service"
    assert f'-c "{folder}/ghost.toml"' in file.read_text()
    assert "systemctl --user enable --now ghost-shop" in ran.stdout
    assert "AbandonProcessGroup" in run(folder, "install", "--print", "--for", "launchd").stdout


def test_a_folder_that_takes_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "ghost.toml").write_text("")
    (tmp_path / "taken").write_text("")
    ran = run(tmp_path, "install", XDG_CONFIG_HOME=str(tmp_path / "taken"))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "cannot write" in ran.stderr
