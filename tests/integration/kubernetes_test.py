"""k8s/: what kubectl renders is valid Kubernetes, restricted, true to hens' exit codes, and its arguments run a job."""
import copy
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import kubernetes_validate
import yaml

import harness

ROOT = pathlib.Path(os.environ["HENS_SOURCE_DIR"])
KUBECTL = pathlib.Path(sys.executable).with_name("kubectl")
OVERLAYS = ["base", "overlays/pvc", "overlays/s3", "overlays/demo"]


def render(folder, root=ROOT):
    done = subprocess.run([KUBECTL, "kustomize", root / "k8s" / folder], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def only(manifests, kind):
    found = [m for m in manifests if m["kind"] == kind]
    assert len(found) == 1, (kind, len(found))
    return found[0]


def pod(job):
    return job["spec"]["template"]["spec"]


def containers(job):
    return {c["name"]: c for c in pod(job)["containers"] + pod(job).get("initContainers", [])}


def environment(container):
    return {e["name"]: e.get("value") for e in container["env"]}


def complaint(manifest):
    try:
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
    except kubernetes_validate.ValidationError as error:
        return str(error)


def test_every_rendering_is_strictly_valid():
    for folder in [*OVERLAYS, "results"]:
        for manifest in render(folder):
            assert complaint(manifest) is None, (folder, manifest["kind"], complaint(manifest))


def test_the_pod_that_results_are_copied_from_sees_what_the_job_wrote():
    [pod_of_results], job = render("results"), only(render("overlays/pvc"), "Job")
    claims = [{v["persistentVolumeClaim"]["claimName"] for v in spec["volumes"] if "persistentVolumeClaim" in v}
              for spec in (pod_of_results["spec"], pod(job))]
    assert claims[0] == claims[1] == {"hens-results"}, claims
    for key in ("securityContext", "automountServiceAccountToken"):
        assert pod_of_results["spec"][key] == pod(job)[key], key
    [container] = pod_of_results["spec"]["containers"]
    assert container["securityContext"] == containers(job)["hens"]["securityContext"] and container["image"].startswith("hens:")
    assert pod_of_results["spec"]["activeDeadlineSeconds"] > 0, "nothing stays for ever"


def test_misspelt_keys_are_caught():
    for path in (("spec", "completionsMode"), ("spec", "podFailurePolicy", "rule"), ("spec", "template", "spec", "tolerate")):
        job = copy.deepcopy(only(render("base"), "Job"))
        at = job
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = "x"
        assert path[-1] in (complaint(job) or ""), path


def test_the_config_map_is_the_specs_unchanged():
    data = only(render("base"), "ConfigMap")["data"]
    specs = {p.name for p in (ROOT / "jobs").glob("*.yaml")} - {"kustomization.yaml"}
    assert data.keys() == specs, "jobs/kustomization.yaml lists every spec"
    for name, text in data.items():
        assert text == (ROOT / "jobs" / name).read_text(), name


def test_a_changed_spec_is_a_new_config_map_that_the_job_follows():
    tree = pathlib.Path(tempfile.mkdtemp(prefix="hens_k8s_"))
    for folder in ("jobs", "k8s"):
        shutil.copytree(ROOT / folder, tree / folder)
    before = only(render("base"), "ConfigMap")["metadata"]["name"]
    with open(tree / "jobs/benchmark.yaml", "a") as spec:
        spec.write("# other\n")
    manifests = render("base", tree)
    after = only(manifests, "ConfigMap")["metadata"]["name"]
    assert before != after
    volumes = {v["name"]: v for v in pod(only(manifests, "Job"))["volumes"]}
    assert volumes["jobs"]["configMap"]["name"] == after


def test_the_number_of_shards_stands_once():
    tree = pathlib.Path(tempfile.mkdtemp(prefix="hens_k8s_"))
    for folder in ("jobs", "k8s"):
        shutil.copytree(ROOT / folder, tree / folder)
    path = tree / "k8s/base/job.yaml"
    text, count = re.subn(r"completions: \d+ ", "completions: 64 ", path.read_text())
    assert count == 1
    path.write_text(text)
    for folder in OVERLAYS:
        job = only(render(folder, tree), "Job")
        assert job["spec"]["completions"] == 64
        assert environment(containers(job)["hens"])["HENS_SHARDS"] == "64", folder


def test_every_exit_code_is_judged_as_the_table_says():
    header = (ROOT / "src/base/error.h").read_text()
    codes = {name: int(value) for name, value in re.findall(r"^  (\w+) = (\d+),", header, re.M)}
    assert codes["interrupted"] == 75 and len(codes) > 10, codes
    wanted = {"FailJob": {"usage", "bad_input", "missing_input", "cannot_create", "credentials", "bad_spec"},
              "FailIndex": {"bug", "not_finite", "members_failed"}, "Ignore": {"interrupted"},
              "Count": {"unavailable", "gpu", "io"}}
    assert set().union(*wanted.values()) == codes.keys() - {"ok"}, "an exit code is new: what shall a Job do about it?"
    for folder in OVERLAYS:
        job = only(render(folder), "Job")
        rules = job["spec"]["podFailurePolicy"]["rules"]
        judged = {}
        for rule in rules:
            on = rule.get("onExitCodes")
            if on is None:
                assert rule == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
                continue
            assert on["operator"] == "In" and on["containerName"] == "hens" and on["values"] == sorted(set(on["values"]))
            for value in on["values"]:
                judged.setdefault(value, rule["action"])
        for action, names in wanted.items():
            for name in names:
                assert judged.get(codes[name], "Count") == action, (folder, name)
        spec = job["spec"]
        assert spec["completionMode"] == "Indexed" and spec["podReplacementPolicy"] == "Failed"
        assert spec["backoffLimitPerIndex"] > 0 and pod(job)["restartPolicy"] == "Never", "policies need these"
        assert pod(job)["terminationGracePeriodSeconds"] > 5 and spec["activeDeadlineSeconds"] > 0


def test_what_is_complete_is_uploaded_before_the_pod_goes():
    """With overlays/s3 all was lost that had not ended with 0."""
    keep = containers(only(render("overlays/s3"), "Job"))["keep"]
    assert keep["restartPolicy"] == "Always" and keep["command"] == ["/bin/sh", "-c"]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hens_k8s_"))
    (folder / "aws").write_text('#!/bin/sh\necho "$*" >>"$(dirname "$0")/calls"\n')
    (folder / "aws").chmod(0o755)
    script = keep["args"][0].replace("/results/", f"{folder}/").replace("sleep 60", "sleep 0.2").replace("sleep 6 ", "sleep 1 ")
    process = subprocess.Popen(["/bin/sh", "-c", script], env={"PATH": f"{folder}:{os.environ['PATH']}", "HENS_S3_PREFIX": "s3://b/x",
                                                               "JOB_COMPLETION_INDEX": "3"})
    calls = folder / "calls"
    while not calls.exists() or len(calls.read_text().splitlines()) < 2:
        assert process.poll() is None
        time.sleep(0.05)
    process.terminate()
    before = len(calls.read_text().splitlines())
    assert process.wait(timeout=20) == 0
    said = calls.read_text().splitlines()
    assert len(said) > before, "once more, after hens has stopped"
    assert set(said) == {f"s3 sync --only-show-errors --exclude *.tmp {folder}/hens_benchmark s3://b/x/shard-3"}, said


def test_pods_keep_to_the_restricted_standard():
    for folder in OVERLAYS:
        job = only(render(folder), "Job")
        spec, of_pod = pod(job), pod(job)["securityContext"]
        assert of_pod["runAsNonRoot"] is True and of_pod["runAsUser"] > 0
        assert of_pod["seccompProfile"]["type"] == "RuntimeDefault"
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys() and spec["automountServiceAccountToken"] is False
        for volume in spec["volumes"]:
            assert volume.keys() - {"name"} <= {"configMap", "emptyDir", "persistentVolumeClaim"}, volume
        for container in containers(job).values():
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False and own["readOnlyRootFilesystem"] is True
            assert own["capabilities"] == {"drop": ["ALL"]}
            writable = {m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")}
            assert all(environment(container).get(name, "/tmp").startswith(tuple(writable)) for name in
                       ("HOME", "HENS_CACHE", "TMPDIR")), "writes go to volumes"
        mounted = {m["name"] for c in containers(job).values() for m in c["volumeMounts"]}
        assert mounted == {v["name"] for v in spec["volumes"]}


def test_uploads_decide_about_success_in_the_s3_overlay():
    job = only(render("overlays/s3"), "Job")
    assert [c["name"] for c in pod(job)["initContainers"]] == ["restore", "keep", "hens"]
    assert [c["name"] for c in pod(job)["containers"]] == ["upload"]
    restore, upload = containers(job)["restore"]["args"], containers(job)["upload"]["args"]
    assert restore[-2:] == upload[-2:][::-1] and "$(JOB_COMPLETION_INDEX)" in upload[-1]
    assert "--output=" + upload[-2] in containers(job)["hens"]["args"]
    assert "persistentVolumeClaim" not in str(pod(job)["volumes"])


def test_an_image_by_digest_is_what_is_rendered():
    image = "registry.example.org:5000/team/hens@sha256:" + "0123456789abcdef" * 4
    for folder in OVERLAYS:
        done = subprocess.run([ROOT / "scripts/k8s_render.sh", image, "k8s/" + folder], capture_output=True, text=True,
                              env={**os.environ, "KUBECTL": str(KUBECTL)})
        assert done.returncode == 0, done.stderr
        assert containers(only(list(yaml.safe_load_all(done.stdout)), "Job"))["hens"]["image"] == image
    wrong = subprocess.run([ROOT / "scripts/k8s_render.sh", "hens@sha256:12", "k8s/base"], capture_output=True, text=True,
                           env={**os.environ, "KUBECTL": str(KUBECTL)})
    assert wrong.returncode == 64 and not wrong.stdout, wrong
    assert not list((ROOT / "k8s").glob(".render*")), "nothing stays behind"


def test_the_jobs_arguments_finish_one_ensemble():
    """Each index as Kubernetes would start it, index 0 twice at the same time; the paths are this machine's."""
    manifests = render("overlays/demo")
    job = only(manifests, "Job")
    container, shards = containers(job)["hens"], job["spec"]["completions"]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hens_k8s_"))
    jobs, results = folder / "jobs", folder / "results"
    jobs.mkdir()
    for name, text in only(manifests, "ConfigMap")["data"].items():
        (jobs / name).write_text(text)
    arguments = [a.replace("/etc/hens/jobs", str(jobs)).replace("/results", str(results)) for a in container["args"]]
    arguments += ["forecast.steps=[1,2]", "perturbation.method=correlated_spherical_gaussian", "runtime.threads=1"]
    whole = folder / "whole"
    harness.hens(*[a if not a.startswith("--output") else f"--output={whole}" for a in arguments if a != "--shard=auto"])

    def start(index):
        variables = {"JOB_COMPLETION_INDEX": str(index), "HENS_SHARDS": environment(container)["HENS_SHARDS"],
                     "HENS_CACHE": harness.CACHE, "KUBERNETES_SERVICE_HOST": "127.0.0.1"}
        return subprocess.Popen([harness.HENS, *arguments], env={**os.environ, **variables}, stderr=subprocess.PIPE, text=True)

    for process in [start(index) for index in [0, *range(shards)]]:
        errors = process.communicate(timeout=300)[1]
        assert process.returncode == 0, errors[-2000:]
    run = results / "demo"
    harness.hens("verify", run)
    harness.assert_not_misled(run)
    assert harness.stores(run) == harness.stores(whole), "shards left other bytes than one process"
    assert "Kubernetes" in (run / "benchmark_results.json").read_text()


def test_no_node_with_a_gpu_computes_on_its_cpu():
    """A driver that cannot be used left a billed GPU idle, without a word and without exit code 71."""
    for overlay, device in (("base", "cuda"), ("overlays/pvc", "cuda"), ("overlays/s3", "cuda"), ("overlays/demo", "cpu")):
        arguments = containers(only(render(overlay), "Job"))["hens"]["args"]
        assert [a for a in arguments if a.startswith("--device")] == [f"--device={device}"], (overlay, arguments)
    definition = json.loads((ROOT / "docs/aws_batch_job.json").read_text())
    assert "--device=cuda" in definition["containerProperties"]["command"]
    page = (ROOT / "README.md").read_text() + "".join(p.read_text() for p in (ROOT / "docs").glob("*.md"))
    lines = re.findall(r"docker run (?:[^\n`]*\\\n)*[^\n`]*", page)
    jobs = [line for line in lines if "--gpus all" in line and re.search(r" run \S+\.yaml", line)]
    assert len(jobs) >= 3, lines
    for line in jobs:
        assert "--device cuda" in line, line


def test_an_index_without_a_count_is_refused():
    job = harness.write_job(tempfile.mkdtemp(prefix="hens_k8s_"))
    clean = {"HENS_SHARDS": "", "AWS_BATCH_JOB_ARRAY_SIZE": "", "AWS_BATCH_JOB_ARRAY_INDEX": ""}
    refused = harness.hens("run", job, "--shard", "auto", check=64, env={**clean, "JOB_COMPLETION_INDEX": "0"})
    assert "HENS_SHARDS" in refused.stderr
    assert "JOB_COMPLETION_INDEX" in harness.hens("run", job, "--shard=auto", check=64, env={**clean, "JOB_COMPLETION_INDEX": ""}).stderr


def test_the_definition_for_aws_batch_is_what_the_api_takes():
    definition = json.loads((ROOT / "docs/aws_batch_job.json").read_text())
    retried = {rule["onExitCode"] for rule in definition["retryStrategy"]["evaluateOnExit"] if "onExitCode" in rule}
    assert retried == {"69", "71", "74", "75", "137"}, "as the Job of k8s/ does"
    try:
        import botocore.session
        import botocore.validate
    except ImportError:
        return "needs botocore"
    shape = botocore.session.get_session().get_service_model("batch").operation_model("RegisterJobDefinition").input_shape
    check = botocore.validate.ParamValidator()
    assert not check.validate(definition, shape).has_errors(), check.validate(definition, shape).generate_report()
    definition["containerProperties"]["comand"] = []
    assert "comand" in check.validate(definition, shape).generate_report()


if __name__ == "__main__":
    harness.run_tests(globals())
