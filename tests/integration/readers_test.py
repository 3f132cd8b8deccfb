"""A table of readers and layouts: what opens which store, with the values that were written, the right times, and no
warning.

Stores are written by store_driver, uncompressed and compressed. What a reader must manage is asserted; what it is known
not to manage is tried, too, and the table says what it said. Command line tools that are not installed are named.
WeatherBench-X is on no package index: where it can be imported (PYTHONPATH) its own loader and CRPS are used, otherwise
what its loader PredictionsFromXarray does with a path and no argument.

Usage: readers_test.py STORE_DRIVER [NAME]...
"""
import functools
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import warnings

import netCDF4
import numpy as np
import properscoring
import tensorstore
import xarray as xr
import zarr

warnings.simplefilter("error")

DRIVER = None
VARIABLES = ["t2m", "z850", "z500"]
TIMES = np.array(["2024-01-01T00", "2024-02-28T18"], "datetime64[ns]")
LEADS = np.array([0, 6, 12, 18], "timedelta64[h]").astype("timedelta64[ns]")
MEMBERS, NLAT, NLON = 3, 19, 36
# Name and level of a variable in the layout weatherbench.
ERA5 = {"t2m": ("2m_temperature", None), "z850": ("geopotential", 850), "z500": ("geopotential", 500)}

LAYOUTS = {
    "zarr": ("zarr", []),
    "zarr, no shards": ("zarr", ["shard=false"]),
    "zarr, weatherbench": ("zarr", ["layout=weatherbench"]),
    "zarr, weatherbench, no shards": ("zarr", ["layout=weatherbench", "shard=false"]),
    "netcdf": ("netcdf", []),
    "netcdf, weatherbench": ("netcdf", ["layout=weatherbench"]),
    "netcdf, cf": ("netcdf", ["layout=cf"]),
}
ZARR = [name for name in LAYOUTS if name.startswith("zarr")]
NETCDF = [name for name in LAYOUTS if name.startswith("netcdf")]


class NotInstalled(Exception):
    pass


@functools.cache
def expected(variable):
    """The driver's smooth formula: float32 [member, time, lead, lat, lon]."""
    member, time, lead, point = np.ix_(range(MEMBERS), range(2), range(4), range(NLAT * NLON))
    values = 200 + VARIABLES.index(variable) * 10 + time * 5 + member + lead / 4 + point / 1024
    return values.astype(np.float32).reshape(MEMBERS, 2, 4, NLAT, NLON)


def same(values, wanted):
    values = np.asarray(values)
    assert values.dtype == np.float32, values.dtype
    np.testing.assert_array_equal(values, wanted, strict=True)


def member_file(folder, time, member):
    return folder / f"{'20240101T00' if time == 0 else '20240228T18'}_member_{member:04d}.nc"


def all_files(folder):
    return [(time, member, member_file(folder, time, member)) for time in range(2) for member in range(MEMBERS)]


def some_files(folder):
    """For command line tools: one of each initial time."""
    return [all_files(folder)[1], all_files(folder)[5]]


def name_in(layout, variable):
    return ERA5[variable] if "weatherbench" in layout else (variable, None)


# -- readers: each takes the store's folder and the layout's name, and asserts -----------------------------------------


def with_xarray(folder, layout):
    if layout == "netcdf, cf":
        for time, member, path in all_files(folder):
            with xr.open_dataset(path) as dataset:
                np.testing.assert_array_equal(dataset.time.values, TIMES[time] + LEADS)
                assert dataset.forecast_reference_time.values == TIMES[time]
                assert dataset.realization.values == member
                assert sorted(dataset.data_vars) == sorted(VARIABLES), list(dataset.data_vars)
                for variable in VARIABLES:
                    assert dataset[variable].dims == ("time", "lat", "lon")
                    same(dataset[variable].values, expected(variable)[member, time])
        return
    arguments = {"combine": "by_coords", "data_vars": "all", "coords": "minimal", "compat": "override", "join": "outer"}
    paths = [path for _, _, path in all_files(folder)]
    opened = xr.open_zarr(folder) if layout in ZARR else xr.open_mfdataset(paths, **arguments)
    with opened as dataset:
        np.testing.assert_array_equal(dataset.valid_time.values, TIMES[:, None] + LEADS[None, :])
        assert set(dataset.data_vars) == {name_in(layout, variable)[0] for variable in VARIABLES}
        for variable in VARIABLES:
            name, level = name_in(layout, variable)
            array = dataset[name] if level is None else dataset[name].sel(level=level)
            same(array.values, expected(variable))


