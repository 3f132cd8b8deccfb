"""The client of S3 by itself, against s3_fake.py and moto.

  s3_client_test.py DRIVER [TEST]...
"""
import os
import pathlib
import subprocess
import sys
import tempfile

DRIVER = pathlib.Path(sys.argv.pop(1)).resolve()
os.environ.setdefault("HENS_PROGRAM", str(DRIVER))  # harness wants one

import harness  # noqa: E402
import s3_fake  # noqa: E402
from s3_fake import BUCKET  # noqa: E402

UNAVAILABLE, CREDENTIALS, IO, MISSING = 69, 77, 74, 66
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="hens_s3_"))
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}


def drive(s3, *arguments, check=0, env=None, text=True):
    done = subprocess.run([DRIVER, BUCKET, *map(str, arguments)], capture_output=True, text=text, timeout=60,
                          env={**CLEAN, **s3.environment, **(env or {})})
    assert done.returncode == check, (done.returncode, done.stderr)
    said = done.stderr if text else done.stderr.decode()
    assert s3_fake.SECRET not in said and "Signature=" not in said, said
    return done


def file_of(size, name="file"):
    path = FOLDER / name
    path.write_bytes(bytes(range(256)) * (size // 256) + bytes(size % 256))
    return path


def test_objects_come_and_go():
    with s3_fake.FakeS3(page=3) as s3:
        path = file_of(1000)
        keys = ["a/b c+d.json", "a/ü&<>'\"~.bin", "a/x=1,2;3", "a/plain", "a/(p)!*", "b/other"]
        for key in keys:
            drive(s3, "put", key, path)
        assert s3.objects == {key: path.read_bytes() for key in keys}
        listed = drive(s3, "list", "a/").stdout.splitlines()
        assert sorted(listed) == sorted(f"{key} 1000" for key in keys[:5]), listed
        for key in keys:
            assert drive(s3, "head", key).stdout == "1000\n"
            assert drive(s3, "get", key, text=False).stdout == path.read_bytes()
            assert drive(s3, "get", key, 10, 19, text=False).stdout == path.read_bytes()[10:20]
            drive(s3, "remove", key)
        drive(s3, "remove", "a/plain")  # again: nothing
        assert s3.objects == {} and drive(s3, "head", "a/plain").stdout == "none\n"


def test_an_empty_file():
    with s3_fake.FakeS3() as s3:
        drive(s3, "put", "empty", file_of(0))
        assert s3.objects == {"empty": b""} and drive(s3, "read", "empty", 100, text=False).stdout == b""


def test_only_one_of_two_writes_a_new_object():
    with s3_fake.FakeS3() as s3:
        assert drive(s3, "new", "marker", file_of(10)).stdout == "1\n"
        assert drive(s3, "new", "marker", file_of(20)).stdout == "0\n"
        assert len(s3.objects["marker"]) == 10


def test_large_files_go_in_parts():
    with s3_fake.FakeS3() as s3:
        path = file_of((12 << 20) + 17)
        drive(s3, "put", "large", path, 5 << 20)
        assert s3.objects["large"] == path.read_bytes() and s3.uploads == {}
        assert sum("partNumber" in line for line in s3.log) == 3
        assert drive(s3, "read", "large", 5 << 20, text=False).stdout == path.read_bytes()


def test_an_upload_that_fails_is_aborted():
    with s3_fake.FakeS3() as s3:
        s3.fault = lambda number, request: "slow_down" if request.query.get("partNumber") == "2" else None
        done = drive(s3, "put", "large", file_of(12 << 20), 5 << 20, check=UNAVAILABLE)
        assert "503 SlowDown" in done.stderr and s3.uploads == {} and s3.objects == {}


def test_each_fault_once_at_each_request():
    faults = ("slow_down", "internal_error", "bad_digest", "cut", "cut_after")
    path = file_of(11 << 20)
    with s3_fake.FakeS3() as s3:
        drive(s3, "put", "large", path, 5 << 20)
        requests = len(s3.log)
        for fault in faults:
            for at in range(1, requests + 1):
                s3.start_over()
                s3.fault = lambda number, request, at=at, fault=fault: fault if number == at else None
                drive(s3, "put", "large", path, 5 << 20)
                assert s3.objects["large"] == path.read_bytes(), (fault, at)
                assert len(s3.faulted) == 1
                # An answer that got lost leaves an upload that nobody can name but who lists them.
                assert s3.uploads == {} or (fault == "cut_after" and at == 1), (fault, at)


def test_a_body_that_arrives_damaged_each_time():
    with s3_fake.FakeS3() as s3:
        s3.fault = lambda number, request: "bad_digest"
        done = drive(s3, "put", "x", file_of(100), check=IO)
        assert "what came is not what was sent" in done.stderr and s3.objects == {}


def test_wrong_keys_end_at_once():
    with s3_fake.FakeS3() as s3:
        for env, word in (({"AWS_SECRET_ACCESS_KEY": "wrong-secret-key"}, "SignatureDoesNotMatch"),
                          ({"AWS_ACCESS_KEY_ID": "OTHER"}, "InvalidAccessKeyId"),
                          ({"AWS_SESSION_TOKEN": "planted-token"}, "InvalidToken"),
                          ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": "/nowhere"}, "no credentials")):
            done = drive(s3, "head" if word == "no credentials" else "get", "x", check=CREDENTIALS, env=env)
            assert word in done.stderr, done.stderr
            assert "planted-token" not in done.stderr and "wrong-secret-key" not in done.stderr
        assert len(s3.log) <= 4


def test_another_region_is_found():
    with s3_fake.FakeS3() as s3:
        plain = s3.check_signature

        def with_region(request):
            try:
                plain(request)
            except s3_fake.Refused as refused:
                refused.code += "</Code><Region>" + s3_fake.REGION + "</Region><Code>"
                raise
        s3.check_signature = with_region
        drive(s3, "put", "x", file_of(10), env={"AWS_REGION": "us-west-2"})
        assert s3.objects["x"]


def test_no_server_and_no_bucket():
    with s3_fake.FakeS3() as s3:
        gone = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}
        done = drive(s3, "head", "x", check=UNAVAILABLE, env=gone)
        assert "s3://results/x" in done.stderr
    with s3_fake.FakeS3() as s3:
        done = subprocess.run([DRIVER, "elsewhere", "list", "x"], capture_output=True, text=True,
                              env={**CLEAN, **s3.environment})
        assert done.returncode == MISSING and "no bucket" in done.stderr, done.stderr


if __name__ == "__main__":
    harness.run_tests(globals())
