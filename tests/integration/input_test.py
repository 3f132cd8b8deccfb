"""Analyses as people bring them: files on file systems without locks, compressed netCDF, odd names, other clocks and
units. Each run is one member of one step on a small synthetic model; lead time 0 is what was read."""
import errno
import os
import pathlib
import shutil
import subprocess
import tempfile

import cftime
import netCDF4
import numpy as np

from harness import CACHE, HENS, hens, run_tests

SHIM = os.environ.get("HENS_NO_LOCKS_SHIM")
LEVELS = [50, 100, 150, 200, 250, 300, 400, 500, 600, 700, 850, 925, 1000]
LATITUDES, LONGITUDES = np.linspace(90, -90, 73), np.arange(144) * 2.5
TIME = cftime.datetime(2015, 9, 12, 18, calendar="standard")
JOB = """
name: input
initial_conditions: {{source: {source}, times: ["{time}"], path: "{path}"}}
models: ["synth:mini?seed=102"]
ensemble: {{members: 1}}
forecast: {{steps: [1]}}
output: {{variables: [u10m, t2m, z500], format: netcdf}}
report: {{maps: false}}
runtime: {{device: cpu, threads: 1}}
"""
SINGLE = {"u10": 5, "v10": -3, "u100": 6, "v100": -4, "t2m": 288, "d2m": 280, "sp": 98000, "msl": 101000, "tcwv": 20}


def standard_height(pressure):
    """[m], of the ICAO standard atmosphere, isothermal above 226.32 hPa."""
    low = 44330.77 * (1 - (pressure / 1013.25) ** 0.1902632)
    return low if pressure > 226.3206 else 11000 + 6341.62 * np.log(226.3206 / pressure)


HEIGHTS = np.array([standard_height(p) for p in LEVELS])


def write_analysis(path, units="hours since 1900-01-01", calendar="standard", change=None, **storage):
    """Constant fields in ERA5's names; `change(dataset)` may alter them, `storage` goes to createVariable."""
    with netCDF4.Dataset(path, "w") as file:
        for name, values, of in (("time", [0], units), ("pressure_level", LEVELS, "hPa"),
                                 ("latitude", LATITUDES, "degrees_north"), ("longitude", LONGITUDES, "degrees_east")):
            file.createDimension(name, len(values))
            axis = file.createVariable(name, "f8", (name,))
            axis.units = of
            axis[:] = values
        file["time"].calendar = calendar
        file["time"][0] = cftime.date2num(TIME, units, calendar)
        for name, value in SINGLE.items():
            variable = file.createVariable(name, "f4", ("time", "latitude", "longitude"), **storage)
            variable.long_name = "metre" if name in ("u10", "v10", "u100", "v100") else name
            variable[:] = value
        for name, values in (("u", 7), ("v", -2), ("t", 250), ("q", 1e-3), ("z", HEIGHTS * 9.80665)):
            variable = file.createVariable(name, "f4", ("time", "pressure_level", "latitude", "longitude"), **storage)
            variable[:] = np.broadcast_to(np.reshape(values, (-1, 1, 1)), (13, 73, 144))
        if change:
            change(file)


class Case:
    """A folder with an analysis and its job."""

    def __init__(self, name="analysis.nc", folder="case", **analysis):
        self.temporary = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.temporary.name)
        (self.root / folder).mkdir(parents=True, exist_ok=True)
        self.file = self.root / folder / name
        write_analysis(self.file, **analysis)
        self.job = self.root / folder / "job.yaml"
        self.write_job()

    def write_job(self, path=None, source="netcdf", time="2015-09-12T18:00:00Z"):
        self.job.write_text(JOB.format(path=path or self.file.name, source=source, time=time))

    def run(self, *options, check=0, **more):
        return hens("run", self.job, "--force-new-run", "--output", self.root / "run", *options, check=check, **more)

    def read(self):
        """{variable: its value at lead time 0}, of constant fields."""
        [path] = (self.root / "run").rglob("*.nc")
        with netCDF4.Dataset(path) as file:
            fields = {name: file[name][0, 0, 0] for name in ("u10m", "t2m", "z500")}
        for name, field in fields.items():
            assert np.isfinite(field).all() and np.ptp(field) == 0, name
        return {name: float(field[0, 0]) for name, field in fields.items()}

    def expect(self, u10m=5.0, t2m=288.0, z500=None, **more):
        done = self.run(**more)
        found = self.read()
        wanted = {"u10m": u10m, "t2m": t2m, "z500": z500 or float(np.float32(HEIGHTS[7] * 9.80665))}
        for name, value in wanted.items():  # a rounding of float32
            assert abs(found[name] - value) <= 1e-6 * abs(value), (name, found[name], value)
        return done


def test_file_systems_without_locks_are_worked_on():
    if not SHIM:
        return "no shim was given"
    for number in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
        with tempfile.TemporaryDirectory() as cache:  # its locks, too
            env = {"LD_PRELOAD": SHIM, "HENS_LOCK_ERRNO": str(number), "HENS_CACHE": cache}
            case = Case()
            done = case.expect(env=env)
            assert done.stderr.count('"event":"no_locks"') == 1, done.stderr
            assert "from one machine at a time" in done.stderr, done.stderr
            hens("verify", case.root / "run", env=env)
            again = hens("run", case.job, "--output", case.root / "run", env=env)
            assert '"members_kept":1' in again.stderr, again.stderr


