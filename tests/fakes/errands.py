"""Commands run for real, as short as a test needs them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    code: int | None
    output: bytes
    timed_out: bool = False


async def errand(
    command: Sequence[str],
    *,
    cwd: Path | None,
    env: Mapping[str, str],
    timeout_s: float,
    most_bytes: int,
) -> Ended:
    """Run a command to its end. Raises OSError where it does not begin."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env={**env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(timeout_s):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        output, _ = await process.communicate()
        return Ended(process.returncode, output[:most_bytes], timed_out=True)
    return Ended(process.returncode, output[:most_bytes])
