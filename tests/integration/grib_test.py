"""GRIB2 output, read with what people read it with: ecCodes' tools of Debian 12, ecCodes' Python package, cfgrib."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import cfgrib
import eccodes
import numpy as np
import xarray as xr

import harness
from harness import hens, stores, write_job

SHIM = os.environ["HENS_KILL_SHIM"]
# Templates that ecCodes 2.28 lacks stand before its own tables.
DEFINITIONS = pathlib.Path(harness.HENS).parent / "share/hens/eccodes"

VARIABLES = ["u10m", "t2m", "msl", "tcwv", "z500", "q700", "ws10m", "r850", "vpd2m", "thickness_500_1000"]
# [variable]: ecCodes' short name, level and its type, factor from our units, exponent of two of a step (docs/grib.md).
NAMES = {
    "u10m": ("10u", "heightAboveGround", 10, 1, -11),
    "t2m": ("2t", "heightAboveGround", 2, 1, -10),
    "msl": ("msl", "meanSea", 0, 1, -3),
    "tcwv": ("tcwv", "entireAtmosphere", 0, 1, -10),
    "z500": ("z", "isobaricInhPa", 500, 1, -3),
    "q700": ("q", "isobaricInhPa", 700, 1, -25),
    "ws10m": ("10si", "heightAboveGround", 10, 1, -11),
    "r850": ("r", "isobaricInhPa", 850, 1, -9),
    "vpd2m": ("satd", "heightAboveGround", 2, 100, -4),
    "thickness_500_1000": ("thick", "isobaricLayer", 500, 1, -7),
}

JOB = """
name: grib
initial_conditions: {{source: analytic, times: [2024-02-29T12:00:00Z]}}
models: ["synth:mini?seed=102"]
ensemble: {{members: {members}, seed: 7, control: true}}
perturbation: {{method: correlated_spherical_gaussian, noise: {{amplitude: {{z500: 39.27}}}}}}
forecast: {{steps: [2]}}
regions: {{box: {{lat_min: 30, lat_max: 60, lon_min: -20, lon_max: 40}}, towns: {{points: {{paris: {{lat: 48.9, lon: 2.4}}}}}}}}
output: {output}
runtime: {{device: cpu, threads: 1}}
"""


def scratch():
    return pathlib.Path(tempfile.mkdtemp(prefix="hens_grib_"))


def job(folder, output, members=3):
    return write_job(folder, JOB.format(members=members, output=json.dumps(output)))


def messages(path):
    """Each message of a file, as ecCodes' Python package reads it: a dict of keys, and its values."""
    with open(path, "rb") as file:
        while (handle := eccodes.codes_grib_new_from_file(file)) is not None:
            yield handle
            eccodes.codes_release(handle)


def get(handle, *keys):
    return tuple(eccodes.codes_get(handle, key) for key in keys)


def run_both(folder):
    """A run that keeps the same fields in Zarr, as they are, and in GRIB2."""
    spec = job(folder, [{"name": "plain", "variables": VARIABLES}, {"variables": VARIABLES, "format": "grib2"},
                        {"name": "box", "variables": ["t2m"], "region": "box", "format": "grib2", "files": "lead"},
                        {"name": "plainbox", "variables": ["t2m"], "region": "box"}])
    hens("run", spec, "--output", folder / "run")
    return folder / "run"


RUN = run_both(scratch())


def test_eccodes_reads_what_zarr_has():
    truth = xr.open_zarr(RUN / "plain_0.zarr").isel(time=0)
    files = sorted((RUN / "hens_0.grib2").glob("*.grib2"))
    assert [f.name for f in files] == [f"20240229T12_member_{m:04d}.grib2" for m in range(3)]
    for member, path in enumerate(files):
        seen = 0
        for number, handle in enumerate(messages(path)):
            lead, variable = divmod(number, len(VARIABLES))
            name = VARIABLES[variable]
            short, surface, level, factor, exponent = NAMES[name]
            assert get(handle, "shortName", "typeOfLevel", "level") == (short, surface, level), name
            assert get(handle, "dataDate", "dataTime", "step") == (20240229, 1200, 6 * lead)
            assert get(handle, "perturbationNumber", "numberOfForecastsInEnsemble") == (member, 3)
            assert get(handle, "typeOfProcessedData") == ("cf" if member == 0 else "pf",)
            assert get(handle, "packingType", "gridType") == ("grid_ccsds", "regular_ll")
            values = eccodes.codes_get_values(handle).reshape(-1, get(handle, "Ni")[0])
            wanted = truth[name].isel(ensemble=member, lead_time=lead).values.astype(np.float64) * factor
            quantum = 2.0**exponent
            assert np.array_equal(values, np.rint(wanted / quantum) * quantum), (name, np.abs(values - wanted).max())
            lat, lon = (np.unique(eccodes.codes_get_array(handle, k).round(6)) for k in ("latitudes", "longitudes"))
            assert np.array_equal(lat[::-1], truth.lat) and np.array_equal(lon, truth.lon)
            seen += 1
        assert seen == 3 * len(VARIABLES)


