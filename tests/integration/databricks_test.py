"""databricks/: the bundle by the CLI's own schema, and the shim: exit codes, streaming, staging, shards."""
import base64
import contextlib
import copy
import csv
import io
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
import types

import jsonschema
import yaml

import harness

ROOT = pathlib.Path(os.environ["HENS_SOURCE_DIR"])
DATA = pathlib.Path(os.environ.get("HENS_TEST_DATA", ROOT.parent / "shared"))
SCHEMA = DATA / "data/databricks/bundle_schema.json"
SHIM = ROOT / "databricks/run_hens.py"


def bundle():
    return yaml.safe_load((ROOT / "databricks/databricks.yml").read_text())


def validator():
    # The schema's patterns use \p{L} and \p{N}, which Python's re lacks; at its root it allows any key, so that a bundle
    # may keep anchors there, and `validate` warns of them all the same.
    text = SCHEMA.read_text().replace(r"\\p{L}\\p{N}", r"\\w").replace(r"\\p{L}", r"[^\\W\\d_]").replace(r"[[^\\W\\d_]]", r"[^\\W\\d_]")
    assert r"\\p{" not in text
    schema = json.loads(text)
    schema["additionalProperties"] = False
    return jsonschema.validators.validator_for(schema)(schema)


def test_the_root_of_the_repository_is_a_bundle_too():
    root = yaml.safe_load((ROOT / "databricks.yml").read_text())
    assert root["include"] == ["databricks/databricks.yml"] and root["bundle"] == bundle()["bundle"], root
    if SCHEMA.exists():
        assert not list(validator().iter_errors(root))


def resolved(document, target):
    """The bundle as `target` deploys it: ${var.x} replaced by defaults, the target's own first."""
    values = {name: v["default"] for name, v in document["variables"].items()}
    values |= {name: v["default"] for name, v in (document["targets"][target].get("variables") or {}).items()}

    def fill(node):
        if isinstance(node, dict):
            return {key: fill(value) for key, value in node.items()}
        if isinstance(node, list):
            return [fill(value) for value in node]
        if isinstance(node, str):
            whole = re.fullmatch(r"\$\{var\.(\w+)\}", node)
            if whole:
                return fill(values[whole[1]])
            return re.sub(r"\$\{var\.(\w+)\}", lambda m: str(fill(values[m[1]])), node)
        return node
    return fill({key: value for key, value in document.items() if key != "variables"})


def tasks(document):
    """(job, task) for every task that starts something, nested ones of for_each too."""
    for job in document["resources"]["jobs"].values():
        for task in job["tasks"]:
            yield job, task["for_each_task"]["task"] if "for_each_task" in task else task


def test_the_bundle_is_what_the_cli_accepts():
    if not SCHEMA.exists():
        return f"needs {SCHEMA}"
    check = validator()
    documents = {"as written": bundle(), **{t: resolved(bundle(), t) for t in bundle()["targets"]}}
    for name, document in documents.items():
        errors = [f"{list(e.absolute_path)}: {e.message[:200]}" for e in check.iter_errors(document)]
        assert not errors, (name, errors)


def test_misspelt_keys_are_caught_at_every_level():
    if not SCHEMA.exists():
        return f"needs {SCHEMA}"
    check, seen = validator(), 0

    def mappings(node, path=()):
        if isinstance(node, dict):
            yield path
            for key, value in node.items():
                yield from mappings(value, (*path, key))
        elif isinstance(node, list):
            for index, value in enumerate(node):
                yield from mappings(value, (*path, index))

    # Names of variables, jobs and targets, and tags and settings of Spark, are free.
    free = {("variables",), ("targets",), ("resources", "jobs")}
    for path in list(mappings(resolved(bundle(), "private_registry"))):
        if path in free or path[-1:] in (("custom_tags",), ("spark_conf",), ("spark_env_vars",), ("variables",)) or "variables" in path:
            continue
        document = copy.deepcopy(resolved(bundle(), "private_registry"))
        at = document
        for key in path:
            at = at[key]
        at["nmae"] = "x"
        assert not check.is_valid(document), f"an unknown key passed at {path}"
        seen += 1
    assert seen > 30, seen


