"""`hens score` on real stores: against numpy and properscoring, from members and from statistics of the same run.

The truth is another run's control forecast, read from its Zarr store and, with the same numbers, from a netCDF file.
"""
import csv
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import jsonschema
import netCDF4
import numpy as np
import xarray as xr

from harness import assert_as_the_schemas_say, hens, write_job

try:
    import properscoring
except ImportError:
    properscoring = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
GFS = pathlib.Path(os.environ.get("HENS_TEST_DATA", ROOT.parent / "shared")) / "data/gfs/gfs.20150912.t18z.pgrb2.2p50.f000"
MEMBERS, MODELS = 7, 2
TIMES = ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"]
JOB = """
name: {name}
initial_conditions: {{source: analytic, times: {times}}}
models: {models}
ensemble: {{members: {members}, seed: 7}}
perturbation: {perturbation}
forecast: {{steps: [2]}}
output: {output}
statistics: {statistics}
runtime: {{device: cpu, threads: 1}}
report: {{maps: false}}
"""
NOISE = "{method: correlated_spherical_gaussian, noise: {amplitude: {t2m: 0.05 std, u10m: 0.05 std, q850: 0.05 std}}}"
STATISTICS = """
  - {variables: [t2m, u10m], extremes: true, thresholds: [285.0, 3.5], quantiles: [0.5]}
  - {variables: [q850], leads: [12h], quantiles: [0.5], moments: false}
  - {variables: [u10m], over: 12h, reduce: max}"""
STORED = "[{variables: [t2m, u10m, q850]}]"
# None of its edges on a row or column: which points lie in it does not depend on rounding.
REGION = "atlantic=-31.3,52.2,310.1,19.7"
EVENTS = {"t2m": [">=285"], "u10m": [">=3.5", ">5.25"]}


def job(folder, name="scored", times=TIMES, models=("synth:mini?seed=102", "synth:mini?seed=103"), members=MEMBERS,
        perturbation=NOISE, output=STORED, statistics="[]"):
    folder.mkdir(parents=True, exist_ok=True)
    return write_job(folder, JOB.format(name=name, times=json.dumps(list(times)), models=json.dumps(list(models)),
                                        members=members, perturbation=perturbation, output=output, statistics=statistics))


def opened(path):
    return xr.open_zarr(path).load()


def scores_of(folder):
    """scores.json, held against its schema and against scores.csv."""
    folder = pathlib.Path(folder)
    made = json.loads((folder / "scores.json").read_text())
    jsonschema.validate(made, json.loads((ROOT / "jobs/scores.schema.json").read_text()))
    rows = [(str(e["model"]), e["variable"], f"{e['lead_hours']:g}", e["region"], name, value)
            for e in made["entries"] for name, value in e["scores"].items()]
    with open(folder / "scores.csv", newline="") as file:
        table = list(csv.reader(file))
    assert table[0] == ["model", "variable", "lead_hours", "region", "score", "value"]
    assert [(*row[:5], float(row[5])) for row in table[1:]] == rows
    return made


def entries_of(made):
    return {(e["variable"], e["lead_hours"], e["model"], e["region"]): e for e in made["entries"]}


def crps(x, y):
    """Both forms, from all pairs of members."""
    count = len(x)
    error, pairs = np.abs(x - y).mean(axis=0), np.abs(x[:, None] - x[None]).sum(axis=(0, 1))
    return error - pairs / (2 * count**2), error - pairs / (2 * count * (count - 1))


def roc_area(p, o, w):
    """The probability that an occasion with the event has the larger forecast, ties half."""
    levels = np.unique(p)
    yes, no = (np.array([w[(p == level) & (o == is_event)].sum() for level in levels]) for is_event in (True, False))
    below = np.cumsum(no) - no
    return (yes * (below + no / 2)).sum() / (yes.sum() * no.sum())


def inside(lat, lon, region):
    boxes = {"globe": (-90, 90, 0, 360), "tropics": (-20, 20, 0, 360), "extratropics_north": (20, 90, 0, 360),
             "extratropics_south": (-90, -20, 0, 360)}
    name, _, numbers = REGION.partition("=")
    boxes[name] = tuple(map(float, numbers.split(",")))
    low, high, west, east = boxes[region]
    columns = (lon >= west) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)
    return ((lat >= low) & (lat <= high))[:, None] & columns[None]


