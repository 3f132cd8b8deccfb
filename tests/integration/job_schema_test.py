"""The JSON Schemas in jobs/, as editors and other programs use them: with a real validator.

  job_schema_test.py [RUN]...

Right specs are accepted and wrong ones refused; the result files of the original benchmark (HENS_TEST_DATA) and those
of the runs in the folders RUN are as their schemas say.
"""

import copy
import json
import os
import pathlib
import sys
import unittest

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("HENS_TEST_DATA", ROOT.parent / "shared"))
RUNS = [pathlib.Path(folder) for folder in sys.argv[1:]]

MINIMAL = {
    "name": "test",
    "initial_conditions": {"source": "analytic", "times": ["2024-01-01T00:00:00Z"]},
    "models": ["synth:mini?seed=102"],
    "forecast": {"steps": [4]},
}

# Key, value: changes of the minimal spec, all of which hens refuses, too.
WRONG = [
    ("name", "Test Job"), ("name", ["a"]), ("name", None), ("forcast", {}), ("models", []), ("models", [""]),
    ("models", ["/a", "/a"]), ("ensemble", 3), ("ensemble.member", 2), ("ensemble.members", 0),
    ("ensemble.members", 100001), ("ensemble.members", "2"), ("ensemble.members", 2.5), ("ensemble.seed", -1),
    ("ensemble.seed", 2**64), ("initial_conditions.source", "gsf"), ("initial_conditions.times", ["tomorrow"]),
    ("initial_conditions.times", []), ("initial_conditions.times", ["2024-01-01T00:00:20Z"]),
    ("initial_conditions.times", "1677-12-31"), ("initial_conditions.times", ["2262-01-01"]),
    ("initial_conditions.product", "1p00"), ("initial_conditions.gravity", 98.1),
    ("initial_conditions.times", ["2024-01-01T00:00:00+01:00"]), ("initial_conditions.check", "loose"), ("initial_conditions.member", -1), ("initial_conditions.member", "3"),
    ("initial_conditions.lead_time", "soon"),
    ("perturbation.method", "noise"), ("perturbation.integration_steps", 41), ("perturbation.amplitude", 3),
    ("perturbation.amplitude", {"file": "a.nc", "z500": 3}), ("ensemble.control", "yes"),
    ("regions", {"a": {"lat_max": 91}}), ("regions", {"a": {"points": {}}}), ("regions", {"1a": {"lat_max": 1}}),
    ("regions", {"a": {"lon_min": 1}}), ("output.region", "Europe"), ("perturbation.amplitude", {"z500": -1}), ("perturbation.amplitude", {"z500": "0.35std"}),
    ("perturbation.noise.method", "white"), ("perturbation.noise.time_scale", "2 days"), ("forecast", None),
    ("forecast.steps", [0]), ("forecast.steps", [10001]), ("forecast.steps", [4, 4]), ("forecast.lead_time", "10d"),
    ("forecast.precision", "fp16"), ("output", []), ("output", "wind"), ("output.name", "a/b"),
    ("output.variables", ["../u10m"]), ("output.format", "zip"), ("output.every", 6), ("output.initial_state", "no"),
    ("output.compression", "gzip"), ("output.layout", "xarray"), ("output.shard", "no"), ("output.keep_bits", 0),
    ("output.keep_bits", 24), ("output.keep_bits", {"u10m": 9.5}), ("runtime.device", "gpu"), ("runtime.devices", "gpu"),
    ("output", {"format": "grib2", "files": "all"}),
    ("output", {"format": "grib2", "bits": 25}), ("output", {"format": "grib2", "grib": {"center": 7}}),
    ("runtime.devices", []), ("runtime.devices", ["cuda"]), ("runtime.writers", -1), ("mirrors.s3", "ftp://host"),
    ("statistics", {"variables": ["t2m"]}), ("statistics", [{}]), ("statistics", [{"variables": []}]),
    ("statistics", [{"variables": "t2m", "leads": "24h", "every": "6h"}]),
    ("statistics", [{"variables": "t2m", "over": "24h"}]), ("statistics", [{"variables": "t2m", "reduce": "max"}]),
    ("statistics", [{"variables": "t2m", "quantiles": [1.0]}]), ("statistics", [{"variables": "t2m", "width": 0.5}]),
    ("statistics", [{"variables": "t2m", "thresholds": ["warm"]}]), ("runtime.block", 0),
    ("tracks", "tc"), ("tracks", {"nam": "tc"}), ("tracks", {"tracker": "tempest"}), ("tracks", {"tracker": "wuduan"}),
    ("tracks", {"compatible": True}), ("tracks", [{"range": 0}]), ("tracks", {"min_duration": 54}),
    ("tracks", {"warm_core": "u10m"}), ("mirrors.ftp", "http://host"), ("report.map_leads", ["tomorrow"]), ("report.maps", 1),
]

