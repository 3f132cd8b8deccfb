"""docs/image.md, "From nothing to results": each platform's list, typed line by line in a clone with stand-ins for what is not at
hand: docker, databricks, kubectl but for `kustomize`, SSH. hens-ec2 is the program itself, aws the real command line against moto.
docs/vm.md: its unit, and what its lines do.

    first_run_test.py PROGRAM [TEST...]       PROGRAM is hens-ec2; HENS_PROGRAM names hens
"""
import configparser
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import harness
from ec2_harness import ADDRESS, AddressServer, Cloud, write_program

ROOT = pathlib.Path(os.environ["HENS_SOURCE_DIR"])
DIGEST = "sha256:" + "0123456789abcdef" * 4
REGISTRY = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
CLOUD = None

DOCKER = f'''case "$1 $2" in
  "image inspect") [ "$3" != --format ] || printf '{REGISTRY}/hens@{DIGEST}\\n';;
  "login "*) [ "$(cat)" ] ;;
  "tag "* | "push "* | "run "* | "volume rm") ;;
  *) echo "docker: what is $*?" >&2; exit 125;;
esac'''

# The verbs that the lists need, as the CLI's --help has them; --params as databricks_test.py.
DATABRICKS = '''case "$1 $2" in
  "bundle validate" | "bundle deploy" | "auth login" | "workspace-conf set-status" | "instance-profiles add") ;;
  "bundle run") case $3 in hens_benchmark | hens_ensemble) ;; *) exit 1;; esac ;;
  "bundle destroy") [ "$3" = --auto-approve ] ;;
  "volumes create") [ $# = 6 ] && [ "$6" = MANAGED ] ;;
  "fs cp") [ "$3" = --recursive ] && [[ $4 == dbfs:/Volumes/* ]] && [ $# = 5 ] ;;
  *) echo "databricks: what is $*?" >&2; exit 1;;
esac'''

KUBECTL = '''case $1 in
  kustomize) exec {real} "$@" ;;
  apply) [ "$2 $3" = "-f -" ] && cat >>{folder}/applied.yaml && echo --- >>{folder}/applied.yaml ;;
  wait) grep -q -- "$2" <<<"--for=condition=complete --for=condition=Ready" && [[ $3 =~ ^(job/hens|pod/hens-results)$ ]] ;;
  cp) [[ $2 == hens-results:/results ]] ;;
  delete) for thing in "${{@:2}}"; do grep -q "name: ${{thing#*/}}" {folder}/applied.yaml || exit 1; done ;;
  *) echo "kubectl: what is $*?" >&2; exit 1 ;;
esac'''

# A machine at the end of SSH that runs a job as src/ec2/machine/job.sh does.
SSH = '''line="${@: -1}"
case $line in
  *"job start"*) cat >/dev/null ;;
  *"docker login"*) [ "$(cat)" ] ;;
  *"job follow"*) echo "the job's log" ;;
  *"job status"*) echo '{"launch": "x", "state": "finished", "stage": "job", "exit_code": 0, "message": "", "time": "2026-01-01T00:00:00Z"}' ;;
  "test -e"*) ;;
  *) echo "ssh: what is $line?" >&2; exit 1 ;;
esac'''
RSYNC = '''folder="${@: -1}"
mkdir -p "$folder" && echo "Total time: 12 s" >"$folder/timing_report.txt"'''


def lists():
    """{"2a. EC2, ...": ["line", ...]} of the section."""
    section = re.search(r"^## From nothing to results\n(.*?)^## ", (ROOT / "docs/image.md").read_text(), re.M | re.S)[1]
    found = {}
    for title, body in re.findall(r"^### ([^\n]+)\n(.*?)(?=^### |\Z)", section, re.M | re.S):
        blocks = re.findall(r"^```\n(.*?)^```", body, re.M | re.S)
        found[title] = [line for block in blocks for line in block.splitlines() if line.strip()]
    return found


