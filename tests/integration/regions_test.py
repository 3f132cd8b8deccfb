"""Boxes and points: what is stored and summed of a region is the crop of what is stored of the globe, bit by bit."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import warnings

import numpy as np
import xarray as xr

from harness import CACHE, HENS, assert_as_the_schemas_say, hens, stores, write_job

JOB = """
name: cut
initial_conditions: {source: analytic, times: [2024-01-01T00:00:00Z]}
models: ["synth:mini?seed=102", "synth:mini?seed=103"]
ensemble: {members: 4, seed: 7}
perturbation: {method: correlated_spherical_gaussian, noise: {amplitude: {t2m: 0.4 std, u10m: 0.4 std}}}
forecast: {steps: [2]}
regions:
  europe: {lat_min: 34.9, lat_max: 70.1, lon_min: -10, lon_max: 40}
  pacific: {lat_min: -20, lat_max: 20, lon_min: 160, lon_max: -150}
  arctic: {lat_min: 80, lat_max: 90}
  cities:
    points: {paris: {lat: 48.85, lon: 2.35}, sydney: {lat: -33.9, lon: 151.2}, west: {lat: 10, lon: -1}}
  between:
    points: {paris: {lat: 48.85, lon: 2.35}, west: {lat: 10, lon: 359}, pole: {lat: 90, lon: 77}}
    method: bilinear
output:
  - {variables: [u10m, t2m]}
  - {variables: [t2m], region: europe}
  - {variables: [t2m, u10m], region: pacific, format: netcdf, every: 12h}
  - {variables: [u10m], region: arctic, compression: zstd}
  - {variables: [t2m], region: cities}
  - {variables: [t2m, u10m], region: between, format: netcdf}
statistics:
  - {variables: [t2m], extremes: true, thresholds: [285.0], quantiles: [0.5]}
  - {variables: [t2m], extremes: true, thresholds: [285.0], quantiles: [0.5], region: europe}
  - {variables: [u10m], quantiles: [0.1, 0.9], region: between}
