"""An HTTP server that answers /health, and gives the patch executor something to do."""

import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = int(os.environ.get("BRIDGE_PORT", "5061"))
STARTED = time.monotonic()


class Bridge(BaseHTTPRequestHandler):
    """Answers GET /health and GET /work; whatever else is 404."""

    def do_GET(self) -> None:
        answers = {
            "/health": {"status": "ok", "uptime": round(time.monotonic() - STARTED)},
            "/work": {"patches": int(time.time()) % 3},
        }
        found = self.path in answers
        body = json.dumps(answers.get(self.path, {"error": "not found"})).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, text: str, *values: object) -> None:
        print(time.strftime("%H:%M:%S"), text % values, flush=True)


server = ThreadingHTTPServer(("127.0.0.1", PORT), Bridge)
print(f"bridge open on http://127.0.0.1:{PORT}/health", flush=True)
server.serve_forever()
