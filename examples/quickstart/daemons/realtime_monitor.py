"""A monitor with a bug: after 20 to 40 seconds it dies with a traceback and exit code 1."""

import random
import time

LIFE_S = random.uniform(20, 40)
STARTED = time.monotonic()


def load_average() -> float:
    if time.monotonic() - STARTED > LIFE_S:
        raise RuntimeError("sensor lost: no reading for 3 beats")
    return random.uniform(0.1, 0.9)


print("monitor watching", flush=True)
while True:
    print(time.strftime("%H:%M:%S"), f"load {load_average():.2f}, all well", flush=True)
    time.sleep(2)