def zarr_values(folder, layout, read):
    """`read(array path)` gives something that is indexed [member, time, lead, (level,) lat, lon]."""
    for variable in VARIABLES:
        name, level = name_in(layout, variable)
        values = read(name)
        if level is not None:
            values = values[:, :, :, [500, 850].index(level)]
        same(values, expected(variable))


def with_zarr_python(folder, layout):
    group = zarr.open_group(folder, mode="r")
    zarr_values(folder, layout, lambda name: group[name][...])
    np.testing.assert_array_equal(group["valid_time"][...], (TIMES[:, None] + LEADS[None, :]).astype("datetime64[s]").astype(np.int64))


def with_tensorstore(folder, layout):
    def read(name):
        store = {"driver": "zarr3", "kvstore": {"driver": "file", "path": str(folder / name)}}
        return tensorstore.open(store, read=True).result().read().result()

    zarr_values(folder, layout, read)
    seconds = (TIMES[:, None] + LEADS[None, :]).astype("datetime64[s]").astype(np.int64)
    np.testing.assert_array_equal(read("valid_time"), seconds)


def loaded_by_weatherbench_x(path):
    """PredictionsFromXarray(path=path).load_chunk(TIMES, LEADS), and its mean CRPS, where it is installed."""
    try:
        from weatherbenchX.data_loaders import xarray_loaders
    except ImportError:
        # maybe_prepare_dataset, _rename_dataset with its defaults, _load_chunk_from_source, compute
        dataset = xr.open_zarr(path) if path.rstrip("/").endswith(".zarr") else xr.open_dataset(path)
        if "lat" in dataset.coords and "lon" in dataset.coords:
            dataset = dataset.rename({"lat": "latitude", "lon": "longitude"})
        if "prediction_timedelta" in dataset.coords:
            dataset = dataset.rename({"time": "init_time", "prediction_timedelta": "lead_time"})
        else:
            dataset = dataset.rename({"time": "valid_time"})
        return dataset.sel(init_time=TIMES, lead_time=LEADS).map(lambda x: x.compute().astype(x.dtype))
    return xarray_loaders.PredictionsFromXarray(path=path).load_chunk(TIMES, LEADS)


def crps_of_weatherbench_x(forecast, truth):
    """CRPSEnsemble(fair=False) at each point: E|X - Y| - E|X - X'|/2 over its dimension `number`."""
    skill = abs(forecast - truth).mean("number")
    spread = abs(forecast - forecast.rename(number="other")).sum(("number", "other")) / forecast.sizes["number"] ** 2
    return skill - 0.5 * spread


def with_weatherbench_x(folder, layout):
    chunk = loaded_by_weatherbench_x(str(folder))
    random = np.random.default_rng(7)
    for variable in VARIABLES:
        name, level = ERA5[variable]
        forecast = chunk[name] if level is None else chunk[name].sel(level=level)
        assert forecast.dims == ("number", "init_time", "lead_time", "latitude", "longitude"), forecast.dims
        np.testing.assert_array_equal(forecast.init_time.values, TIMES)
        np.testing.assert_array_equal(forecast.lead_time.values, LEADS)
        same(forecast.values, expected(variable))
        truth = forecast.isel(number=0, drop=True) + random.normal(size=forecast.shape[1:])
        crps = crps_of_weatherbench_x(forecast.astype(np.float64), truth).transpose(*truth.dims)
        peers = properscoring.crps_ensemble(truth.values, np.moveaxis(forecast.values.astype(np.float64), 0, -1))
        # sums of nine float64 numbers below 1000 in another order
        np.testing.assert_allclose(crps.values, peers, rtol=0, atol=1e-11)


def with_netcdf4_python(folder, layout):
    for time, member, path in all_files(folder):
        with netCDF4.Dataset(path) as dataset:
            for variable in VARIABLES:
                name, level = name_in(layout, variable)
                values = dataset[name][...]
                assert not np.ma.is_masked(values)
                values = np.asarray(values)
                if level is not None:
                    values = values[:, :, :, list(dataset["level"][...]).index(level)]
                same(values.reshape(4, NLAT, NLON), expected(variable)[member, time])
            valid = dataset["time"] if layout == "netcdf, cf" else dataset["valid_time"]
            times = netCDF4.num2date(valid[...].ravel(), valid.units, valid.calendar, only_use_cftime_datetimes=False)
            np.testing.assert_array_equal(np.array(times, "datetime64[ns]"), TIMES[time] + LEADS)


def tool(*command):
    """Standard output of a command line tool; what it says on stderr is a warning, and an error here."""
    if shutil.which(command[0]) is None:
        raise NotInstalled(f"{command[0]} is not installed")
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr.strip(), done.stderr.strip() or done.stdout.strip() or f"exit {done.returncode}"
    return done.stdout


