"""Whatever ends a run, the same command finishes it with the same bytes, and no reader is misled on the way."""
import concurrent.futures
import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import harness
from harness import HENS, hens, markers, stores, write_job

SHIM = os.environ["HENS_KILL_SHIM"]
# 1 kills at every call; the test suite takes every third, shifted from part to part of the run.
STRIDE = int(os.environ.get("HENS_KILL_STRIDE", "3"))


def scratch():
    return pathlib.Path(tempfile.mkdtemp(prefix="hens_durability_"))


def whole_run(folder, job):
    hens("run", job, "--output", folder)
    return stores(folder)


def killed_at(point, job, expected):
    folder = scratch()
    out = folder / "run"
    done = hens("run", job, "--output", out, check=None,
                env={"LD_PRELOAD": SHIM, "HENS_KILL_AT": str(point), "HENS_KILL_BELOW": str(out)})
    assert done.returncode == -signal.SIGKILL, (point, done.returncode, done.stderr[-500:])
    if out.exists():
        harness.assert_not_misled(out)
        for name, digest in stores(out).items():
            if not name.rsplit("/", 1)[-1].endswith(".tmp"):
                assert digest == expected[name], (point, name, "a file under its final name with other bytes")
    hens("run", job, "--output", out)
    assert stores(out) == expected, point
    hens("verify", out)
    shutil.rmtree(folder, ignore_errors=True)


def test_killed_at_every_call():
    folder = scratch()
    job = write_job(folder)
    expected = whole_run(folder / "whole", job)
    assert expected
    out = folder / "counted"
    hens("run", job, "--output", out,
         env={"LD_PRELOAD": SHIM, "HENS_KILL_COUNT": str(folder / "count"), "HENS_KILL_BELOW": str(out)})
    total = int((folder / "count").read_text())
    assert total > 50, f"only {total} calls were seen: the shim is not at work"
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        points = range(1, total, STRIDE)
        for _ in pool.map(lambda point: killed_at(point, job, expected), points):
            pass
    print(f"  killed at {len(points)} of {total} calls")


def damage(path, kind):
    data = path.read_bytes()
    if kind == "flip":
        middle = len(data) // 2
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 0x10]) + data[middle + 1:])
    elif kind == "truncate":
        path.write_bytes(data[:-1])
    else:
        path.unlink()


def test_damage_is_named_and_mended():
    folder = scratch()
    job = write_job(folder)
    out = folder / "run"
    expected = whole_run(out, job)
    before = markers(out)
    files = [p for p in sorted(out.rglob("*")) if p.is_file() and p.name not in ("log.jsonl", "metrics.prom")]
    assert len(files) > 10
    for path in files:
        for kind in ("flip", "truncate", "delete"):
            name = str(path.relative_to(out))
            damage(path, kind)
            found = hens("verify", out, check=None)
            assert found.returncode != 0, (kind, name, "verify saw nothing")
            assert name in found.stdout + found.stderr, (kind, name, found.stdout)
            hens("run", job, "--output", out)
            assert stores(out) == expected, (kind, name)
            clean = hens("verify", out, check=None)
            assert clean.returncode == 0, (kind, name, clean.stdout)
            # Only the member concerned was computed again: the others' markers still tell of their first attempt.
            after = markers(out)
            redone = {m for m in after if after[m]["attempt"] != before[m]["attempt"]}
            concerned = {m for m in before if name == f"members/{m}" or
                         name in [f["path"] for f in before[m]["files"]]}
            assert redone == concerned, (kind, name, redone)
            before = after


