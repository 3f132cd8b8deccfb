"""Back in again: a forecast of hens, and what xarray, zarr-python and numcodecs write, as initial conditions and truth.
One small run of three members is the source of all; each case starts one member from it, whose lead time 0 is what was
read."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numcodecs
import numpy as np
import xarray as xr
import zarr

from harness import assert_as_the_schemas_say, hens, run_tests

HERE = pathlib.Path(__file__).resolve().parent
LEVELS = [50, 100, 150, 200, 250, 300, 400, 500, 600, 700, 850, 925, 1000]
SINGLE = {"u10m": "10m_u_component_of_wind", "v10m": "10m_v_component_of_wind", "u100m": "100m_u_component_of_wind",
          "v100m": "100m_v_component_of_wind", "t2m": "2m_temperature", "sp": "surface_pressure",
          "msl": "mean_sea_level_pressure", "tcwv": "total_column_water_vapour", "d2m": "2m_dewpoint_temperature"}
ON_LEVELS = {"u": "u_component_of_wind", "v": "v_component_of_wind", "z": "geopotential", "t": "temperature",
             "q": "specific_humidity"}
CHANNELS = [*SINGLE, *(f"{q}{level}" for q in ON_LEVELS for level in LEVELS)]
FORECAST = """
name: forecast
initial_conditions: {source: analytic, times: [2024-01-01T00:00:00Z]}
models: ["synth:mini?seed=102"]
ensemble: {members: 3, seed: 7}
perturbation: {method: correlated_spherical_gaussian, noise: {amplitude: {all: 0.01 std}}}
forecast: {steps: [2]}
output:
  - {name: sharded, variables: CHANNELS, format: zarr, compression: zstd}
  - {name: files, variables: CHANNELS, format: netcdf}
report: {maps: false}
runtime: {device: cpu, threads: 1}
""".replace("CHANNELS", "[" + ", ".join(CHANNELS) + "]")
AGAIN = """
name: again
initial_conditions:
  source: {source}
  times: ["{time}"]
  path: {path}
  check: finite
{more}
models: ["synth:mini?seed=102"]
ensemble: {{members: 1}}
forecast: {{steps: [1]}}
output: {{variables: [CHANNELS], format: zarr}}
report: {{maps: false}}
runtime: {{device: cpu, threads: 1}}
""".replace("CHANNELS", ", ".join(CHANNELS))


class Forecast:
    """The run that is read again; made once."""
    made = None

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.temporary.name)
        job = self.root / "forecast.yaml"
        job.write_text(FORECAST)
        hens("run", job, "--output", self.root / "forecast")
        [self.store] = (self.root / "forecast").rglob("*.zarr")
        self.files = sorted((self.root / "forecast").rglob("*.nc"))
        self.data = xr.open_zarr(self.store).load()

    @classmethod
    def get(cls):
        cls.made = cls.made or cls()
        return cls.made


def forecast():
    return Forecast.get()


def truth(member=0, lead=0):
    """{channel: [lat, lon]} of the forecast."""
    at = forecast().data.isel(ensemble=member, time=0, lead_time=lead)
    return {name: at[name].values for name in CHANNELS}


def again(path, source="zarr", time="2024-01-01T00:00:00Z", more=(), check=0, env=None, options=()):
    """Starts one member from `path`; returns the finished process and, where it ran, {channel: [lat, lon]} at its start."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=forecast().root))
    job = folder / "again.yaml"
    paths = path if isinstance(path, list) else [path]
    job.write_text(AGAIN.format(source=source, time=time, path=json.dumps([str(p) for p in paths]),
                                more="\n".join(f"  {line}" for line in more)))
    done = hens("run", job, "--output", folder / "run", *options, check=check, env=env)
    if check:
        return done, None
    [store] = (folder / "run").rglob("*.zarr")
    start = xr.open_zarr(store).isel(ensemble=0, time=0, lead_time=0).load()
    used = [r for r in sources_of(folder / "run") if r["bytes"]]
    assert used and all(len(record["sha256"]) == 64 for record in used), used
    return done, {name: start[name].values for name in CHANNELS}


