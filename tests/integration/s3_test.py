"""Results in a bucket: hens run --results s3://..., and what reads it, against s3_fake.py and moto."""
import contextlib
import hashlib
import http.server
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import boto3

import harness
import s3_fake
from harness import hens
from s3_fake import BUCKET

UNAVAILABLE, INTERRUPTED, CREDENTIALS, BAD_SPEC, MISSING = 69, 75, 77, 78, 66
PLACE = f"s3://{BUCKET}/runs/one"
CLEAN = {key: "" for key in os.environ if key.startswith("AWS_")}

JOB = harness.SMALL_JOB.replace("members: 2", "members: 3")
STATISTICS = JOB.replace("threads: 1", "threads: 1, block: 1") + """
statistics: [{variables: [t2m], extremes: true, thresholds: [280], quantiles: [0.25, 0.5]}]
report: {maps: false}
"""


def folder():
    return pathlib.Path(tempfile.mkdtemp(prefix="hens_s3_"))


def run(s3, job, output, *more, check=0, env=None, place=PLACE):
    return hens("run", job, "--output", output, "--results", place, *more, check=check,
                env={**CLEAN, **s3.environment, **(env or {})})


def look(s3, command, *more, check=0, env=None, place=PLACE):
    return hens(command, place, *more, check=check, env={**CLEAN, **s3.environment, **(env or {})})