def test_cfgrib_opens_a_member_and_the_ensemble():
    truth = xr.open_zarr(RUN / "plain_0.zarr").isel(time=0)
    opened = [cfgrib.open_dataset(path, backend_kwargs={"indexpath": ""},
                                  filter_by_keys={"typeOfLevel": "heightAboveGround", "level": 2, "shortName": "2t"})
              for path in sorted((RUN / "hens_0.grib2").glob("*.grib2"))]
    data = xr.concat(opened, dim="number")
    assert data.t2m.dims == ("number", "step", "latitude", "longitude") and list(data.number) == [0, 1, 2]
    assert data.time.values == np.datetime64("2024-02-29T12")
    assert np.array_equal(data.step.values.astype("timedelta64[h]"), np.array([0, 6, 12], "timedelta64[h]"))
    assert np.array_equal(data.valid_time.values, data.time.values + data.step.values)
    assert np.array_equal(data.latitude, truth.lat) and np.array_equal(data.longitude, truth.lon)
    assert np.abs(data.t2m.values - truth.t2m.values).max() <= 2.0**-11
    pressure = cfgrib.open_dataset(sorted((RUN / "hens_0.grib2").glob("*.grib2"))[1], backend_kwargs={"indexpath": ""},
                                   filter_by_keys={"typeOfLevel": "isobaricInhPa", "shortName": "z"})
    assert pressure.z.attrs["units"] == "m**2 s**-2" and float(pressure.isobaricInhPa) == 500


def test_a_box_has_a_file_a_lead():
    truth = xr.open_zarr(RUN / "plainbox_0.zarr").isel(time=0)
    files = sorted(f.name for f in (RUN / "box_0.grib2").glob("*.grib2"))
    assert files == [f"20240229T12_member_{m:04d}_step_{6 * k:04d}.grib2" for m in range(3) for k in range(3)]
    data = cfgrib.open_dataset(RUN / "box_0.grib2" / files[4], backend_kwargs={"indexpath": ""})
    assert np.array_equal(data.latitude, truth.lat) and np.array_equal((data.longitude + 180) % 360 - 180, truth.lon)
    assert np.abs(data.t2m.values - truth.t2m.isel(ensemble=1, lead_time=1).values).max() <= 2.0**-11


def test_the_index_finds_messages():
    path = RUN / "hens_0.grib2/20240229T12_member_0001.grib2"
    lines = [json.loads(line) for line in path.with_suffix(".index").read_text().splitlines()]
    whole = path.read_bytes()
    assert len(lines) == 3 * len(VARIABLES)
    assert sum(line["_length"] for line in lines) == len(whole)
    for line in lines:
        handle = eccodes.codes_new_from_message(whole[line["_offset"]:line["_offset"] + line["_length"]])
        assert get(handle, "shortName", "dataDate", "step") == (line["param"], int(line["date"]), int(line["step"]))
        assert (line["domain"], line["type"], line["stream"], line["number"]) == ("g", "pf", "enfo", "1")
        if line["levtype"] == "pl":
            assert get(handle, "level") == (int(line["levelist"]),)
        eccodes.codes_release(handle)


