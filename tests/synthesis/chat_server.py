"""A real HTTP server on this machine that speaks the chat-completions protocol and can be told to misbehave."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What the server does with one request: wait, then answer with a status, headers and a body."""

    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    hang_up_after: int | None = None  # bytes of the body that are sent before the connection breaks


def chat(text: str | None, **more: Any) -> Reply:
    """A well-formed completion."""
    message = {"role": "assistant", "content": text, **more}
    usage = {"prompt_tokens": 100, "completion_tokens": 7}
    return Reply(json.dumps({"choices": [{"index": 0, "message": message}], "usage": usage}))


def spec(text: str | None) -> Reply:
    """A completion with a spec."""
    return chat(json.dumps({"spec": text}))


def caption_of(request: dict[str, Any]) -> str:
    """The caption that a request is about: that of its last question."""
    asked = [m["content"] for m in request["messages"] if m["content"].startswith("Caption: ")]
    return json.loads(asked[-1].removeprefix("Caption: "))


class ChatServer:
    """Runs ``script(request body, number of earlier requests about the same caption)`` for every request.

    requests: all request bodies. answered: captions whose reply was sent in full. times: when requests arrived.
    """

    def __init__(self, script: Callable[[dict[str, Any], int], Reply]) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answered: list[str] = []
        self.times: list[float] = []
        self.most_at_once = 0
        self._now = 0
        lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                caption = caption_of(request)
                with lock:
                    before = sum(caption_of(r) == caption for r in server.requests)
                    server.requests.append(request)
                    server.headers.append(dict(self.headers))
                    server.times.append(time.monotonic())
                    server._now += 1
                    server.most_at_once = max(server.most_at_once, server._now)
                try:
                    wrong = self.path != "/v1/chat/completions"
                    reply = Reply('{"error": "no such page"}', 404) if wrong else script(request, before)
                    time.sleep(reply.wait)
                finally:
                    with lock:
                        server._now -= 1
                data = reply.body.encode()
                self.send_response(reply.status)
                for name, value in {"content-type": "application/json", **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                if reply.hang_up_after is not None:
                    self.wfile.write(data[: reply.hang_up_after])
                    self.close_connection = True
                    return
                self.wfile.write(data)
                self.wfile.flush()
                if reply.status == 200:
                    with lock:
                        server.answered.append(caption)

            def log_message(self, *args: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *args: object) -> None:  # the client has gone: killed or out of patience
                pass

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> ChatServer:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
