"""Runs whose members are stored in each layout: the same values, checked, mended and gone on with as any other."""
import concurrent.futures
import os
import pathlib
import shutil
import signal
import tempfile

import numpy as np
import xarray as xr

import harness
from harness import hens, markers, stores, write_job

SHIM = os.environ["HENS_KILL_SHIM"]
# 1 kills at every call; the test suite takes every seventh: durability_test goes through what all stores share.
STRIDE = int(os.environ.get("HENS_KILL_STRIDE", "7"))

OUTPUTS = """[
  {name: plain, variables: [t2m, z500, z850]},
  {name: files, variables: [t2m, z500, z850], shard: false, compression: lz4},
  {name: bench, variables: [t2m, z500, z850], layout: weatherbench, compression: zstd},
  {name: bench_files, variables: [t2m, z500, z850], layout: weatherbench, shard: false},
  {name: bench, variables: [t2m, z500, z850], layout: weatherbench, format: netcdf},
  {name: classic, variables: [t2m, z500, z850], layout: cf, format: netcdf},
  {name: rounded, variables: [t2m, z500, z850], keep_bits: {z500: 5, all: 9}, compression: zstd}]"""
ALL_LAYOUTS = harness.SMALL_JOB.replace("{variables: [u10m, v10m], format: zarr}", OUTPUTS).replace("steps: [1]", "steps: [2]")
ONE_FILE_A_FIELD = harness.SMALL_JOB.replace("format: zarr}", "format: zarr, shard: false, keep_bits: 9, compression: lz4}")
ERA5 = {"t2m": ("2m_temperature", None), "z500": ("geopotential", 500), "z850": ("geopotential", 850)}


def scratch():
    return pathlib.Path(tempfile.mkdtemp(prefix="hens_layouts_"))


def of_weatherbench(dataset, variable):
    name, level = ERA5[variable]
    return dataset[name] if level is None else dataset[name].sel(level=level)


def test_layouts_hold_the_same_values():
    folder = scratch()
    out = folder / "run"
    hens("run", write_job(folder, ALL_LAYOUTS), "--output", out)
    plain = xr.open_zarr(out / "plain_0.zarr").load()
    classic = sorted((out / "classic_0.netcdf").iterdir())
    bench = sorted((out / "bench_0.netcdf").iterdir())
    assert len(classic) == len(bench) == 2
    for variable in ERA5:
        wanted = plain[variable].values
        assert np.isfinite(wanted).all()
        np.testing.assert_array_equal(xr.open_zarr(out / "files_0.zarr")[variable].values, wanted, strict=True)
        for store in ("bench_0.zarr", "bench_files_0.zarr"):
            np.testing.assert_array_equal(of_weatherbench(xr.open_zarr(out / store), variable).values, wanted, strict=True)
        for member in range(2):
            np.testing.assert_array_equal(xr.open_dataset(classic[member])[variable].values, wanted[member, 0], strict=True)
            values = of_weatherbench(xr.open_dataset(bench[member]), variable).values
            np.testing.assert_array_equal(values[0, 0], wanted[member, 0], strict=True)
        bits = 5 if variable == "z500" else 9
        rounded = xr.open_zarr(out / "rounded_0.zarr")[variable]
        assert rounded.attrs["quantization_nsb"] == bits
        assert not (rounded.values.view(np.uint32) & (2 ** (23 - bits) - 1)).any()
        error = abs(rounded.values.astype(np.float64) - wanted) / abs(wanted.astype(np.float64))
        assert 0 < error.max() <= 2.0 ** -(bits + 1), (variable, error.max())
    assert len(list((out / "files_0.zarr/t2m").glob("c.*"))) == 2 * 3, "members x leads"
    hens("verify", out)
    hens("report", out)
    hens("status", out)


def test_each_layout_has_the_same_scores():
    folder = scratch()
    expected = None
    for number, how in enumerate(["format: zarr", "format: zarr, shard: false", "format: zarr, layout: weatherbench",
                                  "format: netcdf, layout: weatherbench", "format: netcdf, layout: cf"]):
        out = folder / str(number)
        text = harness.SMALL_JOB.replace("{variables: [u10m, v10m], format: zarr}", f"{{variables: [u10m, v10m, z500], {how}}}")
        hens("run", write_job(folder, text), "--output", out)
        hens("score", out, "--truth", "analytic")
        scores = (out / "scores.csv").read_text()
        expected = expected or scores
        assert len(scores.splitlines()) > 10 and scores == expected, how


def test_one_file_a_field_is_mended_and_verified():
    folder = scratch()
    job = write_job(folder, ONE_FILE_A_FIELD)
    out = folder / "run"
    hens("run", job, "--output", out)
    expected = stores(out)
    chunks = sorted((out / "hens_0.zarr").rglob("c.*"))
    chunks = [path for path in chunks if path.parent.name in ("u10m", "v10m")]
    assert len(chunks) == 2 * 2 * 2, "members x variables x leads"
    assert sum(len(marker["files"]) for marker in markers(out).values()) == len(chunks)
    for path in (chunks[0], chunks[-1]):
        for data in (path.read_bytes()[:-1], None, bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:]):
            path.unlink() if data is None else path.write_bytes(data)
            found = hens("verify", out, check=None)
            assert found.returncode != 0 and str(path.relative_to(out)) in found.stdout + found.stderr, found.stdout
            hens("run", job, "--output", out)
            assert stores(out) == expected
    stray = out / "hens_0.zarr/u10m/c.0.0.2.0.0"
    stray.write_text("a lead that there is not")
    assert hens("verify", out, check=None).returncode != 0
    stray.unlink()
    hens("verify", out)


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


def test_one_file_a_field_killed_at_many_calls():
    folder = scratch()
    job = write_job(folder, ONE_FILE_A_FIELD)
    hens("run", job, "--output", folder / "whole")
    expected = stores(folder / "whole")
    out = folder / "counted"
    hens("run", job, "--output", out,
         env={"LD_PRELOAD": SHIM, "HENS_KILL_COUNT": str(folder / "count"), "HENS_KILL_BELOW": str(out)})
    total = int((folder / "count").read_text())
    assert total > 50, f"only {total} calls were seen: the shim is not at work"
    points = range(1, total, STRIDE)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(lambda point: killed_at(point, job, expected), points):
            pass
    print(f"  killed at {len(points)} of {total} calls")


if __name__ == "__main__":
    harness.run_tests(globals())
