"""The program as its users type it: exit codes, messages, help, the demo, the real path from an HTTP server."""
import csv
import hashlib
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zipfile

import harness
from download_test import Server
from harness import hens, markers, stores, write_job

ROOT = pathlib.Path(os.environ["HENS_SOURCE_DIR"])
DATA = pathlib.Path(os.environ.get("HENS_TEST_DATA", ROOT.parent / "shared"))
COMMANDS = "run validate describe fetch synth status verify report compare bench".split()


def scratch():
    return pathlib.Path(tempfile.mkdtemp(prefix="hens_program_"))


def test_every_command_has_help_with_an_example():
    assert all(command in hens("--help").stdout for command in COMMANDS)
    for command in COMMANDS:
        text = hens(command, "--help").stdout
        assert f"Usage: hens {command}" in text and "Example: hens" in text, text


def test_help_is_found_where_people_look_for_it():
    # `-h` was an unknown command, an argument of `hens run`; `hens help run` showed the general help.
    assert hens("-h").stdout == hens("help").stdout == hens("--help").stdout
    assert hens("run", "-h").stdout == hens("help", "run").stdout == hens("run", "--help").stdout


def test_wrong_command_lines_name_the_nearest():
    assert "did you mean 'run'" in hens("rn", check=64).stderr
    assert "did you mean '--output'" in hens("run", "job.yaml", "--ouput", "x", check=64).stderr
    # "0 arguments were given" did not tell which were wanted.
    assert "JOB.yaml is missing" in hens("run", check=64).stderr
    assert "B.json is missing" in hens("compare", "a.json", check=64).stderr
    assert "2 arguments were given, at most 1 expected" in hens("status", "a", "b", check=64).stderr
    hens("run", write_job(scratch()), "--shard", "2/2", check=64)
    hens("run", write_job(scratch()), "--members", "9", "--output", scratch() / "x", check=64)
    hens("run", "/nowhere/job.yaml", check=66)


def test_every_problem_of_a_spec_is_named_at_once():
    job = write_job(scratch(), """name: Bad Name
initial_conditions: {source: gfs, times: [2024-01-01T01:00:00Z]}
models: []
ensemble: {member: 2}
forecast: {steps: [0]}
""")
    errors = hens("validate", job, check=78).stderr
    for place, word in (("1:7", "name"), ("4:", "did you mean 'members'"), ("5:", "forecast.steps"), ("3:", "models"),
                        ("2:", "times")):
        line = [l for l in errors.splitlines() if f"job.yaml:{place}" in l]
        assert line and word in " ".join(line), (place, word, errors)


def test_dates_that_the_public_bucket_never_had_are_named():
    """They were found out at the run, as a missing file; before GFS 16 the address itself was wrong."""
    def validate(times, more="", check=78):
        text = harness.SMALL_JOB.replace("source: analytic, times: [2024-01-01T00:00:00Z]", f"source: gfs, times: [{times}]")
        return hens("validate", write_job(scratch(), text), *more.split(), check=check)
    done = validate("2020-12-31T18:00:00Z")
    assert "job.yaml:3:" in done.stderr and "begins on 2021-01-01" in done.stderr, done.stderr
    validate("2021-01-01T00:00:00Z", check=0)
    bred = "perturbation.method=hemispheric_centred_bred_vector"
    assert "needs the analysis of 2020-12-31T18:00:00Z" in validate("2021-01-01T12:00:00Z", bred).stderr
    validate("2021-01-01T18:00:00Z", bred, check=0)
    assert "is in the future" in validate("2199-01-01T00:00:00Z").stderr
    validate("2015-09-12T18:00:00Z", "mirrors.s3=/a/mirror", check=0)


def test_problems_of_a_spec_as_json():
    """Programs got nothing on stdout of a wrong spec."""
    job = write_job(scratch(), harness.SMALL_JOB + "ensembel: {}\n")
    done = hens("validate", job, "output.variables=[u10]", "--json", check=78)
    key, variable = json.loads(done.stdout)["problems"]
    assert (key["file"], key["line"], key["column"], key["key"]) == (str(job), 10, 1, "ensembel"), key
    assert "did you mean 'ensemble'" in key["message"], key
    assert (variable["file"], variable["line"]) == ("<override output.variables=[u10]>", None), variable
    assert "channel 'u10' is not there" in variable["message"] and "'u10' is not there" in done.stderr, variable


