"""Bred vectors from four GFS analyses, through the bucket's layout on a loopback server.

The analyses of t0 - 18, -12 and -6 h are made of the real f000 and f006 files: ecCodes' grib_set gives them their date
and scales their fields a little, so that each is another state of a real atmosphere.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy
import zarr

import harness
from harness import hens

DATA = pathlib.Path(os.environ.get("HENS_TEST_DATA", pathlib.Path(__file__).parents[3] / "shared"))
STEM = "gfs.20150912.t18z.pgrb2.2p50."

JOB = """
name: breeding
initial_conditions: {{source: gfs, product: 2p50, times: [2015-09-12T18:00:00Z]}}
models: ["{package}"]
ensemble: {{members: 4, seed: 3}}
perturbation: {{method: {method}, noise: {{amplitude: {{z500: 39.27}}}}}}
forecast: {{steps: [1]}}
output: {{variables: [u10m, z500, q700], format: zarr}}
runtime: {{device: cpu, threads: 1}}
mirrors: {{s3: "http://127.0.0.1:{port}"}}
"""


def message_sizes(grib):
    """Length of each message of a GRIB 2 file."""
    at = 0
    while at < len(grib):
        assert grib[at:at + 4] == b"GRIB" and grib[at + 7] == 2, at
        size = int.from_bytes(grib[at + 8:at + 16], "big")
        yield size
        at += size


def make_cycle(root, hour, lead, scale):
    """The analysis of `hour` from the file of lead time `lead`, every instantaneous field times `scale`."""
    source = (DATA / "data/gfs" / (STEM + lead)).read_bytes()
    lines = (DATA / "data/gfs" / (STEM + lead + ".idx")).read_text().splitlines()
    kind = {"f000": "anl", "f006": "6 hour fcst"}[lead]
    records = [line.split(":") for line in lines]
    offsets = [int(record[1]) for record in records] + [len(source)]
    kept = [i for i, record in enumerate(records) if record[5] == kind]

    folder = root / f"noaa-gfs-bdp-pds/gfs.20150912/{hour:02}/atmos"
    folder.mkdir(parents=True)
    file = folder / f"gfs.t{hour:02}z.pgrb2.2p50.f000"
    part = root / "part.grib"
    part.write_bytes(b"".join(source[offsets[i]:offsets[i + 1]] for i in kept))
    settings = f"dataTime={hour * 100:04},stepRange=0" + (f",scaleValuesBy={scale}" if scale != 1.0 else "")
    subprocess.run(["grib_set", "-s", settings, part, file], check=True)
    part.unlink()

    index, at = [], 0
    for number, (i, size) in enumerate(zip(kept, message_sizes(file.read_bytes()), strict=True), 1):
        index.append(f"{number}:{at}:d=20150912{hour:02}:{records[i][3]}:{records[i][4]}:anl:\n")
        at += size
    (folder / (file.name + ".idx")).write_text("".join(index))


class Bucket:
    """The four cycles behind a server on loopback."""

    def __init__(self, folder):
        self.root = folder / "bucket"
        make_cycle(self.root, 0, "f006", 1.001)
        make_cycle(self.root, 6, "f000", 0.9995)
        make_cycle(self.root, 12, "f006", 1.0)
        make_cycle(self.root, 18, "f000", 1.0)

    def __enter__(self):
        server = pathlib.Path(__file__).with_name("flaky_server.py")
        self.server = subprocess.Popen([sys.executable, server, self.root], stdout=subprocess.PIPE, text=True)
        self.port = int(self.server.stdout.readline())
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()


def job_of(folder, bucket, method):
    package = DATA / "golden/model/mini_seed102"
    return harness.write_job(folder, JOB.format(package=package, method=method, port=bucket.port))


def run(folder, bucket, name, method="hemispheric_centred_bred_vector", *arguments, check=0):
    (folder / name).mkdir()
    job = job_of(folder / name, bucket, method)
    # A cache of its own: the bucket's addresses mean other files in other tests.
    done = hens("run", job, "--output", folder / name / "run", *arguments, check=check,
                env={"HENS_CACHE": str(folder / "cache")})
    return folder / name / "run", done


def bred_run(folder, bucket):
    """The whole job's run, made once."""
    return folder / "bred/run" if (folder / "bred").exists() else run(folder, bucket, "bred")[0]