def tool(*command, definitions=True):
    """A tool of libeccodes-tools, with hens' templates before its own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("ECCODES")}
    if definitions:
        env["ECCODES_DEFINITION_PATH"] = f"{DEFINITIONS}:/usr/share/eccodes/definitions"
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False)


def test_the_tools_of_debian_read_it():
    if shutil.which("grib_get") is None:
        return "libeccodes-tools is not installed"
    path = RUN / "hens_0.grib2/20240229T12_member_0002.grib2"
    done = tool("grib_get", "-p", "shortName,level,stepRange,number,validityDate,validityTime", path, definitions=False)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert len(rows) == 3 * len(VARIABLES)
    assert rows[len(VARIABLES) + 4] == ["z", "500", "6", "2", "20240229", "1800"], rows[len(VARIABLES) + 4]
    listed = tool("grib_ls", path, definitions=False)
    assert listed.returncode == 0 and f"{len(rows)} of {len(rows)} messages in" in listed.stdout
    return None


def test_a_large_ensemble():
    folder = scratch()
    spec = job(folder, {"variables": ["t2m"], "format": "grib2"}, members=7424)
    hens("run", spec, "--output", folder / "run", "--members", "7423")
    path = folder / "run/hens_0.grib2/20240229T12_member_7423.grib2"
    # ecCodes from 2.36 on knows the template by itself.
    for lead, handle in enumerate(messages(path)):
        assert get(handle, "productDefinitionTemplateNumber", "perturbationNumber", "numberOfForecastsInEnsemble",
                   "shortName", "step") == (117, 7423, 7424, "2t", 6 * lead)
        assert 150 < eccodes.codes_get_values(handle).min() < 330
    # 2.28 with hens' templates.
    if shutil.which("grib_get"):
        done = tool("grib_get", "-p", "shortName,number,totalNumber,step,max", path)
        assert done.returncode == 0, done.stderr
        rows = [line.split()[:4] for line in done.stdout.splitlines()]
        assert rows == [["2t", "7423", "7424", str(step)] for step in (0, 6, 12)], rows
    shutil.rmtree(folder)


def test_a_forecast_goes_on_from_its_grib():
    """What was stored at 6 h is the state that another run starts from, within half a step; also of large ensembles."""
    levels = (50, 100, 150, 200, 250, 300, 400, 500, 600, 700, 850, 925, 1000)
    channels = ["u10m", "v10m", "u100m", "v100m", "t2m", "sp", "msl", "tcwv", "d2m"]
    channels += [f"{quantity}{level}" for quantity in "uvztq" for level in levels]
    for members in (2, 300):
        folder = scratch()
        spec = job(folder, [{"variables": channels, "format": "grib2", "files": "lead"},
                            {"name": "plain", "variables": channels}], members=members)
        hens("run", spec, "--output", folder / "first", "--members", members - 1, "forecast.steps=[1]")
        path = folder / f"first/hens_0.grib2/20240229T12_member_{members - 1:04d}_step_0006.grib2"
        hens("run", spec, "--output", folder / "second", "--members", "0", "forecast.steps=[1]",
             f"initial_conditions={{source: grib, times: [2024-02-29T18:00:00Z], path: ['{path}'], check: finite}}")
        first = xr.open_zarr(folder / "first/plain_0.zarr").isel(time=0, ensemble=members - 1, lead_time=1)
        second = xr.open_zarr(folder / "second/plain_0.zarr").isel(time=0, ensemble=0, lead_time=0)
        for channel in channels:
            exponent = {"t": -10, "d": -10, "s": -3, "m": -3, "z": -3, "u": -11, "v": -11}.get(channel[0])
            if channel[0] == "q":
                level = int(channel[1:])
                exponent = -36 if level < 200 else -30 if level < 300 else -27 if level < 400 else -25
            exponent = -10 if channel == "tcwv" else exponent
            difference = np.abs(first[channel].values.astype(np.float64) - second[channel].values)
            assert difference.max() <= 2.0 ** (exponent - 1), (channel, difference.max())
        shutil.rmtree(folder)


def test_bits_of_ones_own():
    folder = scratch()
    spec = job(folder, {"variables": ["t2m"], "format": "grib2", "bits": 12,
                        "grib": {"centre": 7, "sub_centre": 1, "process": 96}}, members=1)
    hens("run", spec, "perturbation.method=none", "ensemble.control=false", "--output", folder / "run")
    truth = xr.open_zarr(RUN / "plain_0.zarr").isel(time=0, ensemble=0)  # the control is that member
    for lead, handle in enumerate(messages(folder / "run/hens_0.grib2/20240229T12_member_0000.grib2")):
        assert get(handle, "centre", "subCentre", "generatingProcessIdentifier") == ("kwbc", 1, 96)
        assert get(handle, "bitsPerValue")[0] in (11, 12)
        values, wanted = eccodes.codes_get_values(handle), truth.t2m.isel(lead_time=lead).values.ravel()
        assert np.abs(values - wanted).max() <= 2.0 ** get(handle, "binaryScaleFactor")[0] / 2
    shutil.rmtree(folder)


STATISTICS = """
statistics:
  - {variables: [t2m], every: 6h, extremes: true, thresholds: [273.15, 280], quantiles: [0.1, 0.995]}
  - {variables: [u10m], over: 12h, reduce: max, leads: [12h]}
  - {variables: [ivt], every: 12h}
  - {variables: [t2m], every: 12h, region: towns}