def test_validate_run_and_fetch_refuse_the_same():
    """validate took all of these; run and fetch ended with 64, 65, 66, 70 or 78, without a place."""
    folder = scratch()
    job = write_job(folder)
    for override, code, word in (
            ("perturbation.noise.amplitude={z501: 5}", 78, ">: perturbation.noise.amplitude.z501: channel 'z501' is not"),
            ("models=abfs://bucket/x", 78, ">: models: abfs://bucket/x"),
            ("models=synth:huge?seed=102", 78, ">: models: 'synth:huge?seed=102' is no model package"),
            ("models=synth:mini?sed=102", 78, ">: models: 'synth:mini?sed=102' is no model package"),
            ("models=/nowhere/sfno", 66, "/nowhere/sfno/config.json"),
            ("forecast.engine=fast", 78, ">: forecast.engine: is fast, which runs on GPUs")):
        for command in (["validate"], ["run", "--output", folder / "run"], ["fetch"]):
            stderr = hens(command[0], job, override, *command[1:], check=code).stderr
            assert word in stderr and (code == 66 or f"<override {override}" in stderr), (command, override, stderr)
    assert not (folder / "run").exists()


def test_fetch_tells_a_package_without_a_file():
    """It was called a bug: `filesystem error: cannot get file size`."""
    folder = scratch()
    hens("synth", folder / "package", "--size", "mini", "--seed", "102")
    job = write_job(folder, harness.SMALL_JOB.replace("synth:mini?seed=102", str(folder / "package")))
    hens("fetch", job)
    (folder / "package/orography.nc").unlink()
    assert "orography.nc" in hens("fetch", job, check=66).stderr


def test_overrides_that_the_docs_show():
    """Both were refused: demo.yaml has steps, and one mapping as its output."""
    text = hens("validate", ROOT / "jobs/demo.yaml", "ensemble.members=50", "forecast.lead_time=5d",
                "output.0.variables=[t2m]").stdout
    assert "steps: [20]" in text and "variables: [t2m]" in text, text


def test_variables_that_the_model_has_not_are_named():
    # u10 and z501 are channels that some model might have: 10 hPa, 501 hPa.
    job = write_job(scratch(), """name: words
initial_conditions: {source: analytic, times: [2024-01-01T00:00:00Z]}
models: ["synth:mini?seed=102"]
forecast: {steps: [4]}
output: {variables: [u10, z501, u10m]}
""")
    errors = hens("validate", job, check=78).stderr
    assert "'u10'" in errors and "'z501'" in errors and "'u10m' is not" not in errors, errors


def test_the_specs_of_the_project_are_valid():
    for job in sorted((ROOT / "jobs").glob("*.yaml")):
        if job.name != "kustomization.yaml":
            hens("validate", job)
    text = hens("validate", ROOT / "jobs/benchmark.yaml", "--ms-per-member-step", "40").stdout
    assert "1776" in text, "2 models x 2 members x (4 + 40 + 400) steps"


def test_the_demo_leaves_what_the_readme_says():
    out = scratch() / "demo"
    done = hens("run", ROOT / "jobs/demo.yaml", "forecast.steps=[4]", "--output", out, timeout=600)
    for name in ("timing_report.txt", "benchmark_results.json", "hens_wind_2024_01_01.jpg", "run.json", "log.jsonl",
                 "metrics.prom", "hens_0.zarr/zarr.json", "hens_1.zarr/zarr.json"):
        assert (out / name).stat().st_size > 0, name
    for name in ("timing_report.txt", "hens_wind_2024_01_01.jpg", "hens_0.zarr"):
        assert str(out / name) in done.stdout, done.stdout
    harness.assert_as_the_schemas_say(out)
    results = json.loads((out / "benchmark_results.json").read_text())
    assert [len(b["inference_times"]) for b in results["benchmarks"]] == [2]
    assert results["nensemble"] == 2 and results["start_date"] == "2024-01-01"
    status = json.loads(hens("status", out, "--json").stdout)
    assert (status["complete"], status["planned"]) == (4, 4)
    before = {p: harness.sha256(p) for p in out.iterdir() if p.suffix in (".jpg", ".txt") or p.name.startswith("bench")}
    for path in before:
        path.unlink()
    hens("report", out)
    assert all(harness.sha256(path) == digest for path, digest in before.items()), "reports differ the second time"


