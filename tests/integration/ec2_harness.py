"""What the tests of hens-ec2 share: moto as the cloud, the real aws command line behind a shim, fakes on PATH.

    PROGRAM is the built hens-ec2: the first argument of each test.
"""
import http.server
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import boto3

HERE = pathlib.Path(__file__).resolve().parent
SHIM = HERE / "ec2_aws_shim.py"
REGION = "us-east-1"
IMAGE = "registry.example.com/hens@sha256:" + "a" * 64
ADDRESS = "203.0.113.7"
DONE, USAGE, MISSING, UNAVAILABLE, GPU, CANNOT_CREATE, INTERRUPTED, CREDENTIALS, BAD_SPEC = 0, 64, 66, 69, 71, 73, 75, 77, 78
READING = ("describe-", "get-", "list-", "head-")

JOB = """name: demo
initial_conditions: {source: gfs, times: [2024-01-01T00:00:00Z]}
models:
  - "synth:mini?seed=102"   # 'quotes', $dollars and `ticks` must arrive as they are
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write_program(path, text):
    path.write_text(text)
    path.chmod(0o755)


class Cloud:
    """moto and the shim, started once a test file; each test gets a clean account and its own folder."""

    def __init__(self, program):
        self.program = pathlib.Path(program).resolve()
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="hens_ec2_"))
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.processes = [subprocess.Popen([sys.executable, "-m", "moto.server", "-p", str(self.port)], **quiet)]
        self.socket = self.base / "aws.socket"
        shim = subprocess.Popen([sys.executable, SHIM, "serve", self.socket], stdout=subprocess.PIPE, text=True,
                                stderr=subprocess.DEVNULL)
        self.processes.append(shim)
        assert shim.stdout.readline() == "ready\n"
        self.wait_for_moto()
        self.number = 0

    def wait_for_moto(self):
        for _ in range(300):
            try:
                return urllib.request.urlopen(self.endpoint + "/moto-api/", timeout=5).read()
            except OSError:
                time.sleep(0.1)
        sys.exit("moto does not start")

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.wait()

    def boto(self, service, region=REGION):
        return boto3.client(service, region_name=region, endpoint_url=self.endpoint, aws_access_key_id="x",
                            aws_secret_access_key="y")

    def fresh(self):
        urllib.request.urlopen(urllib.request.Request(self.endpoint + "/moto-api/reset", method="POST")).read()
        self.number += 1
        return Account(self, self.base / str(self.number))


class Account:
    """An empty account, an operator's machine with its own PATH, and questions to both."""

    def __init__(self, cloud, folder):
        self.cloud, self.folder = cloud, folder
        self.bin, self.shim = folder / "bin", folder / "shim"
        for path in (self.bin, self.shim):
            path.mkdir(parents=True)
        # -S -E: the client needs nothing but the standard library, and starts thrice as fast.
        write_program(self.bin / "aws",
                      f'#!/bin/sh\nexec {sys.executable} -S -E {SHIM} call {cloud.socket} "$@"\n')
        write_program(self.bin / "ssh", "#!/bin/sh\nexit 0\n")
        self.environment = {key: value for key, value in os.environ.items()
                            if not key.startswith(("AWS_", "HENS_")) and key not in ("REGION", "XDG_STATE_HOME")
                            and not key.lower().endswith("_proxy")}
        self.environment |= {
            "PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(folder), "EC2_SHIM": str(self.shim),
            "HENS_EC2_STATE": str(folder / "state"), "HENS_EC2_POLL_SECONDS": "0.05", "REGION": REGION,
            "AWS_ENDPOINT_URL": cloud.endpoint, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y",
            "AWS_EC2_METADATA_DISABLED": "true"}
        self.ec2, self.s3, self.iam = cloud.boto("ec2"), cloud.boto("s3"), cloud.boto("iam")
        self.job = folder / "demo.yaml"
        self.job.write_text(JOB)

    # ---- the program ----

    def start(self, *words, env=None, **keywords):
        return subprocess.Popen([self.cloud.program, *map(str, words)], env=self.environment | (env or {}), text=True,
                                cwd=self.folder, **keywords)

    def hens_ec2(self, *words, expect=DONE, env=None):
        """Runs it to its end; stdout and stderr come back as .stdout and .stderr."""
        process = self.start(*words, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate(timeout=120)
        if expect is not None and process.returncode != expect:
            raise AssertionError(f"hens-ec2 {' '.join(map(str, words))}: exit {process.returncode}, expected {expect}\n"
                                 f"{out[-3000:]}\n{err[-3000:]}")
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def create(self, *words, **keywords):
        return self.hens_ec2("create", "--ssh-cidr", ADDRESS, "--image", IMAGE, *words, **keywords)

    def submit(self, *words, results="s3://bucket/run", **keywords):
        return self.hens_ec2("submit", self.job, "--image", IMAGE, "--results", results, "--instance-profile",
                             "hens-results", *words, **keywords)

    # ---- the shim ----

    def plan(self, *rules):
        """From the next call on; counting starts anew."""
        (self.shim / "calls.jsonl").write_text("")
        (self.shim / "plan.json").write_text(json.dumps(rules))

    def calls(self, name=None):
        log = self.shim / "calls.jsonl"
        calls = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return [call for call in calls if name in (None, " ".join(call[:2]))]

    def mutating_calls(self):
        return [call for call in self.calls() if not call[1].startswith(READING) and call[:2] != ["s3", "cp"]]

    # ---- the cloud ----

    def instances(self, states=("pending", "running", "stopping", "stopped", "shutting-down")):
        found = self.ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": list(states)}])
        return [instance for reservation in found["Reservations"] for instance in reservation["Instances"]]

    def groups(self):
        return [g for g in self.ec2.describe_security_groups()["SecurityGroups"] if g["GroupName"] != "default"]

    def keys(self):
        return self.ec2.describe_key_pairs()["KeyPairs"]

    def volumes(self):
        return self.ec2.describe_volumes()["Volumes"]

    def left(self):
        """Everything that costs or clutters."""
        return [i["InstanceId"] for i in self.instances()] + [g["GroupId"] for g in self.groups()] + \
            [k["KeyName"] for k in self.keys()] + [v["VolumeId"] for v in self.volumes()]

    def make_bucket_and_profile(self):
        self.s3.create_bucket(Bucket="bucket")
        self.iam.create_instance_profile(InstanceProfileName="hens-results")


def tags(resource):
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags", [])}


class AddressServer:
    """Stands for the service that tells one's own address."""

    def __init__(self, answer, status=200):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = answer.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def __enter__(self):
        return {"HENS_EC2_CHECKIP_URL": self.url}

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
