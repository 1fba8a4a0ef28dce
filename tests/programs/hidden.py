"""Forks twice into a session of its own, clears its environment, then says `hidden PID`."""

import os
import time

if os.fork():
    os.wait()
    print("ready", flush=True)
    time.sleep(60)
os.setsid()
if os.fork():
    os._exit(0)
os.execve("/bin/sh", ["sh", "-c", "echo hidden $$; exec sleep 60"], {})