def test_a_fraction_of_the_members_is_checked_against_the_reference():
    folder = scratch()
    out = folder / "run"
    hens("run", write_job(folder), "--output", out, "--check", "0.5")
    # The schema did not know `checks`.
    checks = harness.assert_as_the_schemas_say(out)["attempts"][0]["checks"]
    assert [(c["model"], c["member"]) for c in checks] == [(0, 1)], checks
    for check in checks:
        # On the CPU the engine is the reference itself.
        assert check["by_step"] and all(entry["rms_std"] == 0 for entry in check["by_step"]), check
    assert "fraction" in hens("run", write_job(folder), "--check", "2", "--output", out, check=64).stderr


def package_with_a_nan(folder):
    """A synthetic package whose first weight is not a number."""
    hens("synth", folder, "--size", "mini", "--seed", "103")
    checkpoint = folder / "training_checkpoints/best_ckpt_mp0.tar"
    with zipfile.ZipFile(checkpoint) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(checkpoint, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, struct.pack("<f", float("nan")) + data[4:] if name.endswith("/data/0") else data)
    return folder


def test_members_that_leave_the_finite_numbers_are_named():
    """The attempt of such a run stood there as done with exit code 0, and nothing told step and variable."""
    folder = scratch()
    out = folder / "run"
    model = package_with_a_nan(folder / "package")
    hens("run", write_job(folder), f"models=['{model}']", "--output", out, check=80)
    record = harness.assert_as_the_schemas_say(out)
    attempt, = record["attempts"]
    assert attempt["exit_code"] == 80 and "2 of 2 members" in attempt["exit_reason"], attempt
    assert (record["members_planned"], record["members_complete"], record["members_failed"]) == (2, 0, 2), record
    with open(out / "members.csv", newline="") as table:
        members = list(csv.DictReader(table))
    assert [m["member"] for m in members] == ["0", "1"], members
    for member in members:
        assert (member["state"], member["attempt"]) == ("failed", "1"), member
        assert (member["failed_step"], member["failed_variable"]) == ("1", "u10m"), member
    why = "not finite at step 1 (u10m)"
    text = hens("status", out).stdout
    assert "0 of 2 members are complete, 2 failed" in text and f"member 1: {why} in attempt 1" in text, text
    assert json.loads(hens("status", out, "--json").stdout)["failed"] == 2
    found = hens("verify", out, check=66).stdout
    assert f"the member failed: {why}" in found and "run the job again" not in found, found
    some = folder / "some"
    hens("run", write_job(folder), f"models=['synth:mini?seed=102', '{model}']", "--output", some, check=81)
    assert harness.assert_as_the_schemas_say(some)["attempts"][0]["exit_code"] == 81
    assert "(package): 0 of 2, 2 failed" in hens("status", some).stdout


def test_a_corrected_spec_may_take_the_folder_of_a_failed_run():
    """A channel that the model has not shows only after the folder was taken, and then locked it."""
    folder = scratch()
    job = write_job(folder)
    out = folder / "run"
    assert "z501" in hens("run", job, "perturbation.noise.amplitude={z501: 39.27}", "--output", out, check=78).stderr
    hens("run", job, "--output", out)
    hens("verify", out)


def test_what_is_extra_is_for_the_user_to_delete():
    """verify said that running the job again mends it, which leaves the file there."""
    folder = scratch()
    out = folder / "run"
    hens("run", write_job(folder), "--output", out)
    stray = out / "hens_0.zarr/u10m/c.9.0.0.0.0"
    stray.write_text("x")
    hens("run", write_job(folder), "--output", out)
    found = hens("verify", out, check=65).stdout
    assert "delete it" in found and "is for you to delete" in hens("verify", "--help").stdout, found
    stray.unlink()
    hens("verify", out)


