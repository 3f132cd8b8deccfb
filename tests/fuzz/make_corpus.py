"""Makes tests/fuzz/corpus anew: small files of our own, some of each kind that a parser knows.

    make_corpus.py OUT HENS

HENS is the built program; grib_filter is ecCodes' (libeccodes-tools). Run it by .deps/py/bin/python; checkpoints are written by the torch of
.deps/torch, as scripts/setup.sh installs both.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import netCDF4
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT, HENS = map(pathlib.Path, sys.argv[1:])
LAT, LON = np.linspace(90, -90, 5), np.arange(8) * 45.0
FIELD = (np.arange(40, dtype="f4").reshape(5, 8) + 250)


def put(target, name, content):
    (OUT / target).mkdir(parents=True, exist_ok=True)
    path = OUT / target / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def npy():
    with tempfile.TemporaryDirectory() as folder:
        for name in ("f4", "f8", "i4", "i8"):
            path = pathlib.Path(folder) / "x.npy"
            np.save(path, np.arange(1, 5, dtype=f"<{name}").reshape(1, 4, 1, 1))
            put("npy", name, path.read_bytes())
        for version in ((2, 0), (3, 0)):
            with open(path, "wb") as file:
                np.lib.format.write_array(file, np.ones((2, 3), "<f4"), version=version)
            put("npy", f"version_{version[0]}", path.read_bytes())


def s3_answers():
    put("s3_answer", "list", '<?xml version="1.0"?><ListBucketResult><IsTruncated>true</IsTruncated>'
        "<Contents><Key>a/run.json</Key><Size>12</Size><ETag>&quot;x&quot;</ETag></Contents>"
        "<Contents><Key>members/../../x</Key><Size>99999999999999999999</Size></Contents>"
        "<NextContinuationToken>&#x41;&amp;</NextContinuationToken></ListBucketResult>")
    put("s3_answer", "error", "<Error><Code>SlowDown</Code><Message>&#99999999999;&lt</Message></Error>")


def tracks():
    header = "track,step,valid_time,lat,lon,msl,wind\n"
    put("tracks", "none", header)
    put("tracks", "two", header + "0,2,2024-01-01T12:00:00Z,15.2500,179.0000,96220.91,38.88\n"
        "0,3,2024-01-01T18:00:00Z,15.5000,181.5000,96133.06,38.86\n1,4,2024-01-02T00:00:00Z,-20.1260,0.0000,98000.00,17.50\n")


def netcdf(target, name, kind, fill):
    """Through a file: netCDF-4 in memory has another layout."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "x.nc"
        with netCDF4.Dataset(path, "w", format=kind) as data:
            fill(data)
        put(target, name, path.read_bytes())


def axes(data, lat="lat", lon="lon", **others):
    for axis, values in {**others, lat: LAT, lon: LON}.items():
        data.createDimension(axis, len(values))
        data.createVariable(axis, "f8", (axis,))[:] = values


def static_fields():
    def fill(data):
        axes(data, "latitude", "longitude", time=[0.0])
        data.createVariable("Z", "f4", ("time", "latitude", "longitude"), zlib=data.data_model == "NETCDF4")[0] = FIELD
    for kind in ("NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF4"):
        netcdf("static_field", kind.lower(), kind, fill)


