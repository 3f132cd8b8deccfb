"""Copies from an installed torch wheel the shared libraries that hens loads, flat into one folder.

    prune_torch.py SITE_PACKAGES OUT

Those are the two backends and whatever they name as needed, down to the last; and what LibTorch loads by name when a
kernel is compiled at run time. Left behind: cuDNN's parts (hens has no convolutions), cuSOLVER (no linear algebra), the
Python binding, headers. OUT/wheels.json names the wheels for the bill of materials, OUT/licences/ holds their licences.
"""
import collections
import json
import pathlib
import re
import shutil
import subprocess
import sys
from importlib import metadata

ROOTS = ["libtorch.so", "libtorch_cpu.so", "libtorch_cuda.so", "libc10_cuda.so", "libcaffe2_nvrtc.so"]
LOADED_BY_NAME = re.compile(r"libnvrtc(-builtins)?\.so\.[0-9.]+")

site, out = map(pathlib.Path, sys.argv[1:])
out.mkdir(parents=True)
found = {}
for path in sorted(site.rglob("*.so*")):
    found.setdefault(path.name, path)


def needed(path):
    text = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", text)


queue = collections.deque(ROOTS + [name for name in found if LOADED_BY_NAME.fullmatch(name)])
kept, foreign = {}, set()
while queue:
    name = queue.popleft()
    if name in kept or name in foreign:
        continue
    if name not in found:
        foreign.add(name)  # the system's, or the driver's
        continue
    kept[name] = found[name]
    queue.extend(needed(found[name]))
missing = [name for name in ROOTS if name not in kept]
if missing:
    sys.exit(f"the wheel in {site} has no {', '.join(missing)}")
for name, path in kept.items():
    shutil.copy2(path, out / name, follow_symlinks=True)
used = [d for d in metadata.distributions(path=[str(site)]) if any(pathlib.Path(str(file)).name in kept for file in d.files or [])]
wheels = [{"name": d.metadata["Name"], "version": d.version, "license": d.metadata.get("License", "")[:80]} for d in used]
(out / "wheels.json").write_text(json.dumps(sorted(wheels, key=lambda w: w["name"]), indent=1))
# torch's LICENSE has those of what is built into it. A wheel without such a file says its licence in a word.
LICENCE = re.compile(r"\.dist-info/(.*/)?(LICEN[CS]E|License|NOTICE|COPYING)[^/]*$")
for distribution in used:
    folder = out / "licences" / distribution.metadata["Name"]
    folder.mkdir(parents=True, exist_ok=True)
    texts = [distribution.locate_file(file) for file in distribution.files or [] if LICENCE.search(str(file))]
    for text in texts:
        shutil.copyfile(text, folder / text.name)
    if not texts:
        word = distribution.metadata.get("License-Expression") or distribution.metadata.get("License")
        if not word:
            sys.exit(f"{folder.name}: the wheel says nothing of its licence")
        (folder / "LICENSE").write_text(word + "\n")
total = sum((out / name).stat().st_size for name in kept)
for name in sorted(kept, key=lambda n: -(out / n).stat().st_size)[:12]:
    print(f"{(out / name).stat().st_size / 1e6:8.0f} MB  {name}")
print(f"{total / 1e6:8.0f} MB  in {len(kept)} libraries; from the system: {' '.join(sorted(foreign))}")
