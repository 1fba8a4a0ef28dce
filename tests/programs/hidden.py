"""Forks twice into a session of its own, clears its environment, and leaves. Says `hidden PID`."""

import os
import time

if os.fork():
    os.wait()
    print("ready", flush=True)
    time.sleep(60)
os.setsid()
if os.fork():
    os._exit(0)
os.write(1, f"hidden {os.getpid()}\n".encode())
os.execve("/bin/sleep", ["sleep", "60"], {})