class FirstRun(unittest.TestCase):
    def setUp(self):
        self.account = CLOUD.fresh()
        self.clone = self.account.folder / "hens"
        for name in subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True,
                                   text=True, check=True).stdout.split("\0"):
            if name and (ROOT / name).is_file() and not name.startswith(("src/", "tests/")):
                (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.clone / name)
        del self.account.environment["REGION"]  # the lists name it
        bin_folder = self.account.bin
        self.log = self.account.folder / "log"
        kubectl = pathlib.Path(sys.executable).parent / "kubectl"
        for name, body in {"docker": DOCKER, "databricks": DATABRICKS, "ssh": SSH, "rsync": RSYNC,
                           "kubectl": KUBECTL.format(real=kubectl, folder=self.account.folder)}.items():
            write_program(bin_folder / name, f'#!/bin/bash\necho "{name} $*" >>{self.log}\n{body}\n')
        # What builds is not built here: that it would start is what `make -n` says.
        write_program(bin_folder / "make", '#!/bin/bash\ncase $1 in image | test-image | hens-ec2) exec /usr/bin/make -n "$@" ;; esac\nexec /usr/bin/make -s "$@"\n')
        aws = bin_folder / "aws"
        write_program(bin_folder / "real-aws", aws.read_text())
        # moto knows no quota of EC2: the words are held to the service's model.
        write_program(aws, f'#!/bin/bash\nwords=("$@")\n[ "$1" != service-quotas ] || words+=(--generate-cli-skeleton output)\nexec {bin_folder}/real-aws "${{words[@]}}"\n')
        (self.clone / "build-ec2").mkdir()
        (self.clone / "build-ec2/hens-ec2").symlink_to(CLOUD.program)

    def type(self, title):
        """Every line of a list in one shell, as a person does; the first that fails ends it."""
        text = [re.sub(r"\s+#.*", "", line) for line in lists()[title]]
        text = [line.replace("BUCKET", "my-bucket").replace("THIS_REPOSITORY", "x").replace("YOUR-WORKSPACE", "w") for line in text]
        # What installs programs, logs people in, or clones what is cloned here already.
        typed = [line for line in text if not line.startswith(("sudo ", "git clone", "pip install"))]
        script = "set -euo pipefail\n" + "".join(f"echo {json.dumps('+ ' + line).replace('$', chr(92) + '$')}\n{line}\n" for line in typed)
        with AddressServer(ADDRESS) as address:
            done = subprocess.run(["bash", "-c", script], cwd=self.clone, env=self.account.environment | address, capture_output=True,
                                  text=True, stdin=subprocess.DEVNULL, timeout=300)
        self.assertEqual(done.returncode, 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        self.assertGreater(len(typed), 0)
        return done, (self.log.read_text() if self.log.exists() else "")

    def push(self):
        (self.clone / ".image").write_text(f"{REGISTRY}/hens@{DIGEST}\n")

    def title(self, number):
        [title] = [title for title in lists() if title.startswith(number)]
        return title

    def test_every_platform_has_a_list(self):
        self.assertEqual([title.split(".")[0] for title in lists()], ["1", "2a", "2b", "2c", "2d", "2e", "3"])

    def test_the_image_in_ecr_and_away(self):
        _, log = self.type(self.title("1."))
        self.assertIn(f"docker push {REGISTRY}/hens:", log)
        self.assertEqual((self.clone / ".image").read_text(), f"{REGISTRY}/hens@{DIGEST}\n")
        ecr = CLOUD.boto("ecr")
        self.assertEqual([r["repositoryName"] for r in ecr.describe_repositories()["repositories"]], ["hens"])
        self.type(self.title("3."))
        self.assertEqual(ecr.describe_repositories()["repositories"], [])

    def test_a_machine_to_log_in_to(self):
        self.push()
        done, _ = self.type(self.title("2a"))
        self.assertEqual((self.clone / "results/benchmark/timing_report.txt").read_text(), "Total time: 12 s\n")
        self.assertIn("the job's log", done.stdout)
        self.assertRegex(done.stdout, "nothing of yours runs in the [0-9]+ regions")
        self.assertEqual(self.account.left(), [])

    def test_one_job_and_off(self):
        self.push()
        # The machine: when all is launched it leaves its results and goes.
        text = (self.account.bin / "aws").read_text()
        write_program(self.account.bin / "aws", text.replace("exec ", f"HENS_PROGRAM=x HENS_SOURCE_DIR=/ {sys.executable} {__file__} --machine {CLOUD.endpoint} \"$@\"\nexec ", 1))
        self.type(self.title("2b"))
        self.assertIn("Total time: 13 s", (self.clone / "results/hens-benchmark/timing_report.txt").read_text())
        self.assertEqual(self.account.left(), [])

    def test_databricks(self):
        self.push()
        _, log = self.type(self.title("2c"))
        for verb in ("validate", "deploy"):
            self.assertIn(f"databricks bundle {verb} --var image={REGISTRY}/hens@{DIGEST}", log)
        self.assertLess(log.index("bundle deploy"), log.index("bundle run"))

    def test_kubernetes(self):
        self.push()
        self.type(self.title("2d"))
        applied = (self.account.folder / "applied.yaml").read_text()
        self.assertEqual(applied.count(f"image: {REGISTRY}/hens@{DIGEST}"), 2, "the job's and the pod's")
        self.assertEqual(set(re.findall("claimName: (.*)", applied)), {"hens-results"})

    def test_docker(self):
        self.push()
        _, log = self.type(self.title("2e"))
        self.assertIn(f":/results -v hens-cache:/tmp/hens {REGISTRY}/hens@{DIGEST} run jobs/benchmark.yaml --device cuda", log)


class Vm(unittest.TestCase):
    def unit(self):
        # The parser joins what is set twice; nothing is here.
        parser = configparser.ConfigParser(interpolation=None)
        parser.optionxform = str
        parser.read_string((ROOT / "docs/hens@.service").read_text())
        return parser

    def test_the_unit_restarts_what_may_go_better(self):
        service = self.unit()["Service"]
        codes = {int(c) for c in re.findall(r"^  \w+ = (\d+),", (ROOT / "src/base/error.h").read_text(), re.M)} - {0}
        never = {int(code) for code in service["RestartPreventExitStatus"].split()}
        self.assertEqual(codes - never - {int(service["SuccessExitStatus"])}, {69, 71, 74}, "these may go better the next time")
        self.assertEqual((service["Restart"], service["KillSignal"]), ("on-failure", "SIGTERM"))
        self.assertGreaterEqual(int(service["TimeoutStopSec"]), 10, "hens takes up to 5 s")
        self.assertEqual(self.unit()["Install"]["WantedBy"], "multi-user.target")

    def test_the_units_line_is_one_that_hens_takes(self):
        words = self.unit()["Service"]["ExecStart"].replace("%i", "demo").split()
        self.assertEqual(words[:2], ["/opt/hens/bin/hens", "run"])
        known = harness.hens("run", "--help").stdout
        for word in words[2:]:
            self.assertTrue(not word.startswith("--") or word in known, word)

    def test_shards_one_after_the_other_make_one_run(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="hens_vm_"))
        job = harness.write_job(folder, harness.SMALL_JOB)
        for shard in range(2):
            harness.hens("run", job, "--shard", f"{shard}/2", "--device", "cpu", "--output", folder / "run", "--log", "json")
        self.assertTrue((folder / "run/timing_report.txt").exists())
        self.assertIn("2", harness.hens("status", folder / "run").stdout)


