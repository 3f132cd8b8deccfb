"""What the image promises, shown on the built image in containers. `make test-image` runs it; it needs a docker daemon.

    image_test.py IMAGE [TEST]...

DOCKER names the docker to use. docker-registry on PATH (Debian's package) serves the test of push and pull.
"""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCKER = os.environ.get("DOCKER", "docker")
IMAGE = sys.argv.pop(1) if len(sys.argv) > 1 else sys.exit(__doc__)
os.environ.setdefault("HENS_PROGRAM", "in the image")
sys.path.insert(0, str(ROOT / "tests/integration"))
import harness  # noqa: E402

# As the pods of k8s/ and the docker run lines of the documentation confine it.
CONFINED = ["--user", "12345:0", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",
            "--security-opt", "no-new-privileges", "--network", "none"]


def docker(*arguments, check=0, timeout=900, **named):
    done = subprocess.run([DOCKER, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, **named)
    if check is not None and done.returncode != check:
        raise AssertionError(f"docker {' '.join(map(str, arguments))}: exit {done.returncode}, expected {check}\n"
                             f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done


def inside(script, *options):
    """Output of a shell script in the image as Databricks starts it: as root, the entrypoint ignored."""
    return docker("run", "--rm", "--network", "none", *options, "--entrypoint", "bash", IMAGE, "-euo", "pipefail", "-c", script).stdout


def scratch():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hens_image_"))
    folder.chmod(0o777)
    return folder


def inspected(image=None):
    return json.loads(docker("image", "inspect", image or IMAGE).stdout)[0]


# The demo, shortened: containers are compared on it. The whole demo runs once.
SHORT = ["forecast.steps=[1,2]", "perturbation.method=correlated_spherical_gaussian"]
REFERENCE = {}


def run_as_root(out, *settings):
    volume = ["--rm", "--network", "none", "-v", f"{out}:/results"]
    docker("run", *volume, IMAGE, "run", "jobs/demo.yaml", *settings, "--output", "/results/demo", timeout=3000)
    docker("run", *volume, IMAGE, "verify", "/results/demo")
    assert (out / "demo/hens_wind_2024_01_01.jpg").stat().st_size > 10_000
    return harness.stores(out / "demo")


def short_stores():
    """The stores that the short demo leaves when root runs it in one container."""
    if not REFERENCE:
        REFERENCE.update(run_as_root(scratch(), *SHORT))
        assert REFERENCE
    return REFERENCE


def test_the_short_demo_runs_confined_with_the_bytes_of_roots():
    out = scratch()
    docker("run", "--rm", *CONFINED, "-v", f"{out}:/results", IMAGE, "run", "jobs/demo.yaml", *SHORT, "--output", "/results/demo")
    assert harness.stores(out / "demo") == short_stores()
    assert (out / "demo/run.json").stat().st_uid == 12345
    docker("run", "--rm", *CONFINED, IMAGE, "run", "jobs/demo.yaml", "forecast.steps=[1]", "perturbation.method=none", "ensemble.members=1",
           "--output", "/tmp/demo")


def test_docker_stop_gives_75_in_time_and_the_same_command_continues():
    out = scratch()
    command = ["run", "jobs/demo.yaml", "ensemble.members=8", "forecast.steps=[4]",
               "perturbation.method=correlated_spherical_gaussian", "--output", "/results/run"]
    name = docker("run", "-d", *CONFINED, "-v", f"{out}:/results", IMAGE, *command).stdout.strip()
    try:
        for _ in range(3000):
            if list(out.glob("run/members/*.json")):
                break
            time.sleep(0.1)
        begun = time.monotonic()
        docker("stop", "-t", "30", name)
        seconds = time.monotonic() - begun
        state = json.loads(docker("inspect", name).stdout)[0]["State"]
        assert state["ExitCode"] == 75 and seconds < 8, (state, seconds)
    finally:
        docker("rm", "-f", name)
    kept = len(list(out.glob("run/members/*.json")))
    assert 0 < kept < 16, kept
    harness.assert_not_misled(out / "run")
    docker("run", "--rm", *CONFINED, "-v", f"{out}:/results", IMAGE, *command)
    docker("run", "--rm", *CONFINED, "-v", f"{out}:/results", IMAGE, "verify", "/results/run")


def test_indexes_finish_one_ensemble_and_a_second_copy_does_no_harm():
    out = scratch()

    def start(index):
        return subprocess.Popen([DOCKER, "run", "--rm", *CONFINED, "-v", f"{out}:/results", "-e", f"JOB_COMPLETION_INDEX={index}",
                                 "-e", "HENS_SHARDS=2", "-e", "KUBERNETES_SERVICE_HOST=10.0.0.1", IMAGE, "run", "jobs/demo.yaml", *SHORT,
                                 "--shard=auto", "--output=/results/demo", "--log=json"], stderr=subprocess.PIPE, text=True)
    for process in [start(0), start(1), start(0)]:
        errors = process.communicate(timeout=900)[1]
        assert process.returncode == 0, errors[-2000:]
    docker("run", "--rm", *CONFINED, "-v", f"{out}:/results", IMAGE, "verify", "/results/demo")
    assert harness.stores(out / "demo") == short_stores()
    assert json.loads((out / "demo/benchmark_results.json").read_text())["platform"] == "Kubernetes"


def test_without_a_driver_a_gpu_is_refused_in_words():
    done = docker("run", "--rm", *CONFINED, IMAGE, "run", "jobs/demo.yaml", "--device", "cuda", "--output", "/tmp/x", check=71)
    assert "--gpus all" in done.stderr, done.stderr


def test_the_demo_runs_as_root():
    run_as_root(scratch())


def test_nothing_carries_a_setuid_bit():
    assert inside("find / -xdev -perm /6000 -type f") == ""


def test_there_is_no_compiler():
    assert inside("for name in cc gcc g++ c++ clang nvcc ptxas ld as cmake make; do type -P $name || true; done; "
                  "find / -xdev \\( -name cc1plus -o -name cc1 -o -name 'nvcc*' -o -name ptxas \\) -type f") == ""


def test_there_are_no_weights():
    assert inside("find / -xdev -size +1k \\( -name '*.tar' -o -name '*.safetensors' -o -name '*.ckpt' -o -name '*.pt' -o -name '*.mdlus' \\)") == ""


SECRET_NAMES = re.compile(r"(^|/)(\.aws/credentials|\.netrc|\.pypirc|\.docker/config\.json|\.git-credentials|id_(rsa|ed25519|ecdsa)|"
                          r"pip\.conf|\.npmrc|\.databrickscfg)$")
SECRET_TEXTS = re.compile(rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN (?:RSA |EC |OPENSSH |DSA )?PRIVATE KEY-----\s+[A-Za-z0-9+/]{32}|"
                          rb"\bhf_[A-Za-z0-9]{34}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bdapi[0-9a-f]{32}\b|"
                          rb"aws_secret_access_key\s*=\s*[A-Za-z0-9/+]{40}")

# Keys that everybody knows: GnuTLS tests itself with them, Tornado's tests have one.
PUBLISHED_KEYS = re.compile(r"/libgnutls\.so\.[0-9.]+$|/tornado/test/test\.key$")


def secrets(image):
    """Names and findings in every layer, deleted files included, and in the image's configuration."""
    found = [str(text) for text in SECRET_TEXTS.findall(json.dumps(inspected(image)["Config"]).encode())]
    saving = subprocess.Popen([DOCKER, "save", image], stdout=subprocess.PIPE)
    with tarfile.open(fileobj=saving.stdout, mode="r|") as archive:
        for member in archive:
            # Layers are tar files in the archive; any other file of it is configuration.
            if not member.isfile() or not (member.name.endswith("layer.tar") or member.name.startswith("blobs/")):
                continue
            try:
                layer = tarfile.open(fileobj=archive.extractfile(member), mode="r|*")
            except tarfile.ReadError:
                continue
            for entry in layer:
                if SECRET_NAMES.search(entry.name) and entry.size > 0:
                    found.append(entry.name)
                if entry.isfile() and entry.size <= 16 << 20:
                    for text in SECRET_TEXTS.findall(layer.extractfile(entry).read()):
                        if text.startswith(b"-----BEGIN") and PUBLISHED_KEYS.search(entry.name):
                            continue
                        found.append(f"{entry.name}: {text[:12]}...")
    assert saving.wait() == 0
    return found


def test_no_layer_holds_a_secret_and_a_planted_one_is_found():
    assert (found := secrets(IMAGE)) == [], found
    folder = scratch()
    key = "AKIA" + "Q7EXAMPLE0TEST42"
    (folder / "Dockerfile").write_text(f"FROM {IMAGE}\nCOPY notes.txt /opt/notes.txt\nCOPY credentials /root/.aws/credentials\n"
                                       "RUN rm /opt/notes.txt /root/.aws/credentials\n")
    (folder / "notes.txt").write_text(f"key {key}\n")
    (folder / "credentials").write_text("[default]\n")
    tag = "hens-planted:test"
    docker("build", "-q", "--network", "none", "-t", tag, folder)
    try:
        found = secrets(tag)
    finally:
        docker("rmi", "-f", tag)
    assert any("opt/notes.txt" in f for f in found) and any(f.endswith(".aws/credentials") for f in found), found


RESOLVE = r'''
import os, pathlib, subprocess, sys
count, bad = 0, []
for top in ("/opt/hens", "/databricks", "/opt/virtualenv"):
    for path in sorted(pathlib.Path(top).rglob("*")):
        if path.is_symlink() or not path.is_file() or open(path, "rb").read(4) != b"\x7fELF": continue
        count += 1
        environment = dict(os.environ)
        # hens finds its libraries by itself; they find theirs through it.
        if str(path).startswith("/opt/hens/lib"): environment["LD_LIBRARY_PATH"] = "/opt/hens/lib:/opt/hens/lib/torch"
        # A wheel's own copies are loaded by its extensions, which name their folder.
        if path.parent.name.endswith(".libs"): environment["LD_LIBRARY_PATH"] = str(path.parent)
        text = subprocess.run(["ldd", str(path)], capture_output=True, text=True, env=environment).stdout
        bad += [f"{path}: {line.strip()}" for line in text.splitlines() if "not found" in line and "libcuda.so.1" not in line]
print(count); print("\n".join(bad))
'''


def test_every_library_resolves():
    """libcuda.so.1 is the driver's, which the container toolkit mounts."""
    count, *bad = docker("run", "--rm", "-i", "--network", "none", "--entrypoint", "python3", IMAGE, "-c", RESOLVE).stdout.split("\n", 1)
    assert int(count) > 60 and not bad[0].strip(), bad


def test_the_configuration_is_what_platforms_read():
    image = inspected()
    config = image["Config"]
    variables = dict(v.split("=", 1) for v in config["Env"])
    assert config["Entrypoint"] == ["/opt/hens/bin/hens"] and config["StopSignal"] == "SIGTERM"
    assert variables["NVIDIA_VISIBLE_DEVICES"] == "all" and "compute" in variables["NVIDIA_DRIVER_CAPABILITIES"]
    assert variables["HDF5_PLUGIN_PRELOAD"] == "::", "HDF5 loads plug-ins"
    assert {f"org.opencontainers.image.{n}" for n in ("title", "version", "revision", "source")} <= config["Labels"].keys()
    assert image["Size"] < 6e9, image["Size"]
    print(f"      {image['Size'] / 1e9:.2f} GB uncompressed")


def test_the_bill_of_materials_names_what_is_inside():
    sbom = json.loads(inside("cat /usr/share/sbom/hens.cdx.json"))
    names = {c["name"]: c["version"] for c in sbom["components"]}
    assert sbom["bomFormat"] == "CycloneDX" and names["torch"].startswith("2.")
    assert {"pandas", "bash", "nvidia-cublas-cu12"} <= names.keys() or "nvidia-cublas" in names, sorted(names)
    assert any(name.startswith("libcurl") for name in names) and any(name.startswith("libyaml-cpp") for name in names)


def test_the_licences_of_what_is_inside_are_inside():
    texts = inside("cd /usr/share/doc/hens && find . -type f -size +0 && ls /usr/share/doc/gmt-gshhg-low/copyright /usr/share/common-licenses/LGPL-3")
    assert "./LICENSE" in texts.split() and "./THIRD_PARTY.md" in texts.split(), texts
    for package in ("libcairo2", "libnetcdf", "libyaml-cpp", "libeccodes0", "libcurl", "nlohmann-json3-dev", "libboost-dev"):
        assert f"./debian/{package}" in texts, (package, texts)
    wheels = [entry["name"] for entry in json.loads(inside("cat /opt/hens/lib/torch/wheels.json"))]
    assert "torch" in wheels and all(f"./wheels/{wheel}/" in texts for wheel in wheels), (wheels, texts)


def test_databricks_finds_what_its_driver_needs():
    inside("java -version 2>&1 | grep -E 'version \"(17|21)'")
    inside("/databricks/python3/bin/python -c 'import IPython, ipykernel, pyccolo, numpy, pandas, pyarrow, grpc, google.protobuf, "
           "databricks.sdk, matplotlib; pandas.DataFrame({\"a\": [1]}).to_parquet(\"/tmp/x.parquet\")'")
    inside("virtualenv -q --no-download --system-site-packages -p /databricks/python3/bin/python /tmp/env && /tmp/env/bin/python -V")
    inside("for name in bash ip sudo setfacl getfacl ps stat id useradd; do type -P $name; done")
    inside("sudo -n -u libraries id -un | grep -x libraries; passwd -S libraries | grep -E '^libraries L'")
    assert inside("id -u; echo $PYSPARK_PYTHON").split() == ["0", "/databricks/python3/bin/python3"]


def test_the_shim_runs_in_the_image_as_a_databricks_task():
    out = scratch()
    text = inside("/databricks/python3/bin/python /databricks_bundle/run_hens.py run --spec=/opt/hens/jobs/demo.yaml --nsteps=1 --members=2 "
                  "--results=/Volumes/results", "-v", f"{ROOT / 'databricks'}:/databricks_bundle:ro", "-v", f"{out}:/Volumes",
                  "-e", "DATABRICKS_RUNTIME_VERSION=16.4", "-e", "DB_INSTANCE_TYPE=g6e.4xlarge", "-e", "HENS_LOCAL=/local_disk0",
                  "-e", "PYTHONDONTWRITEBYTECODE=1")
    assert "results are in /Volumes/results" in text
    results = json.loads((out / "results/benchmark_results.json").read_text())
    assert (results["platform"], results["instance_type"]) == ("Databricks", "g6e.4xlarge")
    harness.assert_not_misled(out / "results")


def test_a_pushed_image_comes_back_by_its_digest():
    assert shutil.which("docker-registry"), "needs a registry: apt-get install docker-registry"
    folder = scratch()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "config.yml").write_text(f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
                                       f"http: {{addr: '127.0.0.1:{port}'}}\n")
    registry = subprocess.Popen(["docker-registry", "serve", folder / "config.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    tag = f"127.0.0.1:{port}/hens:test"
    # The script notes what it pushed last, for `make deploy-databricks` and `make k8s-render`: that is not this.
    note = ROOT / ".image"
    noted = note.read_bytes() if note.exists() else None
    try:
        time.sleep(2)
        done = subprocess.run([ROOT / "scripts/push_image.sh", IMAGE, f"127.0.0.1:{port}", "test"], capture_output=True, text=True,
                              env={**os.environ, "DOCKER": DOCKER})
        assert done.returncode == 0, done.stderr[-2000:]
        reference = done.stdout.strip()
        assert re.fullmatch(rf"127\.0\.0\.1:{port}/hens@sha256:[0-9a-f]{{64}}", reference), done.stdout
        docker("rmi", tag)
        docker("rmi", reference, check=None)
        docker("pull", "-q", reference)
        assert inspected(reference)["Id"] == inspected()["Id"]
        docker("run", "--rm", *CONFINED, reference, "--version")
    finally:
        note.unlink(missing_ok=True) if noted is None else note.write_bytes(noted)
        registry.terminate()
        registry.wait()
        docker("rmi", "-f", tag, check=None)
        shutil.rmtree(folder)


if __name__ == "__main__":
    harness.run_tests(globals())