def sources_of(run):
    return [record for attempt in assert_as_the_schemas_say(run)["attempts"] for record in attempt["sources"]]


def assert_same(found, wanted, tolerance=None):
    """Bit for bit, or within {channel's first letters: tolerance}."""
    for name in CHANNELS:
        assert np.isfinite(found[name]).all(), name
        if tolerance is None:
            assert found[name].tobytes() == wanted[name].tobytes(), name
        else:
            error = np.abs(found[name].astype("f8") - wanted[name]).max()
            assert error <= tolerance(name), (name, error, tolerance(name))


def test_a_member_and_a_lead_of_our_own_sharded_store():
    _, found = again(forecast().store, more=["member: 2", "lead_time: 6h"], time="2024-01-01T06:00:00Z")
    assert_same(found, truth(2, 1))
    _, found = again(forecast().store, more=["member: 0"], time="2024-01-01T12:00:00Z")
    assert_same(found, truth(0, 2))


def test_ambiguity_and_what_is_not_there_are_named():
    done, _ = again(forecast().store, check=65)
    assert "3 entries of 'ensemble'" in done.stderr and "initial_conditions.member" in done.stderr, done.stderr
    done, _ = again(forecast().store, more=["member: 3"], check=66)
    assert "u10m at 2024-01-01T00:00:00Z" in done.stderr, done.stderr
    done, _ = again(forecast().store, more=["member: 1", "lead_time: 6h"], check=66)
    assert "is in none of the files" in done.stderr, done.stderr
    done, _ = again(forecast().root / "forecast", check=65)
    assert "is no Zarr store" in done.stderr, done.stderr


def test_a_run_from_a_store_says_what_it_read():
    done, _ = again(forecast().store, more=["member: 1"])
    assert '"kind":"zarr"' in done.stderr, done.stderr
    run = max(forecast().root.rglob("again.yaml"), key=lambda path: path.stat().st_mtime)
    manifest = json.loads((run.parent / "run/run.json").read_text())
    assert manifest["spec"]["initial_conditions"]["member"] == 1, manifest["spec"]["initial_conditions"]
    [record] = [r for r in sources_of(run.parent / "run") if r["bytes"]]
    assert record["bytes"] == 74 * 73 * 144 * 4, record


def weatherbench(member=None):
    """The forecast in WeatherBench's layout: its names, levels gathered."""
    data = forecast().data
    names = {"ensemble": "number", "lead_time": "prediction_timedelta", "lat": "latitude", "lon": "longitude"}
    levels = xr.DataArray(np.array(LEVELS, "i4"), dims="level", attrs={"units": "hPa"})
    arrays = {name: data[channel] for channel, name in SINGLE.items()}
    for quantity, name in ON_LEVELS.items():
        arrays[name] = xr.concat([data[f"{quantity}{level}"] for level in LEVELS], levels.rename("level"))
        arrays[name] = arrays[name].transpose("ensemble", "time", "lead_time", "level", "lat", "lon")
    made = xr.Dataset({k: v.drop_vars("valid_time", errors="ignore") for k, v in arrays.items()}).rename(names)
    for variable in made.variables.values():
        variable.encoding.clear()
    return made if member is None else made.isel(number=member, drop=True)


def analyses(member=1):
    """As an analysis: times and no leads."""
    made = weatherbench(member).isel(time=0, drop=True).copy(deep=True)
    times = np.datetime64("2024-01-01T00:00:00", "ns") + made["prediction_timedelta"].values
    return made.drop_vars("prediction_timedelta").rename(prediction_timedelta="time").assign_coords(time=("time", times))


def to_zarr(data, name, encoding=None, **options):
    path = forecast().root / name
    chosen = {v: {"chunks": tuple(1 if d in ("time", "number", "prediction_timedelta") else n
                                  for d, n in data[v].sizes.items()), **(encoding or {})} for v in data.data_vars}
    data.to_zarr(path, mode="w", encoding=chosen, **options)
    return path