def start(s3, job, output, *more):
    return subprocess.Popen([harness.HENS, "run", job, "--output", output, "--results", PLACE, *map(str, more)],
                            env={**os.environ, **CLEAN, "HENS_CACHE": harness.CACHE, **s3.environment},
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def fields(files):
    """{path: sha256} of what is in stores: the same whoever made it."""
    return {path: hashlib.sha256(content).hexdigest() for path, content in files.items() if ".zarr/" in path}


def save(files, target):
    for path, content in files.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(content)


_truth = {}


def truth(job_text):
    """What a run without a bucket leaves in its stores."""
    if job_text not in _truth:
        home = folder()
        hens("run", harness.write_job(home, job_text), "--output", home / "run")
        _truth[job_text] = harness.stores(home / "run")
    return _truth[job_text]


def assert_whole(s3, job_text=JOB):
    files = s3.files("runs/one")
    assert s3.violations == [], s3.violations
    assert fields(files) == truth(job_text), sorted(set(fields(files)) ^ set(truth(job_text)))
    assert s3.uploads == {}
    return files


def test_a_run_is_in_its_bucket():
    with s3_fake.FakeS3(page=4) as s3:
        home = folder()
        job = harness.write_job(home, JOB)
        run(s3, job, home / "run")
        files = assert_whole(s3)
        here = {str(p.relative_to(home / "run")) for p in (home / "run").rglob("*") if p.is_file()}
        assert here - set(files) == {"log.jsonl", "metrics.prom"}, here ^ set(files)
        # What is copied from the bucket is a run's folder like any other.
        save(files, home / "copy")
        assert hens("verify", home / "copy").stdout == "all is well\n"
        harness.assert_not_misled(home / "copy")
        assert look(s3, "verify").stdout == "all is well\n"
        assert look(s3, "verify", "--sizes").stdout == "all is well\n"
        status = json.loads(look(s3, "status", "--json").stdout)
        assert (status["complete"], status["planned"]) == (3, 3)
        # Again: nothing but looking.
        before = len(s3.log)
        run(s3, job, home / "run")
        puts = [line for line in s3.log[before:] if line.startswith("PUT") and ("members/" in line or ".zarr" in line)]
        assert puts == [], puts


def test_another_machine_goes_on():
    with s3_fake.FakeS3() as s3:
        home = folder()
        job = harness.write_job(home, JOB)
        run(s3, job, home / "a", "--members", "0")
        marker = [content for path, content in s3.files("runs/one").items() if path.startswith("members/")]
        assert len(marker) == 1
        done = run(s3, job, home / "b")
        assert "3 of 3 members are complete" in done.stdout
        assert json.loads((home / "b/attempts/0002.json").read_text())["number"] == 2
        assert_whole(s3)
        log = [json.loads(line) for line in (home / "b/log.jsonl").read_text().splitlines()]
        kept = [line["members_kept"] for line in log if line["event"] == "run"]
        assert kept == [1]
        assert look(s3, "verify").stdout == "all is well\n"


def test_fields_need_not_stay():
    with s3_fake.FakeS3() as s3:
        home = folder()
        text = JOB.replace("threads: 1", f"threads: 1, keep_local: false, results: '{PLACE}'").replace(
            "[u10m, v10m]", "[u10m, v10m, t2m]")
        job = harness.write_job(home, text)
        hens("run", job, "--output", home / "run", env={**CLEAN, **s3.environment})
        plain = JOB.replace("[u10m, v10m]", "[u10m, v10m, t2m]")
        assert_whole(s3, plain)
        left = {path for path in harness.stores(home / "run") if "0m/c." in path or "t2m/c." in path}
        assert left == set(), left
        assert list((home / "run").glob("hens_wind_*.jpg")), "the maps were made of fields that were still there"
        assert look(s3, "verify").stdout == "all is well\n"
        # Nothing is done again for want of files that are in the bucket.
        done = hens("run", job, "--output", home / "run", env={**CLEAN, **s3.environment})
        assert "3 of 3" in done.stdout
        log = [json.loads(line) for line in (home / "run/log.jsonl").read_text().splitlines()]
        assert [line["members_to_do"] for line in log if line["event"] == "run"] == [3, 0]


def test_reports_are_made_again_in_the_bucket():
    with s3_fake.FakeS3() as s3:
        home = folder()
        run(s3, harness.write_job(home, JOB), home / "run")
        before = s3.files("runs/one")
        pictures = [path for path in before if path.endswith(".jpg")]
        assert pictures
        for path in pictures + ["report.html"]:
            del s3.objects[f"runs/one/{path}"]
        found = json.loads(look(s3, "verify", "--json", check=MISSING).stdout)
        assert {finding["path"] for finding in found} == {*pictures, "report.html"}
        done = look(s3, "report")
        assert f"{PLACE}/report.html" in done.stdout
        after = s3.files("runs/one")
        assert all(after[path] == before[path] for path in pictures)
        assert look(s3, "verify").stdout == "all is well\n"


def test_verify_names_what_is_wrong():
    with s3_fake.FakeS3() as s3:
        home = folder()
        run(s3, harness.write_job(home, JOB), home / "run")
        chunks = sorted(key for key in s3.objects if ".zarr/u10m/c." in key)
        marker = sorted(key for key in s3.objects if key.startswith("runs/one/members/"))[2]
        content = s3.objects[chunks[0]]
        s3.objects[chunks[0]] = content[:-1] + bytes([content[-1] ^ 1])
        del s3.objects[chunks[1]], s3.objects[marker]
        s3.objects[chunks[0] + ".more"] = b"x"
        s3.uploads["left"] = {"key": chunks[1], "parts": {}}
        found = json.loads(look(s3, "verify", "--json", check=65).stdout)
        states = {f"runs/one/{finding['path']}": finding["state"] for finding in found}
        assert states[chunks[0]] == "corrupt" and states[marker] == "missing", states
        assert states[chunks[0] + ".more"] == "extra" and chunks[1] in states, states
        # The folder has all: what the bucket lacks is sent again (by size: bytes were checked when they came).
        s3.objects[chunks[0]] = content
        del s3.objects[chunks[0] + ".more"]
        run(s3, home / "job.yaml", home / "run")
        assert_whole(s3)
        assert look(s3, "verify").stdout == "all is well\n"


def test_statistics_go_there_and_come_back():
    with s3_fake.FakeS3() as s3:
        home = folder()
        job = harness.write_job(home, STATISTICS)
        run(s3, job, home / "a", "--members", "0,1")
        parts = [path for path in s3.files("runs/one") if path.endswith(".part")]
        assert len(parts) == 1, parts
        run(s3, job, home / "b")
        assert_whole(s3, STATISTICS)
        assert look(s3, "verify").stdout == "all is well\n"
        only = STATISTICS.replace("output: {variables: [u10m, v10m], format: zarr}", "output: []")
        s3.start_over()
        job.write_text(only)
        run(s3, job, home / "c", "--members", "0")
        run(s3, job, home / "d")
        assert_whole(s3, only)
        status = json.loads(look(s3, "status", "--json").stdout)
        assert status["complete"] == 3 and status["statistics"]["damaged"] == 0, status
        assert look(s3, "verify").stdout == "all is well\n"


def test_bad_days():
    with s3_fake.FakeS3() as s3:
        for fault in ("slow_down", "internal_error", "bad_digest", "cut", "cut_after"):
            s3.start_over()
            home = folder()
            s3.fault = lambda number, request, fault=fault: fault if number % 5 == 0 and not request.query else None
            run(s3, harness.write_job(home, JOB), home / "run")
            assert len(s3.faulted) > 5, s3.faulted
            assert_whole(s3)


class Roles:
    """A container's credentials: each answer other keys, which the bucket takes until the next."""

    def __init__(self, s3):
        roles, self.number = self, 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                assert self.headers["Authorization"] == "planted-container-token"
                with s3.lock:
                    roles.number += 1
                    access = f"ROLE{roles.number}"
                    s3.known |= s3.keys
                    s3.keys = {access: (f"planted-secret-{roles.number}", f"planted-token-{roles.number}")}
                    text = json.dumps({"AccessKeyId": access, "SecretAccessKey": s3.keys[access][0],
                                       "Token": s3.keys[access][1], "Expiration": "2099-01-01T00:00:00Z"}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.environment = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": "/nowhere",
                            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{self.server.server_port}/role",
                            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "planted-container-token"}


def test_a_token_ends_in_the_middle():
    with s3_fake.FakeS3() as s3:
        roles, home = Roles(s3), folder()

        def end_keys(number, request):
            if number in (4, 20):  # from here on the server does not take them any more
                with s3.lock:
                    s3.known |= s3.keys
                    s3.keys = {}
        s3.fault = end_keys
        done = run(s3, harness.write_job(home, JOB), home / "run", env=roles.environment)
        assert roles.number == 3, roles.number
        assert_whole(s3)
        texts = [done.stdout, done.stderr] + [p.read_text() for p in (home / "run").glob("*.json*")]
        assert not any("planted" in text for text in texts)


def test_keys_that_nobody_renews_end_the_run():
    with s3_fake.FakeS3() as s3:
        home = folder()
        job = harness.write_job(home, JOB)
        s3.fault = lambda number, request: "expired" if number > 30 else None
        done = run(s3, job, home / "run", check=CREDENTIALS)
        assert "set new ones and run again" in done.stderr and s3_fake.SECRET not in done.stderr
        s3.fault = lambda number, request: None
        run(s3, job, home / "run")
        assert_whole(s3)


def test_a_server_that_is_gone_costs_nothing_but_a_rerun():
    with s3_fake.FakeS3() as s3:
        home = folder()
        job = harness.write_job(home, JOB.replace("threads: 1", "threads: 1, upload_patience: 1s"))
        s3.fault = lambda number, request: "cut" if ".zarr/u10m/c." in request.key else None
        run(s3, job, home / "run", check=UNAVAILABLE)
        assert not [path for path in s3.files("runs/one") if path.startswith("members/")]
        assert harness.markers(home / "run"), "what is complete stays here"
        s3.fault = lambda number, request: None
        run(s3, job, home / "run")
        assert_whole(s3)


def kill_at(s3, job, number, fault):
    """Runs until request `number`, at which the process is killed; returns whether it came that far."""
    home = folder()
    s3.start_over()
    process = start(s3, job, home / "run")
    s3.victim = process.pid
    s3.fault = lambda n, request: fault if n == number else None
    process.communicate(timeout=300)
    s3.fault = lambda n, request: None
    return home if process.returncode == -signal.SIGKILL else None


def test_killed_at_every_request():
    with s3_fake.FakeS3() as s3:
        job = harness.write_job(folder(), JOB.replace("members: 3", "members: 2"))
        text = job.read_text()
        stride = int(os.environ.get("HENS_S3_KILL_STRIDE", "1"))
        number, killed = 1, 0
        while True:
            # In turn: before and after the request is done; going on with the same folder and with an empty one.
            fault = "kill_after" if number % 2 else "kill"
            home = kill_at(s3, job, number, fault)
            if home is None:
                break
            killed += 1
            run(s3, job, home / "run" if number % 4 < 2 else home / "empty")
            assert_whole(s3, text)
            number += stride
        assert killed >= 10 // stride + 1, killed
        print(f"    killed at {killed} of {number - 1} requests", flush=True)
        assert look(s3, "verify").stdout == "all is well\n"


def test_statistics_killed_at_requests():
    with s3_fake.FakeS3() as s3:
        job = harness.write_job(folder(), STATISTICS)
        number, killed = 3, 0
        while (home := kill_at(s3, job, number, "kill_after" if number % 2 else "kill")) is not None:
            killed += 1
            run(s3, job, home / ("run" if number % 4 < 2 else "empty"))
            assert_whole(s3, STATISTICS)
            assert look(s3, "verify").stdout == "all is well\n"
            number += 7
        assert killed >= 5, killed


def test_two_writers():
    with s3_fake.FakeS3() as s3:
        home = folder()
        job = harness.write_job(home, JOB)
        processes = [start(s3, job, home / name) for name in "ab"]
        for process in processes:
            out, err = process.communicate(timeout=300)
            assert process.returncode == 0, err
        files = assert_whole(s3)
        assert {path for path in files if path.startswith("attempts/")} == {"attempts/0001.json", "attempts/0002.json"}
        assert look(s3, "verify").stdout == "all is well\n"


def test_shards_on_machines_of_their_own():
    with s3_fake.FakeS3() as s3:
        home = folder()
        job = harness.write_job(home, STATISTICS.replace("members: 3", "members: 4"))
        first = run(s3, job, home / "a", "--shard", "0/2")
        assert "2 of 4 members" in first.stdout, first.stdout
        assert "4 of 4 members" in run(s3, job, home / "b", "--shard", "1/2").stdout
        assert_whole(s3, job.read_text())
        assert look(s3, "verify").stdout == "all is well\n"


def test_stopped_and_gone_on():
    with s3_fake.FakeS3() as s3:
        home = folder()
        job = harness.write_job(home, JOB.replace("members: 3", "members: 40"))
        process = start(s3, job, home / "run")
        deadline = time.monotonic() + 200
        while not any("members/" in line for line in list(s3.log)) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        assert process.returncode == INTERRUPTED, err
        complete = {path for path in s3.files("runs/one") if path.startswith("members/")}
        assert complete == {f"members/{name}" for name in harness.markers(home / "run")}, "what is complete went up"
        run(s3, job, home / "other")
        assert_whole(s3, job.read_text())


def test_a_crew():
    with s3_fake.FakeS3() as s3:
        home = folder()
        job = harness.write_job(home, STATISTICS.replace("device: cpu", "devices: [cpu, cpu]").replace("members: 3", "members: 4"))
        run(s3, job, home / "run")
        assert_whole(s3, STATISTICS.replace("members: 3", "members: 4"))
        assert look(s3, "verify").stdout == "all is well\n"


def test_other_runs_are_refused():
    with s3_fake.FakeS3() as s3:
        home = folder()
        job = harness.write_job(home, JOB)
        run(s3, job, home / "run", "--members", "0")
        before = dict(s3.objects)
        done = run(s3, job, home / "other", "ensemble.seed=8", check=BAD_SPEC)
        assert "ensemble.seed is 7 there and 8 here" in done.stderr
        assert s3.objects == before
        hens("run", job, "--output", home / "mine", "ensemble.seed=9", "--members", "0")
        done = run(s3, job, home / "mine", "ensemble.seed=9", check=BAD_SPEC)
        assert "hold different runs" in done.stderr and s3.objects == before
        run(s3, job, home / "run", "--force-new-run", check=64)
        hens("run", job, "--results", "s3://no", check=64)
        assert "there is no run" in look(s3, "status", check=MISSING, place=f"s3://{BUCKET}/nothing").stderr


def test_hostile_names_stay_out():
    with s3_fake.FakeS3() as s3:
        home = folder()
        job = harness.write_job(home, JOB)
        run(s3, job, home / "run", "--members", "0")
        for name in ("../../escaped.json", "members/../../escaped.json", "members//x.json", "members/a\\b.json"):
            s3.objects[f"runs/one/members/{name}"] = b"{}"
        run(s3, job, home / "other" / "run")
        assert not list(home.rglob("escaped.json"))


@contextlib.contextmanager
def moto():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    process = subprocess.Popen([sys.executable, "-m", "moto.server", "-p", str(port)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(endpoint + "/moto-api/", timeout=5).read()
                break
            except OSError:
                time.sleep(0.1)
        yield endpoint
    finally:
        process.terminate()
        process.wait()


def test_moto():
    with moto() as endpoint:
        class Server:
            environment = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y",
                           "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", "no_proxy": "127.0.0.1"}
        s3 = boto3.client("s3", region_name="us-east-1", endpoint_url=endpoint, aws_access_key_id="x",
                          aws_secret_access_key="y")
        s3.create_bucket(Bucket=BUCKET)
        home = folder()
        job = harness.write_job(home, JOB)
        run(Server, job, home / "a", "--members", "1")
        run(Server, job, home / "b")
        files = {}
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="runs/one/"):
            for entry in page["Contents"]:
                files[entry["Key"][len("runs/one/"):]] = s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
        assert fields(files) == truth(JOB)
        save(files, home / "copy")
        assert hens("verify", home / "copy").stdout == "all is well\n"
        assert look(Server, "verify").stdout == "all is well\n"
        assert json.loads(look(Server, "status", "--json").stdout)["complete"] == 3


if __name__ == "__main__":
    harness.run_tests(globals())