def analyses():
    def by_channel(data):
        axes(data, time=[0.0, 6.0])
        data["time"].units = "hours since 2024-01-01 00:00:00"
        for name in ("t2m", "z500"):
            data.createVariable(name, "f4", ("time", "lat", "lon"))[:] = FIELD

    def as_era5(data):
        axes(data, "latitude", "longitude", time=[1072224], level=[500])
        data["time"].units, data["time"].calendar, data["level"].units = "hours since 1900-01-01 00:00:00.0", "gregorian", "hPa"
        z = data.createVariable("z", "i2", ("time", "level", "latitude", "longitude"), fill_value=-32767)
        z.units, z.standard_name = "m**2 s**-2", "geopotential"
        z.scale_factor, z.add_offset = 0.5, 1000.0
        z[:] = FIELD
    for kind in ("NETCDF3_CLASSIC", "NETCDF3_64BIT_DATA", "NETCDF4"):
        netcdf("netcdf", f"channels_{kind.lower()}", kind, by_channel)
    for kind in ("NETCDF3_CLASSIC", "NETCDF4"):
        netcdf("netcdf", f"era5_{kind.lower()}", kind, as_era5)

    def makani(data):
        axes(data, timestamp=[1704067200, 1704088800])
        data.createDimension("c", 2)
        data.createVariable("fields", "f4", ("timestamp", "c", "lat", "lon"))[:] = FIELD

    def makani_plain(data):
        for name, length in (("t", 2), ("c", 2), ("y", 5), ("x", 8)):
            data.createDimension(name, length)
        data.createVariable("fields", "f4", ("t", "c", "y", "x"), zlib=True)[:] = FIELD
        data.createVariable("timestamp", "i8", ("t",))[:] = [1704067200, 1704088800]
    netcdf("makani", "timestamps", "NETCDF4", makani)
    netcdf("makani", "plain", "NETCDF4", makani_plain)


def grib_message(edition, settings):
    scale = 1_000_000 if edition == 2 else 1000
    grid = {"Ni": 8, "Nj": 5, "latitudeOfFirstGridPoint": 90 * scale, "latitudeOfLastGridPoint": -90 * scale, "longitudeOfFirstGridPoint": 0,
            "longitudeOfLastGridPoint": 315 * scale, "iDirectionIncrement": 45 * scale, "jDirectionIncrement": 45 * scale,
            "dataDate": 20240101, "dataTime": 0}
    samples = subprocess.run(["codes_info", "-s"], capture_output=True, text=True, check=True).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        rules, path = pathlib.Path(folder) / "rules", pathlib.Path(folder) / "x"
        settings = [f'set {key} = {json.dumps(value)};' for key, value in {**grid, **settings}.items()]
        rules.write_text("\n".join([*settings, f"set values = {{{', '.join(str(280 + k % 7) for k in range(40))}}};", "write;"]))
        subprocess.run(["grib_filter", "-o", path, rules, f"{samples}/regular_ll_sfc_grib{edition}.tmpl"], check=True, capture_output=True)
        return path.read_bytes()


def sections(message):
    """{number: bytes} of a message of edition 2 with one field."""
    found, at = {}, 16
    while message[at:at + 4] != b"7777":
        length = int.from_bytes(message[at:at + 4], "big")
        found[message[at + 4]] = message[at:at + length]
        at += length
    return found


def grib():
    t2m = {"shortName": "2t"}
    z500 = {"shortName": "z", "typeOfLevel": "isobaricInhPa", "level": 500}
    one, two = grib_message(2, t2m), grib_message(2, z500)
    messages = {"edition_2": one + two, "edition_1": grib_message(1, t2m) + grib_message(1, z500),
                "second_order": grib_message(1, {**t2m, "packingType": "grid_second_order"}),
                "simple": grib_message(2, {**t2m, "packingType": "grid_simple", "bitsPerValue": 12}),
                "member": grib_message(2, {**t2m, "productDefinitionTemplateNumber": 1, "perturbationNumber": 3})}
    a, b = sections(one), sections(two)
    body = one[16:16 + len(a[1])] + a[3] + a[4] + a[5] + a[6] + a[7] + b[4] + b[5] + b[6] + b[7] + b"7777"
    messages["two_fields"] = one[:8] + (16 + len(body)).to_bytes(8, "big") + body
    for name, content in messages.items():
        put("grib", name, content)
        put("grib_frame", name, content)
    put("grib_frame", "between", b"GRI" + b"\0" * 100 + one + b"GRIB" + two[:50])