def numbers(text):
    return np.array(text.split(), np.float64).astype(np.float32).reshape(-1, NLAT, NLON)


def with_cdo(folder, layout):
    assert "sinfo" not in tool("cdo", "-s", "sinfo", member_file(folder, 0, 0)), "an error in place of an answer"
    for time, member, path in some_files(folder):
        times = np.array(tool("cdo", "-s", "showtimestamp", path).split(), "datetime64[ns]")
        np.testing.assert_array_equal(times, TIMES[time] + LEADS)
        for variable in VARIABLES:
            values = numbers(tool("cdo", "-s", "outputf,%.9g,1", f"-selname,{variable}", path))
            same(values, expected(variable)[member, time])
    mean = folder.parent / "cdo_mean.nc"
    tool("cdo", "-s", "-O", "-b", "F64", "ensmean", *[member_file(folder, 0, member) for member in range(MEMBERS)], mean)
    with netCDF4.Dataset(mean) as dataset:
        # three exact numbers, one division
        np.testing.assert_allclose(dataset["t2m"][...], expected("t2m")[:, 0].astype(np.float64).mean(0), rtol=1e-15)


def with_nco(folder, layout):
    for time, member, path in some_files(folder):
        for variable in VARIABLES:
            name, level = name_in(layout, variable)
            cut = [] if level is None else ["-d", f"level,{[500, 850].index(level)}"]
            same(numbers(tool("ncks", "-H", "-C", *cut, "-v", name, "-s", "%.9g\n", path)), expected(variable)[member, time])
        valid, form = ("time", "%.17g\n") if layout == "netcdf, cf" else ("valid_time", "%lld\n")
        seconds = np.array(tool("ncks", "-H", "-C", "-v", valid, "-s", form, path).split(), np.float64)
        np.testing.assert_array_equal(seconds.astype("datetime64[s]").astype("datetime64[ns]"), TIMES[time] + LEADS)


def with_nces_and_ncrcat(folder, layout):
    mean, joined = folder.parent / "nces.nc", folder.parent / "ncrcat.nc"
    tool("nces", "-O", *[member_file(folder, 0, member) for member in range(MEMBERS)], mean)
    with netCDF4.Dataset(mean) as dataset:
        values = np.asarray(dataset[name_in(layout, "t2m")[0]][...]).reshape(4, NLAT, NLON)
        same(values, expected("t2m")[:, 0].astype(np.float64).mean(0).astype(np.float32))
    tool("ncrcat", "-O", member_file(folder, 0, 1), member_file(folder, 1, 1), joined)
    with netCDF4.Dataset(joined) as dataset:
        same(np.asarray(dataset["t2m"][...]), np.concatenate([expected("t2m")[1, 0], expected("t2m")[1, 1]]))


def with_gdal(folder, layout):
    for time, member, path in some_files(folder):
        for variable in VARIABLES:
            name, level = name_in(layout, variable)
            source = f"NETCDF:{path}:{name}"
            about = json.loads(tool("gdalinfo", "-json", source))
            assert about["size"] == [NLON, NLAT], about["size"]
            tool("gdal_translate", "-q", "-of", "ENVI", source, folder.parent / "gdal.img")
            values = np.fromfile(folder.parent / "gdal.img", "<f4").reshape(4, -1, NLAT, NLON)
            same(values[:, 0 if level is None else [500, 850].index(level)], expected(variable)[member, time])
            if layout == "netcdf, cf":
                seconds = re.findall(r"\d+", about["metadata"][""]["NETCDF_DIM_time_VALUES"])
                times = np.array(seconds, np.int64).astype("datetime64[s]").astype("datetime64[ns]")
                np.testing.assert_array_equal(times, TIMES[time] + LEADS)


def with_gdal_zarr(folder, layout):
    for variable in VARIABLES:
        name, level = name_in(layout, variable)
        place = "2:1:3" if level is None else f"2:1:3:{[500, 850].index(level)}"
        tool("gdal_translate", "-q", "-of", "ENVI", f'ZARR:"{folder}":/{name}:{place}', folder.parent / "gdal_zarr.img")
        same(np.fromfile(folder.parent / "gdal_zarr.img", "<f4").reshape(NLAT, NLON), expected(variable)[2, 1, 3])


def with_ncdump_zarr(folder, layout):
    text = tool("ncdump", "-v", "valid_time", f"file://{folder}#mode=zarr,file")
    assert "valid_time =" in text, "opens it, and finds no variable"


