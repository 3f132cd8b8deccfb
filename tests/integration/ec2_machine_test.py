"""What hens-ec2 puts onto a machine, run for real under bash with fakes of shutdown, systemctl, docker, nvidia-smi and aws
on PATH and everything below a folder of its own; and `run`, `extend` and `reap` over an ssh that leads there.

    ec2_machine_test.py PROGRAM [TEST...]

With HENS_TEST_CONTAINER=IMAGE the machine is a container of that image (any with bash and coreutils), started by $DOCKER,
and the scripts find everything where it is on a real one: for OneJob and Timer.
"""
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from ec2_harness import (CREDENTIALS, DONE, GPU, IMAGE, INTERRUPTED, JOB, UNAVAILABLE, Cloud, tags, write_program)

CLOUD = None
USER_DATA = {}  # "login" and "job": rendered once

FAKES = {
    "shutdown": r"""#!/bin/bash
echo "shutdown $*" >>"$FAKE/calls"
scheduled=$HENS_EC2_ROOT/run/systemd/shutdown/scheduled
mkdir -p "$(dirname "$scheduled")"
case $1 in
  -c) rm -f "$scheduled" ;;
  -P) [ "$2" = now ] && touch "$FAKE/off"
      minutes=${2#+}; [ "$2" = now ] || echo "USEC=$((($(date +%s) + minutes * 60) * 1000000))" >"$scheduled" ;;
esac
""",
    "systemctl": r"""#!/bin/bash
echo "systemctl $*" >>"$FAKE/calls"
case "$*" in
  "start --no-block hens-ec2-job.service")
    "$HENS_EC2_ROOT$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$HENS_EC2_ROOT/etc/systemd/system/hens-ec2-job.service")" run \
      >"$FAKE/console" 2>&1 & ;;
  "enable --now hens-ec2-arm.service hens-ec2-tick.timer") "$HENS_EC2_ROOT/opt/hens-ec2/timer" arm ;;
  "is-active --quiet hens-ec2-job.service") kill -0 "$(cat "$HENS_EC2_ROOT/run/hens-ec2/pid" 2>/dev/null)" 2>/dev/null ;;
  is-system-running) cat "$FAKE/system_state" 2>/dev/null || echo running ;;
esac
""",
    "nvidia-smi": r"""#!/bin/bash
[ ! -e "$FAKE/no_gpu" ] && echo 'GPU 0: NVIDIA L40S'
""",
    "docker": r"""#!/bin/bash
echo "docker $*" >>"$FAKE/calls"
case "$1" in
  image) [ -e "$FAKE/pulled" ] ;;
  pull) while [ -e "$FAKE/slow_pull" ]; do sleep 0.1; done; [ ! -e "$FAKE/no_pull" ] && touch "$FAKE/pulled" ;;
  login) cat >"$FAKE/password" ;;
  stop) touch "$FAKE/stopped" ;;
  run)
    for word; do
      case $word in
        *:/results) results=${word%:/results} ;;
        *:/job/*) cp "${word%%:*}" "$FAKE/seen.yaml" ;;
      esac
    done
    echo "step $(date +%s%N)" >>"$results/steps"
    echo 'half written' >"$results/.x.tmp"
    echo 'Total time: 12 s' >"$results/timing_report.txt"
    echo 'the log of hens'
    while [ -e "$FAKE/long" ]; do
      [ -e "$FAKE/stopped" ] && rm "$FAKE/stopped" && exit 75
      sleep 0.1
    done
    exit "$(cat "$FAKE/job_code" 2>/dev/null || echo 0)" ;;
esac
""",
    # s3 sync and cp between folders, and failures as ordered: a number of uploads that fail.
    "aws": r"""#!/bin/bash
echo "aws $*" >>"$FAKE/calls"
[ "$1" = s3 ] || { echo password; exit 0; }
from=$3 to=$4
if [[ $to = s3://* ]]; then
  left=$(cat "$FAKE/failing_uploads" 2>/dev/null || echo 0)
  if ((left > 0)); then echo $((left - 1)) >"$FAKE/failing_uploads"; exit 1; fi
fi
from=${from/#s3:\/\//$FAKE/s3/} to=${to/#s3:\/\//$FAKE/s3/}
if [ "$2" = sync ]; then
  [ -d "$from" ] || exit 0
  mkdir -p "$to"
  (cd "$from" && find . -type f ! -name '*.tmp' -exec cp --parents {} "$to" \;)
else
  mkdir -p "$(dirname "$to")" && cp "$from" "$to"
fi
""",
    "sudo": '#!/bin/bash\n[ "$1" = -H ] && shift\nexec "$@"\n',
}