def test_names_refer_to_what_is_there():
    document, text = bundle(), (ROOT / "databricks/databricks.yml").read_text()
    assert set(re.findall(r"\$\{var\.(\w+)\}", text)) == set(document["variables"]), "each variable is declared and used"
    for name, variable in document["variables"].items():
        assert "default" in variable and variable["description"], name
    for job, task in tasks(document):
        given = {p["name"] for p in job["parameters"]}
        used = set(re.findall(r"\{\{job\.parameters\.(\w+)\}\}", json.dumps(job["tasks"])))
        assert used == given, (used, given)
        assert (ROOT / "databricks" / task["spark_python_task"]["python_file"]).is_file()
        specs = [p["default"] for p in job["parameters"] if p["name"] == "spec"]
        assert all((ROOT / s.replace("${workspace.file_path}/", "")).is_file() for s in specs), specs
    for path in document["sync"]["paths"]:
        assert (ROOT / "databricks" / path).is_dir(), path


def test_each_task_is_a_node_of_its_own_and_ends():
    for target in bundle()["targets"]:
        document = resolved(bundle(), target)
        jobs = document["resources"]["jobs"]
        assert "hens_benchmark" in jobs and document["bundle"]["name"] == "hens_benchmark"
        for job, task in tasks(document):
            node = task["new_cluster"]
            assert 0 < job["timeout_seconds"] <= 86400
            assert (node["spark_version"], node["num_workers"]) == ("16.4.x-scala2.12", 0)
            assert node["data_security_mode"] == "SINGLE_USER" and node["runtime_engine"] == "STANDARD"
            assert re.fullmatch(r".+@sha256:[0-9a-f]{64}", node["docker_image"]["url"]), "by digest"
            assert ("basic_auth" in node["docker_image"]) == (target == "private_registry")
            # With a login no profile is needed: the default one, nobody's, would be refused.
            assert ("instance_profile_arn" in node["aws_attributes"]) == (target != "private_registry")
            attributes = node["aws_attributes"]
            assert (attributes["availability"], int(attributes["first_on_demand"])) == ("ON_DEMAND", 1), attributes
            assert node["spark_conf"]["spark.databricks.unityCatalog.volumes.enabled"] == "true"
            assert node["cluster_log_conf"]["volumes"]["destination"].startswith("/Volumes/")
        [sweep] = [t["for_each_task"] for t in jobs["hens_ensemble"]["tasks"] if "for_each_task" in t]
        assert sweep["concurrency"] >= 1 and sweep["task"]["new_cluster"]["node_type_id"] == "g6e.4xlarge"


# What stands in for hens: does what its JSON plan says, line by line.
FAKE = '''#!{python}
import hashlib, json, os, pathlib, signal, sys, time
plan = json.loads(os.environ["PLAN"])
arguments = sys.argv[1:]
print(json.dumps(arguments), flush=True)
# print() may be at work when the signal comes, and cannot be called again then.
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"told to stop\\n"), os._exit(75)))
out = pathlib.Path(arguments[arguments.index("--output") + 1]) if "--output" in arguments else None
for step in plan:
    if "line" in step: print(step["line"], file=getattr(sys, step.get("to", "stdout")), flush=True)
    if "sleep" in step: time.sleep(step["sleep"])
    if "member" in step:
        data = os.urandom(step["bytes"])
        path = f"hens_0.zarr/c/{{step['member']}}"
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(data)
        (out / "members").mkdir(exist_ok=True)
        digest = hashlib.sha256(data).hexdigest() if not step.get("corrupt") else "0" * 64
        (out / f"members/{{step['member']}}.json").write_text(json.dumps({{"files": [{{"path": path, "bytes": len(data), "sha256": digest}}]}}))
    if "file" in step:
        (out / step["file"]).parent.mkdir(parents=True, exist_ok=True)
        (out / step["file"]).write_text("x")
    if "exit" in step: sys.exit(step["exit"])
'''


