"""What the integration tests share: running hens, comparing trees, small jobs."""
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import jsonschema

HENS = os.environ.get("HENS_PROGRAM") or sys.exit("HENS_PROGRAM names the hens program to test")
# One cache for all tests of a build: synthetic packages are made once.
CACHE = os.environ.get("HENS_TEST_CACHE") or tempfile.mkdtemp(prefix="hens_cache_")

SMALL_JOB = """
name: small
initial_conditions: {source: analytic, times: [2024-01-01T00:00:00Z]}
models: ["synth:mini?seed=102"]
ensemble: {members: 2, seed: 7}
perturbation: {method: correlated_spherical_gaussian, noise: {amplitude: {z500: 39.27}}}
forecast: {steps: [1]}
output: {variables: [u10m, v10m], format: zarr}
runtime: {device: cpu, threads: 1}
"""


def write_job(folder, text=SMALL_JOB):
    path = pathlib.Path(folder) / "job.yaml"
    path.write_text(text)
    return path


def hens(*arguments, check=0, env=None, timeout=300):
    """Runs hens; `check` is the exit code expected (None: any). Returns the finished process."""
    done = subprocess.run([HENS, *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, "HENS_CACHE": CACHE, **(env or {})})
    if check is not None and done.returncode != check:
        raise AssertionError(f"hens {' '.join(map(str, arguments))}: exit {done.returncode}, expected {check}\n"
                             f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def stores(folder):
    """{relative path: sha256} of every file of every store of a run."""
    folder = pathlib.Path(folder)
    found = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and any(p.endswith((".zarr", ".netcdf", ".grib2")) for p in parts):
            found["/".join(parts)] = sha256(path)
    return found


def markers(folder):
    return {p.name: json.loads(p.read_text()) for p in sorted((pathlib.Path(folder) / "members").glob("*.json"))}


def assert_not_misled(folder):
    """Every member marked complete has exactly the bytes that its marker promises."""
    for name, marker in markers(folder).items():
        assert marker["files"], name
        for file in marker["files"]:
            path = pathlib.Path(folder) / file["path"]
            assert path.stat().st_size == file["bytes"], (name, path)
            assert sha256(path) == file["sha256"], (name, path)


def assert_as_the_schemas_say(folder):
    """run.json and, where it is there, benchmark_results.json; returns the former."""
    root, folder = pathlib.Path(__file__).resolve().parents[2], pathlib.Path(folder)
    for name, schema in (("run.json", "run"), ("benchmark_results.json", "benchmark_results")):
        if name == "run.json" or (folder / name).exists():
            jsonschema.validate(json.loads((folder / name).read_text()),
                                json.loads((root / f"jobs/{schema}.schema.json").read_text()))
    return json.loads((folder / "run.json").read_text())


def run_tests(namespace):
    """Runs every function test_*, prints a line each, exits 1 if one failed."""
    import traceback
    failed = passed = 0
    wanted = sys.argv[1:]
    for name, function in list(namespace.items()):
        if not name.startswith("test_") or (wanted and name not in wanted):
            continue
        try:
            skipped = function()
            print(f"{'SKIPPED: ' + skipped if skipped else 'ok'}  {name}", flush=True)
            passed += 1
        except Exception:
            traceback.print_exc()
            print(f"FAILED  {name}", flush=True)
            failed += 1
    assert passed + failed > 0, "no test ran"
    sys.exit(1 if failed else 0)