class Container(unittest.TestCase):
    """What a run without --output does where HENS_CONTAINER_RESULTS says that it is in the image."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hens_container_"))
        self.job = harness.write_job(self.folder, harness.SMALL_JOB)
        self.work = self.folder / "work"
        self.work.mkdir()

    def run_in(self, results, *words, user=None):
        environment = {**os.environ, "HENS_CACHE": harness.CACHE, "HENS_CONTAINER_RESULTS": str(results)}
        return subprocess.run([harness.HENS, "run", self.job, *words], cwd=self.work, env=environment, capture_output=True, text=True,
                              timeout=300, user=user)

    def is_on_root_or_in_memory(self):
        found = subprocess.run(["findmnt", "-n", "-o", "TARGET,FSTYPE", "-T", self.work], capture_output=True, text=True, check=True).stdout
        target, kind = found.split()
        return target == "/" or kind in ("tmpfs", "ramfs")

    def test_results_go_where_a_folder_is_mounted(self):
        (self.folder / "results").mkdir()
        done = self.run_in(self.folder / "results")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.folder / "results/small/timing_report.txt").exists())
        self.assertFalse((self.work / "runs").exists())

    def test_what_will_be_lost_is_said(self):
        absent = self.folder / "absent"
        done = self.run_in(absent, "--log", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        if not self.is_on_root_or_in_memory():
            self.assertNotIn("results_are_lost", done.stderr)
            self.skipTest("temporary files are on a disk of their own: as if it were mounted")
        [warning] = [json.loads(line) for line in done.stderr.splitlines() if '"results_are_lost"' in line]
        self.assertEqual(warning["level"], "warning")
        for word in (str(self.work / "runs/small"), "--rm", f"$PWD/results:{absent}"):
            self.assertIn(word, warning["message"])
        # Outside of the image nobody is warned.
        self.assertNotIn("results_are_lost", self.run_in("", "--log", "json").stderr)

    def test_who_may_not_write_is_told_of_the_mount_and_of_output(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        self.folder.chmod(0o755), self.work.chmod(0o755)
        for results, named in (("/results", "-v \"$PWD/results:/results\""), ("", "--output names a folder")):
            done = self.run_in(results, user=65534)
            self.assertEqual(done.returncode, 73, done.stderr)
            self.assertIn("--output", done.stderr)
            self.assertIn(named, done.stderr)
        done = self.run_in("", "--output", "/usr/hens_run", user=65534)
        self.assertEqual(done.returncode, 73, done.stderr)
        self.assertIn("/usr/hens_run", done.stderr)

    def test_the_image_sets_it(self):
        self.assertRegex((ROOT / "docker/Dockerfile").read_text(), r"(?m)^ +HENS_CONTAINER_RESULTS=/results ")


def machine(endpoint, words):
    """Plays the launched machine of `submit`: before `fetch` asks S3, the job is over and the machine is gone."""
    import boto3
    if words[:2] != ["s3api", "head-object"] and words[:2] != ["s3", "cp"] and words[:2] != ["s3api", "get-object"]:
        return
    client = {name: boto3.client(name, region_name="us-east-1", endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="y")
              for name in ("ec2", "s3")}
    for reservation in client["ec2"].describe_instances()["Reservations"]:
        for instance in reservation["Instances"]:
            marks = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
            if marks.get("hens-ec2:way") != "job" or instance["State"]["Name"] != "running":
                continue
            bucket, key = marks["hens-ec2:results"].removeprefix("s3://").split("/", 1)
            status = {"launch": marks["hens-ec2:launch"], "state": "finished", "stage": "job", "exit_code": 0, "message": "",
                      "time": "2026-01-01T00:00:00Z"}
            for name, text in {"output/timing_report.txt": "Total time: 13 s", "log.txt": "", "status.json": json.dumps(status)}.items():
                client["s3"].put_object(Bucket=bucket, Key=f"{key}/{name}", Body=text.encode())
            client["ec2"].terminate_instances(InstanceIds=[instance["InstanceId"]])


if __name__ == "__main__":
    if sys.argv[1] == "--machine":
        machine(sys.argv[2], sys.argv[3:])
        sys.exit(0)
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    CLOUD = Cloud(sys.argv.pop(1))
    try:
        unittest.main(verbosity=2)
    finally:
        CLOUD.stop()