def reference(x, y, climate, lat, lon, region, events):
    """All scores in numpy. x: [time, member, lat, lon], y and climate: [time, lat, lon]."""
    area = inside(lat, lon, region)
    weight = np.broadcast_to(np.maximum(np.cos(np.deg2rad(lat)), 0)[:, None], area.shape)[area]
    x, y, climate = x[:, :, area], y[:, area], climate[:, area]
    mean, variance = x.mean(axis=1), x.var(axis=1, ddof=1)
    over = lambda values: np.average(values.mean(axis=0), weights=weight)
    both = [crps(x[t], y[t]) for t in range(len(x))]
    found = {"crps": over(np.array([b[0] for b in both])), "crps_fair": over(np.array([b[1] for b in both])),
             "rmse": np.sqrt(over((mean - y) ** 2)), "mae": over(np.abs(mean - y)), "bias": over(mean - y),
             "spread": np.sqrt(over(variance))}
    found["spread_skill"] = found["spread"] / found["rmse"]
    found["spread_skill_corrected"] = found["spread_skill"] * np.sqrt((x.shape[1] + 1) / x.shape[1])
    cors = []
    for t in range(len(x)):
        f, a = mean[t] - climate[t], y[t] - climate[t]
        f, a = f - np.average(f, weights=weight), a - np.average(a, weights=weight)
        cors.append((weight * f * a).sum() / np.sqrt((weight * f * f).sum() * (weight * a * a).sum()))
    found["acc"] = np.mean(cors)
    found["outlier_share"] = ((y < x.min(axis=1)) | (y > x.max(axis=1))).mean()
    errors = np.sqrt(np.average((x - y[:, None]) ** 2, axis=2, weights=weight))
    found["best_member_rmse"] = errors.min(axis=1).mean()
    for event in events:
        limit = float(np.float32(float(event.lstrip(">="))))
        is_event = (lambda v: v >= limit) if ">=" in event else (lambda v: v > limit)
        p, o = is_event(x).mean(axis=1).ravel(), is_event(y).ravel()
        w = np.concatenate([weight] * len(x))
        base = np.average(o, weights=w)
        reliability = resolution = 0.0
        for level in np.unique(p):
            own = p == level
            frequency, share = np.average(o[own], weights=w[own]) if w[own].sum() > 0 else 0.0, w[own].sum() / w.sum()
            reliability += share * (level - frequency) ** 2
            resolution += share * (frequency - base) ** 2
        found["brier" + event] = np.average((p - o) ** 2, weights=w)
        found["brier_reliability" + event], found["brier_resolution" + event] = reliability, resolution
        found["brier_uncertainty" + event] = base * (1 - base)
        if 0 < base < 1:
            found["roc_area" + event] = roc_area(p, o, w)
        found["crps_above" + event] = over(np.array(
            [crps(np.maximum(x[t], limit), np.maximum(y[t], limit))[0] for t in range(len(x))]))
    below, at_most = (x < y[:, None]).sum(axis=1), (x <= y[:, None]).sum(axis=1)
    ranks = np.zeros(x.shape[1] + 1)
    for low, high in zip(below.ravel(), at_most.ravel()):
        ranks[low:high + 1] += 1 / (high - low + 1)
    return found, ranks, errors.argmin(axis=1)