class Machine:
    """A folder as the machine's root."""

    def __init__(self, folder, user_data):
        self.root, self.fake, self.bin = folder / "root", folder / "fake", folder / "fakes"
        for path in (self.root, self.fake, self.bin):
            path.mkdir(parents=True)
        for name, text in FAKES.items():
            write_program(self.bin / name, text)
        self.state = self.root / "var/lib/hens-ec2"
        self.run_folder = self.root / "run/hens-ec2"
        self.environment = os.environ | {"PATH": f"{self.bin}:{os.environ['PATH']}", "HENS_EC2_ROOT": str(self.root),
                                         "FAKE": str(self.fake), "HENS_EC2_RETRY_SECONDS": "0.1"}
        self.user_data = folder / "user_data.sh"
        self.user_data.write_text(user_data)

    def order(self, name, text=""):
        (self.fake / name).write_text(text)

    def command(self, *words):
        """argv and environment of bash on this machine; paths as the machine sees them."""
        return ["bash", *map(str, words)], self.environment

    def installed(self, name):
        return self.root / "opt/hens-ec2" / name

    def bash(self, *words, check=True):
        argv, environment = self.command(*words)
        return subprocess.run(argv, env=environment, check=check, capture_output=True, text=True, timeout=60)

    def boot(self):
        """cloud-init's first boot."""
        return self.bash(self.user_data, check=False)

    def timer(self, *words):
        return self.bash(self.installed("timer"), *words).stdout.strip()

    def start_job_service(self):
        argv, environment = self.command(self.installed("job"), "run")
        return subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def reboot(self):
        for folder in (self.root / "run").iterdir():
            shutil.rmtree(folder)
        self.timer("arm")

    def calls(self, word=""):
        log = self.fake / "calls"
        return [line for line in (log.read_text().splitlines() if log.exists() else []) if line.startswith(word)]

    def is_off(self):
        return (self.fake / "off").exists()

    def wait_for(self, path):
        for _ in range(400):
            if path.exists():
                return
            time.sleep(0.05)
        raise AssertionError(f"{path} does not come\n" + "\n".join(self.calls()) + (self.fake / "console").read_text())

    def bucket(self, name):
        return self.fake / "s3/bucket/run" / name

    def status(self):
        return json.loads(self.bucket("status.json").read_text())

    def deadline(self):
        path = self.state / "deadline"
        return int(path.read_text()) if path.exists() else None


class Container(Machine):
    """A container whose folders of hens-ec2 are those below root. Its processes are the host's: tests signal them."""

    def __init__(self, folder, user_data):
        super().__init__(folder, user_data)
        self.docker = os.environ.get("DOCKER", "docker")
        mounts = ["-v", f"{folder}:{folder}"]
        for path in ("var/lib/hens-ec2", "opt/hens-ec2", "etc/systemd/system", "etc/pam.d", "run"):
            (self.root / path).mkdir(parents=True)
            mounts += ["-v", f"{self.root / path}:/{path}"]
        started = [self.docker, "run", "-d", "--rm", "--pid", "host", "--network", "none", "--user", "0", *mounts,
                   "--entrypoint", "sleep", os.environ["HENS_TEST_CONTAINER"], "infinity"]
        self.id = subprocess.run(started, check=True, capture_output=True, text=True).stdout.strip()

    def close(self):
        subprocess.run([self.docker, "rm", "-f", self.id], check=True, capture_output=True)

    def command(self, *words):
        path = f"{self.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        values = {"PATH": path, "FAKE": self.fake, "HENS_EC2_RETRY_SECONDS": "0.1"}
        told = [word for key, value in values.items() for word in ("-e", f"{key}={value}")]
        return [self.docker, "exec", *told, self.id, "bash", *map(str, words)], None

    def installed(self, name):
        return f"/opt/hens-ec2/{name}"


