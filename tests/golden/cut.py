"""Makes tests/golden of the whole set of golden arrays: what is small as it is, of the large ones the part that README.md names.

    cut.py WHOLE [OUT]      WHOLE: the folder golden/ that README.md says how to compute; numpy, xz
"""
import hashlib
import io
import pathlib
import shutil
import sys
import tarfile

import numpy as np

WHOLE = pathlib.Path(sys.argv[1])
OUT = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else pathlib.Path(__file__).parent)

PACKED = ["model/forecast/initial_2015091218.npy", "scores/ensemble.npy", "scores/tied_ensemble.npy"]
# As they are.
COPIED = ["zenith/*", "sht/*", "noise/*", "diagnostics/*.npy", "scores/*.npy", "model/mini_seed102/**/*",
          "model/forecast/mini_seed102_stats.csv", "model/bred_vector/z500_*", "model/bred_vector/all_amplitude.npy",
          "tracks/fields_clean.nc", "tracks/true_centres_clean.tsv", "tracks/*_clean_*_centres.npy",
          "tracks/*_clean_*_tracks.npy"]
# Other sizes of the same facts, and intermediate arrays that no test reads.
LEFT = {"noise/large_draws_triangle_f32.npy", "noise/small_coefficients_f64.npy", "noise/small_draws_f32.npy", *PACKED}
LEFT_LIKE = ("sht/eq73x144_l36_m36", "sht/lg36x72_l36_m36", "noise/bred_batch4")
U10M, Z500, Q700 = 0, 42, 70
CHANNELS = [U10M, Z500, Q700]
FORECAST = "model/forecast/mini_seed102_"


def keep(name, array):
    (OUT / name).parent.mkdir(parents=True, exist_ok=True)
    np.save(OUT / name, np.ascontiguousarray(array))


def some(name, positions):
    """NAME_some.npy: entries of the first axis; NAME_some_positions.npy: which."""
    keep(f"{name}_some.npy", np.load(WHOLE / f"{name}.npy")[positions])
    keep(f"{name}_some_positions.npy", np.array(positions, "<i4"))


def packed(name):
    """The array in a tar of its own, by xz: the build unpacks it."""
    content = (WHOLE / name).read_bytes()
    entry = tarfile.TarInfo("golden/" + name)
    entry.size, entry.mode = len(content), 0o644
    (OUT / name).parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(OUT / (name + ".tar.xz"), "w:xz", preset=9) as archive:
        archive.addfile(entry, io.BytesIO(content))


def main():
    for pattern in COPIED:
        for path in sorted(WHOLE.glob(pattern)):
            name = path.relative_to(WHOLE).as_posix()
            if path.is_file() and path.name != "README.md" and name not in LEFT and not name.startswith(LEFT_LIKE):
                (OUT / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, OUT / name)
    for name in PACKED:
        packed(name)
    for step in (1, 2, 4):
        some(f"{FORECAST}step_{step:04}", CHANNELS)
    some(FORECAST + "step1_input", [74, 75, 106, 107, 108, 109])
    for inside in ("encoder", "block0", "block3", "block7"):
        some(f"{FORECAST}step1_{inside}", [31])
    some(FORECAST + "step1_output", [Z500, Q700])
    some("model/bred_vector/draws", [Z500])
    # Degrees from 155 on carry less than a double shows beside the others (SignificantDegrees in noise_test.cc).
    keep("noise/large_draws_triangle_f32_some.npy", np.load(WHOLE / "noise/large_draws_triangle_f32.npy")[:155 * 156 // 2])
    keep("noise/small_draws_f32.npy", np.load(WHOLE / "noise/small_draws_f32.npy")[:3])
    files = sorted(path for path in OUT.rglob("*") if path.is_file() and path.suffix not in (".md", ".py"))
    with open(OUT / "SHA256SUMS", "w") as sums:
        for path in files:
            if path.name != "SHA256SUMS":
                sums.write(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(OUT).as_posix()}\n")
    print(f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.2f} MB")


main()
