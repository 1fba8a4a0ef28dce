"""probes.py [LOOKS]: what one look of each kind costs Ghost in CPU, threads and all.

Beside it the floor: connecting to the same port and hanging up, in a bare loop.
500 probes each 30 s cost less than 3 % of a core where one look costs less than 1.8 ms.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ghostbot.config.model import ProbeKind, ProbeTable
from ghostbot.probes.look import looker, open_session
from ghostbot.probes.reader import begins
from ghostbot.process.errand import Errands
from ghostbot.process.exits import Exits

PROBES, EVERY_S = 500, 30
EXEC_SHARE = 20  # a process costs as much as so many other looks
SERVER = """
import socket
body = b'{"status":"ok"}'
said = b'HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n%s' % (len(body), body)
door = socket.create_server(('127.0.0.1', 0), backlog=1024)
print(door.getsockname()[1], flush=True)
while True:
    caller, _ = door.accept()
    try:
        if caller.recv(4096):
            caller.sendall(said)
    except OSError:
        pass
    caller.close()
"""


def cpu_s() -> float:
    """Return the CPU seconds of this process and of those it ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


async def cost_ms(
    looks: int,
    look: Callable[[], Awaitable[object]],
    grow: Callable[[], object] | None = None,
) -> float:
    """Return the CPU milliseconds of one look, after some to warm up; `grow` goes before each."""
    for _ in range(10):
        await look()
    began = cpu_s()
    for _ in range(looks):
        if grow is not None:
            grow()
        await look()
    return (cpu_s() - began) / looks * 1000


async def measure(looks: int, port: int, folder: Path) -> dict[str, float]:
    """Measure each kind."""
    exits = Exits(asyncio.get_running_loop())
    errands = Errands(
        state_id="bench", folder=folder, inherited={"PATH": os.environ["PATH"]}, exits=exits
    )
    session = open_session()
    log = folder / "x.log"
    begun = begins(log)
    log.write_text("listening\n")
    for _ in range(1000):
        written(log)
    tables = {
        "http": ProbeTable(kind=ProbeKind.HTTP, label="http", body="ok"),
        "tcp": ProbeTable(kind=ProbeKind.TCP, label="tcp"),
        "log, pattern": ProbeTable(kind=ProbeKind.LOG, label="log", pattern="listening"),
        "log, marks": ProbeTable(kind=ProbeKind.LOG, label="log", markers=True),
        "exec": ProbeTable(kind=ProbeKind.EXEC, label="exec", command=("true",)),
    }
    found = {"floor: connect": await cost_ms(looks, lambda: bare(port))}
    try:
        for name, table in tables.items():
            one = looker(
                table,
                port=port,
                log=log,
                cwd=folder,
                env={},
                run=errands.run,
                session=session,
                begin=begun,
            )
            seen = await one.look()
            assert seen.ok, seen.said
            few = max(10, looks // EXEC_SHARE) if name == "exec" else looks
            grow = partial(written, log) if name.startswith("log") else None
            found[name] = await cost_ms(few, one.look, grow)
    finally:
        await session.close()
        exits.close()
    return {name: round(ms, 3) for name, ms in found.items()}


def written(log: Path) -> None:
    """Write a line, as a daemon does between two looks."""
    with log.open("a") as file:
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        file.write(f"[{when}] 🟢 relayCore is running (PID: 4711)\n")


async def bare(port: int) -> None:
    """Connect and hang up."""
    with socket.socket() as sock:
        sock.settimeout(0)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))


def costs(looks: int) -> dict[str, float]:
    """Return the CPU milliseconds of one look by kind, against a server in another process."""
    server = subprocess.Popen(
        [sys.executable, "-S", "-c", SERVER], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None, "it was asked for"
        port = int(server.stdout.readline())
        with tempfile.TemporaryDirectory() as folder:
            return asyncio.run(measure(looks, port, Path(folder)))
    finally:
        server.kill()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()


def main() -> None:
    """Measure, and print."""
    looks = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    found = costs(looks)
    share = {name: f"{PROBES / EVERY_S * ms / 10:.2f} %" for name, ms in found.items()}
    print(json.dumps({"cpu_ms": found, f"{PROBES} each {EVERY_S} s": share}, indent=1))


if __name__ == "__main__":
    main()
