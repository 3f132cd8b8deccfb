"""Derived variables through a whole run: stores, statistics, workers, refusals.

`ws10m` in a store is sqrt(u10m^2 + v10m^2) of the components that lie beside it, bit for bit; nothing of it depends on
how the work was cut, nor does what stood in a store before.
"""
import json
import pathlib
import re
import shutil
import tempfile
import unittest
import warnings

import numpy as np
import xarray as xr

from harness import hens, stores, write_job

JOB = """
name: derived
initial_conditions: {source: analytic, times: [2024-01-01T00:00:00Z]}
models: ["synth:mini?seed=102"]
ensemble: {members: 5, seed: 7}
perturbation: {method: correlated_spherical_gaussian, noise: {amplitude: {t2m: 0.4 std, u10m: 0.4 std, q850: 0.4 std}}}
forecast: {steps: [2]}
output:
  - {variables: [u10m, ws10m, r850, ivt]}
  - {name: plain, variables: [u10m, v10m]}
  - {name: file, variables: [heat_index, vpd2m, u10m], format: netcdf}
statistics:
  - {variables: [ws10m, ivt], extremes: true, thresholds: [5.0], quantiles: [0.5]}
runtime: {threads: 1}
report: {maps: false}
"""


def opened(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return (xr.open_zarr if path.suffix == ".zarr" else xr.open_dataset)(path).load()


class Derived(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="hens_derived_"))
        cls.job = write_job(cls.root, JOB)
        hens("run", cls.job, "--device", "cpu", "--output", cls.root / "run")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root, ignore_errors=True)

    def test_wind_speed_is_that_of_the_stored_components_bit_for_bit(self):
        made, plain = opened(self.root / "run/hens_0.zarr"), opened(self.root / "run/plain_0.zarr")
        u, v = plain["u10m"].values, plain["v10m"].values
        self.assertEqual(made["ws10m"].dtype, np.float32)
        np.testing.assert_array_equal(made["ws10m"].values, np.sqrt(u * u + v * v))
        np.testing.assert_array_equal(made["u10m"].values, u)
        self.assertGreater(float(made["ws10m"].std()), 0.1)

    def test_what_is_stored_says_what_it_is(self):
        made = opened(self.root / "run/hens_0.zarr")
        self.assertEqual(made["ws10m"].attrs["standard_name"], "wind_speed")
        self.assertEqual(made["ws10m"].attrs["units"], "m s-1")
        self.assertEqual(made["ivt"].attrs["units"], "kg m-1 s-1")
        self.assertNotIn("standard_name", made["ivt"].attrs)  # CF has none for its size
        self.assertTrue(bool(((made["r850"] >= 0) & (made["r850"] <= 100)).all()))
        self.assertTrue(bool((made["ivt"] >= 0).all()))
        file = opened(next((self.root / "run").rglob("file_0*/*.nc")))
        self.assertEqual(file["heat_index"].attrs["standard_name"], "heat_index_of_air_temperature")
        self.assertEqual(file["vpd2m"].attrs["units"], "hPa")

    def test_statistics_are_those_of_the_stored_members(self):
        members, made = opened(self.root / "run/hens_0.zarr"), opened(self.root / "run/statistics_0.zarr")
        for name in ("ws10m", "ivt"):
            x = members[name].values
            np.testing.assert_array_equal(made[f"{name}_max"].values, x.max(axis=0))
            np.testing.assert_array_equal(made[f"{name}_max_member"].values, x.argmax(axis=0))
            probability = (x >= np.float32(5)).mean(axis=0).astype(np.float32)
            np.testing.assert_array_equal(made[f"{name}_probability"].values[:, :, 0], probability)
            # Half a step of fixed point (2^-16 m s-1, 2^-11 kg m-1 s-1), and float32's rounding of the mean.
            np.testing.assert_allclose(made[f"{name}_mean"].values, x.mean(axis=0, dtype=np.float64), rtol=1e-7, atol=2.0**-12)
        self.assertIn("wind speed at 10 m", made["ws10m_mean"].attrs["long_name"])

    def test_two_workers_and_batches_leave_the_same_bytes(self):
        expected = stores(self.root / "run")  # statistics as well
        for name, overrides in {"two": ["runtime.devices=[cpu, cpu]", "runtime.threads=2"],
                                "batch": ["runtime.batch=3", "runtime.device=cpu"],
                                "threads": ["runtime.threads=2", "runtime.device=cpu"]}.items():
            hens("run", self.job, *overrides, "--output", self.root / name)
            self.assertEqual(stores(self.root / name), expected, name)
        hens("verify", self.root / "two")

    def test_the_bytes_of_channels_are_those_that_a_job_without_derived_variables_stores(self):
        hens("run", self.job, "output=[{name: plain, variables: [u10m, v10m]}]", "statistics=[]", "--device", "cpu",
             "--output", self.root / "before")
        expected = {name: digest for name, digest in stores(self.root / "run").items() if name.startswith("plain_0.zarr")}
        self.assertEqual(stores(self.root / "before"), expected)

    def test_what_cannot_be_derived_is_refused_at_its_place(self):
        for command in ("validate", "run"):
            said = hens(command, self.job, "output=[{variables: [u10m, r51]}]", check=78).stderr
            self.assertRegex(said, r"output\.0\.variables: 'r51' is derived from t51 q51: of these the model has no t51 q51")
        wrong = self.root / "wrong.yaml"
        wrong.write_text(JOB.replace("r850, ivt", "r850, iwt"))
        said = hens("validate", wrong, check=78).stderr
        self.assertIn(f"{wrong}:9:37: output.0.variables: channel 'iwt' is not there (did you mean 'ivt'?)", said)

    def test_without_orography_there_is_no_pressure_of_the_levels(self):
        package = self.root / "flat"
        source = hens("describe", "synth:mini?seed=102", "--json")
        shutil.copytree(json.loads(source.stdout)["folder"], package)
        config = package / "config.json"
        text = config.read_text()
        flat = re.sub(r'("add_orography": ?)true', r"\1false", text)
        flat = re.sub(r'("N_in_channels": ?)110', r"\g<1>109", flat)
        self.assertNotEqual(flat, text)
        config.write_text(flat)
        said = hens("validate", self.job, f"models=[{package}]", "output=[{variables: [sp_from_levels]}]", "statistics=[]",
                    check=78).stderr
        self.assertIn("'sp_from_levels' needs the surface geopotential", said)

    def test_describe_lists_what_a_package_gives(self):
        described = json.loads(hens("describe", "synth:mini?seed=102", "--json").stdout)
        self.assertIn("ivt", described["derived"])
        self.assertIn("sp_from_levels", described["derived"])
        self.assertIn("derived     ws10m", hens("describe", "synth:mini?seed=102").stdout)


if __name__ == "__main__":
    unittest.main()