class Task:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hens_databricks_"))
        self.volume = self.folder / "volume"
        self.program = self.folder / "hens"
        self.program.write_text(FAKE.format(python=sys.executable))
        self.program.chmod(0o755)

    def start(self, plan, *arguments, program=None, spec="job.yaml", command="run", stage_seconds="60"):
        given = [command, *([f"--spec={spec}"] if command == "run" else []), f"--results={self.volume}", *arguments]
        return subprocess.Popen(
            [sys.executable, str(SHIM), *given], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "PLAN": json.dumps(plan), "HENS_PROGRAM": str(program or self.program), "HENS_LOCAL": str(self.folder / "local"),
                 "HENS_STAGE_SECONDS": stage_seconds, **({"HENS_DEVICE": "cpu"} if program else {}), "PYTHONDONTWRITEBYTECODE": "1", "HENS_CACHE": harness.CACHE})

    def run(self, *arguments, **named):
        process = self.start(*arguments, **named)
        text = process.communicate(timeout=300)[0]
        return process.returncode, text

    def there(self):
        return {str(p.relative_to(self.volume)) for p in self.volume.rglob("*") if p.is_file()}


def test_the_exit_code_is_in_the_last_line():
    code, text = Task().run([{"line": "fine"}, {"exit": 0}])
    assert code == 0 and "fine" in text and "Failed" not in text
    for wanted in (64, 65, 66, 69, 70, 71, 73, 74, 75, 77, 78, 80, 81, 99):
        code, text = Task().run([{"line": "bad", "to": "stderr"}, {"exit": wanted}])
        assert code != 0 and f"exit code {wanted} (" in text.strip().splitlines()[-1], text
        assert "bad" in text, "what hens says on stderr is shown"


def test_every_code_of_hens_has_words():
    codes = {int(c) for c in re.findall(r"^  \w+ = (\d+),", (ROOT / "src/base/error.h").read_text(), re.M)} - {0}
    for code in codes:
        assert f"{code}: \"" in SHIM.read_text(), code


def test_parameters_become_arguments():
    def arguments(*given):
        return json.loads(Task().run([], *given)[1].splitlines()[1])
    plain = arguments("--nsteps=", "--members=")
    assert plain[plain.index("--device") + 1] == "cuda", "no task computes on its node's CPU unless told to"
    assert arguments("--device=cpu")[arguments("--device=cpu").index("--device") + 1] == "cpu"
    assert plain[:2] == ["run", "job.yaml"] and not [a for a in plain if "=" in a] and "--shard" not in plain
    assert {"forecast.steps=[4]", "ensemble.members=16"} <= set(arguments("--nsteps=4", "--members=16"))
    assert "forecast.steps=[4, 40]" in arguments("--nsteps=[4, 40]")
    sharded = arguments("--shard=2", "--shards=[0, 1, 2]")
    assert sharded[sharded.index("--shard") + 1] == "2/3"
    for wrong in (("--shard=3", "--shards=[0, 1, 2]"), ("--shard=1", "--shards=[1, 2]")):
        code, text = Task().run([], *wrong)
        assert code != 0 and "HensFailed" in text.splitlines()[-1], text


def params_of(values):
    """What `databricks bundle run --params VALUE --params VALUE` makes of its values: StringToStringVar of Go's pflag. With one
    `=` a value is one pair, whatever else is in it; with more it is a line of CSV."""
    pairs = {}
    for value in values:
        assert "=" in value, f"{value} must be formatted as key=value"
        fields = [value.strip('"')] if value.count("=") == 1 else next(csv.reader([value], strict=True))
        for field in fields:
            assert "=" in field, f"{field} must be formatted as key=value"
            pairs.update([field.split("=", 1)])
    return pairs


