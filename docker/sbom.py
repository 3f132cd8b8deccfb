"""The bill of materials of the image, as CycloneDX 1.5 JSON. Standard library only.

    sbom.py bundled FOLDER         JSON: the distribution's packages whose libraries were copied into FOLDER
    sbom.py image LIST.json...     the SBOM: packages installed here, Python packages, and those lists
"""
import json
import pathlib
import subprocess
import sys
from importlib import metadata

PYTHON = pathlib.Path("/databricks/python3")


def dpkg(*arguments):
    return subprocess.run(arguments, capture_output=True, text=True, check=False).stdout


def bundled(folder):
    packages = {}
    for library in sorted(pathlib.Path(folder).glob("*.so*")):
        for line in dpkg("dpkg", "-S", f"*/{library.name}").splitlines():
            package = line.split(":")[0]
            version = dpkg("dpkg-query", "-W", "-f", "${Version}", package)
            packages[package] = {"name": package, "version": version, "kind": "deb"}
            break
    return list(packages.values())


def component(kind, name, version):
    return {"type": "library", "name": name, "version": version, "purl": f"pkg:{kind}/{name}@{version}"}


def image(lists):
    components = []
    for line in dpkg("dpkg-query", "-W", "-f", "${Package}\t${Version}\n").splitlines():
        components.append(component("deb", *line.split("\t")))
    for folder in sorted(PYTHON.glob("lib/python3*/site-packages")):
        for package in metadata.distributions(path=[str(folder)]):
            components.append(component("pypi", package.metadata["Name"], package.version))
    for path in lists:
        for entry in json.loads(pathlib.Path(path).read_text()):
            components.append(component(entry.get("kind", "pypi"), entry["name"], entry["version"]))
    unique = {c["purl"]: c for c in components}
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "metadata": {"component": {"type": "container", "name": "hens"}},
            "components": [unique[purl] for purl in sorted(unique)]}


command, *rest = sys.argv[1:]
print(json.dumps(bundled(*rest) if command == "bundled" else image(rest), indent=1))
