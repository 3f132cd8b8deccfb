"""Copies the licences of the distribution's packages whose code the image's programs carry. Standard library only.

    licences.py LIST.json OUT [PACKAGE...]      LIST.json: `sbom.py bundled`; PACKAGE: those that come as headers alone

OUT/PACKAGE is the package's copyright file. One that is missing ends the build.
"""
import json
import pathlib
import shutil
import sys

listed, out, *headers = sys.argv[1:]
out = pathlib.Path(out)
out.mkdir(parents=True)
for package in sorted({entry["name"] for entry in json.loads(pathlib.Path(listed).read_text())} | set(headers)):
    text = pathlib.Path("/usr/share/doc") / package / "copyright"
    if not text.exists():
        sys.exit(f"{text} is not there: install {package} with its copyright file (dpkg's path-exclude must let it through)")
    shutil.copyfile(text, out / package)
