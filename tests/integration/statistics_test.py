"""Statistics without storing the members: exact, and the same bytes however the job was cut.

One small job is done as one process with its members stored, and without them as 3 shards in folders of their own, as 16
shards in a shared folder, with several sizes of blocks, and killed again and again. The final stores are compared byte by
byte, and held against numpy's statistics of the stored members.
"""
import json
import math
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import warnings
from fractions import Fraction

import numpy as np
import xarray as xr

from harness import CACHE, HENS, assert_as_the_schemas_say, hens, markers, sha256, write_job

MEMBERS, MODELS, STEPS = 37, 3, 2
LEVELS = [0.1, 0.5, 0.9]
JOB = """
name: counted
initial_conditions: {{source: analytic, times: [2024-01-01T00:00:00Z, 2024-01-02T00:00:00Z]}}
models: ["synth:mini?seed=102", "synth:mini?seed=103", "synth:mini?seed=104"]
ensemble: {{members: {members}, seed: 7}}
perturbation: {{method: correlated_spherical_gaussian, noise: {{amplitude: {{t2m: 0.4 std, u10m: 0.4 std, q850: 0.4 std}}}}}}
forecast: {{steps: [{steps}]}}
output: {output}
statistics:
  - {{variables: [t2m, u10m], extremes: true, thresholds: [{warm}, 3.5], quantiles: {levels}}}
  - {{variables: [q850], leads: [12h], quantiles: [0.25, 0.5], moments: false}}
  - {{variables: [u10m], over: 12h, reduce: max, thresholds: [3.5], comparison: above}}
runtime: {{device: cpu, threads: 1, block: {block}}}
report: {{maps: false}}
"""
STORED = "[{variables: [t2m, u10m, q850]}]"
# Offset and 2^k of the fixed point of each variable, width of its bins: as docs/statistics.md says.
FIXED = {"t2m": (250, 2**15), "u10m": (0, 2**16)}
WIDTH = {"t2m": 0.5, "u10m": 0.25}


def job(folder, output="[]", block=256, members=MEMBERS):
    folder.mkdir(parents=True, exist_ok=True)
    return write_job(folder, JOB.format(members=members, steps=STEPS, output=output, levels=LEVELS, block=block, warm=285.0))


def final_files(folder):
    """{relative path: sha256} of the final stores."""
    folder = pathlib.Path(folder)
    return {str(p.relative_to(folder)): sha256(p) for store in sorted(folder.glob("statistics*.zarr"))
            for p in sorted(store.rglob("*")) if p.is_file()}


