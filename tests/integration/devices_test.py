"""Several devices at one job, a process each, on a machine without GPUs: `runtime.devices: [cpu, cpu]`. The bytes are
those of one process, whatever dies on the way; nothing is lost and nobody is left running."""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time

import harness
from harness import HENS, hens, stores, write_job

JOB = """
name: devices
initial_conditions: {source: analytic, times: [2024-01-01T00:00:00Z, 2024-01-02T00:00:00Z]}
models: ["synth:mini?seed=102", "synth:mini?seed=103"]
ensemble: {members: 6, seed: 7}
perturbation:
  method: hemispheric_centred_bred_vector
  integration_steps: 1
  noise: {method: correlated_spherical_gaussian, amplitude: {z500: 39.27}}
forecast: {steps: [2]}
output: {variables: [u10m], format: zarr}
report: {maps: false}
runtime: {threads: 2}
"""
SEED = int(os.environ.get("HENS_TEST_SEED", "20261201"))


def scratch():
    return pathlib.Path(tempfile.mkdtemp(prefix="hens_devices_"))


def expected(folder):
    job = write_job(folder, JOB)
    hens("run", job, "--output", folder / "alone", "--device", "cpu")
    return job, stores(folder / "alone")


def start(job, out, *arguments, devices="[cpu, cpu]"):
    return subprocess.Popen([HENS, "run", job, f"runtime.devices={devices}", *arguments, "--output", out, "--log", "json"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, "HENS_CACHE": harness.CACHE})


def process_facts(pid):
    """(command line, parent), or None where it has ended."""
    try:
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        status = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return (command, int(status[1])) if status[0] != "Z" else None