def initial(run_folder, variable):
    """[member, lat, lon] in double at lead time 0."""
    return zarr.open_group(run_folder / "hens_0.zarr", mode="r")[variable][:, 0, 0].astype(float)


def test_members_are_centred_pairs_on_the_analysis(folder, bucket):
    bred = bred_run(folder, bucket)
    plain, _ = run(folder, bucket, "plain", "none")
    analysis = initial(plain, "z500")[0]
    members = initial(bred, "z500")
    for plus, minus in (members[0:2], members[2:4]):
        # Values near 57000 carry half an ulp, 0.002, each.
        assert numpy.abs(plus + minus - 2 * analysis).max() <= 0.0079
        rms = numpy.sqrt(((plus - minus) ** 2).mean()) / 2
        # The norm is not the plain root mean square: the peer's own pair has 42.9 for 39.27.
        assert 38 < rms < 48, rms
    difference = [members[0] - analysis, members[2] - analysis]
    correlation = (difference[0] * difference[1]).mean() / (difference[0].std() * difference[1].std())
    assert abs(correlation) < 0.5, "two pairs are two vectors"
    for variable in ("u10m", "q700"):
        unperturbed = initial(plain, variable)[0]
        assert (initial(bred, variable) == unperturbed).all(), variable
    forecast = zarr.open_group(bred / "hens_0.zarr", mode="r")["u10m"][:, 0, 1]
    assert numpy.isfinite(forecast).all() and (forecast[0] != forecast[1]).any()


def test_all_four_analyses_are_used_and_recorded(folder, bucket):
    manifest = (bred_run(folder, bucket) / "run.json").read_text()
    for hour in (0, 6, 12, 18):
        assert f"gfs.t{hour:02}z.pgrb2.2p50.f000" in manifest, hour


def test_a_member_alone_has_the_same_bytes(folder, bucket):
    alone, _ = run(folder, bucket, "alone", "hemispheric_centred_bred_vector", "--members", "3")
    whole = harness.stores(bred_run(folder, bucket))
    fields = {name: digest for name, digest in harness.stores(alone).items() if "/c.3." in name}
    assert len(fields) == 3, "one shard a variable"
    for name, digest in fields.items():
        assert whole[name] == digest, name


def test_a_missing_analysis_is_named(folder, bucket):
    earliest = bucket.root / "noaa-gfs-bdp-pds/gfs.20150912/00"
    hidden = bucket.root / "hidden"
    earliest.rename(hidden)
    (folder / "missing").mkdir()
    job = job_of(folder / "missing", bucket, "hemispheric_centred_bred_vector")
    done = hens("run", job, "--output", folder / "missing/run", check=66,
                env={"HENS_CACHE": str(folder / "missing/cache")})
    hidden.rename(earliest)
    assert "gfs.20150912/00" in done.stderr, done.stderr


def main():
    if not (DATA / "data/gfs" / (STEM + "f006")).exists() or not shutil.which("grib_set"):
        print(f"SKIPPED: needs {DATA}/data/gfs and grib_set (libeccodes-tools)")
        return
    with tempfile.TemporaryDirectory(prefix="hens_breeding_") as name:
        folder = pathlib.Path(name)
        with Bucket(folder) as bucket:
            tests = {key: value for key, value in globals().items() if key.startswith("test_")}
            harness.run_tests({key: lambda test=test: test(folder, bucket) for key, test in tests.items()})


if __name__ == "__main__":
    main()