def opened(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return xr.open_zarr(path).load()


class Statistics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="hens_statistics_"))
        cls.stored = cls.root / "stored"
        hens("run", job(cls.root / "a", STORED, block=256), "--output", cls.stored, timeout=600)
        cls.expected = final_files(cls.stored)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root, ignore_errors=True)

    def members(self, model):
        return opened(self.stored / f"hens_{model}.zarr")

    def statistics(self, name):
        return opened(self.stored / f"statistics{name}.zarr")

    # What is computed, held against numpy.

    def test_minimum_maximum_and_their_members_are_numpys(self):
        for model in range(MODELS):
            members, made = self.members(model), self.statistics(f"_{model}")
            for name in ("t2m", "u10m"):
                x = members[name].values
                np.testing.assert_array_equal(made[f"{name}_min"].values, x.min(axis=0))
                np.testing.assert_array_equal(made[f"{name}_max"].values, x.max(axis=0))
                np.testing.assert_array_equal(made[f"{name}_min_member"].values, x.argmin(axis=0))
                np.testing.assert_array_equal(made[f"{name}_max_member"].values, x.argmax(axis=0))

    def test_extremes_of_all_models_name_model_and_member(self):
        x = np.stack([self.members(m)["t2m"].values for m in range(MODELS)])
        flat, made = x.reshape(-1, *x.shape[2:]), self.statistics("")
        np.testing.assert_array_equal(made["t2m_max"].values, flat.max(axis=0))
        np.testing.assert_array_equal(made["t2m_max_model"].values, flat.argmax(axis=0) // MEMBERS)
        np.testing.assert_array_equal(made["t2m_max_member"].values, flat.argmax(axis=0) % MEMBERS)
        np.testing.assert_array_equal(made["t2m_min_model"].values, flat.argmin(axis=0) // MEMBERS)
        np.testing.assert_array_equal(made["members"].values, [MODELS * MEMBERS] * 2)

    def test_mean_and_variance_are_exact_on_the_rounded_values(self):
        for name, (offset, scale) in FIXED.items():
            x = np.concatenate([self.members(m)[name].values for m in range(MODELS)]).astype(np.float64)
            q = np.rint((x - offset) * scale).astype(np.int64)  # half to even, as hens rounds
            count, total, squares = len(q), q.sum(axis=0), (q * q).sum(axis=0)
            made = self.statistics("")
            mean = (total + offset * scale * count) / (count * scale)
            np.testing.assert_array_equal(made[f"{name}_mean"].values, mean.astype(np.float32))
            std = made[f"{name}_std"].values
            rng = np.random.default_rng(1)
            for at in zip(*(rng.integers(0, n, 300) for n in std.shape)):
                top = count * int(squares[at]) - int(total[at]) ** 2
                exact = math.sqrt(Fraction(top, count * (count - 1) * scale * scale))
                self.assertEqual(std[at], np.float32(exact))

    def test_counts_are_numpys(self):
        for model in range(MODELS):
            members, made = self.members(model), self.statistics(f"_{model}")
            for name in ("t2m", "u10m"):
                probability = made[f"{name}_probability"]
                for k, threshold in enumerate(made[f"threshold_{name}"].values):
                    share = (members[name].values >= np.float32(threshold)).sum(axis=0) / MEMBERS
                    np.testing.assert_array_equal(probability.values[:, :, k], share.astype(np.float32))
            self.assertGreater(float(made["u10m_probability"].std()), 0.01, "the threshold tells members apart")

    def test_windows_come_first(self):
        x = self.members(1)["u10m"].values[:, :, 1:3].max(axis=2)  # steps 1 and 2: (0, 12 h]
        made = self.statistics("_1").sel(lead_time=np.timedelta64(12, "h"))
        q = np.rint(x.astype(np.float64) * 2**16).astype(np.int64)
        np.testing.assert_array_equal(made["u10m_max12h_mean"].values,
                                      (q.sum(axis=0) / (MEMBERS * 2**16)).astype(np.float32))
        above = (x > np.float32(3.5)).sum(axis=0) / MEMBERS
        np.testing.assert_array_equal(made["u10m_max12h_probability"].values[:, 0], above.astype(np.float32))
        early = self.statistics("_1").sel(lead_time=np.timedelta64(6, "h"))
        self.assertTrue(np.isnan(early["u10m_max12h_mean"].values).all())

    def test_quantiles_are_within_a_width_of_the_order_statistic(self):
        for name, width in WIDTH.items():
            for store, x in ((self.statistics("_0"), self.members(0)[name].values),
                             (self.statistics(""), np.concatenate([self.members(m)[name].values for m in range(MODELS)]))):
                x = np.sort(x, axis=0)
                for level in LEVELS:
                    rank = max(1, math.ceil(level * len(x)))
                    made = store[f"{name}_quantile"].sel(quantile=level).values
                    # Half a unit in the last place of float32, in which the result is stored, comes on top.
                    bound = width + np.spacing(np.abs(made))
                    self.assertTrue((np.abs(made - x[rank - 1]) <= bound).all(), (name, level))

    def test_humidity_has_bins_of_three_percent(self):
        x = np.sort(np.abs(self.members(2)["q850"].values[:, :, 2]), axis=0)
        made = self.statistics("_2")["q850_quantile"].sel(lead_time=np.timedelta64(12, "h"), quantile=0.5).values
        wanted = np.sort(self.members(2)["q850"].values[:, :, 2], axis=0)[math.ceil(0.5 * MEMBERS) - 1]
        self.assertTrue((np.abs(made - wanted) <= np.maximum(np.abs(wanted) / 31, 2.0**-30)).all())
        self.assertGreater(x.max(), 0)

    def test_a_maximum_brings_its_member_back(self):
        made = self.statistics("_0")["t2m_max"].isel(time=1, lead_time=2)
        at = np.unravel_index(int(made.values.argmax()), made.shape)
        member = int(self.statistics("_0")["t2m_max_member"].isel(time=1, lead_time=2).values[at])
        again = self.root / "again"
        hens("run", job(self.root / "a", STORED), "--output", again, "--members", member)
        back = opened(again / "hens_0.zarr")["t2m"].isel(ensemble=member, time=1, lead_time=2).values
        self.assertEqual(back[at], made.values[at])

    def test_the_store_says_what_it_holds(self):
        made = self.statistics("_0")
        self.assertEqual(made["t2m_mean"].attrs["cell_methods"], "realization: mean")
        self.assertEqual(made["t2m_std"].attrs["standard_name"], "air_temperature")
        self.assertIn("lead_time: maximum", made["u10m_max12h_mean"].attrs["cell_methods"])
        self.assertEqual(made["threshold_u10m"].attrs["units"], "m s-1")
        self.assertEqual(list(made["quantile"].values), [0.1, 0.25, 0.5, 0.9])
        self.assertEqual(made["t2m_mean"].dims, ("time", "lead_time", "lat", "lon"))
        self.assertIn("valid_time", made["t2m_mean"].coords)

    def test_netcdf_holds_the_same(self):
        done = hens("merge", self.stored, "--format", "netcdf", "--output", self.root / "netcdf")
        self.assertIn("statistics_2.nc", done.stdout)
        for name in ("_1", ""):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                made = xr.open_dataset(self.root / f"netcdf/statistics{name}.nc").load()
            xr.testing.assert_identical(made, self.statistics(name))
        self.assertEqual(hens("merge", self.stored, "--format", "grib", check=64).returncode, 64)

    # The same bytes however the job was cut.

    def assert_same(self, folder, what):
        self.assertEqual(final_files(folder), self.expected, what)

    def test_shards_in_folders_of_their_own_merge_in_any_order(self):
        shards = [self.root / f"shard{k}" for k in range(3)]
        spec = job(self.root / "b", block=8)
        for k, shard in enumerate(shards):
            hens("run", spec, "--output", shard, "--shard", f"{k}/3", timeout=600)
        for n, order in enumerate(([0, 1, 2], [2, 0, 1], [1, 2, 0])):
            merged = self.root / f"merged{n}"
            if n == 0:
                hens("merge", *(shards[k] for k in order), "--output", merged)
            else:  # in shards, too
                for part in range(2):
                    hens("merge", *(shards[k] for k in order), "--output", merged, "--shard", f"{part}/2")
            self.assert_same(merged, f"order {order}")
        twice = hens("merge", shards[0], shards[1], shards[0], "--output", self.root / "twice", check=65)
        self.assertIn("both hold member", twice.stderr)
        other = self.root / "other"
        hens("run", job(self.root / "o", members=2), "--output", other, "ensemble.members=2")
        self.assertIn("not of one job", hens("merge", shards[0], other, check=78).stderr)

    def test_sixteen_shards_in_one_folder_killed_again_and_again(self):
        folder, spec = self.root / "shared", job(self.root / "c", block=3)
        chance = random.Random(5)
        kills = 0
        for shard in range(16):
            while True:
                process = subprocess.Popen([HENS, "run", str(spec), "--output", str(folder), "--shard", f"{shard}/16"],
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                           env={**os.environ, "HENS_CACHE": CACHE})
                try:
                    process.wait(chance.uniform(0.4, 2.0) if kills < 10 else 300)
                    break
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    kills += 1
            self.assertEqual(process.returncode, 0)
        self.assertGreaterEqual(kills, 5)
        self.assert_same(folder, "16 shards, killed")  # merged by the last of them
        self.assertEqual(hens("verify", folder).stdout, "all is well\n")
        self.assertIn(f"{2 * MODELS * MEMBERS} of {2 * MODELS * MEMBERS} members", hens("status", folder).stdout)
        assert_as_the_schemas_say(folder)
        self.assertFalse(markers(folder))
        # Damage is named, and what is concerned is done again.
        part = sorted((folder / "statistics").glob("*.part"))[3]
        bytes_of = bytearray(part.read_bytes())
        bytes_of[len(bytes_of) // 2] ^= 1
        part.write_bytes(bytes_of)
        store = folder / "statistics_1.zarr/t2m_mean/c.0.0.0.0"
        store.write_bytes(store.read_bytes()[:-1])
        damaged = hens("verify", folder, check=65).stdout
        self.assertIn(f"corrupt  statistics/{part.name}", damaged)
        self.assertIn("corrupt  statistics_1.zarr/t2m_mean/c.0.0.0.0", damaged)
        again = hens("run", spec, "--output", folder)
        self.assertIn("part_damaged", again.stderr + again.stdout)
        self.assert_same(folder, "mended")
        self.assertEqual(hens("verify", folder).stdout, "all is well\n")

    def test_blocks_of_one_batches_and_two_worker_processes(self):
        folder = self.root / "ones"
        hens("run", job(self.root / "d", block=1), "--output", folder, "runtime.batch=4", "runtime.device=auto",
             "runtime.devices=[cpu, cpu]", timeout=600)
        self.assert_same(folder, "blocks of 1")
        files = [p for p in folder.rglob("*") if p.is_file() and ".zarr" not in str(p)]
        self.assertLess(len(files), 40, "files do not grow with members")
        self.assertEqual(hens("verify", folder).stdout, "all is well\n")
        times = assert_as_the_schemas_say(folder)["attempts"][0]["member_times"]
        self.assertEqual(sum(t["members"] for t in times), 2 * MODELS * MEMBERS)
        self.assertGreater(min(t["total"] for t in times), 0)

    def test_a_stop_leaves_nothing_partial(self):
        folder, spec = self.root / "stopped", job(self.root / "e", block=2)
        process = subprocess.Popen([HENS, "run", str(spec), "--output", str(folder)], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env={**os.environ, "HENS_CACHE": CACHE})
        while process.poll() is None and len(list((folder / "statistics").glob("*.part"))) == 0:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 75)
        findings = json.loads(hens("verify", folder, "--json", check=66).stdout)
        self.assertTrue(all(f["state"] == "missing" for f in findings), findings)
        self.assertTrue(any("are in no part" in f["detail"] for f in findings))


class Refusals(unittest.TestCase):
    def test_a_member_that_leaves_its_range_spoils_no_other(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            # Temperatures perturbed by six standard deviations leave 250 K +- 512 K in some members.
            spec = job(folder / "a", members=6)
            done = hens("run", spec, "--output", folder / "run", "models=['synth:mini?seed=102']",
                        "initial_conditions.times=[2024-01-01T00:00:00Z]",
                        "perturbation.noise.amplitude={t2m: 6 std}", check=None)
            manifest = assert_as_the_schemas_say(folder / "run")
            self.assertEqual(done.returncode, 81, done.stderr[-2000:])
            failed = manifest["members_failed"]
            self.assertTrue(0 < failed < 6, failed)
            self.assertIn("not finite", hens("status", folder / "run").stdout)
            hens("merge", folder / "run")
            made = opened(folder / "run/statistics_0.zarr")
            self.assertEqual(list(made["members"].values), [6 - failed])
            self.assertFalse(np.isnan(made["t2m_mean"].values).any())

    def test_a_spec_that_asks_for_nonsense_is_told_so(self):
        with tempfile.TemporaryDirectory() as folder:
            spec = write_job(folder)
            for change, answer in (("statistics=[{variables: [t3m]}]", "t3m"),
                                   ("statistics=[{variables: [t2m], quantiles: [0.5], width: 0.001}]", "at least"),
                                   ("statistics=[{variables: [t2m], median: true}]", "is no key here"),
                                   ("statistics=[{variables: [t2m]}, {variables: [t2m]}]", "an earlier entry"),
                                   ("statistics=[{variables: [t2m], over: 12h}]", "reduce"),
                                   ("statistics=[{variables: [t2m], over: 12h, reduce: max, every: 6h}]", "overlap"),
                                   ("output=[]", "empty list")):
                with self.subTest(change):
                    self.assertIn(answer, hens("validate", spec, change, check=78).stderr)

    def test_validate_tells_the_cost(self):
        with tempfile.TemporaryDirectory() as folder:
            spec = write_job(folder)
            change = "statistics=[{variables: [t2m, msl], leads: [6h], extremes: true, quantiles: [0.5]}]"
            told = json.loads(hens("validate", spec, change, "--json").stdout)["statistics"]
            points = 73 * 144
            self.assertEqual(told["pairs"], 2)
            self.assertEqual(told["device_bytes"], points * (2 * (32 + 260) + 192))
            self.assertIn("2 pairs", hens("validate", spec, change).stdout)


class ClimateThresholds(unittest.TestCase):
    """Thresholds that are fields of a file: a climate's quantiles, point by point."""

    JOB = """
name: beyond
initial_conditions: {{source: analytic, times: [2024-01-01T00:00:00Z]}}
models: ["synth:mini?seed=102"]
ensemble: {{members: 6, seed: 7}}
perturbation: {{method: correlated_spherical_gaussian, noise: {{amplitude: {{t2m: 0.4 std, u10m: 0.4 std}}}}}}
forecast: {{steps: [2]}}
output: [{{variables: [t2m, u10m]}}]
regions: {{north: {{lat_min: 20, lat_max: 60, lon_min: -20, lon_max: 40}}}}
statistics:
  - {{variables: [t2m, u10m], thresholds: {thresholds}}}
  - {{variables: [u10m], region: north, thresholds: [{{file: climate.nc, quantile: 0.9}}], comparison: above}}
runtime: {{device: cpu, threads: 1, block: {block}}}
report: {{maps: false}}
"""
    BOTH = "[{file: climate.nc, quantile: 0.5}, {file: climate.nc, quantile: 0.9}]"

    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="hens_climate_"))
        lat, lon = np.linspace(90, -90, 73), np.arange(144) * 2.5
        rng = np.random.default_rng(5)
        level = ("quantile", "lat", "lon")
        cls.climate = xr.Dataset(
            {"t2m": (level, np.float32(280 + rng.normal(0, 20, (2, 73, 144))), {"units": "K"}),
             "u10m": (level, np.float32(rng.normal(2, 6, (2, 73, 144))), {"units": "m s-1"})},
            {"quantile": [0.5, 0.9], "lat": lat, "lon": lon})
        cls.climate.to_netcdf(cls.root / "climate.nc")
        cls.job = cls.write("job.yaml")
        cls.out = cls.root / "out"
        hens("run", cls.job, "--output", cls.out)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root, ignore_errors=True)

    @classmethod
    def write(cls, name, thresholds=BOTH, block=256):
        path = cls.root / name
        path.write_text(cls.JOB.format(thresholds=thresholds, block=block))
        return path

    def refused(self, thresholds, *words, code=78):
        said = hens("validate", self.write("wrong.yaml", thresholds), check=code).stderr
        for word in words:
            self.assertIn(word, said)

    def test_counts_are_numpys_at_every_point(self):
        members, made = opened(self.out / "hens_0.zarr"), opened(self.out / "statistics_0.zarr")
        for name in ("t2m", "u10m"):
            probability = made[f"{name}_climate_probability"]
            self.assertEqual(list(made[f"climate_threshold_{name}"].values),
                             ["0.5 quantile of climate.nc", "0.9 quantile of climate.nc"])
            for k in range(2):
                events = (members[name].values >= self.climate[name].values[k]).sum(axis=0)
                self.assertTrue(0 < events.mean() < 6, "some members are beyond it")
                np.testing.assert_array_equal(probability.values[:, :, k], (events / 6).astype(np.float32))
        box = opened(self.out / "statistics_0_north.zarr")["u10m_climate_probability"]
        lon = box.lon.values % 360
        there = members["u10m"].sel(lat=box.lat.values, lon=lon).values
        beyond = self.climate["u10m"].sel(lat=box.lat.values, lon=lon).values[1]
        np.testing.assert_array_equal(box.values[:, :, 0], ((there > beyond).sum(axis=0) / 6).astype(np.float32))
        hens("verify", self.out)
        assert_as_the_schemas_say(self.out)

    def test_shards_and_blocks_do_not_matter(self):
        out = self.root / "shards"
        for shard in ("0/2", "1/2"):
            hens("run", self.write("blocks.yaml", block=1), "--output", out, "--shard", shard)
        self.assertEqual(final_files(out), final_files(self.out))

    def test_a_spec_that_was_checked_knows_the_values(self):
        fields = json.loads((self.out / "run.json").read_text())["spec"]["statistics"][0]["thresholds"]
        self.assertEqual([len(field["sha256"]) for field in fields], [64, 64])
        again = json.dumps(fields).replace('"', "")
        self.assertIn(fields[0]["sha256"], hens("validate", self.write("again.yaml", again)).stdout)
        self.refused(again.replace(fields[0]["sha256"], "0" * 64), "statistics.0.thresholds", "its values have the SHA-256")

    def test_a_file_that_changed_is_another_job(self):
        changed = self.root / "changed"
        changed.mkdir()
        job = changed / "job.yaml"
        job.write_text(self.JOB.format(thresholds=self.BOTH, block=256))
        self.climate.to_netcdf(changed / "climate.nc")
        hens("run", job, "--output", changed / "out", "--members", "0-2")
        (self.climate + 1).assign_attrs().to_netcdf(changed / "climate.nc")
        said = hens("run", job, "--output", changed / "out", check=78).stderr
        self.assertIn("statistics", said)

    def test_wrong_thresholds_are_refused_by_key(self):
        self.refused("[{file: climate.nc, quantile: 0.7}]", "statistics.0.thresholds", "climate.nc", "quantile 0.7 of t2m")
        self.refused("[{file: none.nc}]", "statistics.0.thresholds", "none.nc")
        self.refused("[{file: climate.nc, quantile: 0.5}, 280]", "statistics.0.thresholds", "one kind")
        self.refused("[{file: climate.nc, quantile: 0.5}, {file: climate.nc, quantile: 0.5}]", "twice")
        self.refused("[{file: climate.nc, level: 0.5}]", "level")
        self.refused("[{quantile: 0.5}]", "file")
        hole = self.climate.copy(deep=True)
        hole["u10m"].values[1, 40, 7] = np.nan
        hole.to_netcdf(self.root / "hole.nc")
        self.refused("[{file: hole.nc, quantile: 0.9}]", "hole.nc", "u10m", "latitude -10", "longitude 17.5")
        self.climate.isel(lat=slice(0, 72)).to_netcdf(self.root / "short.nc")
        self.refused("[{file: short.nc, quantile: 0.9}]", "short.nc")
        days = xr.concat([self.climate + k for k in range(366)], xr.Variable("dayofyear", np.arange(1, 367)))
        for name, units in (("t2m", "K"), ("u10m", "m s-1")):
            days[name].attrs["units"] = units
        days.astype(np.float32).to_netcdf(self.root / "days.nc")
        self.refused("[{file: days.nc, quantile: 0.9}]", "days.nc", "differs by day")


if __name__ == "__main__":
    unittest.main()