def test_weatherbenchs_layout_of_format_3():
    path = to_zarr(weatherbench(), "wb3.zarr", zarr_format=3)
    _, found = again(path, more=["member: 2", "lead_time: 6h"], time="2024-01-01T06:00:00Z")
    assert_same(found, truth(2, 1))
    done, _ = again(path, check=65)
    assert "3 entries of 'number'" in done.stderr, done.stderr


def test_era5_as_weatherbench_publishes_it():
    """Format 2, consolidated, one time a chunk, levels in one array, each of the codecs; latitudes both ways."""
    blosc = [numcodecs.Blosc(cname=name, shuffle=shuffle) for name, shuffle in
             (("lz4", numcodecs.Blosc.SHUFFLE), ("zstd", numcodecs.Blosc.BITSHUFFLE), ("zlib", numcodecs.Blosc.NOSHUFFLE))]
    for k, compressor in enumerate([*blosc, numcodecs.Zstd(), numcodecs.Zlib(), numcodecs.GZip(), None]):
        data = analyses()
        if k % 2:
            data = data.sortby("latitude")
        path = to_zarr(data, f"wb2_{k}.zarr", {"compressors": compressor}, zarr_format=2, consolidated=k != 3)
        assert (path / ".zmetadata").exists() == (k != 3)
        _, found = again(path, time="2024-01-01T06:00:00Z")
        assert_same(found, truth(1, 1))


def test_one_time_whose_chunk_was_left_out():
    """Of a time 0 since itself xarray and zarr-python write no chunk."""
    for zarr_format in (2, 3):
        path = to_zarr(analyses().isel(time=[0]), f"one{zarr_format}.zarr", zarr_format=zarr_format)
        assert not [f for f in (path / "time").rglob("*") if f.is_file() and not f.name.startswith((".z", "zarr"))]
        _, found = again(path)
        assert_same(found, truth(1, 0))


def test_packed_numbers_within_half_a_step():
    """int16 with scale_factor and add_offset: half a step of packing, and float32's rounding (xarray packs in it)."""
    data = analyses()
    steps = {}
    for name in data.data_vars:
        low, high = float(data[name].min()), float(data[name].max())
        steps[name] = max((high - low) / 65000, 1e-12)
        data[name].encoding = {"dtype": "int16", "scale_factor": steps[name], "add_offset": (low + high) / 2,
                               "_FillValue": np.int16(-32768), "compressors": numcodecs.Blosc(cname="zstd")}
    path = forecast().root / "packed.zarr"
    data.to_zarr(path, mode="w", zarr_format=2)
    _, found = again(path)
    names = {**SINGLE, **{f"{q}{level}": name for q, name in ON_LEVELS.items() for level in LEVELS}}
    wanted = truth(1, 0)
    assert_same(found, wanted, lambda name: 0.51 * steps[names[name]] + 2e-7 * np.abs(wanted[name]).max())


def test_zarr_pythons_own_shards_and_codecs_of_format_3():
    from zarr.codecs import BloscCodec, Crc32cCodec, GzipCodec, ZstdCodec
    for k, compressors in enumerate([[BloscCodec(cname="lz4")], [ZstdCodec(), Crc32cCodec()], [GzipCodec()], []]):
        path = forecast().root / f"v3_{k}.zarr"
        group = zarr.create_group(path, zarr_format=3)
        data = forecast().data
        for name in ("ensemble", "time", "lead_time", "lat", "lon"):
            values = zarr.open_array(forecast().store / name)
            group.create_array(name, data=values[:], dimension_names=(name,), attributes=dict(values.attrs))
        for name in CHANNELS:
            array = group.create_array(name, shape=data[name].shape, chunks=(1, 1, 1, 40, 144), dtype="f4",
                                       shards=(1, 1, 3, 80, 144) if k % 2 else None, compressors=compressors,
                                       dimension_names=data[name].dims, fill_value=np.nan,
                                       chunk_key_encoding={"name": "default", "separator": "." if k else "/"})
            array[:] = data[name].values
        _, found = again(path, more=["member: 1", "lead_time: 12h"], time="2024-01-01T12:00:00Z")
        assert_same(found, truth(1, 2))


