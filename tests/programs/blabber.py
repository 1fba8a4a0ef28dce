"""Prints every secret it was given, in as many forms as programs do, and what pings a channel."""

import base64
import json
import os
import sys
import time

told = [name for name in os.environ if name.startswith("B_")]
print("<!channel> <!here> <@U0ALICE> <!subteam^S0ONCALL> ```", flush=True)
for name in told:
    value = os.environ[name]
    print(f"{name}={value}")
    print(f"ERROR cannot log in with {value!r}: refused")
    print(json.dumps({"said": value, "list": [value]}))
    print(f"x{value}y " * 3)
    for line in value.splitlines():
        print(line)
print("Authorization: Basic " + base64.b64encode(b"ann:" + b"0123456789").decode())
print("long " + "y" * 280 + os.environ["B_TOKEN"] + "z" * 400)
sys.stdout.flush()
while True:
    time.sleep(3600)