class MachineTest(unittest.TestCase):
    way = "job"
    in_container = "HENS_TEST_CONTAINER" in os.environ

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="hens_ec2_machine_", ignore_cleanup_errors=True)
        self.addCleanup(temporary.cleanup)
        folder = pathlib.Path(temporary.name)
        if self.in_container:
            self.machine = Container(folder, USER_DATA[self.way])
            self.addCleanup(self.machine.close)
        else:
            self.machine = Machine(folder, USER_DATA[self.way])

    def run_to_off(self):
        self.machine.boot()
        self.machine.wait_for(self.machine.fake / "off")


class Metadata(http.server.BaseHTTPRequestHandler):
    """IMDSv2: a token for every question, and 404 until EC2 wants the machine back."""

    def do_PUT(self):
        self.answer("token" if self.path == "/latest/api/token" else None)

    def do_GET(self):
        asked = self.path == "/latest/meta-data/spot/instance-action"
        self.server.asked += asked
        allowed = self.headers.get("X-aws-ec2-metadata-token") == "token"
        self.answer(self.server.notice if asked and allowed else None)

    def answer(self, text):
        self.send_response(404 if text is None else 200)
        self.end_headers()
        self.wfile.write((text or "not found").encode())

    def log_message(self, *_):
        pass


@unittest.skipIf(MachineTest.in_container, "the metadata are on this machine's loopback")
class SpotJob(MachineTest):
    way = "spot"

    def setUp(self):
        super().setUp()
        self.metadata = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
        self.metadata.notice, self.metadata.asked = None, 0
        threading.Thread(target=self.metadata.serve_forever, daemon=True).start()
        self.addCleanup(self.metadata.server_close)
        self.addCleanup(self.metadata.shutdown)
        self.machine.environment |= {"HENS_EC2_METADATA": f"http://127.0.0.1:{self.metadata.server_port}",
                                     "HENS_EC2_NOTICE_SECONDS": "0.1"}

    def test_a_notice_stops_the_job_and_brings_its_results_away(self):
        self.machine.order("long")
        self.machine.boot()
        self.machine.wait_for(self.machine.state / "output/demo/steps")
        pid = int((self.machine.run_folder / "pid").read_text())
        while self.metadata.asked < 2:
            time.sleep(0.05)
        self.assertEqual(self.machine.calls("docker stop"), [])
        self.metadata.notice = '{"action": "terminate", "time": "2026-12-01T10:02:00Z"}'
        begin = time.monotonic()
        while subprocess.run(["kill", "-0", str(pid)], stderr=subprocess.DEVNULL).returncode == 0:
            self.assertLess(time.monotonic() - begin, 60, "EC2 gives two minutes")
            time.sleep(0.05)
        status = self.machine.status()
        self.assertEqual((status["state"], status["exit_code"]), ("interrupted", INTERRUPTED))
        self.assertIn("took this spot machine back", status["message"])
        self.assertEqual(len(self.machine.calls("docker stop")), 1)
        self.assertTrue(self.machine.bucket("output/steps").exists())
        self.assertIn("2026-12-01T10:02:00Z", self.machine.bucket("log.txt").read_text())

    def test_without_a_notice_it_ends_as_any_other(self):
        self.run_to_off()
        self.assertEqual(self.machine.status()["state"], "finished")
        self.assertFalse((self.machine.run_folder / "notice").exists())

    def test_another_machine_does_not_ask(self):
        self.assertNotIn("spot='yes'", USER_DATA["job"])
        self.assertIn("spot='yes'", USER_DATA["spot"])