def test_describe_tells_a_folder_that_is_no_package():
    folder = scratch()
    assert "config.json" in hens("describe", folder, check=66).stdout
    assert hens("describe", "synth:mini?seed=102").stdout.count("no weight file yet") == 1
    assert json.loads(hens("describe", "synth:mini?seed=102", "--json").stdout)["engine_weight_file"] is None


def test_describe_ends_as_a_run_would_with_a_package_that_cannot_be_used():
    """It said "not usable" and ended with 0."""
    folder = scratch()
    hens("synth", folder / "package", "--size", "mini", "--seed", "102")
    hens("describe", folder / "package")
    checkpoint = folder / "package/training_checkpoints/best_ckpt_mp0.tar"
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[:100_000])
    assert "not usable" in hens("describe", folder / "package", check=65).stdout
    assert not json.loads(hens("describe", folder / "package", "--json", check=65).stdout)["complete"]
    checkpoint.write_bytes(whole)
    (folder / "package/global_stds.npy").unlink()
    assert "global_stds.npy" in hens("describe", folder / "package", check=66).stdout


def test_bench_times_a_python_network_beside_its_own():
    folder = scratch()
    script = folder / "reference.py"
    script.write_text("import json; print(json.dumps({'modes': {'fp32': {'network_ms_per_member_step':"
                      "{'median': 7.5, 'min': 7, 'max': 8}}}}))")
    done = hens("bench", "synth:mini?seed=102", "--device", "cpu", "--steps", "1", "--gates", "2", "--python", script)
    assert "python network, fp32          7.500" in done.stdout and "greatest drift" in done.stdout, done.stdout
    # What is asked for and does not come is no success: it was told in the table alone, or not at all.
    script.write_text("import sys; sys.exit('no torch_harmonics here')")
    bench = ["bench", "synth:mini?seed=102", "--device", "cpu", "--steps", "2"]
    done = hens(*bench, "--json", "--python", script, check=69)
    failed = json.loads(done.stdout)
    assert "no torch_harmonics here" in failed["python"]["failed"], done.stdout
    times = failed["modes"][0]["ms_per_member_step"]
    assert abs(times["median"] - (times["min"] + times["max"]) / 2) < 1e-9, ("of two, their mean", times)
    assert "Python's network failed" in hens(*bench, "--python", script, check=69).stdout
    assert "none.py" in hens(*bench, "--python", folder / "none.py", check=66).stderr
    assert "--kernels ampere" in hens(*bench, "--kernels", "ampere", check=64).stderr


