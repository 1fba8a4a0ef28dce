"""What stands in a daemon's way, and when it is gone."""

from __future__ import annotations

import asyncio
import os
import socket

from ghostbot.core.daemon import State, Unspawned
from ghostbot.guards.sentinel import Sentinel, obstacle
from ghostbot.process.ports import is_free
from tests.fakes.clock import run
from tests.fakes.kennel import kennel, table


def test_a_port_that_somebody_listens_on_is_named_with_its_owner() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = obstacle(table("web", port=port))
        assert said is not None
        assert said.startswith(f"port {port} (")
        assert str(os.getpid()) in said
    assert is_free(port)
    assert obstacle(table("web", port=port)) is None
    assert obstacle(table("web")) is None


def test_a_daemon_waits_while_the_port_is_held_and_starts_once_it_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        async def main() -> None:
            async with kennel(table("web", port=port)) as k:
                k.obstacles["web"] = obstacle(k.dogs["web"].table) or ""
                sentinel = asyncio.create_task(Sentinel(k.dogs, k.bus).run())
                await k.until(lambda: k.state("web") is State.WAITING)
                await asyncio.sleep(30)
                assert k.state("web") is State.WAITING
                assert k.runs.spawns == []
                server.close()
                k.obstacles.clear()
                await k.until(lambda: k.runs.spawns == ["web"])
                assert k.dogs["web"].daemon.record.unforgiven == 0
                sentinel.cancel()

        run(main())


def test_ghosts_own_trouble_is_tried_by_one_for_all_ever_later() -> None:
    async def main() -> None:
        async with kennel(*(table(f"d{n}") for n in range(50))) as k:
            for name in k.dogs:
                k.runs.refuse[name] = Unspawned("process slots", own=True)
            sentinel = asyncio.create_task(Sentinel(k.dogs, k.bus).run())
            await asyncio.sleep(60)
            assert len(k.runs.spawns) - 50 <= 12  # 1, 2, 4, 8, 10, 10 … seconds apart, one each
            assert all(dog.daemon.record.unforgiven == 0 for dog in k.dogs.values())
            k.runs.refuse.clear()
            began = asyncio.get_running_loop().time()
            await k.until(lambda: all(k.state(n) is State.UP for n in k.dogs))
            assert asyncio.get_running_loop().time() - began < 15
            sentinel.cancel()

    run(main())
