#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A server of buckets for tests: checks every signature, keeps conditions, and fails as it is told.

s3_server.py FOLDER: listens on 127.0.0.1, writes its port to FOLDER/port, a line a request to FOLDER/log (METHOD KEY STATUS
BYTES-IN BYTES-OUT), and keeps the bucket "pictures" in FOLDER/data. What FOLDER/fault says at the time of a request:

    errors N    the next N requests get 500 (the file is counted down)
    cut N       bodies of packs end after N bytes, and the connection with them
    lie         one byte of each pack is another
    hang        no answer
    drip        one byte a second
    puts N      N more packs can be put, then the connection ends without answer
    nocond      conditions are not looked at
    bomb        a list of names is something else
    big         answers have more bytes than were asked for
"""
import hashlib
import hmac
import os
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY, SECRET, REGION = "TESTKEY", "test/secret+key", "eu-test-1"
root = sys.argv[1]
data = os.path.join(root, "data")
lock = threading.RLock()


def fault():
    try:
        with open(os.path.join(root, "fault"), encoding="ascii") as f:
            words = f.read().split()
    except FileNotFoundError:
        words = []
    return (words + [""])[0], int((words + ["", "0"])[1] or 0)


def count_down(name, n):
    with open(os.path.join(root, "fault"), "w", encoding="ascii") as f:
        f.write(f"{name} {n - 1}" if n > 1 or name == "puts" else "")


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def signature_is_right(self, body):
        auth = self.headers.get("Authorization", "")
        if not auth.startswith("AWS4-HMAC-SHA256 "):
            return False
        parts = dict(p.strip().split("=", 1) for p in auth.split(" ", 1)[1].split(","))
        names = parts["SignedHeaders"].split(";")
        if not {"host", "x-amz-content-sha256", "x-amz-date"} <= set(names):
            return False
        # Whatever changes the answer must be signed.
        if any(h.lower() in ("range", "if-match", "if-none-match") and h.lower() not in names for h in self.headers):
            return False
        path, _, query = self.path.partition("?")
        pairs = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))
        quote = lambda s: urllib.parse.quote(s, safe="-._~")
        canonical = "\n".join(
            [self.command, urllib.parse.quote(urllib.parse.unquote(path), safe="/-._~"),
             "&".join(f"{quote(k)}={quote(v)}" for k, v in pairs)]
            + [f"{n}:{' '.join(self.headers[n].split())}" for n in names]
            + ["", parts["SignedHeaders"], self.headers["x-amz-content-sha256"]])
        when, scope = self.headers["x-amz-date"], parts["Credential"].split("/", 1)
        day = when[:8]
        if scope != [KEY, f"{day}/{REGION}/s3/aws4_request"]:
            return False
        text = "\n".join(["AWS4-HMAC-SHA256", when, scope[1], hashlib.sha256(canonical.encode()).hexdigest()])
        key = mac(mac(mac(mac(("AWS4" + SECRET).encode(), day), REGION), "s3"), "aws4_request")
        return (mac(key, text).hex() == parts["Signature"]
                and hashlib.sha256(body).hexdigest() == self.headers["x-amz-content-sha256"])

    def answer(self, status, body=b"", headers=None, key=""):
        name, n = fault()
        is_pack = key.endswith(".pack") and status in (200, 206)
        if name == "lie" and is_pack and body:
            body = body[:len(body) // 2] + bytes([body[len(body) // 2] ^ 1]) + body[len(body) // 2 + 1:]
        if name == "big" and is_pack:
            body += b"x" * 100000
        with lock, open(os.path.join(root, "log"), "a", encoding="ascii") as f:
            f.write(f"{self.command} {key or '-'} {status} {self.n_in} {len(body)}\n")
        if self.command == "HEAD":
            body = b""
        self.send_response(status)
        for k, v in (headers or {}).items():
            self.send_header(k, v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if name == "cut" and is_pack:
            self.wfile.write(body[:n])
            self.close_connection = True
            return
        if name == "drip" and is_pack:
            for at in range(len(body)):
                self.wfile.write(body[at:at + 1])
                self.wfile.flush()
                time.sleep(1)
            return
        self.wfile.write(body)

    def error(self, status, code, key=""):
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>told so</Message></Error>'
        self.answer(status, text.encode(), {"Content-Type": "application/xml"}, key)

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.n_in = len(body)
        path, _, query = self.path.partition("?")
        bucket, _, key = urllib.parse.unquote(path).lstrip("/").partition("/")
        with lock:
            name, n = fault()
            if name == "errors" and n > 0:
                count_down(name, n)
                return self.error(500, "InternalError", key)
            if name == "puts" and self.command == "PUT" and key.endswith(".pack"):
                if n == 0:
                    self.close_connection = True
                    return None
                count_down(name, n)
        if name == "hang":
            time.sleep(30)
            self.close_connection = True
            return None
        if not self.signature_is_right(body):
            return self.error(403, "SignatureDoesNotMatch", key)
        if bucket != "pictures":
            return self.error(404, "NoSuchBucket", key)
        if not key:
            return self.list(dict(urllib.parse.parse_qsl(query, keep_blank_values=True)))
        with lock:
            return getattr(self, "do_key_" + self.command)(key, os.path.join(data, key), body)

    do_GET = do_PUT = do_DELETE = do_HEAD = handle_one

    def list(self, query):
        if fault()[0] == "bomb":
            return self.answer(200, b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">]><ListBucketResult>&a;</ListBucketResult>')
        names = sorted(os.path.relpath(os.path.join(d, f), data) for d, _, files in os.walk(data) for f in files)
        names = [n for n in names if n.startswith(query["prefix"]) and n > query.get("continuation-token", "")]
        page = names[:3]  # small, so that there are many
        text = "".join(f"<Contents><Key>{n}</Key><Size>{os.path.getsize(os.path.join(data, n))}</Size></Contents>"
                       for n in page)
        more = len(names) > len(page)
        token = f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if more else ""
        return self.answer(200, f'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                                f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{text}"
                                "</ListBucketResult>".encode())

    def tag(self, path):
        with open(path, "rb") as f:
            return '"' + hashlib.md5(f.read()).hexdigest() + '"'

    def do_key_GET(self, key, path, _):
        if not os.path.isfile(path):
            return self.error(404, "NoSuchKey", key)
        with open(path, "rb") as f:
            body = f.read()
        tag = {"ETag": self.tag(path)}
        asked = self.headers.get("Range")
        if not asked:
            return self.answer(200, body, tag, key)
        first, last = (int(x) for x in asked.split("=")[1].split("-"))
        if first >= len(body):
            return self.error(416, "InvalidRange", key)
        return self.answer(206, body[first:last + 1], tag, key)

    def do_key_PUT(self, key, path, body):
        if fault()[0] != "nocond":
            there = os.path.isfile(path)
            if self.headers.get("If-None-Match") == "*" and there:
                return self.error(412, "PreconditionFailed", key)
            if "If-Match" in self.headers and (not there or self.headers["If-Match"] != self.tag(path)):
                return self.error(412, "PreconditionFailed", key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + "~", "wb") as f:
            f.write(body)
        os.replace(path + "~", path)
        return self.answer(200, b"", {"ETag": self.tag(path)}, key)

    def do_key_DELETE(self, key, path, _):
        if os.path.isfile(path):
            os.remove(path)
        return self.answer(204, b"", None, key)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that went away


os.makedirs(data, exist_ok=True)
server = Server(("127.0.0.1", 0), Handler)
with open(os.path.join(root, "port~"), "w", encoding="ascii") as f:
    f.write(str(server.server_address[1]))
os.replace(os.path.join(root, "port~"), os.path.join(root, "port"))
server.serve_forever()