def write_truth(path, fields, lat, lon, times, name_time="time"):
    """fields: {channel: [time, lat, lon]}; times: numpy datetimes."""
    with netCDF4.Dataset(path, "w") as data:
        for axis, values, units in (("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
            data.createDimension(axis, len(values))
            variable = data.createVariable(axis, "f8", (axis,))
            variable[:], variable.units = values, units
        if times is not None:
            data.createDimension(name_time, len(times))
            clock = data.createVariable(name_time, "f8", (name_time,))
            clock.units = "seconds since 1970-01-01"
            clock[:] = np.array(times, "datetime64[s]").astype("i8")
        for channel, values in fields.items():
            dimensions = ("lat", "lon") if times is None else (name_time, "lat", "lon")
            data.createVariable(channel, "f4", dimensions)[:] = values


class Scores(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="hens_scores_"))
        cls.run_folder, cls.control = cls.root / "run", cls.root / "control"
        hens("run", job(cls.root / "a", statistics=STATISTICS), "--output", cls.run_folder, timeout=600)
        # Not the ensemble's own model: its forecasts err.
        hens("run", job(cls.root / "b", name="control", models=["synth:mini?seed=104"], members=1,
                        perturbation="{method: none}"), "--output", cls.control)
        cls.truth_store = cls.control / "hens_0.zarr"
        truth = opened(cls.truth_store)
        cls.lat, cls.lon = truth["lat"].values, truth["lon"].values
        # By valid time, of two forecasts for one time the later: its lead is shorter.
        cls.truth = {name: {} for name in ("t2m", "u10m", "q850")}
        for t in range(2):
            for lead in range(3):
                for name, by_time in cls.truth.items():
                    by_time[truth["valid_time"].values[t, lead]] = truth[name].values[0, t, lead]
        cls.valid_times = sorted(cls.truth["t2m"])
        cls.truth_file = cls.root / "truth.nc"
        write_truth(cls.truth_file, {name: np.stack([by_time[v] for v in cls.valid_times])
                                     for name, by_time in cls.truth.items()}, cls.lat, cls.lon, cls.valid_times)
        # A climatology is smooth: the mean of the truth along each circle of latitude.
        cls.climate = {name: np.broadcast_to(np.mean([f.mean(axis=1) for f in by_time.values()], axis=0)[:, None],
                                             (len(cls.lat), len(cls.lon))).astype("f4")
                       for name, by_time in cls.truth.items()}
        cls.climate_file = cls.root / "climate.nc"
        write_truth(cls.climate_file, cls.climate, cls.lat, cls.lon, None)
        cls.options = ["--climatology", cls.climate_file, "--region", REGION, "--threshold", "u10m>5.25"]
        hens("score", cls.run_folder, "--truth", f"zarr:{cls.truth_store}", *cls.options)
        cls.made = scores_of(cls.run_folder)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root, ignore_errors=True)

    def members(self, name, lead):
        """[model][time, member, lat, lon] and truth [time, lat, lon]."""
        stores = [opened(self.run_folder / f"hens_{m}.zarr") for m in range(MODELS)]
        x = [s[name].values[:, :, lead].swapaxes(0, 1).astype(np.float64) for s in stores]
        valid = stores[0]["valid_time"].values[:, lead]
        return x, np.stack([self.truth[name][v] for v in valid]).astype(np.float64)

    # From members.

    def test_all_scores_are_numpys(self):
        entries = entries_of(self.made)
        self.assertEqual(len(entries), 3 * 3 * (MODELS + 1) * 5)
        for name, lead in (("t2m", 0), ("t2m", 2), ("u10m", 2)):
            x, y = self.members(name, lead)
            climate = np.stack([self.climate[name]] * 2).astype(np.float64)
            for model, ensemble in ((0, x[0]), (1, x[1]), ("all", np.concatenate(x, axis=1))):
                for region in ("globe", "tropics", "extratropics_south", "atlantic"):
                    entry = entries[name, lead * 6, model, region]
                    expected, ranks, best = reference(ensemble, y, climate, self.lat, self.lon, region, EVENTS[name])
                    missing = set(expected) - set(entry["scores"])
                    self.assertFalse(missing, (name, lead, model, region))
                    for score, value in expected.items():
                        # numpy's own sums of 10,000 numbers near 300 are good to 1e-11.
                        self.assertLessEqual(abs(entry["scores"][score] - value), 1e-10 * max(1.0, abs(value)),
                                             (name, lead, model, region, score))
                    histogram = entry["rank_histogram"]
                    counts = np.array(histogram["shares"]) * histogram["points"]
                    self.assertEqual(histogram["members"], ensemble.shape[1])
                    np.testing.assert_allclose(counts, ranks, atol=1e-6)
                    named = [(b["model"] * MEMBERS if model == "all" else 0) + b["member"] for b in entry["best_members"]]
                    self.assertEqual(named, list(best))

    @unittest.skipIf(properscoring is None, "properscoring is not installed: scripts/setup.sh test")
    def test_properscoring_agrees(self):
        entries = entries_of(self.made)
        x, y = self.members("u10m", 1)
        x = np.concatenate(x, axis=1)
        weight = np.maximum(np.cos(np.deg2rad(self.lat)), 0)
        over = lambda field: np.average(field.mean(axis=(0, 2)), weights=weight)
        scores = entries["u10m", 6, "all", "globe"]["scores"]
        self.assertLess(abs(scores["crps"] - over(properscoring.crps_ensemble(y, x, axis=1))), 1e-12)
        brier = properscoring.threshold_brier_score(y, x, threshold=5.25, axis=1)  # counts x > threshold
        self.assertLess(abs(scores["brier>5.25"] - over(brier)), 1e-12)

    def test_parts_of_brier_add_up_and_curves_hold_all_points(self):
        for entry in self.made["entries"]:
            scores = entry["scores"]
            for event in entry.get("events", []):
                end = f"{event['comparison']}{event['threshold']:g}"
                total = scores["brier_reliability" + end] - scores["brier_resolution" + end] + scores["brier_uncertainty" + end]
                self.assertLess(abs(scores["brier" + end] - total), 1e-12)
                self.assertLess(abs(sum(c["share"] for c in event["reliability_curve"]) - 1), 1e-12)
                if event["roc_curve"]:
                    self.assertEqual(event["roc_curve"][0], [0, 0])
                    self.assertLess(abs(np.array(event["roc_curve"][-1]) - 1).max(), 1e-12)

    def test_bytes_do_not_depend_on_memory_and_nothing_is_left(self):
        small, scratch = self.root / "small", self.root / "scratch"
        scratch.mkdir()
        hens("score", self.run_folder, "--truth", f"zarr:{self.truth_store}", *self.options, "--memory", "64K",
             "--scratch", scratch, "--output", small)
        for name in ("scores.json", "scores.csv"):
            self.assertEqual((small / name).read_bytes(), (self.run_folder / name).read_bytes())
        self.assertEqual(list(scratch.iterdir()), [])
        gone = hens("score", self.run_folder, "--truth", "analytic", "--memory", "64K", "--scratch", self.root / "none",
                    "--output", small, check=73)
        self.assertIn("--scratch", gone.stderr)

    def test_the_runs_folder_stays_whole(self):
        self.assertEqual(hens("verify", self.run_folder).stdout, "all is well\n")
        assert_as_the_schemas_say(self.run_folder)

    def test_the_table_fits_a_terminal(self):
        shown = hens("score", self.run_folder, "--truth", f"zarr:{self.truth_store}", "--variables", "u10m,q850", "--leads",
                     "12h", "--output", self.root / "table").stdout
        for line in shown.splitlines():
            self.assertTrue(len(line) <= 80 or line.startswith(("  note", "  scores")), line)
        self.assertIn("u10m", shown)
        self.assertNotIn("t2m", shown)

    # Truth.

    def same_but_for_truth(self, folder):
        other = scores_of(folder)
        self.assertEqual(other["entries"], self.made["entries"])
        return other["truth"]

    def test_the_same_truth_from_netcdf(self):
        folder = self.root / "netcdf"
        hens("score", self.run_folder, "--truth", f"netcdf:{self.truth_file}", *self.options, "--output", folder)
        truth = self.same_but_for_truth(folder)
        self.assertEqual({pathlib.Path(f["url"]).name for f in truth["files"]}, {"truth.nc"})
        self.assertEqual(self.made["truth"]["missing"], [])
        self.assertEqual(self.made["climatology"]["files"][0]["sha256"],
                         subprocess.run(["sha256sum", self.climate_file], capture_output=True, text=True).stdout[:64])

    def test_the_same_truth_from_a_store_of_xarrays(self):
        """zarr-python's own codecs, chunks across latitudes, no shards; latitudes from south to north."""
        fields = {name: (("time", "lat", "lon"), np.stack([by_time[v] for v in self.valid_times]))
                  for name, by_time in self.truth.items()}
        data = xr.Dataset(fields, {"time": self.valid_times, "lat": self.lat, "lon": self.lon}).isel(lat=slice(None, None, -1))
        store, folder = self.root / "xarray.zarr", self.root / "xarray"
        data.to_zarr(store, zarr_format=3, consolidated=False,
                     encoding={name: {"chunks": (1, 20, 50)} for name in fields})
        hens("score", self.run_folder, "--truth", f"zarr:{store}", *self.options, "--output", folder)
        self.same_but_for_truth(folder)

    def test_a_climatology_by_day_and_hour(self):
        day = np.zeros((366, 2, len(self.lat), len(self.lon)), "f4")
        # Of 1 and 2 January at 00 and 12 UTC; of all other days nonsense.
        day[:] = 1e4
        day[0:2] = self.climate["t2m"]
        path, folder = self.root / "by_day.nc", self.root / "by_day"
        with netCDF4.Dataset(path, "w") as data:
            for axis, values in (("dayofyear", range(1, 367)), ("hour", (0, 12)), ("lat", self.lat), ("lon", self.lon)):
                data.createDimension(axis, len(values))
                data.createVariable(axis, "f8", (axis,))[:] = values
            data.createVariable("t2m", "f4", ("dayofyear", "hour", "lat", "lon"))[:] = day
        base = ["score", self.run_folder, "--truth", f"zarr:{self.truth_store}", "--variables", "t2m", "--climatology", path]
        hens(*base, "--leads", "0h,12h", "--output", folder)
        entries = entries_of(self.made)
        for key, entry in entries_of(scores_of(folder)).items():
            self.assertEqual(entry["scores"]["acc"], entries[key]["scores"]["acc"], key)
        self.assertIn("has no 6", hens(*base, "--leads", "6h", "--output", folder, check=65).stderr)

    def test_a_valid_time_without_truth_is_named_and_the_others_are_scored(self):
        path, folder = self.root / "first_days.nc", self.root / "missing"
        early = self.valid_times[:-1]
        write_truth(path, {"t2m": np.stack([self.truth["t2m"][v] for v in early])}, self.lat, self.lon, early)
        command = ["score", self.run_folder, "--truth", f"netcdf:{path}", "--output", folder]
        done = hens(*command, check=66)
        made = scores_of(folder)
        missing = {(m["variable"], m["valid_time"]) for m in made["truth"]["missing"]}
        self.assertIn(("t2m", "2024-01-02T12:00:00Z"), missing)
        self.assertIn(("u10m", "2024-01-01T00:00:00Z"), missing)
        self.assertNotIn(("t2m", "2024-01-01T12:00:00Z"), missing)
        self.assertIn("no truth of t2m at 2024-01-02T12:00:00Z", done.stderr)
        self.assertIn("and of 8 more", done.stdout)
        times = {e["lead_hours"]: e["initial_times"] for e in made["entries"]}
        self.assertEqual(times, {0: TIMES, 6: TIMES, 12: TIMES[:1]})
        self.assertEqual({e["variable"] for e in made["entries"]}, {"t2m"})
        hens(*command, "--allow-missing")
        nothing = hens("score", self.run_folder, "--truth", f"netcdf:{path}", "--variables", "q850", check=66)
        self.assertIn("none of its valid times has a truth", nothing.stderr)

    def test_a_truth_that_is_no_number_or_lies_elsewhere_is_refused(self):
        values = np.stack([self.truth["t2m"][v] for v in self.valid_times])
        holes, coarse, path = values.copy(), self.root / "coarse.nc", self.root / "holes.nc"
        holes[3, 40, 7] = np.nan
        write_truth(path, {"t2m": holes}, self.lat, self.lon, self.valid_times)
        write_truth(coarse, {"t2m": values[:, 1:, :]}, self.lat[1:], self.lon, self.valid_times)
        base = ["score", self.run_folder, "--variables", "t2m", "--output", self.root / "refused"]
        self.assertIn("not finite", hens(*base, "--truth", f"netcdf:{path}", check=65).stderr)
        self.assertIn("coarse.nc", hens(*base, "--truth", f"netcdf:{coarse}", check=65).stderr)
        several = hens(*base, "--truth", f"zarr:{self.run_folder}/hens_0.zarr", check=65).stderr
        self.assertIn("7 entries of 'ensemble'", several)
        self.assertIn("no Zarr store", hens(*base, "--truth", f"zarr:{self.run_folder}", check=65).stderr)
        chunk = sorted((self.root / "control/hens_0.zarr/t2m").glob("c.*"))[0]
        damaged = self.root / "damaged.zarr"
        shutil.copytree(self.truth_store, damaged)
        content = bytearray(chunk.read_bytes())
        content[1000] ^= 1
        (damaged / "t2m" / chunk.name).write_bytes(content)
        self.assertIn("checksum", hens(*base, "--truth", f"zarr:{damaged}", check=65).stderr)
        self.assertFalse((self.root / "refused/scores.json").exists())

    @unittest.skipUnless(GFS.exists(), f"needs {GFS}: set HENS_TEST_DATA to the test data")
    def test_gfs_by_byte_ranges_and_as_a_grib_file(self):
        """A forecast that starts from the analysis itself errs by nothing at lead time 0, and its next time is not there."""
        folder, mirror = self.root / "gfs", self.root / "mirror/noaa-gfs-bdp-pds/gfs.20150912/18/atmos"
        mirror.mkdir(parents=True)
        for end in ("", ".idx"):
            shutil.copyfile(f"{GFS}{end}", mirror / f"gfs.t18z.pgrb2.2p50.f000{end}")
        spec = job(self.root / "g", times=["2015-09-12T18:00:00Z"], models=["synth:mini?seed=102"], members=1,
                   perturbation="{method: none}")
        hens("run", spec, "--output", folder, "initial_conditions.source=gfs", "initial_conditions.product=2p50",
             f"mirrors.s3={self.root / 'mirror'}", "forecast.steps=[1]", "--cache", self.root / "gfs_cache")
        for truth in ("gfs", f"grib:{GFS}"):
            hens("score", folder, "--truth", truth, "--cache", self.root / "gfs_cache", check=66)
            made = scores_of(folder)
            self.assertEqual({e["lead_hours"] for e in made["entries"]}, {0})
            self.assertEqual({m["valid_time"] for m in made["truth"]["missing"]}, {"2015-09-13T00:00:00Z"})
            for entry in made["entries"]:
                self.assertEqual({entry["scores"][name] for name in ("crps", "rmse", "mae", "bias")}, {0})
                self.assertNotIn("spread", entry["scores"])
            self.assertTrue(all(len(f["sha256"]) == 64 for f in made["truth"]["files"]))

    def test_what_is_typed_wrong_is_told(self):
        base = ["score", self.run_folder, "--output", self.root / "typed"]
        truth = ["--truth", "analytic"]
        for arguments, code, answer in (
                ([], 64, "--truth is missing"), (["--truth", "era5"], 64, "expected gfs, analytic"),
                (["--truth", "netcdf:"], 64, "with a path"), ([*truth, "--region", "a=1,2"], 64, "there are 2 numbers"),
                ([*truth, "--region", "globe=1,2,3,4"], 64, "of that name already"),
                ([*truth, "--threshold", "t2m<3"], 64, "expected VARIABLE"), ([*truth, "--memory", "7"], 64, "as 2G"),
                ([*truth, "--threshold", "t3m>3"], 78, "did you mean"), ([*truth, "--variables", "t3m"], 78, "t2m"),
                ([*truth, "--leads", "7h"], 78, "there are 0h 6h 12h"), ([*truth, "--steps", "3"], 78, "2 steps"),
                ([*truth, "--from", "guess"], 64, "auto, members"),
                ([*truth, "--climatology", self.root / "none.nc"], 66, "none.nc"),
                (["--truth", f"netcdf:{self.root}/none.nc"], 66, "does not exist"),
                (["--truth", "gfs", "--offline", "--cache", self.root / "empty"], 66, "offline")):
            with self.subTest(arguments):
                self.assertIn(answer, hens(*base, *arguments, check=code).stderr)
        self.assertEqual(hens("score", self.root / "nowhere", "--truth", "analytic", check=66).returncode, 66)

    # From statistics.

    def statistics(self, folder, truth, *options, check=0):
        hens("score", folder, "--truth", truth, "--from", "statistics", "--output", self.root / "statistics", *options,
             check=check)
        return scores_of(self.root / "statistics")

    def test_members_and_statistics_agree_within_the_bounds(self):
        made = self.statistics(self.run_folder, f"zarr:{self.truth_store}", "--region", REGION, "--climatology", self.climate_file)
        entries = entries_of(self.made)
        exact = ("brier", "roc", "outlier")
        seen = set()
        for key, entry in entries_of(made).items():
            self.assertEqual(entry["from"], "statistics")
            expected = entries[key]["scores"]
            for name, value in entry["scores"].items():
                seen.add(name.split(">")[0])
                if name.startswith(exact):
                    self.assertEqual(value, expected[name], (key, name))
                elif name.startswith("crps"):
                    self.assertLessEqual(abs(value - expected[name]), entry["bounds"][name], (key, name))
                else:  # 2^-15 K and 2^-16 m s-1 a value: halves of them, where errors are about 1
                    self.assertLess(abs(value - expected[name]), 4e-5 * max(1.0, abs(expected[name])), (key, name))
            if "rank_histogram" in entry:
                ours, theirs = (np.cumsum(e["rank_histogram"]["shares"]) for e in (entry, entries[key]))
                moved = np.abs(ours - theirs).sum() / (len(ours) - 1)  # mean distance in shares of the members
                self.assertLessEqual(moved, entry["bounds"]["rank_histogram"] + 1e-12, key)
        self.assertTrue({"crps", "crps_fair", "rmse", "spread", "acc", "brier", "outlier_share", "roc_area"} <= seen, seen)

    def test_what_statistics_cannot_tell_is_named_with_its_key(self):
        made = self.statistics(self.run_folder, f"zarr:{self.truth_store}", "--threshold", "t2m>300")
        notes = {(n["variable"], n["what"]): n["why"] for n in made["notes"]}
        self.assertIn("moments: true", notes["q850", "rmse, mae, bias, spread, spread_skill, acc"])
        self.assertIn("thresholds", notes["q850", "brier, reliability, roc_area"])
        self.assertIn("extremes: true", notes["q850", "outlier_share"])
        self.assertIn("thresholds", notes["t2m", "brier>300"])
        self.assertIn("windows", notes["u10m_max12h", "all scores"])
        self.assertIn("output", notes["t2m", "best_member_rmse, crps_above"])
        q850 = [e for e in made["entries"] if e["variable"] == "q850"]
        self.assertEqual({e["lead_hours"] for e in q850}, {12})
        self.assertEqual(set(q850[0]["scores"]), {"crps", "crps_fair"})

    def test_a_run_without_members_is_scored_when_the_truth_comes_later(self):
        folder = self.root / "counted"
        hens("run", job(self.root / "c", output="[]", statistics=STATISTICS), "--output", folder, timeout=600)
        members = self.statistics(self.run_folder, f"zarr:{self.truth_store}")
        alone = self.statistics(folder, f"netcdf:{self.truth_file}")
        self.assertEqual(alone["entries"], members["entries"])
        self.assertIn("--from members", hens("score", folder, "--truth", "analytic", "--from", "members", check=66).stderr)

    def test_the_crps_of_a_large_ensemble_from_its_histogram(self):
        """256 members, bins of a 32nd of their spread: 1e-3 of the spread a point, 1e-4 over the domain."""
        folder = self.root / "large"
        counts = "[{variables: [t2m], leads: [6h], quantiles: [0.5], width: 0.25}]"
        hens("run", job(self.root / "d", times=TIMES[:1], models=["synth:mini?seed=102"], members=256,
                        perturbation=NOISE.replace("t2m: 0.05", "t2m: 0.4"),
                        output="[{variables: [t2m], initial_state: false}]", statistics=counts),
             "--output", folder, "forecast.steps=[1]", timeout=600)
        hens("score", folder, "--truth", f"zarr:{self.truth_store}")
        exact = entries_of(scores_of(folder))
        for key, entry in entries_of(self.statistics(folder, f"zarr:{self.truth_store}")).items():
            spread = exact[key]["scores"]["spread"]
            self.assertGreater(spread / 0.25, 20)
            for name in ("crps", "crps_fair"):
                off = abs(entry["scores"][name] - exact[key]["scores"][name])
                self.assertLessEqual(off, entry["bounds"][name])
                self.assertLessEqual(off / spread, 1e-4, (key, name))

    def test_shards_in_folders_of_their_own_are_scored_together(self):
        shards = [self.root / f"shard{k}" for k in range(2)]
        spec = job(self.root / "s", statistics=STATISTICS)
        for k, shard in enumerate(shards):
            hens("run", spec, "--output", shard, "--shard", f"{k}/2", timeout=600)
        hens("score", shards[1], shards[0], "--truth", f"zarr:{self.truth_store}", *self.options)
        made = scores_of(shards[1])
        self.assertEqual(made["entries"], self.made["entries"])
        whole = self.statistics(self.run_folder, f"zarr:{self.truth_store}")
        hens("score", *shards, "--truth", f"zarr:{self.truth_store}", "--from", "statistics")
        self.assertEqual(scores_of(shards[0])["entries"], whole["entries"])
        other = hens("score", shards[0], self.control, "--truth", "analytic", check=78)
        self.assertIn("not of one job", other.stderr)
        twice = hens("score", shards[0], shards[0], "--truth", "analytic", "--from", "statistics", check=65)
        self.assertIn("both hold member", twice.stderr)

    # How extreme the forecasts are.

    def test_the_extreme_forecast_index_is_numpys(self):
        """Against the integral over an angle, p = (1 - cos a) / 2, which has no poles."""
        levels = np.array([0.0, 0.01, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99, 1.0])
        deviates = np.array([-4, -2.33, -1.64, -1.28, -0.52, 0, 0.52, 1.28, 1.64, 2.33, 4])
        spread = np.where(self.lat > 0, 1.0, 0.4)[:, None]  # south of the equator most forecasts are extreme
        quantiles = (self.climate["t2m"] + deviates[:, None, None] * spread).astype("f4")
        path, folder = self.root / "quantiles.nc", self.root / "efi"
        with netCDF4.Dataset(path, "w") as data:
            for axis, values in (("quantile", levels), ("lat", self.lat), ("lon", self.lon)):
                data.createDimension(axis, len(values))
                data.createVariable(axis, "f8", (axis,))[:] = values
            data.createVariable("t2m_quantile", "f4", ("quantile", "lat", "lon"))[:] = quantiles
        done = hens("score", self.run_folder, "--climate", path, "--memory", "64K", "--output", folder)
        made = scores_of(folder)
        self.assertEqual(made["entries"], [])
        self.assertIn("efi.nc", done.stdout)
        self.assertIn(("u10m", "efi, sot90, sot10"), {(n["variable"], n["what"]) for n in made["notes"]})
        with xr.open_dataset(folder / "efi.nc") as maps:
            maps.load()
        self.assertTrue(np.isnan(maps["u10m_efi"].values).all())
        x = np.concatenate(self.members("t2m", 2)[0], axis=1)[1]
        angle = (np.arange(20000) + 0.5) * np.pi / 20000
        p = (1 - np.cos(angle)) / 2
        at = dict(time=1, lead_time=2)
        for row, column in ((5, 3), (20, 77), (36, 0), (50, 120), (70, 143)):
            q, own = quantiles[:, row, column].astype(np.float64), np.sort(x[:, row, column])
            below = np.array([((own < v).mean() + (own <= v).mean()) / 2 for v in q])
            expected = 2 / np.pi * (p - np.interp(p, levels, below)).sum() * (angle[1] - angle[0])
            here = maps.isel(**at, lat=row, lon=column)
            self.assertLess(abs(float(here["t2m_efi"]) - expected), 1e-4)  # the sum over 20,000 angles; float32
            upper = (np.quantile(own, 0.9) - q[9]) / (q[9] - q[7])
            lower = (np.quantile(own, 0.1) - q[1]) / (q[1] - q[3])
            self.assertLess(abs(float(here["t2m_sot90"]) - upper), 1e-5 * max(1, abs(upper)))
            self.assertLess(abs(float(here["t2m_sot10"]) - lower), 1e-5 * max(1, abs(lower)))
        self.assertLessEqual(float(abs(maps["t2m_efi"]).max()), 1 + 1e-6)
        self.assertGreater(float(abs(maps["t2m_efi"].isel(lead_time=2)).mean()), 0.2)

    def test_the_climate_of_a_runs_own_statistics(self):
        """The run beside itself, all dates together: from members and from counts, about 0 in the mean."""
        made = {}
        for kind in ("members", "statistics"):
            folder = self.root / f"efi_{kind}"
            hens("score", self.run_folder, "--climate", self.run_folder, "--from", kind, "--variables", "t2m", "--output", folder)
            with xr.open_dataset(folder / "efi.nc") as maps:
                made[kind] = maps["t2m_efi"].values
            self.assertEqual(len(scores_of(folder)["climate"]["files"]), 2 * MODELS)
        # The dates' own indices are each other's negative, as far as 28 values and bins of 0.5 K tell.
        self.assertLess(abs(made["members"].mean()), 0.02)
        self.assertLess(abs(made["members"] - made["statistics"]).mean(), 0.05)
        none = hens("score", self.run_folder, "--climate", self.control, check=66)
        self.assertIn("quantiles", none.stderr)

    # Unfinished runs.

    def test_only_what_is_complete_is_scored(self):
        folder = self.root / "unfinished"
        spec = job(self.root / "e", statistics=STATISTICS)
        self.assertIn("run.json", hens("score", self.root / "e", "--truth", "analytic", check=66).stderr)
        hens("run", spec, "--output", folder, "--members", "0-2")
        done = hens("score", folder, "--truth", f"zarr:{self.truth_store}")
        made = scores_of(folder)
        self.assertIn(f"12 of {2 * MODELS * MEMBERS} members are complete", done.stdout)
        self.assertEqual(made["run"]["members_complete"], 12)
        self.assertEqual(made["entries"][0]["members"], [3, 3])
        x, y = self.members("t2m", 2)
        expected, _, _ = reference(np.concatenate([m[:, :3] for m in x], axis=1), y, y * 0, self.lat, self.lon, "globe", [])
        scores = entries_of(made)["t2m", 12, "all", "globe"]["scores"]
        self.assertLess(abs(scores["crps"] - expected["crps"]), 1e-10)
        self.assertNotIn("acc", scores)
        # Another size of ensemble at one initial time: ranks do not add up, all else does.
        shutil.rmtree(folder / "statistics")
        for marker in (folder / "members").glob("*20240102T00_member_0002.json"):
            marker.unlink()
        hens("score", folder, "--truth", f"zarr:{self.truth_store}")
        entry = entries_of(scores_of(folder))["t2m", 12, "all", "globe"]
        self.assertEqual(entry["members"], [4, 6])
        self.assertIn("different sizes", entry["no_rank_histogram"])
        self.assertIn("brier>=285", entry["scores"])


if __name__ == "__main__":
    unittest.main()