def test_the_documented_params_are_what_the_cli_takes():
    lines = [line for path in ("docs/databricks.md", "databricks/databricks.yml")
             for line in (ROOT / path).read_text().splitlines() if "bundle run" in line and "--params" in line]
    assert len(lines) >= 5, lines
    seen = set()
    for line in lines:
        words = shlex.split(line.strip(" #"), comments=True)
        given = params_of([words[i + 1] for i, word in enumerate(words) if word == "--params"])
        job = bundle()["resources"]["jobs"][words[words.index("run") + 1]]
        assert set(given) <= {p["name"] for p in job["parameters"]}, line
        if "nsteps" in given:
            code, text = Task().run([], f"--nsteps={given['nsteps']}")
            assert code == 0 and json.loads(text.splitlines()[1])[-1].startswith("forecast.steps=["), (line, text)
        if "shards" in given:
            assert json.loads(given["shards"]) == list(range(len(json.loads(given["shards"])))), line
        seen |= {tuple(sorted(given))}
    assert ("members", "nsteps") in seen, seen
    # The form that was documented once, and that the CLI refuses.
    try:
        params_of(["nsteps=[4,40],members=2"])
    except AssertionError as refused:
        assert "40] must be formatted as key=value" in str(refused)
    else:
        raise AssertionError("it should be refused")


def test_several_lengths_can_be_said_without_commas():
    for text, steps in (("4 40 400", "[4, 40, 400]"), ("4;40", "[4, 40]"), (" 4 , 40 ", "[4, 40]"), ("[4,40]", "[4, 40]"),
                        ("4", "[4]"), (" [ 4 ; 40 ] ", "[4, 40]")):
        code, out = Task().run([], f"--nsteps={text}")
        assert code == 0 and f"forecast.steps={steps}" in json.loads(out.splitlines()[1]), (text, out)
    for wrong in ("four", "[4", "4]", "[]", "[[4]]", "4 -1", "4,,x", "]"):
        code, out = Task().run([], f"--nsteps={wrong}")
        assert code != 0 and "nsteps is" in out.splitlines()[-1] and "as 4 or 4 40 400" in out.splitlines()[-1], (wrong, out)
    for wrong in ("0,1", "[a]", "[0", "3", "{}"):
        code, out = Task().run([], "--shard=0", f"--shards={wrong}")
        assert code != 0 and "HensFailed: shard" in out.splitlines()[-1], (wrong, out)


def run_notebook(widgets, program):
    """The cells of databricks/hens_notebook.py as Databricks runs them, with stand-ins for what a notebook finds there."""
    text = (ROOT / "databricks/hens_notebook.py").read_text()
    assert text.startswith("# Databricks notebook source\n"), "the mark of an importable notebook is its first line"
    cells = text.split("\n# COMMAND ----------\n")
    shown, asked = {"html": [], "tables": []}, {}

    class Widgets:
        def text(self, name, default, label):
            asked[name] = widgets.get(name, default)

        def get(self, name):
            return asked[name]

    names = {"dbutils": types.SimpleNamespace(widgets=Widgets()), "displayHTML": shown["html"].append, "display": shown["tables"].append}
    os.environ |= {"HENS_SHIM": str(SHIM.parent), "HENS_PROGRAM": str(program), "HENS_LOCAL": str(pathlib.Path(tempfile.mkdtemp()) / "local"),
                   "HENS_CACHE": harness.CACHE, "HENS_DEVICE": "cpu"}
    sys.modules.pop("run_hens", None)
    before, out = signal.getsignal(signal.SIGTERM), io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            for cell in cells:
                exec(compile(cell, "hens_notebook", "exec"), names)
    finally:
        signal.signal(signal.SIGTERM, before)
        del os.environ["HENS_DEVICE"]
    return out.getvalue(), shown, asked


