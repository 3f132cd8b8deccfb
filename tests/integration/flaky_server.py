"""A web server for tests: serves a folder with byte ranges, and misbehaves by a plan.

    flaky_server.py FOLDER [--plan PLAN.json | --plan '[{...}]'] [--log LOG.jsonl] [--port N]

Listens on loopback only; prints its port on the first line of stdout. SIGTERM ends it.

The plan is a list of rules; the first that matches a request applies, the others see nothing of it:
    path    shell pattern on the path (default *)
    skip    let this many matching requests pass first (default 0)
    count   then spoil this many (default: all)
    do      what to do:
        status       answer `status`, with `retry_after` where given
        reset        reset the connection, after `after` bytes of the body where given
        truncate     promise the whole body, close after `after` bytes
        stall        promise the whole body, fall silent after `after` bytes (for `seconds`, default 60)
        slow         send `per_second` bytes a second
        wrong_range  a Content-Range one byte off
        ignore_range 200 and the whole file, whatever was asked
        page         200 and a page of HTML, whatever was asked, as a network does that wants a login
        shorter      206 for less than was asked, honestly labelled
        longer       chunked, with `extra` bytes behind the part (default 1)
        no_length    no length at all: the connection's end is the body's
        garbage      not HTTP
        corrupt      other bytes of the right length
        encoded      a Content-Encoding that was not asked for
        redirect     `status` (default 302) to `to`
        ok           as if there were no rule (with `etag` or `headers` of one's choice)
    etag     an ETag other than the file's own; "none" for no ETag and no date
    headers  further headers
Every request is a JSON line in the log, written before the first byte of its answer: n, method, path, range, if_range,
headers, rule (its `do`), status (null: none is sent), sends (bytes of the body on their way).
"""

import argparse
import fnmatch
import hashlib
import json
import pathlib
import re
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit


class Plan:
    def __init__(self, rules, log_path):
        self.rules = [dict(rule, seen=0) for rule in rules]
        self.log = open(log_path, "a", buffering=1) if log_path else None
        self.lock = threading.Lock()
        self.requests = 0

    def rule_for(self, path):
        with self.lock:
            self.requests += 1
            for rule in self.rules:
                if not fnmatch.fnmatchcase(path, rule.get("path", "*")):
                    continue
                place = rule["seen"] - rule.get("skip", 0)
                if place >= rule.get("count", float("inf")):
                    continue
                rule["seen"] += 1
                if place >= 0:
                    return self.requests, rule
                return self.requests, {"do": "ok"}
            return self.requests, {"do": "ok"}

    def record(self, entry):
        with self.lock:
            if self.log:
                self.log.write(json.dumps(entry) + "\n")


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "flaky"

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        n, rule = self.server.plan.rule_for(path)
        self.entry = {"n": n, "method": self.command, "path": self.path, "range": self.headers.get("Range"),
                      "if_range": self.headers.get("If-Range"), "headers": dict(self.headers), "rule": rule["do"],
                      "status": None, "sends": 0}
        try:
            self.answer(path, rule)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_HEAD = do_GET

    def answer(self, path, rule):
        do = rule["do"]
        if do == "status":
            return self.plain(rule["status"], rule)
        if do == "page":
            return self.plain(200, rule, body=b"<html>login please</html>")
        if do == "redirect":
            return self.plain(rule.get("status", 302), rule, {"Location": rule["to"]})
        if do == "garbage":
            self.close_connection = True
            self.server.plan.record(self.entry)
            return self.wfile.write(b"\x00\x01\x02 this is no HTTP\r\n\r\n")
        if do == "reset" and "after" not in rule:
            self.close_connection = True
            self.server.plan.record(self.entry)
            return reset(self.connection)
        content = self.server.content(path)
        if content is None:
            return self.plain(404, rule)
        self.serve(content, rule)

    def plain(self, status, rule, headers=None, body=b"no\n"):
        self.start(status, rule, dict(headers or {}, **{"Content-Length": str(len(body))}), len(body))
        self.send(body)

    def start(self, status, rule, headers, sends):
        self.entry.update(status=status, sends=sends)
        self.server.plan.record(self.entry)
        self.send_response(status)
        if "retry_after" in rule:
            headers["Retry-After"] = str(rule["retry_after"])
        for name, value in {**headers, **rule.get("headers", {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def send(self, body):
        if self.command == "HEAD":
            return
        self.wfile.write(body)
        self.wfile.flush()

    def span(self, size, etag, rule):
        """First and last byte asked for, or None for the whole file; (size, None) where there is nothing."""
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        condition = self.headers.get("If-Range")
        if not match or rule["do"] == "ignore_range" or (condition and condition != etag):
            return None
        if not match[1]:  # the last bytes
            return (max(0, size - int(match[2])), size - 1) if match[2] and size else (size, None)
        first = int(match[1])
        last = min(int(match[2]) if match[2] else size - 1, size - 1)
        return (first, last) if first <= last else (size, None)

    def serve(self, content, rule):
        do = rule["do"]
        etag = rule.get("etag", '"%s"' % hashlib.sha256(content).hexdigest()[:16])
        span = self.span(len(content), etag, rule)
        headers = {} if etag == "none" else {"ETag": etag}
        if span and span[1] is None:
            return self.start(416, rule, {"Content-Range": f"bytes */{len(content)}", "Content-Length": "0"}, 0)
        status, body = 200, content
        if span:
            first, last = span
            if do == "shorter" and last > first:
                last -= 1
            status, body = 206, content[first:last + 1]
            shift = 1 if do == "wrong_range" else 0
            headers["Content-Range"] = f"bytes {first + shift}-{last + shift}/{len(content) + shift}"
        if do == "corrupt":
            body = bytes(b ^ 0xFF for b in body)
        if do == "encoded":
            headers["Content-Encoding"] = "br"
        if do == "longer":
            return self.chunked(status, rule, headers, body + b"x" * rule.get("extra", 1))
        if do == "no_length":
            self.close_connection = True
            headers["Connection"] = "close"
        else:
            headers["Content-Length"] = str(len(body))
        cut = do in ("reset", "truncate", "stall", "no_length") and "after" in rule
        self.start(status, rule, headers, min(rule["after"], len(body)) if cut else len(body))
        self.spoil(body, rule)

    def chunked(self, status, rule, headers, body):
        self.start(status, rule, dict(headers, **{"Transfer-Encoding": "chunked"}), len(body))
        self.send(b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n")

    def spoil(self, body, rule):
        do, after = rule["do"], rule.get("after", 0)
        if do == "slow":
            step = max(1, rule["per_second"] // 20)
            for at in range(0, len(body), step):
                self.send(body[at:at + step])
                time.sleep(0.05)
            return
        if do not in ("reset", "truncate", "stall", "no_length"):
            return self.send(body)
        self.send(body[:after] if "after" in rule else body)
        self.close_connection = True
        if do == "stall":
            time.sleep(rule.get("seconds", 60))
        if do == "reset":
            time.sleep(0.1)  # a reset overtakes what is still on its way
            reset(self.connection)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder, plan, port):
        super().__init__(("127.0.0.1", port), Handler)
        self.folder = pathlib.Path(folder).resolve()
        self.plan = plan

    def content(self, path):
        file = (self.folder / path.lstrip("/")).resolve()
        return file.read_bytes() if file.is_file() and self.folder in file.parents else None

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, ValueError, OSError)):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--plan", default="[]")
    parser.add_argument("--log")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    text = given.plan if given.plan.lstrip().startswith("[") else pathlib.Path(given.plan).read_text()
    server = Server(given.folder, Plan(json.loads(text), given.log), given.port)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