def workers_of(parent):
    """Worker processes that name `parent` on their command line: they do so after its end, too."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        facts = process_facts(entry.name) if entry.name.isdigit() else None
        # A worker's keeper of decoders has the same command line; its parent is the worker.
        if facts and b"worker" in facts[0] and str(parent).encode() in facts[0] and facts[1] in (parent, 1):
            found.append(int(entry.name))
    return found


def wait_for(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen in {seconds} s")


def log_events(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_two_processes_leave_the_bytes_of_one():
    folder = scratch()
    job, bytes_of_one = expected(folder)
    process = start(job, folder / "two")
    _, log = process.communicate(timeout=300)
    assert process.returncode == 0, log[-2000:]
    assert stores(folder / "two") == bytes_of_one
    hens("verify", folder / "two")
    run = harness.assert_as_the_schemas_say(folder / "two")
    attempt = run["attempts"][-1]
    assert [share["device"] for share in attempt["devices"]] == ["cpu", "cpu"]
    done = [share["members_done"] for share in attempt["devices"]]
    assert sum(done) == 24 and min(done) > 0, f"both work: {done}"
    assert workers_of(process.pid) == []
    # The same command again finds all done.
    assert hens("run", job, "runtime.devices=[cpu, cpu]", "--output", folder / "two").returncode == 0
    assert stores(folder / "two") == bytes_of_one


def test_a_worker_that_is_killed_costs_its_own_members_and_no_more():
    folder = scratch()
    job, bytes_of_one = expected(folder)
    dice = random.Random(SEED)
    for round_ in range(4):
        out = folder / f"killed_{round_}"
        process = start(job, out)
        wait_for(lambda: len(workers_of(process.pid)) == 2, "two workers")
        time.sleep(dice.uniform(0.0, 2.0))
        alive = workers_of(process.pid)
        if alive:
            os.kill(dice.choice(alive), signal.SIGKILL)
        _, log = process.communicate(timeout=300)
        assert process.returncode == 0, (round_, log[-2000:])
        assert stores(out) == bytes_of_one, round_
        hens("verify", out)
        if alive and any(event["event"] == "worker_died" for event in log_events(log)):
            assert any(event["event"] == "worker_restarted" for event in log_events(log)), log[-2000:]


def test_a_device_that_dies_again_is_left_out_and_the_others_do_its_work():
    folder = scratch()
    job, bytes_of_one = expected(folder)
    process = start(job, folder / "run")
    victims = wait_for(lambda: len(workers_of(process.pid)) == 2 and workers_of(process.pid), "two workers")
    # What a worker leaves that is killed while it writes: verify() below finds it gone.
    (folder / "run" / f".probe.{victims[0]}-0.tmp").write_text("half")
    os.kill(victims[0], signal.SIGKILL)
    second = wait_for(lambda: set(workers_of(process.pid)) - set(victims), "a new worker")
    os.kill(second.pop(), signal.SIGKILL)
    _, log = process.communicate(timeout=300)
    assert process.returncode == 0, log[-2000:]
    assert any(event["event"] == "device_left_out" for event in log_events(log)), log[-2000:]
    assert stores(folder / "run") == bytes_of_one
    hens("verify", folder / "run")


def test_without_a_device_the_run_ends_with_71_and_keeps_what_is_complete():
    folder = scratch()
    job, bytes_of_one = expected(folder)
    process = start(job, folder / "run")
    killed = set()
    while process.poll() is None:
        for pid in workers_of(process.pid):
            if pid not in killed and len(killed) < 4:
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    _, log = process.communicate()
    assert process.returncode == 71, (process.returncode, log[-2000:])
    assert "no device is left" in log and "signal 9" in log, log[-2000:]
    harness.assert_not_misled(folder / "run")
    assert start(job, folder / "run").wait(timeout=300) == 0
    assert stores(folder / "run") == bytes_of_one


def test_workers_end_with_their_run_however_it_ends():
    folder = scratch()
    job, bytes_of_one = expected(folder)
    dice = random.Random(SEED + 1)
    for round_, what in enumerate([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT]):
        out = folder / f"ended_{round_}"
        process = start(job, out)
        wait_for(lambda: len(workers_of(process.pid)) == 2, "two workers")
        time.sleep(dice.uniform(0.0, 2.0))
        began = time.monotonic()
        process.send_signal(what)
        process.communicate(timeout=60)
        took = time.monotonic() - began
        assert process.returncode in (0, -signal.SIGKILL if what == signal.SIGKILL else 75), (what, process.returncode)
        assert took < 8, f"{what}: {took:.1f} s"  # five by promise; the machine may be busy
        wait_for(lambda: not workers_of(process.pid), f"the end of {workers_of(process.pid)} after {what}", 10)
        harness.assert_not_misled(out)
        again = start(job, out)
        _, log = again.communicate(timeout=300)
        assert again.returncode == 0, log[-2000:]
        assert stores(out) == bytes_of_one, what
        hens("verify", out)


def test_a_worker_that_hangs_is_replaced():
    folder = scratch()
    job, bytes_of_one = expected(folder)
    process = start(job, folder / "run", "runtime.silence_limit=10s")
    victims = wait_for(lambda: len(workers_of(process.pid)) == 2 and workers_of(process.pid), "two workers")
    os.kill(victims[0], signal.SIGSTOP)
    _, log = process.communicate(timeout=300)
    assert process.returncode == 0, log[-2000:]
    assert any("said nothing for 10 s" in event.get("why", "") for event in log_events(log)), log[-2000:]
    assert stores(folder / "run") == bytes_of_one
    wait_for(lambda: not workers_of(process.pid), "the end of the one that hung", 10)


def test_a_mistake_of_the_job_ends_the_whole_run_with_its_own_code():
    folder = scratch()
    text = JOB.replace("{source: analytic, times: [2024-01-01T00:00:00Z, 2024-01-02T00:00:00Z]}",
                       "{source: netcdf, path: gone.nc, times: [2024-01-01T00:00:00Z]}")
    process = start(write_job(folder, text), folder / "run")
    _, log = process.communicate(timeout=300)
    assert process.returncode == 66, (process.returncode, log[-2000:])
    assert "gone.nc" in log
    assert not any(event["event"] == "worker_restarted" for event in log_events(log)), "there is nothing to try again"


def test_two_runs_on_one_folder_end_with_one_right_result():
    folder = scratch()
    job, bytes_of_one = expected(folder)
    runs = [start(job, folder / "run") for _ in range(2)]
    for run in runs:
        _, log = run.communicate(timeout=300)
        assert run.returncode == 0, log[-2000:]
    assert stores(folder / "run") == bytes_of_one
    hens("verify", folder / "run")


def test_status_watches_a_run_under_way():
    folder = scratch()
    job, _ = expected(folder)
    process = start(job, folder / "run")
    wait_for((folder / "run/run.json").exists, "the run's folder")
    watched = hens("status", folder / "run", "--watch", timeout=300)
    assert "24 of 24 members are complete" in watched.stdout, watched.stdout
    assert process.wait(timeout=60) == 0


def test_lines_of_the_log_name_the_device():
    folder = scratch()
    job, _ = expected(folder)
    out = folder / "run"
    process = start(job, out, "--check", "0.5")
    _, log = process.communicate(timeout=300)
    assert process.returncode == 0, log[-2000:]
    checks = [event for event in log_events((out / "log.jsonl").read_text()) if event["event"] == "check_against_reference"]
    assert len(checks) == 12 and all(event["device"] == "cpu" for event in checks), checks
    shutil.rmtree(folder, ignore_errors=True)


harness.run_tests(globals())
