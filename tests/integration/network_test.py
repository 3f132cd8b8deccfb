"""Downloads as companies have them: certificate authorities of one's own, proxies that are dead, the hub with a token."""
import http.server
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

DRIVER = pathlib.Path(sys.argv.pop(1)).resolve()
MISSING, UNAVAILABLE, CREDENTIALS = 66, 69, 77
SETTINGS = ("http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE "
            "REQUESTS_CA_BUNDLE HF_ENDPOINT HF_TOKEN HUGGING_FACE_HUB_TOKEN HF_HOME HF_TOKEN_PATH XDG_CACHE_HOME").split()


class Server:
    """Loopback; `answer(path, headers)` gives (status, headers, body); `seen` is what it was asked."""

    def __init__(self, answer, certificate=None):
        seen = self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                seen.append((self.path, dict(self.headers)))
                status, headers, body = answer(self.path, self.headers)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme = "https"
        self.address = f"{scheme}://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class NetworkTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def serve(self, answer, certificate=None):
        server = Server(answer, certificate)
        self.addCleanup(server.stop)
        return server

    def fetch(self, url, expect=0, **environment):
        clean = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        clean["HOME"] = str(self.folder)
        command = [DRIVER, f"--cache={self.folder}/cache", "--backoff=0.01", "--attempts=2", url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env={**clean, **environment})
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    # ---- certificates ----

    def certificate(self):
        path = self.folder / "server.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", self.folder / "authority.pem"],
                       check=True, capture_output=True)
        path.write_text(path.read_text() + (self.folder / "authority.pem").read_text())
        return path

    def test_authorities_of_ones_own_are_trusted_where_a_variable_names_them(self):
        server = self.serve(lambda path, headers: (200, {}, b"content"), self.certificate())
        url = server.address + "/file"
        text = self.fetch(url, UNAVAILABLE)
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "system's certificate authorities"):
            self.assertIn(name, text)
        authority = str(self.folder / "authority.pem")
        for number, name in enumerate(("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")):
            self.fetch(f"{url}{number}", **{name: authority})
        hashed = self.folder / "authorities"
        hashed.mkdir()
        digest = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", authority], check=True, capture_output=True,
                                text=True).stdout.strip()
        (hashed / f"{digest}.0").write_text(pathlib.Path(authority).read_text())
        self.fetch(f"{url}_folder", SSL_CERT_DIR=str(hashed))
        self.fetch(f"{url}_requests", REQUESTS_CA_BUNDLE=str(hashed))

    def test_other_authorities_are_named_where_they_do_not_do(self):
        server = self.serve(lambda path, headers: (200, {}, b"content"), self.certificate())
        other = self.folder / "other.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other", "-keyout",
                        self.folder / "key.pem", "-out", other], check=True, capture_output=True)
        text = self.fetch(server.address + "/file", UNAVAILABLE, SSL_CERT_FILE=str(other))
        self.assertIn(f"SSL_CERT_FILE={other}", text)

    def test_authorities_that_are_not_there_are_named(self):
        server = self.serve(lambda path, headers: (200, {}, b"content"))
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
            text = self.fetch(server.address + "/file", UNAVAILABLE, **{name: "/nowhere/ca.pem"})
            self.assertIn(f"{name}=/nowhere/ca.pem", text)

    # ---- proxies ----

    def test_dead_proxies_are_named(self):
        server = self.serve(lambda path, headers: (200, {}, b"content"))
        text = self.fetch(server.address + "/file", UNAVAILABLE, http_proxy="http://127.0.0.1:1")
        self.assertIn("the proxy of http_proxy=http://127.0.0.1:1", text)
        text = self.fetch(server.address + "/file", UNAVAILABLE, http_proxy="http://user:PLANTED@127.0.0.1:1")
        self.assertIn("the proxy of http_proxy=http://***@127.0.0.1:1", text)
        self.assertNotIn("PLANTED", text)
        text = self.fetch("https://127.0.0.1:9/file", UNAVAILABLE, https_proxy="http://no-such-proxy.invalid:3128")
        self.assertIn("the proxy of https_proxy=http://no-such-proxy.invalid:3128", text)
        text = self.fetch("https://127.0.0.1:9/file", UNAVAILABLE, http_proxy="http://127.0.0.1:1")
        self.assertNotIn("proxy", text, "that one is for http")
        self.fetch(server.address + "/file", http_proxy="http://127.0.0.1:1", no_proxy="localhost,127.0.0.1")

    # ---- the hub ----

    URL = "hf://datasets/owner/name/folder/config.json"

    def test_the_hubs_address_and_token_are_those_of_its_own_client(self):
        server = self.serve(lambda path, headers: (200, {}, b"content of " + path.encode()))
        hub = {"HF_ENDPOINT": server.address + "/"}
        self.fetch(self.URL, HF_TOKEN="hf_secret", **hub)
        path, headers = server.seen[-1]
        self.assertEqual(path, "/datasets/owner/name/resolve/main/folder/config.json")
        self.assertEqual(headers["Authorization"], "Bearer hf_secret")
        self.fetch(self.URL + "1", HUGGING_FACE_HUB_TOKEN="hf_older", **hub)
        self.assertEqual(server.seen[-1][1]["Authorization"], "Bearer hf_older")
        home = self.folder / "home"
        home.mkdir()
        (home / "token").write_text("hf_of_a_file\n")
        self.fetch(self.URL + "2", HF_HOME=str(home), **hub)
        self.assertEqual(server.seen[-1][1]["Authorization"], "Bearer hf_of_a_file")
        self.fetch(self.URL + "3", **hub)
        self.assertNotIn("Authorization", server.seen[-1][1])
        self.fetch(server.address + "/of/another/scheme", HF_TOKEN="hf_secret", **hub)
        self.assertNotIn("Authorization", server.seen[-1][1], "the token is for hf:// alone")

    def test_a_token_does_not_follow_a_redirect_to_another_host(self):
        other = self.serve(lambda path, headers: (200, {}, b"content"))
        server = self.serve(lambda path, headers: (302, {"Location": other.address + "/elsewhere"}, b""))
        self.fetch(self.URL, HF_TOKEN="hf_secret", HF_ENDPOINT=server.address)
        self.assertEqual(server.seen[-1][1]["Authorization"], "Bearer hf_secret")
        self.assertEqual(other.seen[-1][0], "/elsewhere")
        self.assertNotIn("Authorization", other.seen[-1][1])

    def test_refusals_of_the_hub_say_what_to_do(self):
        server = self.serve(lambda path, headers: (401, {}, b""))
        text = self.fetch(self.URL, CREDENTIALS, HF_ENDPOINT=server.address)
        self.assertIn("set HF_TOKEN", text)
        text = self.fetch(self.URL, CREDENTIALS, HF_ENDPOINT=server.address, HF_TOKEN="hf_secret")
        self.assertIn("the token that was sent", text)
        self.assertNotIn("hf_secret", text)


if __name__ == "__main__":
    unittest.main()
