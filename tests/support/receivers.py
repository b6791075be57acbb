"""A real HTTP server that hears webhooks: what it answers, in which order, and what it heard."""

import http.server
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Heard:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """Answers with the statuses given, in order, then with 204. A negative one is slept for, in
    seconds, before a 204; 307 leads to `/elsewhere`."""

    def __init__(self, *answers: float) -> None:
        self.heard: list[Heard] = []
        self.answers = list(answers)
        self.before: Callable[[], object] = lambda: None
        """Called before each answer, which it may hold up."""
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.heard.append(Heard(self.path, dict(self.headers), body))
                receiver.before()
                answer = receiver.answers.pop(0) if receiver.answers else 204
                if answer < 0:
                    time.sleep(-answer)
                    answer = 204
                self.send_response(int(answer))
                if answer == 307:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.place = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.place}/hook?token=hunter2"

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self.close()

    def close(self) -> None:
        self._server.server_close()
