"""A server of S3 that is stricter than any: it holds every request's signature against botocore's own, every body
against its checksums, and every marker against the objects that it lists. It can answer as real ones do on bad days.

    with FakeS3() as s3:
        s3.fault = lambda number, request: "slow_down" if number == 3 else None

Faults: slow_down, internal_error (503, 500, nothing done), bad_digest (a damaged body), expired (the keys have ended),
cut (the connection ends, nothing done), cut_after (done, and the connection ends before the answer), kill and
kill_after (SIGKILL to the process `victim`, before and after it is done).
"""
import base64
import hashlib
import http.server
import json
import os
import re
import signal
import sys
import threading
import time
import urllib.parse
import xml.sax.saxutils

import botocore.auth
import botocore.awsrequest
import botocore.credentials

ACCESS, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
BUCKET, REGION = "results", "eu-test-1"


class Refused(Exception):
    def __init__(self, status, code):
        super().__init__(code)
        self.status, self.code = status, code


class Request:
    def __init__(self, handler, body):
        self.method, self.body = handler.command, body
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self.path, _, self.query_text = handler.path.partition("?")
        self.query = dict(urllib.parse.parse_qsl(self.query_text, keep_blank_values=True))
        parts = urllib.parse.unquote(self.path).lstrip("/").split("/", 1)
        self.bucket, self.key = parts[0], parts[1] if len(parts) > 1 else ""

    def __repr__(self):
        return f"{self.method} {self.key} {self.query}"


