"""Ensembles as the HENS papers ran them: a control, amplitudes from a file of errors, 29 checkpoints by one pattern."""
import json
import pathlib
import shutil
import tempfile
import unittest
import warnings

import numpy as np
import xarray as xr

from harness import assert_as_the_schemas_say, hens, write_job

ROOT = pathlib.Path(__file__).resolve().parents[2]
JOB = """
name: ensemble
initial_conditions: {source: analytic, times: [2024-01-01T00:00:00Z]}
models: ["synth:mini?seed=102"]
ensemble: {members: 5, seed: 7, control: true}
perturbation: {method: hemispheric_centred_bred_vector, noise: {amplitude: {z500: 39.27}}}
forecast: {steps: [1]}
output: {variables: [z500, t2m]}
runtime: {device: cpu, threads: 1}
report: {maps: false}
"""


def opened(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return xr.open_zarr(path).load()


def errors_file(path, **changes):
    """As the recipe's d2m_..._seed16.nc: errors by channel and lead time in hours."""
    made = xr.Dataset({"value": (("channel", "lead_time"), np.array([[50.0, 112.2], [0.4, 1.5], [0.1, 0.2]]))},
                      coords={"channel": ["z500", "t2m", "unknown"], "lead_time": [24, 48]})
    made.assign(changes).to_netcdf(path)
    return path


class Ensemble(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="hens_ensemble_"))

    def tearDown(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def test_a_control_is_the_analysis_and_the_others_move_by_one(self):
        spec = write_job(self.root, JOB)
        hens("run", spec, "--output", self.root / "control")
        hens("run", spec, "--output", self.root / "without", "ensemble.control=false", "ensemble.members=4")
        hens("run", spec, "--output", self.root / "analysis", "ensemble.control=false", "ensemble.members=1",
             "perturbation.method=none")
        control, without = (opened(self.root / name / "hens_0.zarr") for name in ("control", "without"))
        analysis = opened(self.root / "analysis/hens_0.zarr")
        for name in ("z500", "t2m"):
            np.testing.assert_array_equal(control[name].values[0], analysis[name].values[0])
            np.testing.assert_array_equal(control[name].values[1:], without[name].values)
        # Bytes do not depend on the cut: three shards, and two workers.
        for shard in range(3):
            hens("run", spec, "--output", self.root / "shards", "--shard", f"{shard}/3")
        hens("run", spec, "--output", self.root / "two", "runtime.device=auto", "runtime.devices=[cpu, cpu]")
        for folder in ("shards", "two"):
            xr.testing.assert_identical(opened(self.root / folder / "hens_0.zarr"), control)
            self.assertTrue(assert_as_the_schemas_say(self.root / folder)["spec"]["ensemble"]["control"])

    def test_amplitudes_from_a_file_are_the_numbers_in_it(self):
        errors_file(self.root / "rmse.nc")
        spec = write_job(self.root, JOB)
        change = ("perturbation.amplitude={file: rmse.nc, factor: 0.35}",
                  "perturbation.noise.amplitude={file: rmse.nc, factor: 0.35, channels: [z500]}")
        said = json.loads(hens("validate", spec, "--json", *change).stdout)["spec"]["perturbation"]
        self.assertEqual(said["amplitude"], {"t2m": 1.5 * 0.35, "z500": 112.2 * 0.35})
        self.assertEqual(said["noise"]["amplitude"], {"z500": 112.2 * 0.35})
        hens("run", spec, "--output", self.root / "file", *change)
        hens("run", spec, "--output", self.root / "numbers", f"perturbation.amplitude={{t2m: {1.5 * 0.35!r}, z500: {112.2 * 0.35!r}}}",
             f"perturbation.noise.amplitude={{z500: {112.2 * 0.35!r}}}")
        xr.testing.assert_identical(opened(self.root / "file/hens_0.zarr"), opened(self.root / "numbers/hens_0.zarr"))
        # The file is not needed again; another one is another run.
        (self.root / "rmse.nc").unlink()
        self.assertEqual(hens("verify", self.root / "file").stdout, "all is well\n")
        errors_file(self.root / "rmse.nc", value=(("channel", "lead_time"), np.full((3, 2), 60.0)))
        self.assertIn("perturbation.amplitude", hens("run", spec, "--output", self.root / "file", *change, check=78).stderr)

    def test_other_shapes_of_such_a_file_are_read(self):
        spec = write_job(self.root, JOB)
        xr.Dataset({"rmse": (("metric", "variable"), np.array([[112.2, 1.5]]))},
                   coords={"variable": ["z500", "2d"], "metric": ["rmse"]}).to_netcdf(self.root / "flat.nc")
        flat = json.loads(hens("validate", spec, "--json", "perturbation.amplitude={file: flat.nc}").stdout)
        self.assertEqual(flat["spec"]["perturbation"]["amplitude"], {"d2m": 1.5, "z500": 112.2})
        made = xr.Dataset({"value": (("lead_time", "channel"), np.array([[1.0], [2.0]]))},
                          coords={"channel": ["z500"], "lead_time": np.array([24, 48], "timedelta64[h]").astype("timedelta64[ns]")})
        made.to_netcdf(self.root / "days.nc")
        days = json.loads(hens("validate", spec, "--json", "perturbation.amplitude={file: days.nc, lead_time: 2d}").stdout)
        self.assertEqual(days["spec"]["perturbation"]["amplitude"], {"z500": 2.0})

    def test_a_file_that_does_not_fit_is_refused_by_name(self):
        spec = write_job(self.root, JOB)
        errors_file(self.root / "rmse.nc")
        errors_file(self.root / "negative.nc", value=(("channel", "lead_time"), np.full((3, 2), -1.0)))
        errors_file(self.root / "nan.nc", value=(("channel", "lead_time"), np.full((3, 2), np.nan)))
        (self.root / "text.nc").write_text("no netCDF")
        for given, answer in (("file: rmse.nc, lead_time: 72h", "has no lead time of 3d"),
                              ("file: rmse.nc, channels: [u10m]", "has no finite value of u10m"),
                              ("file: negative.nc", "expected at least 0"),
                              ("file: nan.nc", "has none of the model's channels"),
                              ("file: rmse.nc, factor: 0", "no amplitude above 0"),
                              ("file: text.nc", "text.nc"), ("file: none.nc", "none.nc"),
                              ("file: rmse.nc, scale: 2", "scale: is no key here")):
            told = hens("validate", spec, f"perturbation.amplitude={{{given}}}", check=None)
            self.assertEqual(told.returncode, 78, (given, told.stderr))
            self.assertIn(answer, told.stderr)
            self.assertIn("perturbation.amplitude", told.stderr)

    def test_lagged_initial_times_are_one_ensemble_for_the_last(self):
        spec = write_job(self.root, JOB)
        change = ("initial_conditions.times=[2024-01-01T00:00:00Z, 2024-01-01T12:00:00Z, 2024-01-01T06:00:00Z]",
                  "ensemble={members: 3, seed: 7, lagged: true}", "forecast.steps=[3]",
                  "models=synth:mini?seed={102,103}", "perturbation.method=correlated_spherical_gaussian",
                  "regions={north: {lat_min: 50}}",
                  "statistics=[{variables: [t2m], extremes: true, thresholds: [280], quantiles: [0.5]},"
                  "{variables: [z500], region: north}]")
        hens("run", spec, "--output", self.root / "run", *change)
        self.assertEqual(hens("verify", self.root / "run").stdout, "all is well\n")
        made = opened(self.root / "run/statistics_lagged.zarr")
        self.assertEqual(list(made["time"].values), [np.datetime64("2024-01-01T12")])
        hours = list(made["lead_time"].values.astype("timedelta64[h]").astype(int))
        self.assertEqual(hours, [0, 6], "those of 12 UTC that 00 UTC reaches, too")
        self.assertEqual(list(made["members"].values), [3 * 2 * 3])
        members = [opened(self.root / f"run/hens_{m}.zarr")["t2m"].values for m in range(2)]  # member, time, lead, lat, lon
        for k in range(2):
            # Numbered by initial time, model and member; lags of 12, 0 and 6 h.
            x = np.concatenate([members[m][:, t, k + lag] for t, lag in ((0, 2), (1, 0), (2, 1)) for m in range(2)])
            np.testing.assert_array_equal(made["t2m_max"].values[0, k], x.max(axis=0))
            np.testing.assert_array_equal(made["t2m_min"].values[0, k], x.min(axis=0))
            q = np.rint((x.astype(np.float64) - 250) * 2**15)
            np.testing.assert_array_equal(made["t2m_mean"].values[0, k],
                                          (250 + q.sum(axis=0) / 18 / 2**15).astype(np.float32))
            np.testing.assert_array_equal(made["t2m_probability"].values[0, k, 0],
                                          ((x >= 280).sum(axis=0) / 18).astype(np.float32))
            who = x.argmax(axis=0)
            np.testing.assert_array_equal(made["t2m_max_time"].values[0, k], who // 6)
            np.testing.assert_array_equal(made["t2m_max_model"].values[0, k], who // 3 % 2)
            np.testing.assert_array_equal(made["t2m_max_member"].values[0, k], who % 3)
        # Every 12 h: 12 UTC at 0 h beside 00 UTC at 12 h, and 06 UTC has no 6 h of it.
        self.assertIn("statistics.1: has no lead time", hens("validate", spec, *change[:-1], change[-1].replace(
            "region: north", "every: 12h"), check=78).stderr)

    def test_the_summer_of_29_checkpoints_in_small(self):
        job = ROOT / "jobs/hens_summer.yaml"
        said = json.loads(hens("validate", job, "--json", "--ms-per-member-step", "36").stdout)
        self.assertEqual(len(said["spec"]["models"]), 29)
        self.assertEqual(said["members"], 7424)
        self.assertEqual(said["member_steps"], 7424 * 60)
        self.assertEqual(said["files"], 0)
        self.assertEqual(said["breeding_steps"], 29 * 3 * (1 + 128))
        self.assertAlmostEqual(said["hours"], (7424 * 60 + 29 * 3 * 129) * 0.036 / 3600)
        folder = self.root / "summer"
        hens("run", job, "models=synth:mini?seed={102..130}", "initial_conditions.source=analytic", "ensemble.members=4",
             "forecast.lead_time=1d", "runtime.device=cpu", "--output", folder, timeout=900)
        self.assertEqual(hens("verify", folder).stdout, "all is well\n")
        made = opened(folder / "statistics.zarr")
        self.assertEqual(list(made["members"].values), [29 * 4])
        self.assertTrue(np.isfinite(made["t2m_mean"].values).all())
        self.assertEqual(set(np.unique(made["t2m_max_model"].values)) - set(range(29)), set())
        heat = opened(folder / "statistics_europe.zarr")["t2m_max1d_probability"]
        self.assertEqual(heat.sizes["threshold_t2m_max1d"], 3)
        self.assertTrue(((heat.values >= 0) & (heat.values <= 1)).all())


if __name__ == "__main__":
    unittest.main()