LAYOUTS = {"wb": "format: zarr, layout: weatherbench", "wb_chunks": "format: zarr, layout: weatherbench, shard: false",
           "chunks": "format: zarr, shard: false, compression: lz4", "wb_files": "format: netcdf, layout: weatherbench",
           "cf": "format: netcdf, layout: cf"}


def test_every_layout_comes_back_bit_for_bit():
    start, end = FORECAST.index("output:"), FORECAST.index("report:")
    outputs = "".join(f"  - {{name: {name}, variables: [{', '.join(CHANNELS)}], {how}}}\n" for name, how in LAYOUTS.items())
    job = forecast().root / "layouts.yaml"
    job.write_text(FORECAST[:start] + "output:\n" + outputs + FORECAST[end:])
    if "layout: is no key here" in hens("validate", job, check=None).stderr:
        return "this hens has one layout"
    hens("run", job, "--output", forecast().root / "layouts")
    for name, how in LAYOUTS.items():
        [path] = (forecast().root / "layouts").glob(f"{name}_0.*")
        is_zarr = "zarr" in how
        _, found = again(path if is_zarr else sorted(path.rglob("*.nc")), source="zarr" if is_zarr else "netcdf",
                         more=["member: 2", "lead_time: 6h"], time="2024-01-01T06:00:00Z")
        assert_same(found, truth(2, 1))


def test_our_own_grib_within_half_a_step_of_its_packing():
    """Steps as docs/grib.md has them: by kind, for q the coarsest, that of the lower levels."""
    job = forecast().root / "grib.yaml"
    job.write_text(FORECAST.replace("format: netcdf", "format: grib2"))
    if "is 'grib2', expected" in hens("validate", job, check=None).stderr:
        return "this hens writes no GRIB2"
    hens("run", job, "--output", forecast().root / "grib")
    files = sorted((forecast().root / "grib").rglob("*.grib2/*.grib2"))
    assert len(files) == 3, files
    half = {**dict.fromkeys("uv", 2.0**-12), "t": 2.0**-11, "z": 2.0**-4, "q": 2.0**-26}
    steps = {**{n: 2.0**-12 for n in ("u10m", "v10m", "u100m", "v100m")}, "t2m": 2.0**-11, "d2m": 2.0**-11,
             "sp": 2.0**-4, "msl": 2.0**-4, "tcwv": 2.0**-11}
    together = forecast().root / "members.grib2"
    together.write_bytes(b"".join(file.read_bytes() for file in files))
    wanted = truth(2, 1)
    for path in (files, together):
        _, found = again(path, source="grib", more=["member: 2", "lead_time: 6h"], time="2024-01-01T06:00:00Z")
        assert_same(found, wanted, lambda n: steps.get(n) or half[n[0]] + 1e-7 * np.abs(wanted[n]).max())
    done, _ = again(together, source="grib", check=65)
    assert "initial_conditions.member" in done.stderr, done.stderr


def test_our_own_netcdf_and_the_cf_layout():
    files = forecast().files
    assert len(files) == 3, files
    _, found = again(files, source="netcdf", more=["member: 2"], time="2024-01-01T06:00:00Z")
    assert_same(found, truth(2, 1))
    _, found = again(files[1], source="netcdf", more=["lead_time: 6h"], time="2024-01-01T06:00:00Z")
    assert_same(found, truth(1, 1))
    data = forecast().data.isel(ensemble=1, time=0)
    cf = data[CHANNELS].drop_vars(["valid_time", "time", "ensemble", "lead_time"], errors="ignore")
    cf = cf.rename(lead_time="time").assign_coords(
        time=("time", np.datetime64("2024-01-01T00:00:00", "ns") + data["lead_time"].values),
        forecast_reference_time=np.datetime64("2024-01-01T00:00:00", "ns"), realization=1)
    cf["realization"].attrs["standard_name"] = "realization"
    path = forecast().root / "cf.nc"
    cf.to_netcdf(path)
    _, found = again(path, source="netcdf", more=["member: 1", "lead_time: 6h"], time="2024-01-01T06:00:00Z")
    assert_same(found, truth(1, 1))
    again(path, source="netcdf", more=["member: 2"], check=66)
    again(path, source="netcdf", more=["lead_time: 12h"], time="2024-01-01T06:00:00Z", check=66)