def test_the_notebook_runs_a_job_and_shows_report_map_and_times():
    task = Task()
    job = harness.write_job(task.folder, harness.SMALL_JOB)
    out, shown, asked = run_notebook({"spec": str(job), "nsteps": "1 2", "members": "2", "results": str(task.volume)}, harness.HENS)
    assert {"spec", "nsteps", "members", "results"} == set(asked)
    assert (task.volume / "timing_report.txt").read_text() in out
    [page] = shown["html"]
    for path in task.volume.rglob("hens_wind_*.jpg"):
        assert path.name in page and base64.b64encode(path.read_bytes()).decode() in page, path
    assert page.count("data:image/jpeg;base64,/9j/") == len(list(task.volume.rglob("hens_wind_*.jpg"))) >= 1
    [table] = shown["tables"]
    times = json.loads((task.volume / "benchmark_results.json").read_text())["benchmarks"]
    assert list(table["nsteps"]) == [1, 2] and list(table["seconds"]) == [t["inference_times"][0] for t in times], table


def test_the_notebook_fails_where_hens_does():
    task = Task()
    try:
        run_notebook({"spec": "/nowhere.yaml", "results": str(task.volume)}, harness.HENS)
    except Exception as failure:
        assert type(failure).__name__ == "HensFailed" and "exit code 66 (input is missing)" in str(failure), failure
    else:
        raise AssertionError("a job without a spec ran")


def test_the_notebook_is_found_in_the_image():
    dockerfile, ignored = (ROOT / "docker/Dockerfile").read_text(), (ROOT / ".dockerignore").read_text().splitlines()
    assert "COPY databricks/run_hens.py /opt/hens/databricks/run_hens.py" in dockerfile and "!databricks/run_hens.py" in ignored


def pins(path):
    lines = [line.strip() for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower(): line.split("==")[1] for line in lines}


def test_no_pin_of_the_drivers_environment_is_older_than_the_runtimes():
    ours, runtime = pins(ROOT / "docker/databricks-requirements.txt"), pins(pathlib.Path(__file__).with_name("databricks_16_4_pins.txt"))
    number = lambda version: [int(part) for part in re.findall(r"[0-9]+", version)]
    assert len(set(ours) & set(runtime)) > 50
    older = {name: (version, runtime[name]) for name, version in ours.items() if name in runtime and number(version) < number(runtime[name])}
    assert not older, older


def test_lines_arrive_as_they_are_said():
    process = Task().start([{"line": "first"}, {"sleep": 20}, {"line": "second"}])
    try:
        begun = time.monotonic()
        for line in process.stdout:
            if line == "first\n":
                break
        assert time.monotonic() - begun < 10, "the line was held back"
    finally:
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=30)[0]
    assert "told to stop" in rest and "exit code 75" in rest.splitlines()[-1], rest


def test_files_are_whole_under_their_names():
    task = Task()
    sizes, stop = set(), threading.Event()
    name = task.volume / "hens_0.zarr/c/0"

    def look():
        while not stop.is_set():
            if name.exists():
                sizes.add(name.stat().st_size)

    watcher = threading.Thread(target=look)
    watcher.start()
    size = 300_000_000
    code, text = task.run([{"member": "0", "bytes": size}, {"file": "run.json"}, {"file": "attempts/0001.json"},
                           {"file": ".x.12-0.tmp"}, {"exit": 0}])
    stop.set()
    watcher.join()
    assert code == 0 and sizes == {size}, (sizes, text)
    assert task.there() == {"hens_0.zarr/c/0", "members/0.json", "run.json", "attempts/0001.json", "staged/all.json"}
    assert not list((task.folder / "local").glob("*")), "the local disk is left clean"