def test_results_that_cannot_be_written_are_no_success():
    """A full disk under stdout ended with exit code 0 and an empty file."""
    folder = scratch()
    job = write_job(folder)
    hens("run", job, "--output", folder / "run")
    results = folder / "run/benchmark_results.json"
    for command in (["--version"], ["validate", job], ["status", folder / "run"], ["verify", folder / "run", "--json"],
                    ["run", job, "--output", folder / "run"], ["compare", results, results, "--format", "json"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([harness.HENS, *map(str, command)], stdout=full, stderr=subprocess.PIPE, text=True,
                                  env={**os.environ, "HENS_CACHE": harness.CACHE}, timeout=300)
        assert done.returncode == 74 and "No space left on device" in done.stderr, (command, done)


def test_every_line_of_the_log_is_json():
    folder = scratch()
    done = hens("run", write_job(folder), "--output", folder / "run", "--log", "json")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {"run", "progress"} <= {line["event"] for line in lines}, lines


def test_netcdf_has_the_same_numbers():
    import numpy
    import xarray
    folder = scratch()
    job = write_job(folder)
    hens("run", job, "--output", folder / "zarr")
    hens("run", job, "output.format=netcdf", "--output", folder / "netcdf")
    zarr = xarray.open_zarr(folder / "zarr/hens_0.zarr")
    netcdf = xarray.open_mfdataset(str(folder / "netcdf/hens_0.netcdf/*.nc"), combine="by_coords")
    for name in ("u10m", "v10m"):
        assert numpy.array_equal(zarr[name].values, netcdf[name].values), name
    assert numpy.isfinite(zarr["u10m"].values).all() and zarr["u10m"].shape == (2, 1, 2, 73, 144)


def test_compare_on_the_published_results():
    files = [DATA / f"data/benchmark_results/{name}.json" for name in ("databricks", "ec2")]
    if not files[0].exists():
        return f"needs {files[0]}"
    text = hens("compare", *files).stdout
    for figure in ("905.26", "1007.19", "2.26", "2.52", "10% faster", "10.04", "8.71", "7.32s (20%)", "2.20s (6%)"):
        assert figure in text, (figure, text)
    assert "| Databricks" in hens("compare", *files, "--format", "markdown").stdout.replace("**", "")
    assert json.loads(hens("compare", *files, "--format", "json").stdout)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """nginx on loopback that serves `root`."""

    def __init__(self, root):
        self.folder, self.port = scratch(), free_port()
        config = self.folder / "nginx.conf"
        config.write_text(f"""
daemon off; pid {self.folder}/pid; error_log {self.folder}/error.log; worker_processes 1;
{'user root;' if os.getuid() == 0 else ''}
events {{}}
http {{
  access_log {self.folder}/access.log; client_body_temp_path {self.folder}/b; proxy_temp_path {self.folder}/p;
  fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
  server {{ listen 127.0.0.1:{self.port}; root {root}; }}
}}
""")
        self.process = subprocess.Popen(["nginx", "-c", str(config)], stderr=subprocess.DEVNULL)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("nginx does not listen: " + (self.folder / "error.log").read_text()[-500:])

    def log(self):
        return (self.folder / "access.log").read_text()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def test_a_real_analysis_from_nginx_by_byte_ranges():
    name = "gfs.20150912.t18z.pgrb2.2p50.f000"
    if not (DATA / "data/gfs" / name).exists() or shutil.which("nginx") is None:
        return "needs the GFS sample of the test data, and nginx"
    bucket = scratch()
    target = bucket / "noaa-gfs-bdp-pds/gfs.20150912/18/atmos"
    target.mkdir(parents=True)
    os.chmod(bucket, 0o755)
    for suffix in ("", ".idx"):
        shutil.copy(DATA / "data/gfs" / (name + suffix), target / ("gfs.t18z.pgrb2.2p50.f000" + suffix))
    folder = scratch()
    with Nginx(bucket) as server:
        settings = ["initial_conditions.times=[2015-09-12T18:00:00Z]", "initial_conditions.product=2p50",
                    "perturbation.method=none", f"mirrors.s3=http://127.0.0.1:{server.port}", "forecast.steps=[1]",
                    "runtime.device=cpu", "--cache", folder / "cache"]
        job = ROOT / "jobs/gfs_2p5deg.yaml"
        plan = json.loads(hens("fetch", job, *settings, "--dry-run", "--json").stdout)
        assert any(item["range"] for item in plan) and " 206 " not in server.log()
        hens("run", job, *settings, "--output", folder / "run")
        assert " 206 " in server.log(), "no byte ranges were asked for"
        asked = server.log().count("\n")
        hens("run", job, *settings, "--output", folder / "again", "--offline")
        assert server.log().count("\n") == asked, "the cache was not enough"
        assert stores(folder / "again") == stores(folder / "run")
        sources = json.loads((folder / "run/run.json").read_text())["attempts"][0]["sources"]
        assert any("relative humidity" in note for source in sources for note in source["notes"]), sources
        wrong = hens("run", job, *settings[1:], "initial_conditions.times=[2015-09-13T00:00:00Z]", "--output",
                     folder / "wrong", check=66)
        assert "gfs.20150913/00" in wrong.stderr, wrong.stderr


def poison(cache, url, content):
    """What a version of hens that did not look at it has left in the cache."""
    path = cache / "files" / url.replace("://", "/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    note = cache / "notes" / (hashlib.sha256(url.encode()).hexdigest()[:40] + ".json")
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"key": url, "version": "", "bytes": len(content),
                                "sha256": hashlib.sha256(content).hexdigest()}))