# The same for what hens takes.
RIGHT = [
    ("models", "/a"), ("ensemble", None), ("ensemble.seed", 2**64 - 1), ("forecast", {"lead_time": "10d"}),
    ("forecast.steps", 8), ("initial_conditions.times", "2024-01-01"),
    ("initial_conditions.times", ["1678-01-01T00:30:00", "2261-12-31"]), ("initial_conditions.path", []),
    ("initial_conditions", {"source": "zarr", "path": "a.zarr", "times": "2024-01-01", "member": 3, "lead_time": "6h"}),
    ("initial_conditions.times", ["2024-01-01T00:00:00+00:00", "2024-01-02T00:00:00.000"]),
    ("perturbation", {"method": "correlated_spherical_gaussian", "amplitude": {"z500": "0.35 std", "all": 0}}),
    ("perturbation", None),
    ("perturbation.amplitude", {"file": "a.nc", "factor": 0.35, "channels": ["z500"]}), ("ensemble.control", False),
    ("regions", {"a": {"lat_min": 1, "lon_min": -10, "lon_max": 20}, "b": {"points": {"p": {"lat": 1, "lon": 2}}}}),
    ("output", [{"name": "a"}, {"format": "netcdf", "every": "1d"}]),
    ("output", [{"layout": "weatherbench", "shard": False}, {"format": "netcdf", "layout": "cf", "keep_bits": 9}]),
    ("output.keep_bits", {"u10m": 9, "all": 23}),
    ("output", {"format": "grib2", "files": "lead", "bits": 16, "grib": {"centre": 98, "sub_centre": 1, "process": 5}}),
    ("output", {"format": "grib2", "grib": None}), ("output", None),
    ("runtime.device", "cuda:1"), ("runtime.devices", "auto"), ("runtime.devices", ["cuda:0", "cuda:2"]),
    ("runtime.devices", ["cpu", "cpu"]), ("mirrors.hf", "../mirror"), ("mirrors.s3", "http://localhost:9000"),
    ("report.map_leads", ["0h", "10d"]), ("statistics", None), ("statistics", []), ("runtime.block", 8),
    ("tracks", None), ("tracks", {"name": "tc"}), ("tracks", [{}, {"name": "b", "tracker": "vitart", "compatible": True}]),
    ("tracks", {"warm_core": "t400", "min_points": 3, "min_duration": "18h"}),
    ("statistics", [{"variables": "t2m", "quantiles": [0.5], "width": 0.25, "thresholds": 273.15, "extremes": True},
                    {"variables": ["u10m"], "over": "1d", "reduce": "max", "leads": ["1d"], "comparison": "above"}]),
]


def load_yaml(path):
    """YAML as hens reads it: times stay text."""

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    return yaml.load(path.read_text(), Loader)


def validator(name):
    schema = json.loads((ROOT / "jobs" / name).read_text())
    cls = jsonschema.validators.validator_for(schema)
    cls.check_schema(schema)
    return cls(schema)


def changed(key, value):
    spec = copy.deepcopy(MINIMAL)
    *sections, last = key.split(".")
    section = spec
    for name in sections:
        section = section.setdefault(name, {})
    section[last] = value
    return spec


class JobSchema(unittest.TestCase):
    schema = validator("job.schema.json")

    def test_accepts_the_specs_in_jobs(self):
        specs = sorted(set((ROOT / "jobs").glob("*.yaml")) - {ROOT / "jobs/kustomization.yaml"})
        self.assertGreaterEqual(len(specs), 3)
        for path in specs:
            with self.subTest(path.name):
                self.schema.validate(load_yaml(path))

    def test_accepts_what_hens_reads(self):
        self.schema.validate(MINIMAL)
        for key, value in RIGHT:
            with self.subTest(f"{key}={value}"):
                self.schema.validate(changed(key, value))

    def test_refuses_what_hens_refuses(self):
        for key, value in WRONG:
            with self.subTest(f"{key}={value}"):
                self.assertFalse(self.schema.is_valid(changed(key, value)))
        for key in MINIMAL:
            with self.subTest(f"no {key}"):
                self.assertFalse(self.schema.is_valid({k: v for k, v in MINIMAL.items() if k != key}))

    def test_has_defaults_that_it_accepts(self):
        def walk(node):
            if isinstance(node, dict):
                if "default" in node and "x-affects-forecast" in node:
                    self.schema.evolve(schema={**node, "$defs": self.schema.schema["$defs"]}).validate(node["default"])
                for child in node.values():
                    walk(child)

        walk(self.schema.schema)


class ResultSchemas(unittest.TestCase):
    benchmark = validator("benchmark_results.schema.json")
    manifest = validator("run.schema.json")

    def test_accept_the_original_benchmarks_results(self):
        files = sorted((DATA / "data" / "benchmark_results").glob("*.json"))
        if not files:
            self.skipTest(f"no results in {DATA}/data/benchmark_results: set HENS_TEST_DATA to the test data")
        for path in files:
            with self.subTest(path.name):
                self.benchmark.validate(json.loads(path.read_text()))

    def test_refuse_results_without_a_field_of_the_original(self):
        entry = {"nsteps": 4, "forecast_hours": 24, "inference_times": [8.0], "time_per_step": [2.0]}
        results = {"platform": "local", "instance_type": "", "run_date": "2024-01-01T00:00:00Z", "nensemble": 2,
                   "start_date": "2024-01-01", "benchmarks": [entry], "total_time": 9.0}
        self.benchmark.validate(results)
        for key in results:
            self.assertFalse(self.benchmark.is_valid({k: v for k, v in results.items() if k != key}), key)
        for key in entry:
            less = {**results, "benchmarks": [{k: v for k, v in entry.items() if k != key}]}
            self.assertFalse(self.benchmark.is_valid(less), key)

    def test_accept_what_runs_leave(self):
        if not RUNS:
            self.skipTest("no folder of a run was given")
        job = validator("job.schema.json")
        for folder in RUNS:
            with self.subTest(str(folder)):
                manifest = json.loads((folder / "run.json").read_text())
                self.manifest.validate(manifest)
                job.validate(manifest["spec"])
                results = folder / "benchmark_results.json"
                if results.exists():
                    self.benchmark.validate(json.loads(results.read_text()))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