class OneJob(MachineTest):
    def test_every_exit_code_arrives(self):
        for code in (0, 75, 65):
            with self.subTest(code):
                self.setUp()
                self.machine.order("job_code", str(code))
                self.run_to_off()
                status = self.machine.status()
                self.assertEqual((status["state"], status["stage"], status["exit_code"]), ("finished", "job", code))
                self.assertEqual(self.machine.bucket("output/timing_report.txt").read_text(), "Total time: 12 s\n")
                self.assertIn("the log of hens", self.machine.bucket("log.txt").read_text())
                self.assertFalse(self.machine.bucket("output/.x.tmp").exists())

    def test_docker_gets_the_image_the_gpus_and_the_unchanged_yaml(self):
        self.run_to_off()
        line, = self.machine.calls("docker run")
        self.assertIn("--gpus all", line)
        for words in ("--cap-drop ALL", "--security-opt no-new-privileges", "--read-only"):
            self.assertIn(words, line)
        self.assertIn(f" {IMAGE} run /job/demo.yaml --output /results --device cuda", line)
        self.assertEqual((self.machine.fake / "seen.yaml").read_text(), JOB)
        self.assertEqual(self.machine.calls("docker pull"), [f"docker pull -q {IMAGE}"])

    def assert_end(self, stage, code):
        status = self.machine.status()
        self.assertEqual((status["stage"], status["exit_code"]), (stage, code))

    def test_the_image_cannot_be_pulled(self):
        self.machine.order("no_pull")
        self.run_to_off()
        self.assert_end("pull", UNAVAILABLE)
        self.assertEqual(len(self.machine.calls("docker pull")), 3)
        self.assertEqual(self.machine.calls("docker run"), [])

    def test_there_is_no_gpu(self):
        self.machine.order("no_gpu")
        self.run_to_off()
        self.assert_end("gpu", GPU)
        self.assertEqual(self.machine.calls("docker run"), [])

    def test_docker_cannot_start_it(self):
        self.machine.order("job_code", "125")
        self.run_to_off()
        self.assert_end("docker", GPU)

    def test_an_upload_that_fails_for_a_while(self):
        self.machine.order("long")
        self.machine.boot()
        self.machine.wait_for(self.machine.run_folder / "job")
        self.machine.order("failing_uploads", "4")
        (self.machine.fake / "long").unlink()
        self.machine.wait_for(self.machine.fake / "off")
        self.assert_end("job", DONE)

    def test_an_upload_that_may_not_be_is_found_out_before_the_work(self):
        self.machine.order("failing_uploads", "1000")
        self.run_to_off()
        self.assertEqual(self.machine.calls("docker"), [])
        self.assertIn(f"exit code {CREDENTIALS}", (self.machine.fake / "console").read_text())

    def test_what_an_earlier_machine_left_is_continued(self):
        left = self.machine.bucket("output/members/00000.json")
        left.parent.mkdir(parents=True)
        left.write_text("{}")
        self.run_to_off()
        self.assertTrue((self.machine.state / "output/demo/members/00000.json").exists())

    def test_a_reboot_interrupts_and_continues(self):
        self.machine.order("long")
        self.machine.boot()
        before = self.machine.deadline()
        steps = self.machine.state / "output/demo/steps"
        self.machine.wait_for(steps)
        pid = int((self.machine.run_folder / "pid").read_text())
        os.kill(pid, signal.SIGTERM)  # as systemd does
        while subprocess.run(["kill", "-0", str(pid)], stderr=subprocess.DEVNULL).returncode == 0:
            time.sleep(0.05)
        self.assertEqual((self.machine.status()["state"], self.machine.status()["exit_code"]),
                         ("interrupted", INTERRUPTED))
        self.assertFalse(self.machine.is_off())
        (self.machine.fake / "long").unlink()
        self.machine.reboot()
        self.assertEqual(self.machine.deadline(), before, "the same moment")
        self.assertRegex(self.machine.calls("shutdown -P")[-1], r"\+(59|60) ")
        service = self.machine.start_job_service()
        self.assertEqual(service.wait(timeout=30), 0)
        self.assertEqual(self.machine.status()["state"], "finished")
        self.assertEqual(len(steps.read_text().splitlines()), 2)
        self.assertTrue(self.machine.is_off())
        off = len(self.machine.calls("docker"))
        self.machine.start_job_service().wait(timeout=30)
        self.assertEqual(len(self.machine.calls("docker")), off, "a finished job is not run again")

    def test_a_signal_is_heard_while_the_image_is_pulled(self):
        """A pull took its half hour to the end, and the machine's shutdown waited for it."""
        self.machine.order("slow_pull")
        self.machine.boot()
        for _ in range(300):
            if self.machine.calls("docker pull"):
                break
            time.sleep(0.1)
        pid = int((self.machine.run_folder / "pid").read_text())
        os.kill(pid, signal.SIGTERM)
        for _ in range(100):
            if subprocess.run(["kill", "-0", str(pid)], stderr=subprocess.DEVNULL).returncode != 0:
                break
            time.sleep(0.1)
        else:
            self.fail("deaf")
        self.assertEqual(self.machine.status()["state"], "interrupted")
        (self.machine.fake / "slow_pull").unlink()

    def test_results_are_away_before_the_time_is_up(self):
        self.machine.order("long")
        self.machine.boot()
        self.machine.wait_for(self.machine.state / "output/demo/steps")
        self.machine.timer("tick")
        self.assertEqual(self.machine.calls("docker stop"), [])
        # A sixth of the time, at least a minute, is for the upload. It was a sixth of the launch's timer, ten minutes:
        # `extend 9` then stopped the job at once.
        self.machine.timer("set", "9")
        self.machine.timer("tick")
        self.assertEqual(self.machine.calls("docker stop"), [])
        self.machine.timer("set", "1")
        self.machine.timer("tick")
        self.assertEqual(len(self.machine.calls("docker stop")), 1)
        self.machine.wait_for(self.machine.fake / "off")
        self.assert_end("job", INTERRUPTED)
        self.assertTrue(self.machine.bucket("output/steps").exists())

    def test_a_machine_back_after_its_time_brings_away_what_it_has(self):
        self.machine.order("long")
        self.machine.boot()
        self.machine.wait_for(self.machine.state / "output/demo/steps")
        os.kill(int((self.machine.run_folder / "pid").read_text()), signal.SIGKILL)  # power lost
        (self.machine.fake / "long").unlink()
        (self.machine.state / "deadline").write_text("1000000000")
        runs = len(self.machine.calls("docker run"))
        self.machine.reboot()
        self.assertRegex(self.machine.calls("shutdown -P")[-1], r"\+2 ", "time for the upload")
        self.machine.start_job_service().wait(timeout=30)
        self.assertTrue(self.machine.bucket("output/steps").exists())
        self.assert_end("time", INTERRUPTED)
        self.assertEqual(len(self.machine.calls("docker run")), runs)


