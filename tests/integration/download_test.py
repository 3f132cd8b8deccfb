"""The downloader against a server that misbehaves: each job ends right, or with the right exit code and nothing lost.

    download_test.py DRIVER      DRIVER is the built download_driver
"""

import glob
import hashlib
import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BAD_INPUT, MISSING, UNAVAILABLE, INTERRUPTED, CREDENTIALS = 65, 66, 69, 75, 77
CONTENT = random.Random(4).randbytes(3_000_000)
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}


def digest(data):
    return hashlib.sha256(data).hexdigest()


# A server that says it can send parts, and does not this time.
ABLE = {"do": "ignore_range", "headers": {"Accept-Ranges": "bytes"}}


class Server:
    """flaky_server.py as a process; `requests()` is what it was asked so far."""

    def __init__(self, folder, plan=()):
        self.log = pathlib.Path(tempfile.mkstemp(dir=folder.parent, suffix=".jsonl")[1])
        command = [sys.executable, HERE / "flaky_server.py", folder, "--plan", json.dumps(list(plan))]
        command += ["--log", self.log]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.address = "http://127.0.0.1:" + self.process.stdout.readline().strip()

    def requests(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class DownloadTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        root = pathlib.Path(self.temporary.name)
        self.folder, self.cache, self.driver_log = root / "www", root / "cache", root / "driver.jsonl"
        self.put("data.bin", CONTENT)

    def put(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def serve(self, *plan):
        server = Server(self.folder, plan)
        self.addCleanup(server.stop)
        return server

    def command(self, url, *words):
        return [DRIVER, f"--cache={self.cache}", f"--log={self.driver_log}", url, *words]

    def fetch(self, url, *words, expect=0):
        done = subprocess.run(self.command(url, *words), capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        answer = json.loads(done.stdout)
        if expect:
            self.assertIn(url, answer["error"])
            self.assertEqual(answer["code"], expect)
        self.assert_nothing_half_done()
        return answer

    def start(self, command):
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=ENVIRONMENT)

    def assert_nothing_half_done(self):
        """Whatever has happened: no temporary file remains, and each note's data is whole."""
        for path in self.cache.glob("notes/*.json"):
            note = json.loads(path.read_text())
            found = [data for data in self.cache.glob("[fp]*/**/*") if data.is_file()
                     and digest(data.read_bytes()) == note["sha256"] and data.stat().st_size == note["bytes"]]
            self.assertTrue(found, note)
        self.assertEqual(glob.glob(f"{self.cache}/**/.*.tmp", recursive=True), [])

    def assert_whole(self, answer, content=CONTENT):
        part, = answer["parts"]
        self.assertEqual(part["bytes"], len(content))
        self.assertEqual(part["sha256"], digest(content))
        self.assertEqual(pathlib.Path(part["path"]).read_bytes(), content)

    def events(self, name):
        lines = [json.loads(line) for line in self.driver_log.read_text().splitlines()]
        return [line for line in lines if line["event"] == name]

    # ---- whole files ----

    def test_a_file_is_fetched_once_and_keeps_its_name(self):
        server = self.serve()
        first = self.fetch(server.address + "/data.bin")
        self.assert_whole(first)
        self.assertEqual(pathlib.Path(first["parts"][0]["path"]).name, "data.bin")
        self.assertEqual(self.fetch(server.address + "/data.bin"), first)
        request, = server.requests()
        self.assertIsNone(request["range"])
        self.assertRegex(request["headers"]["User-Agent"], r"^hens/\d+\.\d+\.\d+$")
        self.assertNotIn("Authorization", request["headers"])

    def test_an_empty_file(self):
        self.put("empty", b"")
        self.assert_whole(self.fetch(self.serve().address + "/empty"), b"")

    def test_faults_that_pass_are_retried(self):
        faults = [
            {"do": "status", "status": 500},
            {"do": "status", "status": 429},
            {"do": "reset"},
            {"do": "garbage"},
            {"do": "encoded"},
            {"do": "no_length"},
            {"do": "truncate", "after": 0},
            {"do": "truncate", "after": 100_000},
            {"do": "reset", "after": 100_000},
            {"do": "no_length", "after": 100_000},
        ]
        for i, fault in enumerate(faults):
            with self.subTest(**fault):
                name = f"once_{i}.bin"
                self.put(name, CONTENT)
                server = self.serve(dict(fault, count=2))
                self.assert_whole(self.fetch(f"{server.address}/{name}"))
                self.assertEqual(len(server.requests()), 3)

    def test_faults_that_stay_have_their_exit_codes(self):
        cases = [
            ({"do": "status", "status": 404}, MISSING, 1),
            ({"do": "status", "status": 410}, MISSING, 1),
            ({"do": "status", "status": 401}, CREDENTIALS, 1),
            ({"do": "status", "status": 403}, CREDENTIALS, 1),
            ({"do": "status", "status": 400}, UNAVAILABLE, 1),
            ({"do": "status", "status": 500}, UNAVAILABLE, 4),
            ({"do": "status", "status": 503}, UNAVAILABLE, 4),
            ({"do": "status", "status": 429}, UNAVAILABLE, 4),
            ({"do": "reset"}, UNAVAILABLE, 4),
            ({"do": "garbage"}, UNAVAILABLE, 4),
            ({"do": "truncate", "after": 1000, "etag": "none"}, UNAVAILABLE, 4),
            ({"do": "encoded"}, BAD_INPUT, 4),
            ({"do": "no_length"}, BAD_INPUT, 4),
        ]
        for fault, code, requests in cases:
            with self.subTest(**fault):
                server = self.serve(fault)
                self.fetch(server.address + "/data.bin", expect=code)
                self.assertEqual(len(server.requests()), requests)
        self.assertEqual(glob.glob(f"{self.cache}/files/**/data.bin", recursive=True), [])

    def test_nobody_listens(self):
        server = self.serve()
        server.stop()
        self.fetch(server.address + "/data.bin", expect=UNAVAILABLE)

    def test_a_stall_is_noticed_and_mended(self):
        server = self.serve({"do": "stall", "after": 200_000, "count": 1})
        start = time.monotonic()
        self.assert_whole(self.fetch(server.address + "/data.bin"))
        self.assertLess(time.monotonic() - start, 10)
        retry = self.events("retry")[0]
        self.assertIn("stalled", retry["reason"])
        self.assertEqual((retry["attempt"], retry["of"]), (1, 4), "how long it goes on was not told")

    def test_retry_after_is_honoured(self):
        server = self.serve({"do": "status", "status": 503, "retry_after": 2, "count": 1})
        start = time.monotonic()
        self.assert_whole(self.fetch(server.address + "/data.bin"))
        self.assertGreaterEqual(time.monotonic() - start, 2)

    def test_a_cut_body_is_resumed(self):
        server = self.serve({"do": "truncate", "after": 1_000_000, "count": 1})
        self.assert_whole(self.fetch(server.address + "/data.bin"))
        first, second = server.requests()
        self.assertEqual(second["range"], "bytes=1000000-")
        self.assertEqual(second["if_range"], '"%s"' % digest(CONTENT)[:16])
        self.assertEqual(first["sends"] + second["sends"], len(CONTENT))

    def test_progress_does_not_use_up_attempts(self):
        self.put("long.bin", CONTENT * 4)
        server = self.serve({"do": "truncate", "after": 1_100_000, "count": 8})
        self.assert_whole(self.fetch(server.address + "/long.bin"), CONTENT * 4)
        self.assertEqual(len(server.requests()), 9)

    def test_a_process_continues_what_another_left(self):
        server = self.serve({"do": "truncate", "after": 2_000_000, "count": 1},
                            {"do": "status", "status": 500, "count": 3})
        self.fetch(server.address + "/data.bin", expect=UNAVAILABLE)
        self.assert_whole(self.fetch(server.address + "/data.bin"))
        self.assertEqual(server.requests()[-1]["range"], "bytes=2000000-")
        self.assertEqual(list((self.cache / "partial").glob("*/*")), [])

    def test_what_was_left_of_another_version_is_not_continued(self):
        server = self.serve({"do": "truncate", "after": 2_000_000, "count": 1},
                            {"do": "status", "status": 500, "count": 3})
        self.fetch(server.address + "/data.bin", expect=UNAVAILABLE)
        changed = bytes(reversed(CONTENT))
        self.put("data.bin", changed)
        self.assert_whole(self.fetch(server.address + "/data.bin"), changed)

    def test_a_server_that_cannot_resume_sends_all_again(self):
        server = self.serve({"do": "truncate", "after": 1_000_000, "count": 1}, {"do": "ignore_range"})
        self.assert_whole(self.fetch(server.address + "/data.bin"))

    def test_a_version_that_changes_under_a_resume_starts_anew(self):
        # This server resumes whatever If-Range says: the ETag of the answer gives it away.
        server = self.serve({"do": "truncate", "after": 1_000_000, "count": 1, "etag": '"old"'},
                            {"do": "ok", "count": 1, "headers": {"ETag": '"new"'}, "etag": '"old"'})
        self.assert_whole(self.fetch(server.address + "/data.bin"))
        self.assertIn("changed", self.events("retry")[1]["reason"])

    def test_redirects(self):
        server = self.serve({"path": "/from", "do": "redirect", "to": "/data.bin"},
                            {"path": "/loop", "do": "redirect", "to": "/loop"},
                            {"path": "/file", "do": "redirect", "to": f"file://{self.folder}/data.bin"},
                            {"path": "/password", "do": "redirect", "to": "http://me:secret@127.0.0.1:1/data.bin"})
        self.assert_whole(self.fetch(server.address + "/from"))
        self.assertIn("redirects", self.fetch(server.address + "/loop", expect=UNAVAILABLE)["error"])
        self.assertEqual(len(server.requests()), 2 + 6, "five redirects, and no further attempt")
        self.fetch(server.address + "/file", expect=UNAVAILABLE)
        self.fetch(server.address + "/password", expect=UNAVAILABLE)
        self.assertEqual(len(server.requests()), 2 + 6 + 2)

    @unittest.skipUnless(shutil.which("openssl"), "needs the openssl program to make a certificate")
    def test_a_certificate_that_nobody_vouches_for_is_refused(self):
        key, certificate = self.folder / "key.pem", self.folder / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1",
                        "-days", "2", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        answer = self.fetch(f"https://127.0.0.1:{server.server_port}/data.bin", expect=UNAVAILABLE)
        server.shutdown()
        thread.join()
        server.server_close()
        self.assertIn("certificate", answer["error"])
        self.assertEqual(self.driver_log.read_text(), "", "no retry mends a certificate")

    def test_the_hubs_digest_is_held_against_the_bytes(self):
        url = "hf://datasets/owner/name/folder/data.bin"
        linked = {"X-Linked-Etag": f'"{digest(CONTENT)}"'}
        hub = {"path": "/datasets/owner/name/resolve/main/*", "do": "redirect", "to": "/data.bin", "headers": linked}
        server = self.serve(hub, {"do": "corrupt", "count": 1})
        answer = self.fetch(url, f"--hf={server.address}")
        self.assert_whole(answer)
        self.assertTrue(answer["parts"][0]["path"].endswith("files/hf/datasets/owner/name/folder/data.bin"))
        self.assertEqual(len(server.requests()), 4)
        server = self.serve(hub, {"do": "corrupt"})
        self.fetch("hf://datasets/owner/name/other/data.bin", f"--hf={server.address}", expect=BAD_INPUT)

    # ---- ranges ----

    RANGES = [(10, 99), (2_000_000, 2_099_999), (100, 149), (50_000, 50_009), (2_900_000, None)]

    def fetch_ranges(self, url, *words, ranges=None, **keywords):
        texts = [f"{first}-{'' if last is None else last}" for first, last in ranges or self.RANGES]
        return self.fetch(url, *words, *texts, **keywords)

    def assert_ranges(self, answer, content=CONTENT, ranges=None):
        ranges = ranges or self.RANGES
        self.assertEqual(len(answer["parts"]), len(ranges))
        for part, (first, last) in zip(answer["parts"], ranges):
            expected = content[first:] if last is None else content[first:last + 1]
            self.assertEqual(pathlib.Path(part["path"]).read_bytes(), expected)
            self.assertEqual((part["bytes"], part["sha256"]), (len(expected), digest(expected)))

    def test_neighbours_share_a_request_and_parts_are_cached_alone(self):
        server = self.serve()
        self.assert_ranges(self.fetch_ranges(server.address + "/data.bin"))
        asked = sorted(request["range"] for request in server.requests())
        self.assertEqual(asked, ["bytes=10-50009", "bytes=2000000-2099999", "bytes=2900000-"])
        # Of another choice only what is new is asked for.
        ranges = [(50_000, 50_009), (500_000, 500_999), (10, 99)]
        self.assert_ranges(self.fetch_ranges(server.address + "/data.bin", ranges=ranges), ranges=ranges)
        self.assertEqual([request["range"] for request in server.requests()[3:]], ["bytes=500000-500999"])

    def test_lies_about_ranges_that_pass(self):
        for i, fault in enumerate([{"do": "wrong_range"}, ABLE, {"do": "shorter"}, {"do": "longer"},
                                   {"do": "truncate", "after": 20}, {"do": "reset"}, {"do": "status", "status": 503},
                                   {"do": "longer", "extra": 100_000}, {"do": "status", "status": 416}]):
            with self.subTest(**fault):
                name = f"lie_{i}.bin"
                self.put(name, CONTENT)
                server = self.serve(dict(fault, count=3))
                self.assert_ranges(self.fetch_ranges(f"{server.address}/{name}"))

    def test_lies_about_ranges_that_stay(self):
        for fault in ["wrong_range", "ignore_range", "shorter", "longer"]:
            with self.subTest(fault):
                server = self.serve({"do": fault})
                self.fetch_ranges(server.address + "/data.bin", expect=BAD_INPUT)
                self.assertEqual(glob.glob(f"{self.cache}/parts/*"), [])

    def test_a_server_without_ranges_is_known_by_its_first_answer(self):
        server = self.serve({"do": "ignore_range"})
        answer = self.fetch_ranges(server.address + "/data.bin", "--backoff=5", ranges=[(1000, 1999)], expect=BAD_INPUT)
        self.assertIn("does not serve byte ranges", answer["error"])
        self.assertEqual(len(server.requests()), 1)

    def test_a_range_behind_the_end(self):
        server = self.serve()
        for ranges in [[(2_999_000, 3_000_000)], [(3_000_000, None)]]:
            answer = self.fetch_ranges(server.address + "/data.bin", ranges=ranges, expect=BAD_INPUT)
            self.assertIn("3000000", answer["error"])

    def test_the_last_bytes_of_a_file(self):
        """A shard's index, whose place nobody knows before: asked for from the end, cached, held to what was promised."""
        server = self.serve()
        for _ in range(2):
            answer = self.fetch(server.address + "/data.bin", "-20", "5-9")
            parts = [pathlib.Path(part["path"]).read_bytes() for part in answer["parts"]]
            self.assertEqual(parts, [CONTENT[-20:], CONTENT[5:10]])
        self.assertEqual(sorted(r["range"] for r in server.requests()), ["bytes=-20", "bytes=5-9"])
        self.put("short.bin", b"0123456789")
        answer = self.fetch(server.address + "/short.bin", "-20")
        self.assertEqual(pathlib.Path(answer["parts"][0]["path"]).read_bytes(), b"0123456789")
        for fault in ("ignore_range", "shorter", "longer"):
            with self.subTest(fault):
                self.put(f"{fault}.bin", CONTENT)
                server = self.serve({"do": fault})
                self.fetch(f"{server.address}/{fault}.bin", "-20", expect=BAD_INPUT)
        for fault in ({"do": "reset"}, {"do": "truncate", "after": 7}, {"do": "status", "status": 503}):
            with self.subTest(**fault):
                self.put("mended.bin", CONTENT[::-1])
                server = self.serve(dict(fault, count=2))
                answer = self.fetch(server.address + "/mended.bin", "-20")
                self.assertEqual(pathlib.Path(answer["parts"][0]["path"]).read_bytes(), CONTENT[::-1][-20:])

    def test_missing_and_forbidden(self):
        server = self.serve({"path": "/no", "do": "status", "status": 404}, {"do": "status", "status": 403})
        start = time.monotonic()
        self.fetch_ranges(server.address + "/no", "--backoff=5", expect=MISSING)
        self.fetch_ranges(server.address + "/data.bin", "--backoff=5", expect=CREDENTIALS)
        self.assertLess(time.monotonic() - start, 4, "one part's failure ends the others")

    def test_parts_of_two_versions_never_meet(self):
        server = self.serve()
        self.fetch_ranges(server.address + "/data.bin", ranges=self.RANGES[:2])
        changed = bytes(reversed(CONTENT))
        self.put("data.bin", changed)
        self.assert_ranges(self.fetch_ranges(server.address + "/data.bin"), changed)

    def test_a_file_that_never_rests(self):
        plan = [{"do": "ok", "etag": f'"{i}"', "count": 1} for i in range(100)]
        answer = self.fetch_ranges(self.serve(*plan).address + "/data.bin", expect=BAD_INPUT)
        self.assertIn("changes", answer["error"])

    def test_every_second_request_fails(self):
        faults = [{"do": "status", "status": 500}, {"do": "reset"}, {"do": "truncate", "after": 300},
                  {"do": "wrong_range"}, ABLE, {"do": "longer"},
                  {"do": "status", "status": 429, "retry_after": 1}]
        plan = [dict(fault, skip=1, count=1) for fault in faults]
        ranges = [(at, at + 999) for at in range(0, 2_900_000, 150_000)]
        server = self.serve(*plan)
        # Chance may lead all faults to one range.
        answer = self.fetch_ranges(server.address + "/data.bin", f"--attempts={len(plan) + 1}", ranges=ranges)
        self.assert_ranges(answer, ranges=ranges)
        self.assertEqual(len(server.requests()), len(ranges) + len(plan))

    # ---- cache ----

    def test_damage_in_the_cache_is_noticed(self):
        def flip(path):
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data)

        def truncate(path):
            os.truncate(path, 7)

        server = self.serve()
        for damage in [flip, truncate, pathlib.Path.unlink]:
            with self.subTest(damage.__name__):
                path = pathlib.Path(self.fetch(server.address + "/data.bin")["parts"][0]["path"])
                damage(path)
                self.assert_whole(self.fetch(server.address + "/data.bin"))
                part = pathlib.Path(self.fetch_ranges(server.address + "/data.bin")["parts"][1]["path"])
                damage(part)
                self.assert_ranges(self.fetch_ranges(server.address + "/data.bin"))
        self.assertEqual(len(self.events("cache entry damaged, fetching it again")), 6)
        self.assertEqual(len(server.requests()), 1 + 3 + 6)

    def test_a_spoiled_note_is_no_entry(self):
        server = self.serve()
        self.fetch(server.address + "/data.bin")
        note, = (self.cache / "notes").iterdir()
        for text in ["", "{", "[]", '{"key": 3}', note.read_text().replace("data.bin", "tada.bin"), "\xff"]:
            note.write_text(text, encoding="latin-1")
            self.assert_whole(self.fetch(server.address + "/data.bin"))

    def test_offline(self):
        server = self.serve()
        url = server.address + "/data.bin"
        self.fetch(url, "--offline", expect=UNAVAILABLE)
        self.fetch_ranges(url, "--offline", expect=UNAVAILABLE)
        self.assertEqual(server.requests(), [])
        self.fetch(url), self.fetch_ranges(url)
        server.stop()
        self.assert_whole(self.fetch(url, "--offline"))
        self.assert_ranges(self.fetch_ranges(url, "--offline"))

    def test_processes_share_a_cache(self):
        server = self.serve({"do": "slow", "per_second": 3_000_000})
        url = server.address + "/data.bin"
        commands = [self.command(url), self.command(url, "0-999", "2000000-2099999")] * 2
        running = [self.start(command) for command in commands]
        for i, process in enumerate(running):
            answer = json.loads(process.communicate(timeout=60)[0])
            if i % 2 == 0:
                self.assert_whole(answer)
            else:
                self.assert_ranges(answer, ranges=[(0, 999), (2_000_000, 2_099_999)])
        self.assertEqual(len(server.requests()), 3, "what one fetches the other uses")
        waiting = self.events("waiting for another process that fetches this")
        self.assertTrue(waiting and all(event["url"] == url for event in waiting), "who waits was silent")

    def test_kill_and_go_on(self):
        server = self.serve({"do": "slow", "per_second": 6_000_000, "count": 5})
        url = server.address + "/data.bin"
        for pause in [0.05, 0.1, 0.2, 0.3, 0.4]:
            process = self.start(self.command(url))
            time.sleep(pause)
            process.kill()
            process.communicate()
        self.assert_whole(self.fetch(url))

    # ---- stop ----

    def stop_after(self, seconds, *command):
        process = self.start(command)
        time.sleep(seconds)
        process.send_signal(signal.SIGTERM)
        start = time.monotonic()
        output = process.communicate(timeout=30)[0]
        self.assertLess(time.monotonic() - start, 1.0)
        self.assertEqual(process.returncode, INTERRUPTED, output)

    def test_a_stop_ends_every_wait_within_a_second(self):
        cases = {"silence": ({"do": "stall", "after": 2_000_000}, ["--stall=60"]),
                 "backoff": ({"do": "status", "status": 500}, ["--backoff=60"]),
                 "retry-after": ({"do": "status", "status": 503, "retry_after": 60}, [])}
        for name, (fault, words) in cases.items():
            with self.subTest(name):
                server = self.serve(fault)
                self.stop_after(0.5, *self.command(server.address + "/data.bin", *words))
                self.stop_after(0.5, *self.command(server.address + "/data.bin", *words, "0-99", "200-2500000"))

    def test_a_stop_ends_the_wait_for_another_process(self):
        server = self.serve({"do": "stall", "after": 2_000_000, "seconds": 5})
        command = self.command(server.address + "/data.bin", "--stall=60")
        holder = self.start(command)
        time.sleep(0.5)
        self.stop_after(0.5, *command)
        holder.terminate()
        holder.communicate()
        self.assertEqual(holder.returncode, INTERRUPTED)

    def test_what_a_stop_leaves_is_continued(self):
        server = self.serve({"do": "stall", "after": 2_000_000, "count": 1})
        self.stop_after(0.8, *self.command(server.address + "/data.bin", "--stall=60"))
        self.assert_whole(self.fetch(server.address + "/data.bin"))
        self.assertEqual(server.requests()[-1]["range"], "bytes=2000000-")

    # ---- addresses ----

    def test_local_files_are_used_in_place(self):
        path = self.folder / "data.bin"
        for url in [str(path), f"file://{path}"]:
            answer = self.fetch(url, "--offline")
            self.assert_whole(answer)
            self.assertEqual(answer["parts"][0]["path"], str(path))
            self.assert_ranges(self.fetch_ranges(url))
        self.fetch(str(path) + ".not", expect=MISSING)
        self.fetch_ranges(str(path), ranges=[(0, 3_000_000)], expect=BAD_INPUT)

    def test_mirrors_stand_for_schemes(self):
        self.put("bucket/a b/key+1.bin", CONTENT)
        self.put("example.org/x/y.bin", CONTENT)
        server = self.serve()
        self.assert_whole(self.fetch("s3://bucket/a b/key+1.bin?region=eu-west-1", f"--s3={server.address}/"))
        self.assert_whole(self.fetch("https://example.org/x/y.bin", f"--https={server.address}"))
        self.assert_ranges(self.fetch_ranges("s3://bucket/a b/key+1.bin", f"--s3={server.address}"))
        # The mirror is only the way: what it brought is found without it.
        self.assert_whole(self.fetch("s3://bucket/a b/key+1.bin", "--offline"))
        answer = self.fetch("s3://bucket/key", "--resolve")
        self.assertEqual(answer["address"], "https://bucket.s3.us-east-1.amazonaws.com/key")


if __name__ == "__main__":
    DRIVER = sys.argv.pop(1)
    for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"]:
        ENVIRONMENT.pop(variable, None)
    unittest.main(verbosity=2)