def texts():
    lines = ["1:0:d=2024010100:TMP:2 m above ground:anl:", "2:1000:d=2024010100:HGT:500 mb:anl:", "3.1:2000:d=2024010100:RH:500 mb:anl:",
             "3.2:2000:d=2024010100:TMP:500 mb:anl:", "4:3000:d=2024010100:PWAT:entire atmosphere (considered as a single layer):anl:",
             "5:5000:d=2024010100:TMP:2 m above ground:anl:ens std dev"]
    put("gfs_index", "analysis", "\n".join(lines) + "\n")
    put("gfs_index", "forecast", lines[0] + "\n2:1000:d=2024010100:SPFH:500 mb:6 hour fcst:\n")
    for name, text in {"era5": "hours since 1900-01-01 00:00:00.0\ngregorian", "hens": "seconds since 1970-01-01 00:00:00",
                       "zone": "days since 2000-1-1 12:00 +1:30\nproleptic_gregorian", "julian": "minutes since 1582-10-04T23:59:59Z\nstandard",
                       "wrong": "months since 1-1-1\n360_day"}.items():
        put("clock", name, text)
    for path in sorted((ROOT / "jobs").glob("*.yaml")):
        put("spec", path.name, path.read_bytes())
    put("spec", "all", "name: a\ninitial_conditions: {source: netcdf, path: [\"a_%Y.nc\", b.nc], times: 2024-01-01, check: finite}\nmodels: /m\n"
        "ensemble: {members: 4, seed: 18446744073709551615}\nperturbation: {method: hemispheric_centred_bred_vector, amplitude: {all: 0.35 std}}\n"
        "forecast: {lead_time: 10d}\noutput:\n- {name: a, every: 1d, compression: zstd}\n- {name: b, format: netcdf, initial_state: false}\n"
        "runtime: {device: \"cuda:1\", threads: 3}\nmirrors: {s3: http://localhost:9000}\nreport: {map_leads: [0h, 10d]}\n")
    put("override", "some", "forecast.steps=[1,2]\nensemble.members=5\noutput.format=netcdf\nmodels.0=/other\nperturbation={method: none}")
    config = json.loads((ROOT / "tests/golden/model/mini_seed102/config.json").read_text())
    put("config_json", "coordinates.json", json.dumps(config, indent=1))
    put("config_json", "none.json", json.dumps({key: value for key, value in config.items() if key not in ("lat", "lon")}))


def records():
    """What a small run leaves, without the names of the machine."""
    job = ("name: small\ninitial_conditions: {source: analytic, times: [2024-01-01]}\nmodels: [\"synth:mini?seed=102\"]\nensemble: {members: 2, seed: 7}\n"
           "forecast: {steps: [1]}\noutput: {variables: [u10m, v10m]}\nperturbation: {method: correlated_spherical_gaussian, noise: {amplitude: {z500: 39}}}\n"
           "runtime: {device: cpu, threads: 1}\nreport: {maps: false}\n")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "job.yaml").write_text(job)
        subprocess.run([HENS, "run", folder / "job.yaml", "--output", folder / "run"], check=True, capture_output=True)
        for target, path in (("manifest", "run.json"), ("marker", "members/*"), ("attempt", "attempts/*"), ("benchmark_json", "benchmark_results.json")):
            for file in sorted((folder / "run").glob(path))[:1]:
                text = json.dumps(without_machine(json.loads(file.read_text())), indent=1).replace(str(folder), "/jobs") + "\n"
                put(target, "small.json", text)
    original = {"platform": "EC2", "instance_type": "g6e.4xlarge", "run_date": "2026-01-01", "nensemble": 2, "start_date": "2024-01-01",
                "benchmarks": [{"nsteps": 4, "forecast_hours": 24, "inference_times": [43.8, 36.5], "time_per_step": [10.95, 9.12]}], "total_time": 80.3}
    put("benchmark_json", "original.json", json.dumps(original))


def without_machine(value):
    hidden = {"host_cpu": "a processor", "cores": 2, "memory_gib": 8.0, "platform": "local"}
    if isinstance(value, dict):
        return {key: hidden.get(key, without_machine(content)) for key, content in value.items()}
    return [without_machine(content) for content in value] if isinstance(value, list) else value