def test_a_bad_download_is_fetched_again_and_never_kept():
    """A login page in place of an index, or bytes that are no message, stayed in the cache and failed every later run."""
    name = "gfs.20150912.t18z.pgrb2.2p50.f000"
    if not (DATA / "data/gfs" / name).exists():
        return "needs the GFS sample of the test data"
    bucket = scratch()
    target = bucket / "noaa-gfs-bdp-pds/gfs.20150912/18/atmos"
    target.mkdir(parents=True)
    for suffix in ("", ".idx"):
        shutil.copy(DATA / "data/gfs" / (name + suffix), target / ("gfs.t18z.pgrb2.2p50.f000" + suffix))
    url = "s3://noaa-gfs-bdp-pds/gfs.20150912/18/atmos/gfs.t18z.pgrb2.2p50.f000"

    def fetch(cache, *plan, check=0):
        server = Server(bucket, plan)
        done = hens("fetch", ROOT / "jobs/gfs_2p5deg.yaml", "initial_conditions.times=[2015-09-12T18:00:00Z]",
                    "initial_conditions.product=2p50", "perturbation.method=none", f"mirrors.s3={server.address}",
                    "--cache", cache, "--log", "json", check=check)
        server.stop()
        return done.stderr

    page, corrupt = {"path": "*.idx", "do": "page"}, {"path": "*.f000", "do": "corrupt"}
    for fault in (page, corrupt):
        cache = scratch()
        assert "not what was wanted" in fetch(cache, dict(fault, count=1)), "once is mended on the way"
        cache = scratch()
        assert url in fetch(cache, fault, check=65)
        assert not (cache / "files").exists() or not list((cache / "files").rglob("*.idx")), "a bad index is kept"
        assert not list(cache.glob("parts/*")) or fault is page, "a bad message is kept"
        fetch(cache)
    cache = scratch()
    poison(cache, url + ".idx", b"<html>login please</html>")
    assert "not what was wanted" in fetch(cache)


def test_a_bad_package_is_fetched_again_and_never_kept():
    root, folder = scratch(), scratch()
    hens("synth", root / "bucket/sfno", "--size", "mini", "--seed", "102")
    job = write_job(folder)

    def run(cache, *plan, check=0):
        server = Server(root, plan)
        done = hens("run", job, "models=['s3://bucket/sfno']", f"mirrors.s3={server.address}", "--cache", cache,
                    "--output", folder / "run", check=check)
        server.stop()
        return done.stderr

    for file in ("config.json", "global_means.npy", "orography.nc", "best_ckpt_mp0.tar"):
        cache = scratch()
        assert file in run(cache, {"path": f"*/{file}", "do": "page"}, check=65)
        assert not list((cache / "files").rglob(file)), "a bad file is kept"
        run(cache, {"path": f"*/{file}", "do": "page", "count": 1})
    # One flipped bit of a weight: the file's own CRC tells, and the next run gets what is whole by then.
    checkpoint = root / "bucket/sfno/training_checkpoints/best_ckpt_mp0.tar"
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[:1_000_000] + bytes([whole[1_000_000] ^ 1]) + whole[1_000_001:])
    described = hens("describe", root / "bucket/sfno", check=65)
    assert "does not have its CRC" in described.stdout, described.stdout
    cache = scratch()
    errors = run(cache, check=65)
    assert "best_ckpt_mp0.tar" in errors and "/data/" in errors and "CRC" in errors, errors
    checkpoint.write_bytes(whole)
    run(cache)


def test_packages_from_the_hub_and_from_s3_through_mirrors():
    if shutil.which("nginx") is None:
        return "needs nginx"
    root = scratch()
    os.chmod(root, 0o755)
    hens("synth", root / "package", "--size", "mini", "--seed", "102")
    hub, bucket = root / "datasets/owner/name/resolve/main/registry/sfno", root / "bucket/models/sfno"
    for target in (hub, bucket):
        shutil.copytree(root / "package", target)
    folder = scratch()
    job = write_job(folder)
    hens("run", job, f"models=['{root}/package']", "--output", folder / "local")
    with Nginx(root) as server:
        mirror = f"http://127.0.0.1:{server.port}"
        for name, uri in (("hf", "hf://datasets/owner/name/registry/sfno"), ("s3", "s3://bucket/models/sfno")):
            run = ["run", job, f"models=['{uri}']", f"mirrors.{name}={mirror}", "--cache", folder / "cache"]
            hens(*run, "--output", folder / name)
            assert markers(folder / name).keys() == markers(folder / "local").keys()
            shards = {f["path"]: f["sha256"] for m in markers(folder / "local").values() for f in m["files"]}
            assert all(harness.sha256(folder / name / path) == digest for path, digest in shards.items()), name
            missing = hens("run", job, f"models=['{uri}x']", f"mirrors.{name}={mirror}", "--output", folder / "none",
                           check=66)
            assert f"{uri}x" in missing.stderr, missing.stderr