def versions():
    def first_line(*command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return (done.stdout + done.stderr).splitlines()[0].split(" (http")[0]

    packages = [f"{package.__name__} {package.__version__}" for package in (xr, zarr, netCDF4)]
    tools = [first_line(tool, "--version") for tool in ("cdo", "ncks", "gdalinfo") if shutil.which(tool)]
    return "With " + "; ".join(packages + [f"netCDF-C {netCDF4.__netcdf4libversion__}"] + tools)


def gdal_version():
    try:
        return tuple(int(number) for number in re.search(r"(\d+)\.(\d+)", tool("gdalinfo", "--version")).groups())
    except NotInstalled:
        return (0, 0)


# reader, its function, layouts to try, those of them that must be read
READERS = [
    ("xarray", with_xarray, list(LAYOUTS), list(LAYOUTS)),
    ("zarr-python", with_zarr_python, ZARR, ZARR),
    ("TensorStore", with_tensorstore, ZARR, ZARR),
    ("WeatherBench-X", with_weatherbench_x, ZARR, [name for name in ZARR if "weatherbench" in name]),
    ("netCDF4 for Python", with_netcdf4_python, NETCDF, NETCDF),
    ("CDO", with_cdo, NETCDF, ["netcdf, cf"]),
    ("NCO: ncks", with_nco, NETCDF, NETCDF),
    ("NCO: nces, ncrcat", with_nces_and_ncrcat, NETCDF, ["netcdf, cf"]),
    ("GDAL, netCDF", with_gdal, NETCDF, ["netcdf, cf"]),
    ("GDAL, Zarr", with_gdal_zarr, ZARR,
     [name for name in ZARR if "no shards" in name and gdal_version() >= (3, 12)]),
    ("netCDF-C, Zarr", with_ncdump_zarr, ZARR, []),
]


def first_words(error):
    text = " ".join(str(error).split()) or type(error).__name__
    return text.replace("|", "/")[:110]


class Readers(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def store(self, layout, compression):
        form, options = LAYOUTS[layout]
        path = self.folder / f"{re.sub('[^a-z]+', '_', layout)}_{compression}.{form}"
        if not path.exists():
            subprocess.run([DRIVER, str(path), form, compression, f"variables={','.join(VARIABLES)}", "values=smooth",
                            *options], check=True)
        return path

    def cell(self, read, layout):
        """What the table says of a reader and a layout."""
        for compression in ("none", "zstd"):
            try:
                read(self.store(layout, compression), layout)
            except NotInstalled as error:
                return "not tried", str(error)
            except Exception as error:
                return "no", first_words(error)
        return "yes", ""

    def test_table(self):
        rows, notes, broken = [], [], []
        for reader, read, tried, must in READERS:
            row = [reader]
            for layout in LAYOUTS:
                word, why = self.cell(read, layout) if layout in tried else ("", "")
                row.append(word)
                if word == "no":
                    notes.append(f"{reader}, {layout}: {why}")
                if layout in must and word == "no":
                    broken.append(notes[-1])
                if word == "not tried":
                    notes.append(f"SKIPPED: {reader}: {why}")
            rows.append(row)
        print("\n| | " + " | ".join(LAYOUTS) + " |\n" + "|---" * (len(LAYOUTS) + 1) + "|")
        for row in rows:
            print("| " + " | ".join(row) + " |")
        print("\n".join([versions(), *dict.fromkeys(notes)]))
        self.assertEqual(broken, [])

    def test_rounded_stores_say_so_and_err_no_more(self):
        for layout in LAYOUTS:
            form, options = LAYOUTS[layout]
            path = self.folder / f"rounded_{re.sub('[^a-z]+', '_', layout)}.{form}"
            subprocess.run([DRIVER, str(path), form, "zstd", f"variables={','.join(VARIABLES)}", "values=smooth",
                            "keep_bits=7", *options], check=True)
            opened = xr.open_zarr(path) if form == "zarr" else xr.open_dataset(member_file(path, 1, 2))
            with self.subTest(layout), opened as dataset:
                for variable in VARIABLES:
                    name, level = name_in(layout, variable)
                    array = dataset[name] if level is None else dataset[name].sel(level=level)
                    self.assertEqual(array.attrs["_QuantizeBitRoundNumberOfSignificantBits"], 7)
                    self.assertEqual(array.attrs["quantization_nsb"], 7)
                    self.assertIn("relative error at most 0.00391", array.attrs["comment"])
                    values = array.values[2, 1] if form == "zarr" else array.values.reshape(4, NLAT, NLON)
                    wanted = expected(variable)[2, 1]
                    self.assertEqual(int((values.view(np.uint32) & 0xFFFF).max()), 0)
                    self.assertLessEqual(float(abs(values / wanted.astype(np.float64) - 1).max()), 2.0**-8)
                    self.assertGreater(float(abs(values - wanted).max()), 0)


if __name__ == "__main__":
    DRIVER = sys.argv.pop(1)
    unittest.main()