class FakeS3:
    def __init__(self, page=1000):
        self.page = page  # keys a list
        self.keys = {ACCESS: (SECRET, None)}  # those that count: their secret and token
        self.known = {}  # those that did once
        self.objects, self.uploads = {}, {}
        self.violations, self.log, self.faulted = [], [], []
        self.fault = lambda number, request: None
        self.victim = None
        self.lock = threading.RLock()
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_any(self):
                fake.handle(self)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                error = sys.exc_info()[1]
                if not isinstance(error, ConnectionError):  # of a client that was killed
                    fake.violations.append(repr(error))

        self.server = Server(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def environment(self):
        return {"AWS_ENDPOINT_URL_S3": self.endpoint, "AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_SESSION_TOKEN": "", "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true",
                "no_proxy": "127.0.0.1"}

    def start_over(self):
        """An empty bucket, no faults."""
        with self.lock:
            self.objects, self.uploads, self.log, self.violations, self.faulted = {}, {}, [], [], []
            self.fault, self.victim = (lambda number, request: None), None

    def files(self, prefix):
        """{path below the prefix: content}"""
        return {key[len(prefix) + 1:]: content for key, content in self.objects.items() if key.startswith(prefix + "/")}

    # ---- a request ----

    def handle(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        request = Request(handler, body)
        with self.lock:
            number = len(self.log) + 1
            self.log.append(repr(request))
            fault = self.fault(number, request)
            if fault:
                self.faulted.append((fault, repr(request)))
        if fault in ("cut", "kill"):
            if fault == "kill":
                os.kill(self.victim, signal.SIGKILL)
            handler.close_connection = True
            return
        try:
            status, headers, answer = self.answer(request, fault)
        except Refused as refused:
            text = f"<Error><Code>{refused.code}</Code><Message>as the test wants</Message></Error>"
            status, headers, answer = refused.status, {}, text.encode()
        if fault in ("cut_after", "kill_after"):
            if fault == "kill_after":
                os.kill(self.victim, signal.SIGKILL)
            handler.close_connection = True
            return
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if "Content-Length" not in headers:
            handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        if request.method != "HEAD":
            handler.wfile.write(answer)

    def answer(self, request, fault):
        if fault == "slow_down":
            raise Refused(503, "SlowDown")
        if fault == "internal_error":
            raise Refused(500, "InternalError")
        if fault == "expired":
            raise Refused(400, "ExpiredToken")
        self.check_signature(request)
        self.check_body(request, damaged=fault == "bad_digest")
        if request.bucket != BUCKET:
            raise Refused(404, "NoSuchBucket")
        with self.lock:
            return getattr(self, request.method.lower())(request)

    def check_signature(self, request):
        match = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, "
                             r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})", request.headers.get("authorization", ""))
        if not match:
            raise Refused(403, "AccessDenied")
        access, date, region, names, signature = match.groups()
        if access not in self.keys:
            raise Refused(403, "ExpiredToken" if access in self.known else "InvalidAccessKeyId")
        if region != REGION:
            raise Refused(400, "AuthorizationHeaderMalformed")
        secret, token = self.keys[access]
        if request.headers.get("x-amz-security-token") != token:
            raise Refused(403, "InvalidToken")
        signed = names.split(";")
        unsigned = [name for name in request.headers if name.startswith("x-amz-") and name not in signed]
        if unsigned or "host" not in signed:
            raise Refused(403, "AccessDenied")
        url = f"{self.endpoint}{request.path}"
        copy = botocore.awsrequest.AWSRequest(
            request.method, url + ("?" + request.query_text if request.query_text else ""), data=request.body,
            headers={name: request.headers[name] for name in signed})
        copy.context["timestamp"] = request.headers["x-amz-date"]
        if not request.headers["x-amz-date"].startswith(date):
            raise Refused(403, "SignatureDoesNotMatch")
        signer = botocore.auth.S3SigV4Auth(botocore.credentials.Credentials(access, secret, token), "s3", region)
        wanted = signer.signature(signer.string_to_sign(copy, signer.canonical_request(copy)), copy)
        if wanted != signature:
            raise Refused(403, "SignatureDoesNotMatch")

    def check_body(self, request, damaged):
        body = request.body + b"?" if damaged else request.body
        if hashlib.sha256(body).hexdigest() != request.headers.get("x-amz-content-sha256"):
            raise Refused(400, "XAmzContentSHA256Mismatch")
        if request.method == "PUT":
            wanted = base64.b64encode(hashlib.sha256(body).digest()).decode()
            if request.headers.get("x-amz-checksum-sha256") != wanted:
                raise Refused(400, "BadDigest")

    # ---- operations ----

    @staticmethod
    def etag(content):
        return '"' + hashlib.md5(content).hexdigest() + '"'

    def put(self, request):
        if "uploadId" in request.query:
            upload = self.uploads.get(request.query["uploadId"])
            if upload is None:
                raise Refused(404, "NoSuchUpload")
            upload["parts"][int(request.query["partNumber"])] = request.body
            return 200, {"ETag": self.etag(request.body)}, b""
        if request.headers.get("if-none-match") == "*" and request.key in self.objects:
            raise Refused(412, "PreconditionFailed")
        self.store(request.key, request.body)
        return 200, {"ETag": self.etag(request.body)}, b""

    def store(self, key, content):
        if "/members/" in key and key.endswith(".json") and ".zarr/" not in key:
            prefix = key[:key.index("/members/")]
            for file in json.loads(content)["files"]:
                there = self.objects.get(f"{prefix}/{file['path']}")
                if there is None or hashlib.sha256(there).hexdigest() != file["sha256"]:
                    self.violations.append(f"{key} before {file['path']}")
        self.objects[key] = content

    def head(self, request):
        status, headers, content = self.get(request)
        return status, {**headers, "Content-Length": str(len(content))}, b""

    def get(self, request):
        if request.key == "":
            return self.list_uploads(request) if "uploads" in request.query else self.list(request)
        if request.key not in self.objects:
            raise Refused(404, "NoSuchKey")
        content = self.objects[request.key]
        headers = {"ETag": self.etag(content), "Last-Modified": time.strftime("%a, %d %b %Y %H:%M:%S GMT")}
        if request.headers.get("if-match", headers["ETag"]) != headers["ETag"]:
            raise Refused(412, "PreconditionFailed")
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
        if not match:
            return 200, headers, content
        first, last = int(match[1]), min(int(match[2] or len(content) - 1), len(content) - 1)
        if first >= len(content):
            raise Refused(416, "InvalidRange")
        return 206, {**headers, "Content-Range": f"bytes {first}-{last}/{len(content)}"}, content[first:last + 1]

    def list(self, request):
        assert request.query.get("list-type") == "2" and request.query.get("encoding-type") == "url", request
        start = request.query.get("continuation-token", "")
        keys = sorted(k for k in self.objects if k.startswith(request.query.get("prefix", "")) and k > start)
        page, rest = keys[:self.page], keys[self.page:]
        text = "".join(f"<Contents><Key>{urllib.parse.quote(key)}</Key>"
                       f"<ETag>{xml.sax.saxutils.escape(self.etag(self.objects[key]))}</ETag>"
                       f"<Size>{len(self.objects[key])}</Size></Contents>" for key in page)
        text += f"<IsTruncated>{'true' if rest else 'false'}</IsTruncated>"
        if rest:
            text += f"<NextContinuationToken>{xml.sax.saxutils.escape(page[-1])}</NextContinuationToken>"
        return 200, {}, f"<?xml version='1.0'?><ListBucketResult>{text}</ListBucketResult>".encode()

    def list_uploads(self, request):
        text = "".join(f"<Upload><Key>{urllib.parse.quote(upload['key'])}</Key><UploadId>{name}</UploadId></Upload>"
                       for name, upload in self.uploads.items() if upload["key"].startswith(request.query["prefix"]))
        return 200, {}, f"<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>{text}</ListMultipartUploadsResult>".encode()

    def post(self, request):
        if "uploads" in request.query:
            if request.headers.get("x-amz-checksum-algorithm") != "SHA256":
                raise Refused(400, "InvalidRequest")
            name = f"upload-{len(self.log)}"
            self.uploads[name] = {"key": request.key, "parts": {}}
            return 200, {}, f"<InitiateMultipartUploadResult><UploadId>{name}</UploadId></InitiateMultipartUploadResult>".encode()
        upload = self.uploads.get(request.query.get("uploadId"))
        if upload is None:
            raise Refused(404, "NoSuchUpload")
        parts = re.findall(r"<Part><PartNumber>(\d+)</PartNumber><ETag>([^<]+)</ETag>"
                           r"<ChecksumSHA256>([^<]+)</ChecksumSHA256></Part>", request.body.decode())
        if [int(number) for number, _, _ in parts] != sorted(upload["parts"]):
            raise Refused(400, "InvalidPart")
        for number, etag, checksum in parts:
            content = upload["parts"][int(number)]
            digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
            if checksum != digest or etag.replace("&quot;", '"') != self.etag(content):
                raise Refused(400, "InvalidPart")
            if len(content) < 5 << 20 and int(number) < len(parts):
                raise Refused(400, "EntityTooSmall")
        self.store(upload["key"], b"".join(upload["parts"][int(number)] for number, _, _ in parts))
        del self.uploads[request.query["uploadId"]]
        return 200, {}, b"<CompleteMultipartUploadResult/>"

    def delete(self, request):
        if "uploadId" in request.query:
            if self.uploads.pop(request.query["uploadId"], None) is None:
                raise Refused(404, "NoSuchUpload")
        else:
            self.objects.pop(request.key, None)
        return 204, {}, b""
