"""A folder of src/ includes only itself and folders above it in CMakeLists.txt's list; tests never include tests.

Where the list names folders of a folder (engine/gemm), these keep their order among themselves, too.
"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
# hens-ec2 is no part of the job: it stands on base/ and net/ alone, and nothing stands on it.
ALONE = {"ec2": {"base", "net", "ec2"}}
order = re.findall(r"^hens_library\(([\w/]+)", (root / "CMakeLists.txt").read_text(), re.M)


def folder_of(parts):
    """The folder of the list that a path below src/ is in."""
    nested = "/".join(parts[:2])
    return nested if nested in order else parts[0]


wrong, seen = [], 0
for path in sorted((root / "src").rglob("*")):
    if path.suffix not in {".h", ".cc", ".cu", ".cuh"} or path.parent == root / "src":
        continue
    folder = folder_of(path.relative_to(root / "src").parts)
    if folder not in order:
        wrong.append(f"{path}: folder {folder} is not in CMakeLists.txt's list")
        continue
    for include in re.findall(r'^\s*#include "([^"]+)"', path.read_text(), re.M):
        seen += 1
        target = folder_of(include.split("/"))
        if "/" not in include:
            wrong.append(f'{path}: "{include}" is not rooted at src/')
        elif target not in order or order.index(target) > order.index(folder):
            wrong.append(f'{path}: includes "{include}", which is not above {folder}')
        elif target not in ALONE.get(folder, order) or (target in ALONE and target != folder):
            wrong.append(f'{path}: includes "{include}": {folder} and {target} do not know each other')
print("\n".join(wrong))
assert seen > 50, "the scanner sees no includes"
sys.exit(1 if wrong else 0)
