"""Stands before the aws command line as `aws` on PATH: the real CLI runs inside, against moto.

    ec2_aws_shim.py serve SOCKET       loads the CLI once and forks for each call: starting it anew takes most of a second
    ec2_aws_shim.py call SOCKET ...    what `aws` on PATH executes

It is stricter than moto, as EC2 is: client tokens are honoured, an unknown AMI is refused, a group in use cannot be
deleted; and it knows Amazon's public parameter of the Deep Learning AMI. Under $EC2_SHIM it writes every call to
calls.jsonl and takes its orders from plan.json, a list of
  {"call": "ec2 run-instances", "nth": 1, "do": "error" | "lost_answer" | "no_connection" | "kill" | "stale" | "empty", ...}
`call` "*" is any; `nth` counts the calls that match; "times": 1; "code": of an error. "lost_answer" and "kill" (of the
program that called) come after the call was carried out; "stale" finds no instance, as EC2 for some seconds.
"""
import json
import os
import socket
import sys

DEEP_LEARNING_PARAMETER = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id"
AMI = "ami-785db401"  # one of moto's
REGIONS = ["us-west-2", "us-east-1", "eu-west-1", "ap-south-1"]
LIVING = ["pending", "running", "shutting-down", "stopping", "stopped"]


def folder():
    return pathlib.Path(os.environ["EC2_SHIM"])


def option(words, name):
    return words[words.index(name) + 1] if name in words else None


def service_error(words, code, message="injected"):
    operation = "".join(part.capitalize() for part in words[1].split("-"))
    sys.stderr.write(f"\nAn error occurred ({code}) when calling the {operation} operation: {message}\n")
    return 254


def real(words):
    out = io.StringIO()
    binary = io.BytesIO()
    out.buffer = binary  # the CLI writes downloads as bytes
    sys.argv = ["aws", *words]
    with contextlib.redirect_stdout(out):
        code = awscli.clidriver.main()
    return code, out.getvalue() + binary.getvalue().decode()


def ask(words):
    code, out = real(words + ["--region", os.environ.get("SHIM_REGION", "us-east-1"), "--output", "json"])
    assert code == 0, words
    return json.loads(out)


def run_instances(words):
    if option(words, "--image-id") != AMI:
        return service_error(words, "InvalidAMIID.NotFound", "The image id does not exist"), ""
    token = option(words, "--client-token")
    if not token:
        return service_error(words, "MissingParameter", "a client token is wanted here"), ""
    user_data = pathlib.Path(option(words, "--user-data").removeprefix("file://")).read_bytes()
    rest = [word for word in words if not word.startswith("file://")]
    digest = hashlib.sha256(json.dumps(rest).encode() + user_data).hexdigest()
    memory = folder() / f"token-{token}.json"
    if memory.exists():
        known = json.loads(memory.read_text())
        if known["digest"] != digest:
            return service_error(words, "IdempotentParameterMismatch", "the token was used with other parameters"), ""
        return 0, known["answer"]
    code, out = real(words)
    if code == 0:
        memory.write_text(json.dumps({"digest": digest, "answer": out, "group": option(words, "--security-group-ids")}))
    return code, out


def delete_security_group(words):
    # moto forgets the group of an instance that gets a public address: the launches remembered here know.
    group, users = option(words, "--group-id"), []
    for memory in folder().glob("token-*.json"):
        known = json.loads(memory.read_text())
        if known["group"] == group:
            users += [instance["InstanceId"] for instance in json.loads(known["answer"])["Instances"]]
    filters = [{"Name": "instance-id", "Values": users}, {"Name": "instance-state-name", "Values": LIVING}]
    if users and ask(["ec2", "describe-instances", "--filters", json.dumps(filters)])["Reservations"]:
        return service_error(words, "DependencyViolation", f"resource {group} has a dependent object"), ""
    return real(words)


def carry_out(words):
    if words[:2] == ["ec2", "run-instances"]:
        return run_instances(words)
    if words[:2] == ["ec2", "delete-security-group"]:
        return delete_security_group(words)
    if words[:2] == ["ec2", "describe-regions"]:  # an account has some enabled, moto all there are
        return 0, json.dumps({"Regions": [region for region in ask(["ec2", "describe-regions"])["Regions"] if region["RegionName"] in REGIONS]})
    if words[:2] == ["ssm", "get-parameter"] and option(words, "--name") == DEEP_LEARNING_PARAMETER:
        return 0, json.dumps({"Parameter": {"Name": DEEP_LEARNING_PARAMETER, "Value": AMI}})
    return real(words)