runtime: {device: cpu, threads: 1, block: 2}
report: {maps: false}
"""


def opened(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = xr.open_zarr(path) if str(path).endswith(".zarr") else xr.open_mfdataset(
            sorted(str(p) for p in pathlib.Path(path).glob("*.nc")), data_vars="minimal", coords="minimal",
            compat="override", join="outer")
        return made.load()


class Regions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="hens_regions_"))
        cls.spec = write_job(cls.root, JOB)
        cls.run_ = cls.root / "run"
        hens("run", cls.spec, "--output", cls.run_)
        cls.globe = opened(cls.run_ / "hens_0.zarr")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root, ignore_errors=True)

    def test_a_box_is_the_crop_of_the_globe(self):
        made = opened(self.run_ / "europe_0.zarr")
        self.assertEqual((float(made.lon[0]), float(made.lon[-1])), (-10.0, 40.0))
        self.assertEqual((float(made.lat[0]), float(made.lat[-1])), (70.0, 35.0))
        self.assertTrue((np.diff(made.lon) > 0).all())
        crop = self.globe["t2m"].sel(lat=made.lat, lon=made.lon.values % 360)
        np.testing.assert_array_equal(made["t2m"].values, crop.values)
        self.assertTrue(np.isfinite(made["t2m"].values).all())

    def test_a_box_across_the_date_line_in_netcdf(self):
        made = opened(self.run_ / "pacific_0.netcdf")
        self.assertEqual((float(made.lon[0]), float(made.lon[-1])), (160.0, 210.0))
        self.assertEqual(made.sizes["lead_time"], 2)
        for name in ("t2m", "u10m"):
            crop = self.globe[name].sel(lat=made.lat, lon=made.lon).isel(lead_time=[0, 2])
            np.testing.assert_array_equal(made[name].values, crop.values)

    def test_a_polar_cap_has_the_pole(self):
        made = opened(self.run_ / "arctic_0.zarr")
        self.assertEqual(list(made.lat.values), [90.0, 87.5, 85.0, 82.5, 80.0])
        np.testing.assert_array_equal(made["u10m"].values, self.globe["u10m"].values[..., :5, :])

    def test_points_say_where_they_are(self):
        made = opened(self.run_ / "cities_0.zarr")
        self.assertEqual(made["t2m"].dims, ("ensemble", "time", "lead_time", "point"))
        self.assertEqual([str(name) for name in made.point.values], ["paris", "sydney", "west"])
        for name, lat, lon in (("paris", 50.0, 2.5), ("sydney", -35.0, 150.0), ("west", 10.0, 0.0)):
            here = made.sel(point=name)
            self.assertEqual((float(here.lat), float(here.lon)), (lat, lon))
            np.testing.assert_array_equal(here["t2m"].values, self.globe["t2m"].sel(lat=lat, lon=lon).values)

    def test_points_between_grid_points(self):
        made = opened(self.run_ / "between_0.netcdf")
        f = self.globe["t2m"]

        def by_hand(lat, lon, south, east):
            north = f.sel(lat=lat, lon=lon).values * np.float32((1 - south) * (1 - east))
            north = north + f.sel(lat=lat, lon=(lon + 2.5) % 360).values * np.float32((1 - south) * east)
            south_row = max(lat - 2.5, -90)
            north = north + f.sel(lat=south_row, lon=lon).values * np.float32(south * (1 - east))
            return north + f.sel(lat=south_row, lon=(lon + 2.5) % 360).values * np.float32(south * east)
        np.testing.assert_array_equal(made["t2m"].sel(point="west").values, by_hand(10.0, 357.5, 0.0, 0.6))
        np.testing.assert_array_equal(made["t2m"].sel(point="pole").values,
                                      by_hand(90.0, 75.0, 0.0, (77.0 - 75.0) / 2.5))
        paris = made["t2m"].sel(point="paris")
        self.assertEqual((float(paris.lat), float(paris.lon)), (48.85, 2.35))
        around = f.sel(lat=[50.0, 47.5], lon=[0.0, 2.5])
        self.assertTrue((paris.values >= around.min(("lat", "lon")).values - 1e-4).all())
        self.assertTrue((paris.values <= around.max(("lat", "lon")).values + 1e-4).all())

    def test_statistics_of_a_box_are_the_crop_of_the_globes(self):
        for of in ("_0", "_1", ""):
            globe = opened(self.run_ / f"statistics{of}.zarr")
            made = opened(self.run_ / f"statistics{of}_europe.zarr")
            self.assertEqual(sorted(made.data_vars), sorted(globe.data_vars))
            for name in made.data_vars:
                crop = globe[name].sel(lat=made.lat, lon=made.lon.values % 360)
                np.testing.assert_array_equal(made[name].values, crop.values, name)
        made = opened(self.run_ / "statistics_0_between.zarr")
        x = opened(self.run_ / "between_0.netcdf")["u10m"].transpose("ensemble", "time", "lead_time", "point").values
        q = np.rint(x.astype(np.float64) * 2**16)
        np.testing.assert_array_equal(made["u10m_mean"].values, (q.sum(axis=0) / 4 / 2**16).astype(np.float32))
        self.assertEqual(made["u10m_quantile"].dims, ("time", "lead_time", "quantile", "point"))

    def test_the_same_bytes_in_shards_and_by_two_workers(self):
        expected = stores(self.run_)
        for shard in range(3):
            hens("run", self.spec, "--output", self.root / "shards", "--shard", f"{shard}/3")
        self.assertEqual(stores(self.root / "shards"), expected)
        hens("run", self.spec, "--output", self.root / "two", "runtime.device=auto", "runtime.devices=[cpu, cpu]",
             "runtime.batch=2")
        self.assertEqual(stores(self.root / "two"), expected)
        for folder in ("shards", "two"):
            self.assertEqual(hens("verify", self.root / folder).stdout, "all is well\n")
            assert_as_the_schemas_say(self.root / folder)

    def test_damage_and_a_kill_are_mended(self):
        folder = self.root / "killed"
        process = subprocess.Popen([HENS, "run", str(self.spec), "--output", str(folder)], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env={**os.environ, "HENS_CACHE": CACHE})
        while process.poll() is None and not list((folder / "members").glob("*.json")):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        hens("run", self.spec, "--output", folder)
        self.assertEqual(stores(folder), stores(self.run_))
        for victim in ("europe_1.zarr/t2m/c.2.0.0.0.0", "cities_0.zarr/t2m/c.1.0.0.0", "cities_0.zarr/point/c.0",
                       "statistics_1_europe.zarr/t2m_mean/c.0.0.0.0"):
            path = folder / victim
            path.write_bytes(path.read_bytes()[:-1] + b"x")
            self.assertIn(victim, hens("verify", folder, check=65).stdout)
        part = next((folder / "statistics").glob("*between*.part"))
        part.unlink()
        self.assertIn("are in no part", hens("verify", folder, check=65).stdout)
        hens("run", self.spec, "--output", folder)
        self.assertEqual(stores(folder), stores(self.run_))
        self.assertEqual(hens("verify", folder).stdout, "all is well\n")

    def test_a_member_that_leaves_its_range_is_in_the_sums_of_no_region(self):
        """Temperatures perturbed by six standard deviations leave 250 K +- 512 K in some members, not in every region."""
        folder = self.root / "spoilt"
        hens("run", self.spec, "--output", folder, "models=['synth:mini?seed=102']", "ensemble.members=8",
             "perturbation.noise.amplitude={t2m: 6 std}", "output=[]",
             "statistics=[{variables: [t2m], extremes: true}, {variables: [t2m], extremes: true, region: europe}]",
             "runtime.block=1", check=None)
        failed = assert_as_the_schemas_say(folder)["members_failed"]
        self.assertTrue(0 < failed < 8, failed)
        hens("merge", folder)
        globe, europe = (opened(folder / f"statistics_0{of}.zarr") for of in ("", "_europe"))
        self.assertEqual(list(globe["members"].values), [8 - failed])
        self.assertEqual(list(europe["members"].values), [8 - failed])
        crop = globe.sel(lat=europe.lat, lon=europe.lon.values % 360)
        for name in europe.data_vars:
            np.testing.assert_array_equal(europe[name].values, crop[name].values, name)

    def test_validate_counts_the_bytes_of_a_region(self):
        said = json.loads(hens("validate", self.spec, "--json").stdout)
        sizes = {store["path"]: store["bytes"] for store in said["stores"]}
        for name in ("europe_0.zarr", "cities_0.zarr", "hens_0.zarr"):
            stored = sum(p.stat().st_size for p in (self.run_ / name).rglob("c.*") if p.name.count(".") >= 4)
            self.assertEqual(sizes[name], stored, name)

    def test_a_region_without_a_grid_point_is_refused(self):
        told = hens("validate", self.spec, "regions.europe={lat_min: 1, lat_max: 2}", check=78).stderr
        self.assertIn("regions.europe", told)
        self.assertIn("no row of the grid of 73 x 144 points", told)


if __name__ == "__main__":
    unittest.main()