class Moto:
    """moto's S3 on loopback. Like S3 itself it serves strangers what is public and refuses the rest."""

    def __init__(self):
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError("moto does not listen")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def fill(self, bucket, prefix, folder, acl):
        import boto3
        s3 = boto3.client("s3", endpoint_url=self.address, region_name="us-east-1", aws_access_key_id="test",
                          aws_secret_access_key="test")
        if bucket not in [b["Name"] for b in s3.list_buckets()["Buckets"]]:
            s3.create_bucket(Bucket=bucket)
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                key = f"{prefix}/{path.relative_to(folder)}"
                s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes(), ACL=acl)


def test_packages_and_analyses_from_moto_as_s3():
    package, folder = scratch() / "sfno", scratch()
    hens("synth", package, "--size", "mini", "--seed", "102")
    job = write_job(folder)
    hens("run", job, f"models=['{package}']", "--output", folder / "local")
    shards = {f["path"]: f["sha256"] for m in markers(folder / "local").values() for f in m["files"]}
    with Moto() as server:
        server.fill("models", "public/sfno", package, "public-read")
        server.fill("models", "private/sfno", package, "private")
        mirror = f"mirrors.s3={server.address}"
        for uri in ("s3://models/public/sfno", "s3://models/public/sfno?region=eu-west-1"):
            out = folder / uri[-3:]
            hens("run", job, f"models=['{uri}']", mirror, "--cache", folder / f"cache{uri[-3:]}", "--output", out)
            assert all(harness.sha256(out / path) == digest for path, digest in shards.items()), uri
        refused = hens("run", job, "models=['s3://models/private/sfno']", mirror, "--output", folder / "x", check=77)
        assert "s3://models/private/sfno/config.json" in refused.stderr, refused.stderr
        absent = hens("run", job, "models=['s3://models/public/none']", mirror, "--output", folder / "x", check=None)
        assert absent.returncode in (66, 77), absent.stderr  # S3 tells strangers 403 of what is not there
        gfs = DATA / "data/gfs/gfs.20150912.t18z.pgrb2.2p50.f000"
        if not gfs.exists():
            return
        bucket = scratch()
        for suffix in ("", ".idx"):
            shutil.copy(str(gfs) + suffix, bucket / ("gfs.t18z.pgrb2.2p50.f000" + suffix))
        server.fill("noaa-gfs-bdp-pds", "gfs.20150912/18/atmos", bucket, "public-read")
        hens("run", ROOT / "jobs/gfs_2p5deg.yaml", "initial_conditions.times=[2015-09-12T18:00:00Z]",
             "initial_conditions.product=2p50", "perturbation.method=none", mirror, "forecast.steps=[1]",
             "runtime.device=cpu", "--cache", folder / "cache_gfs", "--output", folder / "gfs")
        source, = [s for s in json.loads((folder / "gfs/run.json").read_text())["attempts"][0]["sources"]
                   if s["url"].startswith("s3://")]
        assert source["bytes"] < gfs.stat().st_size, "only ranges of the file were wanted"


def test_a_damaged_package_is_refused_by_name():
    folder = scratch()
    hens("synth", folder / "package", "--size", "mini", "--seed", "102")
    job = write_job(folder)
    checkpoint = folder / "package/training_checkpoints/best_ckpt_mp0.tar"
    checkpoint.write_bytes(checkpoint.read_bytes()[:100_000])
    assert "best_ckpt_mp0.tar" in hens("run", job, f"models=['{folder}/package']", "--output", folder / "x", check=65).stderr
    checkpoint.unlink()
    assert "best_ckpt_mp0.tar" in hens("run", job, f"models=['{folder}/package']", "--output", folder / "x", check=66).stderr
    assert not (folder / "x").exists(), "nothing may be begun with a package that cannot be read"


if __name__ == "__main__":
    harness.run_tests(globals())
