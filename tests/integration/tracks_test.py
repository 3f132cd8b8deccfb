"""Tropical cyclones in the loop: the same bytes however the job was cut, durable, and known to verify.

The mini packages have a coarse grid (2.5 degrees) and a climate without cyclones: criteria are wide, so that lows of any
kind are found. What is a cyclone is the unit tests' (tests/tracks/).
"""
import csv
import json
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

import numpy as np
import xarray as xr

from harness import CACHE, HENS, assert_as_the_schemas_say, assert_not_misled, hens, markers, sha256, write_job

MEMBERS, MODELS, STEPS = 4, 2, 4
JOB = """
name: tracked
initial_conditions: {{source: analytic, times: [2024-01-01T00:00:00Z, 2024-01-02T00:00:00Z]}}
models: ["synth:mini?seed=102", "synth:mini?seed=103"]
ensemble: {{members: {members}, seed: 7}}
perturbation: {{method: correlated_spherical_gaussian, noise: {{amplitude: {{z500: 0.2 std, msl: 0.2 std}}}}}}
forecast: {{steps: [{steps}]}}
output: {output}
tracks:
  - name: low
    pressure_rise: 50
    pressure_distance: 20
    warm_core_drop: 1
    warm_core_distance: 20
    warm_core_offset: 10
    range: 20
    min_duration: 6h
    min_points: 0
    strike_radius: 400
  - {{name: peer, tracker: vitart, compatible: true}}
statistics: {statistics}
runtime: {{{runtime}, threads: 1, batch: {batch}}}
report: {{maps: false}}
"""


def job(folder, output="[]", batch=1, runtime="device: cpu", members=MEMBERS, steps=STEPS, statistics="[]"):
    folder.mkdir(parents=True, exist_ok=True)
    return write_job(folder, JOB.format(members=members, steps=steps, output=output, batch=batch, runtime=runtime,
                                        statistics=statistics))


def track_files(folder):
    """{relative path: sha256} of members' files and products."""
    folder = pathlib.Path(folder)
    return {str(p.relative_to(folder)): sha256(p) for p in sorted((folder / "tracks").rglob("*")) if p.is_file()}