def test_compressed_netcdf_is_read_or_its_filter_named():
    for compression in ("zlib", "szip", "zstd", "blosc_lz4", "blosc_zstd", "blosc_lz"):
        try:
            case = Case(compression=compression, complevel=4)
        except (RuntimeError, ValueError) as error:
            print(f"not tried: {compression}: {error}")
            continue
        case.expect()
    case = Case(compression="bzip2", complevel=4)
    said = case.run(check=65).stderr
    assert "analysis.nc: variable u10 cannot be read: it is compressed by bzip2 (HDF5 filter 307)" in said, said
    assert "nccopy" in said, said


def test_plug_ins_of_hdf5_are_not_loaded():
    # The folder that netCDF4 brings has them all; a file must not make hens load code from there.
    plug_ins = os.environ.get("HDF5_PLUGIN_PATH") or str(pathlib.Path(netCDF4.__file__).parent / "plugins")
    assert list(pathlib.Path(plug_ins).glob("*bz*")), plug_ins
    case = Case(compression="bzip2", complevel=4)
    assert "bzip2" in case.run(check=65, env={"HDF5_PLUGIN_PATH": plug_ins}).stderr


def test_clocks_of_other_programs():
    for units, calendar in (("hours since 0001-01-01 00:00:00.0", "gregorian"), ("days since 1-1-1", "standard"),
                            ("hours since 0001-01-01", "proleptic_gregorian"), ("seconds since 1582-10-15", "standard"),
                            ("days since 1582-10-04 12:00", "standard"), ("minutes since 1400-02-29", "standard")):
        Case(units=units, calendar=calendar).expect()
    for calendar in ("noleap", "360_day", "julian", "all_leap"):
        def named(file, calendar=calendar):
            file["time"].calendar = calendar
        said = Case(units="days since 2015-01-01", change=named).run(check=65).stderr
        assert f"calendar '{calendar}'" in said, said


def test_values_in_other_units():
    def knots(file):
        file["u10"].units = "knots"
        file["t2m"].units = "degC"
        file["t2m"][:] = 15

    def heights(file):
        file.renameVariable("z", "gh")
        file["gh"][:] = file["gh"][:] / 9.80665
        file["gh"].units = "gpm"

    Case(change=knots).expect(u10m=5 * 1852 / 3600, t2m=288.15)
    Case(change=heights).expect()
    def unknown(file):
        file["t2m"].units = "cubits"
    said = Case(change=unknown).run(check=65).stderr
    assert "analysis.nc: channel t2m: variable t2m has units 'cubits': expected K, degC or degF" in said, said


def test_noise_in_place_of_heights_is_refused():
    def noise(file):
        random = np.random.default_rng(0)
        for level in (7, 10):
            file["z"][0, level] += random.uniform(-12000, 12000, (73, 144))

    case = Case(change=noise)
    said = case.run(check=65).stderr
    assert "channels z400 and z500" in said and "latitude" in said and "check: finite" in said, said
    case.run("initial_conditions.check=finite")
    # The key does not enter the hash: the folder is the same run's.
    again = hens("run", case.job, "initial_conditions.check=finite", "--output", case.root / "run")
    assert '"members_kept":1' in again.stderr, again.stderr


def test_names_with_percent_signs():
    for name, folder in (("100%.nc", "case"), ("a%20b.nc", "case"), ("analysis.nc", "100%d/%Y"), ("50%_done.nc", "%s")):
        Case(name=name, folder=folder).expect()
    case = Case(name="a b%.nc")
    case.write_job(path="file://" + str(case.file).replace("%", "%25").replace(" ", "%20"))
    case.expect()
    case = Case(name="20150912T18.nc")
    case.write_job(path="%Y%m%dT%H.nc")
    case.expect()
    case = Case()
    hens("run", case.job, "--output", case.root / "out%20put %s")
    hens("verify", case.root / "out%20put %s")


def test_times_with_an_offset():
    case = Case()
    case.write_job(time="2015-09-12T18:00:00+00:00")
    case.expect()
    said = case.run("initial_conditions.times=[2015-09-12T19:00:00+01:00]", check=78).stderr
    assert "in which it is 2015-09-12T18:00:00Z" in said, said


def in_bytes(*arguments, check):
    """Runs hens, whose messages may name what is no UTF-8; returns what it said."""
    done = subprocess.run([HENS, *arguments], capture_output=True, timeout=300, env={**os.environ, "HENS_CACHE": CACHE})
    said = done.stdout + done.stderr
    assert done.returncode == check, (arguments, done.returncode, said[-2000:])
    return said


def test_folders_whose_names_are_not_utf8():
    case = Case()
    root = os.fsencode(case.root)
    folder = root + b"/caf\xe9"
    os.mkdir(folder)
    shutil.copy(case.file, folder + b"/analysis.nc")
    shutil.copy(case.job, folder + b"/job.yaml")
    for command in ([b"run", b"--output", root + b"/run"], [b"validate"], [b"validate", b"--json"], [b"fetch"]):
        said = in_bytes(command[0], folder + b"/job.yaml", *command[1:], check=78)
        assert b"caf\\xe9" in said.replace(b"\\\\", b"\\") and b"is not UTF-8" in said, said
    # Nothing in a run's folder is named after the folder.
    output = root + b"/out\xff"
    in_bytes(b"run", os.fsencode(case.job), b"--output", output, check=0)
    for command in (b"status", b"verify", b"report"):
        in_bytes(command, output, check=0)
    in_bytes(b"fetch", os.fsencode(case.job), b"--json", b"--cache", root + b"/cache\xe9", check=0)
    [package] = [entry for entry in os.listdir(root + b"/cache\xe9/synthetic") if not entry.endswith(b".lock")]
    in_bytes(b"describe", root + b"/cache\xe9/synthetic/" + package, b"--json", check=0)


if __name__ == "__main__":
    run_tests(globals())
