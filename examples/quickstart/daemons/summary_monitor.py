"""A quiet daemon: says how many new summaries there are, and nothing when there are none."""

import time
from pathlib import Path

FOLDER = Path("summaries")  # beside ghost.toml; put a .md file there and look at the log

print(f"watching {FOLDER}/*.md", flush=True)
seen = set(FOLDER.glob("*.md"))
while True:
    now = set(FOLDER.glob("*.md"))
    for path in sorted(now - seen):
        print(time.strftime("%H:%M:%S"), f"new summary: {path.name}", flush=True)
    seen = now
    time.sleep(10)