def test_members_are_on_the_volume_before_the_end():
    task = Task()
    process = task.start([{"member": "0", "bytes": 1000}, {"sleep": 30}], stage_seconds="0.2")
    try:
        for _ in range(100):
            if "staged/all.json" in task.there():
                break
            time.sleep(0.1)
        assert task.there() == {"hens_0.zarr/c/0", "members/0.json", "staged/all.json"}
    finally:
        process.kill()  # a lost node
        process.communicate()
    code, _ = task.run([{"exit": 0}])
    assert code == 0 and "members/0.json" in task.there()


def test_what_cannot_be_staged_fails_the_task():
    task = Task()
    task.volume.write_text("a file where a folder is needed")
    code, text = task.run([{"file": "run.json"}, {"exit": 0}])
    assert code != 0 and "not all in" in text.splitlines()[-1] and "exit code 0" in text.splitlines()[-1], text
    code, text = task.run([{"file": "run.json"}, {"exit": 81}])
    assert code != 0 and "exit code 81" in text.splitlines()[-1], "hens' own failure comes first"
    code, text = Task().run([{"member": "0", "bytes": 10, "corrupt": True}, {"exit": 0}])
    assert code != 0 and "checksum" in text.splitlines()[-1], text


def test_a_cancelled_run_goes_on_where_it_stopped():
    task = Task()
    job = harness.write_job(task.folder, harness.SMALL_JOB.replace("members: 2", "members: 12").replace("[1]", "[8]"))
    harness.hens("run", job, "--output", task.folder / "whole")
    process = task.start([], program=harness.HENS, spec=job, stage_seconds="0.1")
    for _ in range(600):
        if list(task.volume.glob("members/*.json")):
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    text = process.communicate(timeout=60)[0]
    assert "exit code 75" in text.splitlines()[-1], text
    kept = len(list(task.volume.glob("members/*.json")))
    assert 0 < kept < 12, kept
    code, text = task.run([], program=harness.HENS, spec=job)
    assert code == 0, text
    harness.assert_not_misled(task.volume)
    assert harness.stores(task.volume) == harness.stores(task.folder / "whole")
    attempts = [json.loads(p.read_text()) for p in sorted(task.volume.glob("attempts/*.json"))]
    assert len(attempts) == 2, "the second run knew of the first"


def test_shards_and_their_report_make_one_ensemble():
    task = Task()
    job = harness.write_job(task.folder, harness.SMALL_JOB.replace("members: 2", "members: 6"))
    harness.hens("run", job, "--output", task.folder / "whole")
    shards = "[0, 1, 2]"
    running = [task.start([], f"--shard={k}", f"--shards={shards}", program=harness.HENS, spec=job) for k in range(3)]
    for process in running:
        text = process.communicate(timeout=300)[0]
        assert process.returncode == 0, text
    code, text = task.run([], command="report", program=harness.HENS)
    assert code == 0, text
    assert harness.stores(task.volume) == harness.stores(task.folder / "whole")
    manifest = json.loads((task.volume / "run.json").read_text())
    assert len(manifest["attempts"]) == 3, "every shard's record is kept"
    assert {"timing_report.txt", "benchmark_results.json", "hens_wind_2024_01_01.jpg"} <= task.there()
    member = json.loads(sorted((task.volume / "members").glob("*.json"))[0].read_text())
    (task.volume / member["files"][0]["path"]).write_bytes(b"damaged")
    code, text = task.run([], command="report", program=harness.HENS)
    assert code != 0 and re.search("hens (verify|report): exit code", text.splitlines()[-1]), text


def test_a_report_that_does_not_fit_on_its_node_says_so():
    task = Task()
    task.volume.mkdir()
    with open(task.volume / "large", "wb") as file:
        file.truncate(1 << 43)  # takes no room
    code, text = task.run([], command="report", program=harness.HENS)
    assert code != 0 and "report_node_type_id" in text.splitlines()[-1], text


if __name__ == "__main__":
    harness.run_tests(globals())