def test_a_run_whose_members_went_missing_does_not_end_well():
    """Exit 0 means that all is complete; with two times that shared a marker it did not."""
    folder = scratch()
    job = write_job(folder, harness.SMALL_JOB.replace("steps: [1]", "steps: [60]"))
    expected = whole_run(folder / "whole", job)
    out = folder / "run"
    running = subprocess.Popen([HENS, "run", str(job), "--output", str(out)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, env={**os.environ, "HENS_CACHE": harness.CACHE})
    deadline = time.time() + 120
    while not list((out / "members").glob("*_0000.json")) and running.poll() is None and time.time() < deadline:
        time.sleep(0.01)
    next((out / "members").glob("*_0000.json")).unlink()
    errors = running.communicate(timeout=120)[1]
    assert running.returncode == 74 and "not complete" in errors, (running.returncode, errors[-500:])
    hens("run", job, "--output", out)
    assert stores(out) == expected


def test_a_stop_signal_ends_soon_and_the_rerun_continues():
    """SIGHUP, which a lost terminal sends, ended runs with 129 and no end of their attempt."""
    folder = scratch()
    text = harness.SMALL_JOB.replace("steps: [1]", "steps: [60]")
    job = write_job(folder, text)
    expected = whole_run(folder / "whole", job)
    for number in (signal.SIGTERM, signal.SIGHUP):
        out = folder / number.name
        running = subprocess.Popen([HENS, "run", str(job), "--output", str(out)], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True, env={**os.environ, "HENS_CACHE": harness.CACHE})
        deadline = time.time() + 120
        while not list((out / "members").glob("*.json")) and running.poll() is None and time.time() < deadline:
            time.sleep(0.01)
        asked = time.time()
        running.send_signal(number)
        errors = running.communicate(timeout=60)[1]
        assert time.time() - asked < 5, "more than 5 s to stop"
        assert running.returncode == 75, (running.returncode, errors[-500:])
        harness.assert_not_misled(out)
        complete = len(markers(out))
        assert complete == 1, f"{complete} of 2 members complete: the stop came too late to show anything"
        record = harness.assert_as_the_schemas_say(out)["attempts"][-1]
        assert record["exit_code"] == 75, record
        hens("run", job, "--output", out)
        assert stores(out) == expected


def catches(process, number):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("SigCgt:")[1].split()[0], 16) >> (number - 1) & 1