"""


def statistic_of(handle):
    """Which array of the Zarr store a message is, and at which index of its levels; the keys have to agree."""
    template, short, step = get(handle, "productDefinitionTemplateNumber", "shortName", "stepRange")
    window = template in (9, 10, 12, 87, 120)
    # Newer versions of ecCodes have names of their own for maxima in time: max_10u.
    name = {("2t", False): "t2m", ("10u", True): "u10m_max12h", ("max_10u", True): "u10m_max12h"}[short, window]
    assert step == "0-12" if window else step in ("0", "6", "12")
    if template in (2, 12):
        derived, of = get(handle, "derivedForecast", "numberOfForecastsInEnsemble")
        return f"{name}_{ {0: 'mean', 4: 'std', 8: 'min', 9: 'max'}[derived] }", None, of
    if template in (5, 119):
        kind, limit, number = get(handle, "probabilityType", "lowerLimit", "forecastProbabilityNumber")
        assert kind == 3 and abs(limit - (273.15, 280)[number]) < 1e-5, (kind, limit)
        return f"{name}_probability", number, None
    if template == 6:
        assert get(handle, "percentileValue") == (10,)
        return f"{name}_quantile", 0, None
    assert template == 86 and get(handle, "quantileValue", "totalNumberOfQuantiles") == (199, 200), template
    return f"{name}_quantile", 1, None


def test_statistics_are_those_of_zarr():
    folder = scratch()
    spec = job(folder, [], members=4)
    spec.write_text(spec.read_text() + STATISTICS)
    out = folder / "run"
    hens("run", spec, "--output", out)
    said = hens("merge", out, "--format", "grib2", "--log", "json").stderr
    assert "'ivt' has no code in GRIB2" in said and "statistics_0_towns.grib2" in said, said
    assert not list(out.glob("*towns.grib2"))
    first = harness.sha256(out / "statistics_0.grib2")
    truth = xr.open_zarr(out / "statistics_0.zarr").isel(time=0)
    steps = {"mean": -10, "std": -13, "min": -10, "max": -10, "quantile": -10, "probability": -10}
    seen = []
    for handle in messages(out / "statistics_0.grib2"):
        name, level, of = statistic_of(handle)
        assert of in (None, 4)
        lead = get(handle, "endStep")[0]
        wanted = truth[name].sel(lead_time=np.timedelta64(lead, "h"))
        if level is not None:
            wanted = wanted[level]
        kind = name.rsplit("_", 1)[1]
        wanted = wanted.values.astype(np.float64).ravel() * (100 if kind == "probability" else 1)
        step = 2.0 ** (steps[kind] - (1 if name.startswith("u10m") else 0))
        values = eccodes.codes_get_values(handle)
        assert np.abs(values - wanted).max() <= step / 2, (name, lead, np.abs(values - wanted).max(), step)
        seen.append((name, level, lead))
    expected = [(f"t2m_{kind}", level, lead) for lead in (0, 6, 12) for kind, levels in
                (("mean", [None]), ("std", [None]), ("min", [None]), ("max", [None]), ("probability", [0, 1]),
                 ("quantile", [0, 1])) for level in levels] + [("u10m_max12h_mean", None, 12), ("u10m_max12h_std", None, 12)]
    assert sorted(map(str, seen)) == sorted(map(str, expected))
    lines = [json.loads(line) for line in (out / "statistics_0.index").read_text().splitlines()]
    assert len(lines) == len(seen) and {line["type"] for line in lines} == {"em", "es", "emn", "emx", "ep", "pb"}
    hens("verify", out)
    (out / "statistics_0.grib2").write_bytes(b"GRIB")
    assert "statistics_0.grib2" in hens("verify", out, check=None).stdout
    hens("merge", out, "--format", "grib2")
    assert harness.sha256(out / "statistics_0.grib2") == first
    shutil.rmtree(folder)


def test_killed_and_run_again():
    folder = scratch()
    spec = job(folder, {"variables": ["u10m", "z500"], "format": "grib2", "files": "lead"}, members=2)
    hens("run", spec, "--output", folder / "whole")
    expected = stores(folder / "whole")
    assert len(expected) == 2 * 3 * 2
    hens("run", spec, "--output", folder / "counted",
         env={"LD_PRELOAD": SHIM, "HENS_KILL_COUNT": str(folder / "count"), "HENS_KILL_BELOW": str(folder / "counted")})
    total = int((folder / "count").read_text())
    assert total > 50, f"only {total} calls were seen: the shim is not at work"
    for point in range(5, total, max(1, total // 12)):
        out = folder / f"run{point}"
        done = hens("run", spec, "--output", out, check=None,
                    env={"LD_PRELOAD": SHIM, "HENS_KILL_AT": str(point), "HENS_KILL_BELOW": str(out)})
        assert done.returncode == -signal.SIGKILL, (point, done.returncode, done.stderr[-500:])
        if out.exists():
            harness.assert_not_misled(out)
        hens("run", spec, "--output", out)
        assert stores(out) == expected, point
        hens("verify", out)
    shutil.rmtree(folder)


def test_damage_is_found_and_mended():
    folder = scratch()
    spec = job(folder, {"variables": ["u10m", "v10m"], "format": "grib2"}, members=2)
    hens("run", spec, "--output", folder / "run")
    expected = stores(folder / "run")
    assert list((folder / "run").glob("*.jpg")), "the report's map is made from the GRIB2 store"
    for suffix in ("grib2", "index"):
        path = folder / f"run/hens_0.grib2/20240229T12_member_0001.{suffix}"
        damaged = bytearray(path.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        path.write_bytes(damaged)
        done = hens("verify", folder / "run", check=None)
        assert done.returncode != 0 and path.name in done.stdout + done.stderr, done.stdout
        hens("run", spec, "--output", folder / "run")
        assert stores(folder / "run") == expected
        hens("verify", folder / "run")
    hens("report", folder / "run")
    assert "2 of 2" in hens("status", folder / "run").stdout
    shutil.rmtree(folder)


def test_what_grib2_cannot_hold_is_refused_by_name():
    folder = scratch()
    for output, key, words in (
            ({"variables": ["t2m", "ivt"]}, "output.variables", "'ivt' has no code in GRIB2"),
            ({"variables": ["sp", "sp_from_levels"]}, "output.variables", "has the code that 'sp' has"),
            ({"variables": ["t2m"], "region": "towns"}, "output.region", "GRIB2 has grids alone"),
            ({"variables": ["t2m"], "compression": "zstd"}, "output.compression", "always compressed"),
            ({"variables": ["t2m"], "bits": 25}, "output.bits", "24")):
        done = hens("validate", job(folder, {"format": "grib2", **output}), check=78)
        assert key in done.stderr and words in done.stderr, done.stderr
    done = hens("validate", job(folder, {"variables": ["t2m"], "files": "lead"}), check=78)
    assert "is not used by format zarr" in done.stderr, done.stderr


def test_validate_counts_files():
    folder = scratch()
    for files, count in (("member", 3 * 2), ("lead", 3 * 3 * 2)):
        report = json.loads(hens("validate", job(folder, {"variables": ["t2m", "z500"], "format": "grib2",
                                                          "files": files}), "--json").stdout)
        store = report["stores"][0]
        assert (store["path"], store["format"], store["files"]) == ("hens_0.grib2", "grib2", count)
        out = folder / files
        hens("run", folder / "job.yaml", "--output", out)
        found = [p for p in (out / "hens_0.grib2").iterdir() if p.is_file()]
        assert len(found) == count
        assert sum(p.stat().st_size for p in found) <= store["bytes"]


harness.run_tests(globals())