class Timer(MachineTest):
    way = "login"

    def test_it_is_armed_before_anything_can_fail(self):
        script = self.machine.user_data.read_text().splitlines()
        commands = [line for line in script if line and not line.startswith("#") and "=" not in line.split(" ")[0]]
        self.assertTrue(commands[0].startswith("shutdown -P"), commands[0])
        if self.in_container:
            self.skipTest("its folders are mounts: they are there")
        shutil.rmtree(self.machine.root)
        self.machine.root.write_text("a file where the machine's folders should be")
        self.machine.boot()
        self.assertEqual(len(self.machine.calls("shutdown -P +60")), 1)

    def test_it_survives_a_reboot(self):
        self.machine.boot()
        self.assertIn("systemctl enable --now hens-ec2-arm.service hens-ec2-tick.timer", self.machine.calls())
        before = self.machine.deadline()
        self.machine.reboot()
        self.assertEqual(len(self.machine.calls("shutdown -P")), 2)
        self.assertEqual(self.machine.deadline(), before)
        unit = (self.machine.root / "etc/systemd/system/hens-ec2-arm.service").read_text()
        self.assertIn("WantedBy=multi-user.target", unit)

    def test_a_plain_shutdown_c_cancels_it_for_good(self):
        self.machine.boot()
        self.machine.bash("-c", "shutdown -c")
        self.machine.timer("tick")
        self.assertEqual(self.machine.timer("show"), "never")
        armed = len(self.machine.calls("shutdown -P"))
        self.machine.reboot()
        self.machine.timer("tick")
        self.assertEqual(len(self.machine.calls("shutdown -P")), armed)

    def test_a_plain_shutdown_plus_n_after_a_cancel_is_followed(self):
        """With a tick between the two, the new timer was never seen."""
        self.machine.boot()
        self.machine.bash("-c", "shutdown -c")
        self.machine.timer("tick")
        self.machine.bash("-c", "shutdown -P +120")
        self.machine.timer("tick")
        self.assertAlmostEqual(self.machine.deadline(), time.time() + 7200, delta=90)
        self.machine.reboot()
        self.assertRegex(self.machine.calls("shutdown -P")[-1], r"\+(119|120) ")

    def test_a_timer_that_logind_has_forgotten_ends_the_machine(self):
        """A logind that is restarted forgets what it has scheduled, and leaves the file that says so."""
        self.machine.boot()
        past = int(time.time()) - 300
        (self.machine.state / "deadline").write_text(str(past))
        (self.machine.root / "run/systemd/shutdown/scheduled").write_text(f"USEC={past}000000\n")
        self.machine.timer("tick")
        self.assertTrue(self.machine.is_off())

    def test_people_may_log_in_to_the_end(self):
        """In the last five minutes of a scheduled shutdown pam_nologin lets in nobody but root."""
        pam = self.machine.root / "etc/pam.d/sshd"
        pam.parent.mkdir(parents=True, exist_ok=True)
        pam.write_text("@include common-auth\naccount    required     pam_nologin.so\n")
        self.machine.boot()
        self.assertEqual(pam.read_text(), "@include common-auth\n#account    required     pam_nologin.so\n")

    def test_a_plain_shutdown_plus_n_is_followed(self):
        self.machine.boot()
        self.machine.bash("-c", "shutdown -c; shutdown -P +120")
        self.machine.timer("tick")
        self.assertAlmostEqual(self.machine.deadline(), time.time() + 7200, delta=90)
        self.machine.reboot()
        self.assertRegex(self.machine.calls("shutdown -P")[-1], r"\+(119|120) ")

    def test_set_cancel_show(self):
        self.machine.boot()
        self.assertAlmostEqual(int(self.machine.timer("show")), time.time() + 3600, delta=60)
        self.machine.timer("set", "30")
        self.machine.timer("tick")
        self.assertAlmostEqual(int(self.machine.timer("show")), time.time() + 1800, delta=60)
        self.machine.timer("cancel")
        self.assertEqual(self.machine.timer("show"), "never")
        self.assertEqual(self.machine.calls("shutdown")[-1], "shutdown -c")

    def test_a_timer_that_could_not_be_armed_is_armed_by_the_next_tick(self):
        self.machine.boot()
        (self.machine.run_folder / "armed").unlink()
        shutil.rmtree(self.machine.root / "run/systemd")
        self.machine.timer("tick")
        self.assertEqual(len(self.machine.calls("shutdown -P")), 2)
        self.assertIsNotNone(self.machine.deadline())

    def test_a_machine_going_down_is_not_a_cancelled_timer(self):
        self.machine.boot()
        shutil.rmtree(self.machine.root / "run/systemd")
        self.machine.order("system_state", "stopping")
        self.machine.timer("tick")
        self.assertIsNotNone(self.machine.deadline())