class Server:
    """A plain web server on a folder, with byte ranges."""

    def __init__(self, folder, plan=None):
        self.log = pathlib.Path(tempfile.mkdtemp(dir=forecast().root)) / "log.jsonl"
        command = [sys.executable, HERE / "flaky_server.py", folder, "--log", self.log]
        if plan:
            command += ["--plan", json.dumps(plan)]
        self.process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def requests(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def test_stores_on_a_web_server():
    """Of a shard its index and the chunk that is wanted, and of a store of format 2 one chunk a variable."""
    version_2 = to_zarr(analyses(), "bucket/web2.zarr", {"compressors": numcodecs.Blosc()}, zarr_format=2)
    with Server(forecast().root) as server, tempfile.TemporaryDirectory() as cache:
        env = {"HENS_CACHE": cache}
        store = f"{server.url}/{forecast().store.relative_to(forecast().root)}"
        _, found = again(store, more=["member: 2", "lead_time: 6h"], time="2024-01-01T06:00:00Z", env=env)
        assert_same(found, truth(2, 1))
        ranged = [r for r in server.requests() if r["range"] and "/c." in r["path"]]
        assert len(ranged) == 2 * len(CHANNELS) and all(r["status"] == 206 for r in ranged), len(ranged)
        brought = sum(r["sends"] for r in ranged)
        whole = sum(f.stat().st_size for f in forecast().store.rglob("c.2.0.0.0.0"))
        assert brought < whole / 2, (brought, whole)  # one lead of three
        _, found = again(f"{server.url}/bucket/web2.zarr", time="2024-01-01T06:00:00Z", env=env)
        assert_same(found, truth(1, 1))
        before = len(server.requests())
        again(f"{server.url}/bucket/web2.zarr", time="2024-01-01T06:00:00Z", env=env, options=["--offline"])
        assert len(server.requests()) == before, "offline asks nobody"
        # Buckets, for which mirrors stand.
        os.symlink(version_2.parent.parent, forecast().root / "storage.googleapis.com")
        for address in ("s3://bucket/web2.zarr?region=eu-west-1", "gs://bucket/web2.zarr"):
            _, found = again(address, time="2024-01-01T06:00:00Z", env=env,
                             options=["mirrors.s3=" + server.url, "mirrors.https=" + server.url])
            assert_same(found, truth(1, 1))
        paths = [r["path"] for r in server.requests()[before:]]
        assert "/bucket/web2.zarr/.zmetadata" in paths, paths[:3]
        assert "/storage.googleapis.com/bucket/web2.zarr/.zmetadata" in paths, paths[-3:]


def test_stores_that_a_server_does_not_list():
    """Format 3 without consolidated metadata is asked for each array; format 2 has to have them. A bucket that says of
    everything it lacks that nobody may see it does not hide what is there."""
    path = to_zarr(analyses(), "alone3.zarr", zarr_format=3, consolidated=False)
    assert "consolidated_metadata" not in json.loads((path / "zarr.json").read_text())
    alone = to_zarr(analyses(), "alone2.zarr", {"compressors": None}, zarr_format=2, consolidated=False)
    together = to_zarr(analyses(), "together2.zarr", {"compressors": None}, zarr_format=2)
    with Server(forecast().root) as server:
        _, found = again(f"{server.url}/{path.name}", time="2024-01-01T06:00:00Z")
        assert_same(found, truth(1, 1))
        asked = [r["path"] for r in server.requests()]
        assert len(asked) == len(set(asked)), "nothing is asked for twice"
        done, _ = again(f"{server.url}/{alone.name}", check=65)
        assert "consolidated metadata" in done.stderr, done.stderr
        again(f"{server.url}/none.zarr", check=65)
    hidden = [{"path": "*/zarr.json", "do": "status", "status": 403}]
    with Server(forecast().root, hidden) as server:
        _, found = again(f"{server.url}/{together.name}", time="2024-01-01T06:00:00Z")
        assert_same(found, truth(1, 1))
    shutil.rmtree(together / "2m_temperature")
    with Server(forecast().root) as server:
        done, _ = again(f"{server.url}/{together.name}", time="2024-01-01T06:00:00Z", check=66)
        assert "channel t2m" in done.stderr and "never written: 2m_temperature/1.0.0" in done.stderr, done.stderr


def damaged(change, name="2m_temperature"):
    """A store of format 2 whose array was changed by change(its folder)."""
    path = to_zarr(analyses(), "damaged.zarr", {"compressors": numcodecs.Blosc()}, zarr_format=2)
    change(path / name)
    (path / ".zmetadata").unlink()
    return path


def edited(**changes):
    def change(folder):
        metadata = json.loads((folder / ".zarray").read_text())
        (folder / ".zarray").write_text(json.dumps({**metadata, **changes}))
    return change


def test_hostile_and_foreign_stores_are_refused_by_name():
    def cut(folder):
        chunk = folder / "0.0.0"
        chunk.write_bytes(chunk.read_bytes()[:-20])

    def bomb(folder):
        (folder / "0.0.0").write_bytes(numcodecs.Blosc(cname="zstd").encode(np.zeros(400_000_000, "u1")))

    def lie(folder):
        chunk = bytearray((folder / "0.0.0").read_bytes())
        chunk[4:8] = (2**31 - 1).to_bytes(4, "little")  # what it says that it becomes
        (folder / "0.0.0").write_bytes(chunk)

    def link(folder):
        folder.rename(forecast().root / "elsewhere")
        folder.symlink_to(forecast().root / "elsewhere")

    def fifo(folder):
        (folder / "0.0.0").unlink()
        os.mkfifo(folder / "0.0.0")

    def deep(folder):
        (folder / ".zattrs").write_text("[" * 100_000)

    for change, code, says in (
            (cut, 65, "is damaged"), (bomb, 65, "is damaged"), (lie, 65, "is damaged"), (link, 65, "leads out of the store"),
            (fifo, 66, "never written"), (deep, 65, "nested"), (edited(order="F"), 65, "order 'F'"),
            (edited(filters=[{"id": "delta", "dtype": "<f4"}]), 65, "filter 'delta'"),
            (edited(compressor={"id": "lzma"}), 65, "'lzma'"), (edited(dtype="<c8"), 65, "'<c8'"),
            (edited(chunks=[1, 73, 10**8]), 65, "larger than 1 GiB"), (edited(chunks=[1, 73]), 65, "another rank"),
            (edited(shape=[2**63, 73, 144]), 65, "do not fit"), (edited(shape=[-1, 73, 144]), 65, "for a length"),
            (edited(chunks=[2**32, 2**32, 2**32]), 65, "do not fit"), (edited(shape=[3, 73, 145]), 65, "coordinates")):
        shutil.rmtree(forecast().root / "elsewhere", ignore_errors=True)
        done, _ = again(damaged(change), check=code)
        assert says in done.stderr and "2m_temperature" in done.stderr, (says, done.stderr)
    nan = analyses()
    nan["2m_temperature"][0, 3, 4] = np.nan
    done, _ = again(to_zarr(nan, "nan.zarr", zarr_format=3), check=65)
    assert "t2m" in done.stderr and "not finite" in done.stderr, done.stderr


def test_a_store_is_a_truth():
    """The forecast's member 1 against itself errs by nothing at every lead, from each format."""
    run = forecast().root / "forecast"
    for name, options in (("truth2.zarr", {"zarr_format": 2}), ("truth3.zarr", {"zarr_format": 3})):
        path = to_zarr(analyses(), name, {"compressors": None}, **options)
        folder = forecast().root / f"scores_{name}"
        hens("score", run, "--truth", f"zarr:{path}", "--variables", "t2m,z500", "--check", "finite", "--output", folder)
        scores = json.loads((folder / "scores.json").read_text())
        assert {e["lead_hours"] for e in scores["entries"]} == {0, 6, 12}, scores["entries"][0]
        assert not scores["truth"]["missing"], scores["truth"]


if __name__ == "__main__":
    run_tests(globals())