def order_for(words):
    """What the plan says of this call; counts it."""
    with open(folder() / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with open(folder() / "calls.jsonl", "a") as log:
            log.write(json.dumps(words) + "\n")
        calls = [json.loads(line) for line in (folder() / "calls.jsonl").read_text().splitlines()]
    plan = folder() / "plan.json"
    for rule in json.loads(plan.read_text()) if plan.exists() else []:
        matches = sum(rule["call"] in ("*", " ".join(call[:2])) for call in calls)
        first = rule.get("nth", 1)
        if rule["call"] in ("*", " ".join(words[:2])) and first <= matches < first + rule.get("times", 1):
            return rule
    return {"do": "nothing"}


def carry_out_planned(words, caller):
    order = order_for(words)
    if order["do"] == "error":
        return service_error(words, order["code"])
    if order["do"] == "no_connection":
        sys.stderr.write('\nCould not connect to the endpoint URL: "https://ec2.us-east-1.amazonaws.com/"\n')
        return 255
    if order["do"] == "empty":
        print("{}")
        return 0
    if order["do"] == "stale":
        sys.stdout.write('{"Reservations": []}')
        return 0
    unheard = io.StringIO() if order["do"] == "lost_answer" else sys.stderr
    with contextlib.redirect_stderr(unheard):
        code, out = carry_out(words)
    if order["do"] == "kill":
        os.kill(caller, signal.SIGKILL)
    if order["do"] == "lost_answer":
        sys.stderr.write('\nRead timeout on endpoint URL: "https://ec2.us-east-1.amazonaws.com/"\n')
        return 255
    sys.stdout.write(out)
    return code


def answer(connection):
    """In a forked child: one call, from the words and environment that came to what it writes."""
    with connection, connection.makefile("rwb") as stream:
        asked = json.loads(stream.readline())
        os.environ.clear()
        os.environ.update(asked["environment"], **CLI_ENVIRONMENT)
        os.chdir(asked["folder"])
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = carry_out_planned(asked["words"], asked["caller"])
            except SystemExit as end:
                code = end.code or 0
            except Exception:
                code = 99
                traceback.print_exc()
        stream.write(json.dumps({"code": code, "out": out.getvalue(), "err": err.getvalue()}).encode() + b"\n")


def serve(path):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(64)
        print("ready", flush=True)
        while True:
            connection, _ = server.accept()
            if os.fork() == 0:
                server.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                answer(connection)
                os._exit(0)
            connection.close()


def call(path, words):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        with connection.makefile("rwb") as stream:
            asked = {"words": words, "environment": dict(os.environ), "caller": os.getppid(), "folder": os.getcwd()}
            stream.write(json.dumps(asked).encode() + b"\n")
            stream.flush()
            got = json.loads(stream.readline())
    sys.stdout.write(got["out"])
    sys.stderr.write(got["err"])
    return got["code"]


if __name__ == "__main__":
    if sys.argv[1] == "call":
        sys.exit(call(sys.argv[2], sys.argv[3:]))
    import contextlib
    import fcntl
    import hashlib
    import io
    import pathlib
    import signal
    import traceback

    import awscli.clidriver
    import awscli.customizations.s3.subcommands  # loaded before the first fork
    import botocore.session  # the CLI's own copy, under this name

    CLI_ENVIRONMENT = {"AWS_DATA_PATH": os.environ["AWS_DATA_PATH"]}  # set by these imports: where its own data lie

    where = sys.argv[2]
    # What the CLI reads from its own files is the same at each call: read once, before the first fork.
    LOADER = botocore.session.create_loader(CLI_ENVIRONMENT["AWS_DATA_PATH"])
    botocore.session.create_loader = lambda *_: LOADER
    for warm in (["ec2", "run-instances"], ["sts", "get-caller-identity"], ["s3api", "head-object"], ["ssm", "get-parameter"]):
        real([*warm, "--generate-cli-skeleton"])
    serve(where)