class OverSsh(MachineTest):
    """hens-ec2's own commands, with an ssh and an rsync that lead to the folder."""
    way = "login"

    def setUp(self):
        super().setUp()
        self.account = CLOUD.fresh()
        environment = "\n".join(f"export {key}='{self.machine.environment[key]}'"
                                for key in ("PATH", "HENS_EC2_ROOT", "FAKE", "HENS_EC2_RETRY_SECONDS"))
        moved = r's#\(^\|[ :]\)/\(opt\|var/lib\)/hens-ec2#\1$HENS_EC2_ROOT/\2/hens-ec2#g'
        write_program(self.account.bin / "ssh", f"""#!/bin/bash
{environment}
echo "ssh $*" >>"$FAKE/ssh"
[ ! -e "$FAKE/refused" ] || {{ echo 'Connection refused' >&2; exit 255; }}
if [ -e "$FAKE/lost" ]; then rm "$FAKE/lost"; exit 255; fi
line=$(sed '{moved}' <<<"${{@: -1}}")
eval "$line"
""")
        write_program(self.account.bin / "rsync", f"""#!/bin/bash
{environment}
echo "rsync $*" >>"$FAKE/ssh"
from=$(sed 's#.*:/#/#; {moved}' <<<"${{@: -2:1}}")
cp -r "$(eval echo "$from")"$([[ $from = */ ]] && echo .) "${{@: -1}}"
""")
        self.machine.boot()
        self.account.create()

    def test_run_brings_results_report_and_exit_code(self):
        for code in (0, 81):
            self.machine.order("job_code", str(code))
            got = self.account.hens_ec2("run", self.account.job, expect=code)
            self.assertIn("the log of hens", got.stdout)
            self.assertIn("Total time: 12 s", got.stdout)
            self.assertIn("uploads nothing", got.stderr)
            results = self.account.folder / "results/demo"
            self.assertTrue((results / "timing_report.txt").exists())
            self.assertIn("the log of hens", (results / "log.txt").read_text())
        self.assertEqual((self.machine.fake / "seen.yaml").read_text(), JOB)
        self.assertFalse(self.machine.is_off(), "a machine to log in to stays")

    def test_what_goes_wrong_there_is_said_here(self):
        self.machine.order("no_gpu")
        self.assertIn("no GPU", self.account.hens_ec2("run", self.account.job, expect=GPU).stderr)
        (self.machine.fake / "no_gpu").unlink()
        (self.machine.fake / "pulled").unlink()
        self.machine.order("no_pull")
        self.assertIn("pull", self.account.hens_ec2("run", self.account.job, expect=UNAVAILABLE).stderr)

    def test_a_lost_connection_is_taken_up_again(self):
        self.machine.order("long")
        process = self.account.start("run", self.account.job, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.machine.wait_for(self.machine.state / "output/demo/steps")
        process.kill()
        process.wait()
        # The job goes on without us. Another one has to wait, the same one is followed.
        other = self.account.folder / "other.yaml"
        other.write_text(JOB + "# other\n")
        self.assertIn("another job", self.account.hens_ec2("run", other, expect=INTERRUPTED).stderr)
        process = self.account.start("run", self.account.job, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(1)
        (self.machine.fake / "long").unlink()
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assertIn("Total time", out)
        self.assertEqual(len(self.machine.calls("docker run")), 1)

    def test_a_service_that_dies_is_no_success(self):
        self.machine.order("long")
        process = self.account.start("run", self.account.job, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.machine.wait_for(self.machine.state / "output/demo/steps")
        os.kill(int((self.machine.run_folder / "pid").read_text()), signal.SIGKILL)
        self.assertEqual(process.wait(timeout=60), INTERRUPTED)
        (self.machine.fake / "long").unlink()

    def test_refused(self):
        self.machine.order("refused")
        self.assertIn("Connection refused", self.account.hens_ec2("extend", "10", expect=UNAVAILABLE).stderr)

    def test_extend_and_cancel_act_on_the_timer_and_the_tags(self):
        said = self.account.hens_ec2("extend", "240")
        self.assertIn("At most 12.02 USD", said.stderr)
        self.assertAlmostEqual(self.machine.deadline(), time.time() + 240 * 60, delta=60)
        everything = [*self.account.instances(), *self.account.groups(), *self.account.keys()]
        ends = {tags(x)["hens-ec2:expires"] for x in everything}
        self.assertEqual(len(ends), 1)
        self.assertIn(ends.pop(), said.stdout)
        self.account.hens_ec2("extend", "--cancel")
        self.assertIsNone(self.machine.deadline())
        self.assertEqual(tags(self.account.instances()[0])["hens-ec2:expires"], "never")
        for words in ([], ["10", "--cancel"], ["0"]):
            self.account.hens_ec2("extend", *words, expect=64)

    def test_reap_asks_the_machine(self):
        instance = self.account.instances()[0]["InstanceId"]
        past = [{"Key": "hens-ec2:expires", "Value": "2024-01-01T00:00:00Z"}]
        self.account.ec2.create_tags(Resources=[instance], Tags=past)
        self.assertIn("left alone", self.account.hens_ec2("reap").stdout)
        self.assertEqual(len(self.account.instances()), 1)
        self.account.ec2.create_tags(Resources=[instance], Tags=past)
        self.machine.order("refused")
        self.account.hens_ec2("reap")
        self.assertEqual(self.account.instances(), [])

    def test_amazons_registry_gets_a_password_by_standard_input(self):
        self.machine.order("job_code", "0")
        image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/hens@sha256:" + "b" * 64
        write_program(self.account.bin / "aws", (self.account.bin / "aws").read_text().replace(
            "exec", 'if [ "$1" = ecr ]; then echo "secret $*"; exit 0; fi\nexec'))
        self.account.hens_ec2("run", self.account.job, "--image", image)
        self.assertNotIn("secret", (self.machine.fake / "ssh").read_text())
        self.assertTrue(any("login" in call and "dkr.ecr.eu-west-1" in call for call in self.machine.calls("docker")))


class Shellcheck(unittest.TestCase):
    def test_user_data_is_clean(self):
        shellcheck = pathlib.Path(sys.executable).parent / "shellcheck"
        for way, text in USER_DATA.items():
            with self.subTest(way):
                done = subprocess.run([shellcheck, "-"], input=text, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout)
                # And what it writes.
                with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                    machine = Machine(pathlib.Path(folder), text)
                    machine.order("no_gpu")
                    machine.boot()
                    scripts = [machine.root / "opt/hens-ec2" / name for name in ("timer", "job")]
                    done = subprocess.run([shellcheck, *scripts], capture_output=True, text=True)
                    self.assertEqual(done.returncode, 0, done.stdout)
                    if way != "login":  # its service runs on: not into a folder that is being removed
                        machine.wait_for(machine.fake / "off")


if __name__ == "__main__":
    CLOUD = Cloud(sys.argv.pop(1))
    try:
        account = CLOUD.fresh()
        account.make_bucket_and_profile()
        for way, out in [("login", account.create("--dry-run").stdout), ("job", account.submit("--dry-run").stdout),
                         ("spot", account.submit("--dry-run", "--spot").stdout)]:
            USER_DATA[way] = out[out.index("#!/bin/bash"):]
        unittest.main(verbosity=2)
    finally:
        CLOUD.stop()
