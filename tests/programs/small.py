"""small.py NAME [talk]: a daemon in small, on $PORT where it has one; NAME.mode says what ails it.

Modes: 500 and 502 answer so; hang answers nobody; exit ends it at its start; silent writes no
more lines; fat takes 80 MB. With `talk` it writes a line ten times a second.
"""

import os
import socket
import sys
import threading
import time

NAME = sys.argv[1]
TALKS = "talk" in sys.argv[2:]
STATUS = {"500": "500 Internal Server Error", "502": "502 Bad Gateway"}


def mode() -> str:
    try:
        with open(f"{NAME}.mode") as file:  # noqa: PTH123 - as small as it gets
            return file.read().strip()
    except OSError:
        return ""


def serve(door: socket.socket) -> None:
    while True:
        connection, _ = door.accept()
        with connection:
            try:
                connection.settimeout(2)
                if not connection.recv(4096):
                    continue
                if mode() == "hang":
                    time.sleep(60)
                status = STATUS.get(mode(), "200 OK")
                body = b'{"status":"ok"}'
                head = f"HTTP/1.0 {status}\r\nContent-Length: {len(body)}\r\n\r\n"
                connection.sendall(head.encode() + body)
            except OSError:
                continue


def main() -> None:
    if mode() == "exit":
        print("Error: Cannot find module", flush=True)
        sys.exit(3)
    if "PORT" in os.environ:
        door = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
        threading.Thread(target=serve, args=(door,), daemon=True).start()
    ballast = b""
    while True:
        if TALKS and mode() != "silent":
            print(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} 🟢 {NAME} works", flush=True)
        if mode() == "fat" and not ballast:
            ballast = b"x" * 80_000_000
        time.sleep(0.1)


main()