TORCH = """
import collections, pathlib, sys, torch
torch.manual_seed(1)
state = collections.OrderedDict({"module.model.encoder.fwd.0.weight": torch.randn(3, 2, 1, 1),
                                 "module.model.blocks.0.filter.filter.weight": torch.randn(2, 2, 3, dtype=torch.complex64),
                                 "module.model.blocks.0.norm0.bias": torch.randn(6)[2:5]})
content = {"iters": 7, "epoch": 70, "model_state": state, "optimizer": {"lr": 1e-3, "betas": (0.9, 0.95), "groups": [None, True, b"x"]}}
for name in ("zip", "stream"):
    torch.save(content, pathlib.Path(sys.argv[1]) / name, _use_new_zipfile_serialization=name == "zip")
state["module.model.pos"] = torch.arange(4)
torch.save(content, pathlib.Path(sys.argv[1]) / "integers")
"""


def zarr_arrays():
    """The metadata of an array and the bytes of its only chunk, a line between them."""
    import zarr
    from zarr.codecs import BloscCodec, ZstdCodec
    for name, options in {"plain": {"compressors": None}, "blosc": {"compressors": BloscCodec(cname="zstd")},
                          "zstd": {"compressors": ZstdCodec()},
                          "shard": {"compressors": BloscCodec(cname="lz4"), "shards": (1, 5, 8)}}.items():
        with tempfile.TemporaryDirectory() as folder:
            chunks = (1, 5, 4) if "shards" in options else (1, 5, 8)
            array = zarr.create_array(folder, shape=(1, 5, 8), chunks=chunks, dtype="f4", dimension_names=("time", "lat", "lon"),
                                      attributes={"units": "K"}, zarr_format=3, **options)
            array[:] = FIELD[None]
            root = pathlib.Path(folder)
            put("zarr", name, (root / "zarr.json").read_bytes() + b"\n----\n" + (root / "c/0/0/0").read_bytes())


def zarr_arrays_of_format_2():
    """The same of format 2: .zarray, .zattrs, the chunk."""
    import numcodecs
    import zarr
    packed = {"dtype": "i2", "fill_value": -32768, "attributes": {"scale_factor": 0.01, "add_offset": 270.0, "_ARRAY_DIMENSIONS": ["time", "lat", "lon"]}}
    for name, options in {"plain": {"compressors": None}, "blosc": {"compressors": numcodecs.Blosc(cname="lz4")},
                          "gzip": {"compressors": numcodecs.GZip()}, "packed": {"compressors": numcodecs.Zstd(), **packed},
                          "filters": {"compressors": numcodecs.Zlib(), "filters": [numcodecs.BitRound(12), numcodecs.Shuffle(4)]}}.items():
        with tempfile.TemporaryDirectory() as folder:
            plain = {"dtype": "f4", "attributes": {"units": "K", "_ARRAY_DIMENSIONS": ["time", "lat", "lon"]}}
            array = zarr.create_array(folder, shape=(1, 5, 8), chunks=(1, 5, 8), zarr_format=2, **{**plain, **options})
            array[:] = FIELD[None] if name != "packed" else ((FIELD[None] - 270) / 0.01).astype("i2")
            root = pathlib.Path(folder)
            put("zarr2", name, b"\n----\n".join((root / part).read_bytes() for part in (".zarray", ".zattrs", "0.0.0")))


def checkpoints():
    (OUT / "checkpoint").mkdir(parents=True, exist_ok=True)
    subprocess.run([ROOT / ".deps/torch/bin/python", "-W", "ignore", "-c", TORCH, OUT / "checkpoint"], check=True)


if OUT.exists():
    shutil.rmtree(OUT)
for make in (npy, s3_answers, tracks, static_fields, analyses, grib, zarr_arrays, zarr_arrays_of_format_2, texts, records,
             checkpoints):
    make()
for folder in sorted(OUT.iterdir()):
    print(folder.name, *(f"{file.name}:{file.stat().st_size}" for file in sorted(folder.iterdir())))
