"""An sshd of Debian's on loopback, with keys of its own, for tunnels by `ssh -R`."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.fakes.servers import free_port

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
PRIVSEP = Path("/run/sshd")  # sshd(8) wants it when root runs it, whatever its configuration


@dataclass
class Sshd:
    """One sshd, to which only one key may come, and only to have a port forwarded."""

    folder: Path
    port: int
    process: asyncio.subprocess.Process | None = None

    def client(self, to_port: int) -> str:
        """Return the command of a tunnel to a port of this machine, as ghost.toml writes it."""
        options = {
            "BatchMode": "yes",
            "ExitOnForwardFailure": "yes",
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": self.folder / "known_hosts",
        }
        words = ["ssh", "-N", "-T", "-F", "none", "-i", str(self.folder / "key")]
        for name, value in options.items():
            words += ["-o", f"{name}={value}"]
        words += ["-R", f"127.0.0.1:0:127.0.0.1:{to_port}", "-p", str(self.port)]
        return json.dumps([*words, f"{getpass.getuser()}@127.0.0.1"])

    def sessions(self) -> list[psutil.Process]:
        """Return the processes that hold the server's end of each tunnel."""
        assert self.process is not None, "it runs"
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []

    async def begin(self) -> None:
        """Start it, and wait until it listens."""
        assert SSHD is not None, "the test looked"
        words = [SSHD, "-D", "-e", "-f", str(self.folder / "sshd_config")]
        with (self.folder / "sshd.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *words, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        async with asyncio.timeout(10):
            while "Server listening on" not in self._said():
                assert self.process.returncode is None, self._said()
                await asyncio.sleep(0.02)

    def _said(self) -> str:
        return (self.folder / "sshd.log").read_text()

    async def end(self) -> None:
        """End it with all its sessions, also those that were stopped."""
        if self.process is None:
            return
        for one in self.sessions():
            with suppress(psutil.NoSuchProcess):
                one.kill()
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


@asynccontextmanager
async def open_sshd(folder: Path) -> AsyncIterator[Sshd]:
    """Run an sshd until the end of the block."""
    made = Sshd(folder, free_port())
    await asyncio.to_thread(_prepare, made)
    try:
        await made.begin()
        yield made
    finally:
        await made.end()


def _prepare(sshd: Sshd) -> None:
    """Make its keys, and the one key that may come."""
    folder = sshd.folder
    folder.mkdir()
    for name in ("host", "key"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(words, check=True)
    shutil.copy(folder / "key.pub", folder / "authorized_keys")
    if os.geteuid() == 0:
        PRIVSEP.mkdir(mode=0o755, exist_ok=True)
    kind, key, *_ = (folder / "host.pub").read_text().split()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{sshd.port} {kind} {key}\n")
    (folder / "sshd_config").write_text(_config(sshd))


def _config(sshd: Sshd) -> str:
    lines = {
        "ListenAddress": f"127.0.0.1:{sshd.port}",
        "HostKey": sshd.folder / "host",
        "AuthorizedKeysFile": sshd.folder / "authorized_keys",
        "AuthenticationMethods": "publickey",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "UsePAM": "no",
        "StrictModes": "no",  # a folder of pytest may be open to its group
        "AllowTcpForwarding": "remote",
        "GatewayPorts": "no",
        "PermitTTY": "no",
        "X11Forwarding": "no",
        "AllowUsers": getpass.getuser(),
        "PidFile": "none",
        "LogLevel": "VERBOSE",
    }
    return "".join(f"{key} {value}\n" for key, value in lines.items())