class Tracks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="hens_tracks_"))
        cls.whole = cls.root / "whole"
        cls.done = hens("run", job(cls.root / "a"), "--output", cls.whole)
        cls.expected = track_files(cls.whole)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root, ignore_errors=True)

    def assert_same(self, folder, what):
        self.assertEqual(track_files(folder), self.expected, what)
        self.assertIn("all is well", hens("verify", folder).stdout)
        assert_not_misled(folder)

    # What a run leaves.

    def test_members_files_are_listed_by_their_markers_and_products_are_named(self):
        self.assertEqual(len(markers(self.whole)), 2 * MODELS * MEMBERS)
        for name, marker in markers(self.whole).items():
            stem = name.removesuffix(".json")
            self.assertEqual([f["path"] for f in marker["files"]],
                             [f"tracks/low/{stem}.csv", f"tracks/peer/{stem}.csv"])
        for product in ("low.csv", "low.adeck", "low.geojson", "low.nc", "low.strike.nc", "peer.csv"):
            self.assertIn(f"tracks/{product}\n", self.done.stdout)
        assert_as_the_schemas_say(self.whole)
        self.assertIn("all is well", hens("verify", self.whole).stdout)

    def rows(self):
        with open(self.whole / "tracks/low.csv", newline="") as file:
            return list(csv.DictReader(file))

    def test_products_hold_the_members_tracks_and_nothing_else(self):
        rows = self.rows()
        self.assertGreater(len(rows), 100, "the criteria are wide enough to find something")
        mine = []
        for path in sorted((self.whole / "tracks/low").glob("*.csv")):
            stem = path.stem.split("_")
            with open(path, newline="") as file:
                mine += [(stem[3], stem[4], int(stem[6]), r["track"], r["step"], r["lat"], r["lon"], r["msl"], r["wind"])
                         for r in csv.DictReader(file)]
        self.assertEqual(sorted((r["model"], r["time"].replace("-", "")[:11], int(r["member"]), r["track"], r["step"], r["lat"],
                                 r["lon"], r["msl"], r["wind"]) for r in rows), sorted(mine))
        geojson = json.loads((self.whole / "tracks/low.geojson").read_text())
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with xr.open_dataset(self.whole / "tracks/low.nc") as file:
                trajectories = file.load()
        tracks = {(r["model"], r["time"], r["member"], r["track"]) for r in rows}
        self.assertEqual(len(geojson["features"]), len(tracks))
        self.assertEqual(trajectories.sizes["trajectory"], len(tracks))
        self.assertEqual(int(trajectories.row_size.sum()), len(rows))
        np.testing.assert_allclose(trajectories.lat.values, [float(r["lat"]) for r in rows], atol=0)
        np.testing.assert_array_equal(trajectories.lead_time.values / np.timedelta64(1, "h"),
                                      [int(r["lead_hours"]) for r in rows])
        self.assertEqual(len((self.whole / "tracks/low.adeck").read_text().splitlines()), len(rows))

    def test_the_strike_map_is_that_of_the_table(self):
        """At a point beside a track every member that is in reach of it has struck."""
        with xr.open_dataset(self.whole / "tracks/low.strike.nc") as file:
            strike = file.load()
        self.assertEqual(strike["members"].values.tolist(), [[MEMBERS] * 2] * MODELS)
        probability = strike.strike_probability
        self.assertTrue(((probability >= 0) & (probability <= 1)).all())
        hit = {}
        for row in self.rows():
            at = (int(row["model"]), row["time"][:10] == "2024-01-02", float(row["lat"]), float(row["lon"]))
            hit.setdefault(at, set()).add(row["member"])
        for (model, second, lat, lon), members in hit.items():
            value = float(probability.isel(model=model, time=int(second)).sel(lat=lat, lon=lon))
            self.assertGreaterEqual(value, np.float32(len(members) / MEMBERS))
        np.testing.assert_allclose(strike.strike_probability_all, probability.mean("model"), atol=1e-7)
        born = sum(1 for r in {(r["model"], r["time"], r["member"], r["track"]): r for r in reversed(self.rows())}.values()
                   if r["step"] != "0")
        self.assertEqual(int(strike.genesis_count_all.sum()), born)

    # The same bytes however the job was cut.

    def test_the_page_shows_strikes_and_tracks(self):
        out = self.root / "page"
        hens("run", job(self.root / "p"), "report.maps=true", "--output", out)
        page = (out / "report.html").read_text()
        self.assertEqual(page.count("<h3>Tropical cyclones: probability of one within 400 km</h3>"), 2, "of each initial time")
        with open(out / "tracks/low.csv", newline="") as file:
            tracks = {(r["model"], r["time"], r["member"], r["track"]) for r in csv.DictReader(file)}
        for day in ("01", "02"):
            count = sum(time == f"2024-01-{day}T00:00:00Z" for _, time, _, _ in tracks)
            self.assertIn(f"; {count} tracks", page)
        self.assertEqual(page.count("src=\"data:image/jpeg;base64,/9j/"), 4, "two initial times of two trackers")
        with open(out / "tracks/low.csv", "a") as file:
            file.write("0,2024-01-01T00:00:00Z,0,99,0,0,2024-01-01T00:00:00Z,north,0,0,0\n")
        # The gathering mends what is no longer as its record says, and the page is made of what it wrote.
        hens("report", out)
        self.assertEqual((out / "report.html").read_text().count("base64,/9j/"), 4)
        self.assertEqual(track_files(out), self.expected)

    def test_batches_and_workers_do_not_matter(self):
        for name, arguments in (("batch", {"batch": 3}), ("workers", {"runtime": "devices: [cpu, cpu]"}),
                                ("queue", {"batch": 4, "runtime": "device: cpu, queue_fields: 1"})):
            folder = self.root / name
            hens("run", job(self.root / f"job_{name}", **arguments), "--output", folder)
            self.assert_same(folder, name)

    def test_three_shards_leave_the_bytes_of_one_process(self):
        folder = self.root / "shards"
        for k in range(3):
            hens("run", job(self.root / "a"), "--output", folder, "--shard", f"{k}/3")
        self.assert_same(folder, "shards")

    def test_stored_members_and_statistics_beside_them_change_nothing(self):
        folder = self.root / "beside"
        hens("run", job(self.root / "stored", "{variables: [msl]}", statistics="[{variables: [t2m]}]"), "--output", folder)
        self.assert_same(folder, "beside stores and statistics")

    def test_one_member_alone_is_the_same(self):
        folder = self.root / "one"
        hens("run", job(self.root / "a"), "--output", folder, "--members", "2")
        made = track_files(folder)
        self.assertEqual(len([p for p in made if "member_0002" in p]), 2 * 2 * MODELS)
        for path, digest in made.items():
            if "_member_" in path:
                self.assertEqual(digest, self.expected[path])
        hens("report", folder)  # of the members that are there
        with open(folder / "tracks/low.csv", newline="") as file:
            self.assertEqual({r["member"] for r in csv.DictReader(file)} - {"2", "3"}, set())

    # Durability.

    def test_killed_and_run_again_it_ends_with_the_same_bytes(self):
        rng = random.Random(5)
        folder = self.root / "killed"
        spec = job(self.root / "a")
        for _ in range(6):
            process = subprocess.Popen([HENS, "run", spec, "--output", folder], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, env={**os.environ, "HENS_CACHE": CACHE})
            time.sleep(rng.uniform(0.1, 1.0))
            process.send_signal(signal.SIGKILL)
            process.wait()
            if (folder / "members").exists():
                assert_not_misled(folder)
        hens("run", spec, "--output", folder)
        self.assert_same(folder, "killed")

    def test_verify_names_what_is_damaged_and_a_run_mends_it(self):
        folder = self.root / "damaged"
        shutil.copytree(self.whole, folder)
        one = next((folder / "tracks/low").glob("*.csv"))
        text = one.read_text()
        one.write_text(text.replace("1", "2", 1))
        (folder / "tracks/low/other.csv").write_text("x")
        (folder / "tracks/low.geojson").unlink()
        found = hens("verify", folder, check=None)
        self.assertNotEqual(found.returncode, 0)
        for path in (f"tracks/low/{one.name}", "tracks/low/other.csv", "tracks/low.geojson"):
            self.assertIn(path, found.stdout)
        (folder / "tracks/low/other.csv").unlink()
        hens("run", job(self.root / "a"), "--output", folder)
        self.assert_same(folder, "mended")

    def test_a_damaged_file_is_not_gathered(self):
        folder = self.root / "gather"
        shutil.copytree(self.whole, folder)
        one = next((folder / "tracks/low").glob("*.csv"))
        one.write_text(one.read_text() + "\n")
        (folder / "tracks/low.json").unlink()
        self.assertIn(one.name, hens("report", folder, check=65).stderr)

    # What is refused.

    def test_wrong_specs_are_refused_by_key(self):
        spec = job(self.root / "a")
        for override, words in (
                ("tracks={tracker: wuduan, compatible: true}", ["721x1440", "tracks.tracker"]),
                ("tracks={tracker: vitart}", ["tracks.compatible", "compatible: true"]),
                ("tracks={tracker: tempest}", ["tracks.tracker", "hens, wuduan, vitart"]),
                ("tracks={warm_core: [z301, z500]}", ["tracks.warm_core", "z301"]),
                ("tracks={warm_core: [u10m]}", ["tracks.warm_core"]), ("tracks={warm_core: t2m}", ["tracks.warm_core"]),
                ("tracks={min_points: 11}", ["tracks.min_points", "54h"]),
                ("tracks={window: 3}", ["tracks.window", "not used by tracker hens"]),
                ("tracks={tracker: vitart, compatible: true, range: 3}", ["tracks.range", "not used"]),
                ("tracks=[{name: a}, {name: a}]", ["tracks.1.name", "an earlier entry"]),
                ("tracks={nam: a}", ["nam", "name"])):
            refused = hens("validate", spec, override, check=78)
            for word in words:
                self.assertIn(word, refused.stderr + refused.stdout, override)

    def test_another_tracker_is_another_run(self):
        refused = hens("run", job(self.root / "a"), "tracks.0.range=19", "--output", self.whole, check=78)
        self.assertIn("tracks.0.range is 20.0 there and 19.0 here", refused.stderr)


if __name__ == "__main__":
    unittest.main()
