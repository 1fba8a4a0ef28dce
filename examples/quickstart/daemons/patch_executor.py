"""A worker: asks the bridge for patches every few seconds, and logs what it did."""

import http.client
import json
import os
import time

PORT = int(os.environ.get("BRIDGE_PORT", "5061"))


def say(words: str) -> None:
    print(time.strftime("%H:%M:%S"), words, flush=True)


def waiting_patches() -> int:
    bridge = http.client.HTTPConnection("127.0.0.1", PORT, timeout=3)
    try:
        bridge.request("GET", "/work")
        return int(json.load(bridge.getresponse())["patches"])
    finally:
        bridge.close()


say("executor ready")
while True:
    try:
        count = waiting_patches()
    except (OSError, http.client.HTTPException) as error:
        say(f"the bridge does not answer, will ask again: {error}")
    else:
        for number in range(1, count + 1):
            say(f"patch {number} of {count}: checked, nothing to change")
        if not count:
            say("no patch waiting")
    time.sleep(5)