def test_a_stop_signal_before_the_job_is_known():
    """Handlers came after the spec was read: until then a signal ended with 143, and was lost on process 1."""
    pipe = scratch() / "job.yaml"
    os.mkfifo(pipe)  # nobody writes: the spec is never read
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        running = subprocess.Popen([HENS, "run", str(pipe)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.time() + 60
        while not catches(running, number) and time.time() < deadline:
            time.sleep(0.01)
        running.send_signal(number)
        assert running.wait(60) == 75, number


def test_a_killed_attempt_counts_and_has_no_exit_code():
    """It read as done with exit code 0, and counted as no time, no cost and no bytes."""
    folder = scratch()
    out = folder / "run"
    job = write_job(folder, harness.SMALL_JOB.replace("steps: [1]", "steps: [60]"))
    running = subprocess.Popen([HENS, "run", str(job), "--output", str(out)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env={**os.environ, "HENS_CACHE": harness.CACHE})
    deadline = time.time() + 120
    while not list((out / "members").glob("*.json")) and running.poll() is None and time.time() < deadline:
        time.sleep(0.01)
    running.kill()
    running.wait()
    assert len(markers(out)) == 1, "the kill came too late to show anything"
    hens("run", job, "--output", out, "runtime.price_per_hour=36")
    killed, finished = harness.assert_as_the_schemas_say(out)["attempts"]
    assert killed["exit_code"] is None and finished["exit_code"] == 0, (killed, finished)
    results = json.loads((out / "benchmark_results.json").read_text())
    assert results["machine_time"] >= results["benchmarks"][0]["inference_times"][0], results
    assert abs(results["cost"] - results["machine_time"] / 100) < 1e-3, results
    assert results["output_bytes"] == sum(f["bytes"] for m in markers(out).values() for f in m["files"]), results
    report = (out / "timing_report.txt").read_text()
    assert "no end recorded" in report and "no end is recorded of 1 attempt" in report, report


def test_disk_full():
    libc = ctypes.CDLL(None, use_errno=True)
    folder = scratch()
    job = write_job(folder, harness.SMALL_JOB.replace("steps: [1]", "steps: [20]"))  # 1.8 MB a member
    small = folder / "small"
    small.mkdir()
    if libc.mount(b"tmpfs", str(small).encode(), b"tmpfs", 0, b"size=3m") != 0:
        return "needs the right to mount a tmpfs"
    try:
        done = hens("run", job, "--output", small / "run", check=None)
        assert done.returncode in (73, 74), (done.returncode, done.stderr[-800:])
        assert "No space left" in done.stderr, done.stderr[-800:]
        harness.assert_not_misled(small / "run")
        assert len(markers(small / "run")) == 1
        expected = whole_run(folder / "whole", job)
        libc.mount(b"tmpfs", str(small).encode(), b"tmpfs", 32, b"size=30m")  # MS_REMOUNT: the disk was enlarged
        hens("run", job, "--output", small / "run")
        assert stores(small / "run") == expected
    finally:
        libc.umount(str(small).encode())


def test_disk_full_under_netcdf():
    """HDF5 printed its stack, some 40 lines and not JSON, before the one message that helps, and crashed at exit."""
    libc = ctypes.CDLL(None, use_errno=True)
    small = scratch() / "small"
    small.mkdir()
    job = write_job(small.parent, harness.SMALL_JOB.replace("steps: [1]", "steps: [20]"))
    if libc.mount(b"tmpfs", str(small).encode(), b"tmpfs", 0, b"size=1m") != 0:
        return "needs the right to mount a tmpfs"
    try:
        done = hens("run", job, "output.format=netcdf", "--output", small / "run", "--log", "json", check=74)
        *lines, last = done.stderr.splitlines()
        assert "No space left" in last, done.stderr[-800:]
        assert all(json.loads(line) for line in lines), done.stderr[-800:]
    finally:
        libc.umount(str(small).encode())


def test_shards_and_single_members_have_the_same_bytes():
    folder = scratch()
    job = write_job(folder, harness.SMALL_JOB.replace("members: 2", "members: 5").replace(
        "method: correlated_spherical_gaussian, noise", "method: hemispheric_centred_bred_vector, noise"))
    expected = whole_run(folder / "whole", job)
    shared = folder / "shared"
    running = [subprocess.Popen([HENS, "run", str(job), "--output", str(shared), "--shard", f"{i}/2"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                env={**os.environ, "HENS_CACHE": harness.CACHE}) for i in range(2)]
    assert [r.wait(120) for r in running] == [0, 0]
    assert stores(shared) == expected
    assert (shared / "timing_report.txt").exists(), "whoever finishes last writes the reports"
    hens("verify", shared)
    alone = folder / "alone"
    hens("run", job, "--output", alone, "--members", "3")
    found = stores(alone)
    shards = [f["path"] for m in markers(alone).values() for f in m["files"]]
    assert len(shards) == 2 and len(markers(alone)) == 1
    assert all(found[name] == expected[name] for name in shards)


def test_two_processes_on_the_same_work():
    folder = scratch()
    job = write_job(folder)
    expected = whole_run(folder / "whole", job)
    out = folder / "twice"
    running = [subprocess.Popen([HENS, "run", str(job), "--output", str(out)], stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True, env={**os.environ, "HENS_CACHE": harness.CACHE})
               for _ in range(2)]
    ends = [(r.communicate(timeout=120)[1][-500:], r.returncode) for r in running]
    assert [code for _, code in ends] == [0, 0], ends
    assert stores(out) == expected
    hens("verify", out)


def test_another_spec_is_refused_and_nothing_changes():
    folder = scratch()
    job = write_job(folder)
    out = folder / "run"
    expected = whole_run(out, job)
    done = hens("run", job, "ensemble.seed=8", "--output", out, check=78)
    assert "ensemble.seed is 7 there and 8 here" in done.stderr, done.stderr
    assert stores(out) == expected
    hens("run", job, "ensemble.seed=8", "--output", out, "--force-new-run")
    assert stores(folder / "run.previous-1") == expected
    assert stores(out) != expected


def test_a_run_behind_a_link_is_set_aside_where_it_lies():
    """The link itself was moved, and the new run filled the disk that the link had been there to spare."""
    folder = scratch()
    job = write_job(folder)
    (folder / "scratch/run").mkdir(parents=True)
    out = folder / "link"
    out.symlink_to("scratch/run")
    expected = whole_run(out, job)
    hens("run", job, "ensemble.seed=8", "--output", out, "--force-new-run")
    assert out.is_symlink() and stores(folder / "scratch/run.previous-1") == expected
    assert stores(folder / "scratch/run") != expected and stores(folder / "scratch/run")


def test_settings_of_speed_change_no_output():
    folder = scratch()
    job = write_job(folder)
    expected = whole_run(folder / "one", job)
    hens("run", job, "runtime.writers=1", "runtime.queue_fields=1", "runtime.threads=2", "report.maps=false",
         "runtime.batch=2", "--output", folder / "two")
    assert stores(folder / "two") == expected


def test_a_file_system_without_rename_is_refused_before_any_work():
    folder = scratch()
    out = folder / "run"
    done = hens("run", write_job(folder), "--output", out, check=74,
                env={"LD_PRELOAD": SHIM, "HENS_NO_RENAME": "1", "HENS_KILL_BELOW": str(out)})
    assert "cannot rename into place" in done.stderr and "aws s3 sync" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and not (out / "members").exists() and not list(out.glob("hens_*"))
    assert not list(out.iterdir()), "the probe leaves nothing"


def test_a_file_system_without_fsync_of_folders_will_do():
    folder = scratch()
    job = write_job(folder)
    expected = whole_run(folder / "whole", job)
    hens("run", job, "--output", folder / "run", env={"LD_PRELOAD": SHIM, "HENS_NO_FOLDER_FSYNC": "1"})
    assert stores(folder / "run") == expected


def test_a_fifo_in_the_way_is_named_and_not_waited_for():
    folder = scratch()
    job = write_job(folder)
    out = folder / "run"
    out.mkdir()
    os.mkfifo(out / "log.jsonl")
    done = hens("run", job, "--output", out, check=73, timeout=60)
    assert "log.jsonl" in done.stderr, done.stderr
    (out / "log.jsonl").unlink()
    os.mkfifo(out / "run.json")
    for command in ("status", "verify", "report"):
        done = hens(command, out, check=None, timeout=60)
        assert done.returncode in (65, 66) and "run.json" in done.stdout + done.stderr, (command, done)
    whole_run(out, job)
    marker = sorted((out / "members").iterdir())[0]
    marker.unlink()
    os.mkfifo(marker)
    assert "1 of 2 members" in hens("status", out, timeout=60).stdout
    hens("run", job, "--output", out, timeout=120)
    hens("verify", out)
    os.mkfifo(folder / "job.fifo")
    assert "FIFO" in hens("validate", folder / "job.fifo", check=65, timeout=60).stderr


def test_a_limit_of_file_sizes_is_an_error_and_no_death():
    folder = scratch()
    job = write_job(folder)
    done = subprocess.run(["bash", "-c", 'ulimit -f 1024; exec "$@"', "bash", harness.HENS, "run", job,
                           "forecast.steps=[60]", "--output", folder / "run"], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "HENS_CACHE": harness.CACHE})
    assert done.returncode in (73, 74) and "ulimit -f" in done.stderr, (done.returncode, done.stderr[-500:])


if __name__ == "__main__":
    harness.run_tests(globals())
