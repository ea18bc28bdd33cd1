"""Serve a folder below a sub-path of this machine, compressed, as the hosts of pages do."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

SUB_PATH = "/some/where/"  # no page may depend on the address at which the book is
COMPRESSED = {".css", ".html", ".js", ".json", ".svg", ".txt", ".xml"}


@cache
def compressed(path: Path, changed: float) -> bytes:
    """Return a file as it travels; a file that ``changed`` is compressed again."""
    del changed
    return gzip.compress(path.read_bytes())


class Handler(SimpleHTTPRequestHandler):
    """Answer with files below the sub-path, and with the site's own page where there is none."""

    protocol_version = "HTTP/1.1"  # one connection for many files

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name there)
        """Keep the answers out of what pytest prints."""

    def do_GET(self) -> None:
        """Answer a request."""
        address = urlsplit(self.path).path
        inside = address.startswith(SUB_PATH)
        path = Path(self.translate_path(address.removeprefix(SUB_PATH.rstrip("/"))))
        if inside and path.is_dir() and not address.endswith("/"):
            self.send_response(HTTPStatus.MOVED_PERMANENTLY)
            self.send_header("Location", f"{address}/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if path.is_dir():
            path /= "index.html"
        if inside and path.is_file():
            self.answer(HTTPStatus.OK, path)
        elif (missing := Path(self.directory, "404.html")).is_file():
            self.answer(HTTPStatus.NOT_FOUND, missing)
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def answer(self, status: HTTPStatus, path: Path) -> None:
        """Send a file, compressed where that is of use."""
        shrinks = path.suffix in COMPRESSED
        body = compressed(path, path.stat().st_mtime) if shrinks else path.read_bytes()
        self.send_response(status)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        if shrinks:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:  # a browser that has closed its page does not wait for it
            self.close_connection = True


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder, and yield the address of it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{SUB_PATH}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
