"""Starts hens as a Databricks task: the job's parameters become its arguments, its output the task's output, its results
whole files in a Unity Catalog volume, its exit code the task's outcome. Standard library only.

    run_hens.py run --spec=JOB.yaml --results=/Volumes/... [--nsteps=4] [--members=2] [--shard=0 --shards=[0,1]]
    run_hens.py report --results=/Volumes/...

hens works on local disk, since volumes take neither appends nor locks. What a member needs goes to the volume as soon as
its completion marker is there, everything else at the end. A later run with the same --results brings back what is
there and continues. Shards share one folder of results; `report` checks it as a whole and writes the reports.
"""
import argparse
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import uuid

HENS = os.environ.get("HENS_PROGRAM", "/opt/hens/bin/hens")
LOCAL = pathlib.Path(os.environ.get("HENS_LOCAL", "/local_disk0/hens/runs"))
STAGE_SECONDS = float(os.environ.get("HENS_STAGE_SECONDS", "60"))
MEANINGS = {64: "wrong command line", 65: "input is malformed", 66: "input is missing", 69: "an upstream service failed",
            70: "a bug in hens", 71: "the GPU or its driver failed", 73: "output cannot be created", 74: "I/O failed",
            75: "interrupted; run again to continue", 77: "access denied", 78: "the job spec is wrong, or the results are of another run",
            80: "no forecast stayed finite", 81: "some forecasts did not stay finite"}


class HensFailed(Exception):
    """Its text is the last line of the task's output."""


def copy_whole(source, target):
    """Copies a file so that under its name it is there whole or not at all; returns its sha256."""
    target.parent.mkdir(parents=True, exist_ok=True)
    passing = target.parent / f".{uuid.uuid4().hex}.part"
    digest = hashlib.sha256()
    try:
        with open(source, "rb") as reader, open(passing, "wb") as writer:
            while piece := reader.read(8 << 20):
                digest.update(piece)
                writer.write(piece)
        if passing.stat().st_size != source.stat().st_size:
            raise OSError(f"{target}: {passing.stat().st_size} bytes arrived of {source.stat().st_size}")
        try:
            os.replace(passing, target)
        except OSError:  # a volume is no file system: it may refuse to rename onto what is there
            target.unlink(missing_ok=True)
            os.replace(passing, target)
    finally:
        passing.unlink(missing_ok=True)
    return digest.hexdigest()


class Staging:
    """One process's part of the results on the volume. `part` names it: "all", "shard_0003" or "report"."""

    def __init__(self, local, volume, part):
        self.local, self.volume, self.part = local, volume, part
        self.record_path = volume / "staged" / f"{part}.json"
        self.staged = {}  # path here -> [path there, size, mtime in ns]
        self.lock = threading.Lock()

    def name_there(self, path):
        """The logs of shards would overwrite each other: they carry the shard's name."""
        if self.part.startswith("shard_") and str(path) in ("log.jsonl", "metrics.prom"):
            return path.with_name(f"{self.part}_{path.name}")
        return path

    def put(self, path):
        state = (self.local / path).stat()
        there = self.name_there(path)
        entry = [str(there), state.st_size, state.st_mtime_ns]
        if self.staged.get(str(path)) == entry:
            return None
        digest = copy_whole(self.local / path, self.volume / there)
        self.staged[str(path)] = entry
        return digest

    def put_member(self, marker):
        """A member's files, then its marker, which promises them."""
        for file in json.loads((self.local / marker).read_text())["files"]:
            digest = self.put(pathlib.Path(file["path"]))
            if digest not in (None, file["sha256"]):
                raise OSError(f"{file['path']} has not the checksum that {marker} promises")
        self.put(marker)

    def write_record(self):
        passing = self.local.parent / f"{self.part}.record"
        passing.write_text(json.dumps({here: entry[0] for here, entry in sorted(self.staged.items())}, indent=1))
        copy_whole(passing, self.record_path)

    def put_members(self):
        with self.lock:
            before = len(self.staged)
            for marker in sorted((self.local / "members").glob("*.json")):
                self.put_member(marker.relative_to(self.local))
            if len(self.staged) != before:
                self.write_record()

    def put_all(self):
        self.put_members()
        with self.lock:
            for path in sorted(self.local.rglob("*")):
                if path.is_file() and not path.name.endswith(".tmp"):
                    self.put(path.relative_to(self.local))
            self.write_record()

    def bring_back(self):
        """What this part has staged before; what hens then finds damaged or missing, it computes again."""
        if not self.record_path.exists():
            return
        for here, there in json.loads(self.record_path.read_text()).items():
            if (self.volume / there).exists():
                copy_whole(self.volume / there, self.local / here)
        say(f"brought back what {self.record_path} lists")


def say(text):
    print(text, flush=True)


def pump(arguments, watch):
    """Runs hens, printing each line as it comes. Cancelled or told to stop, it stops hens first: no GPU stays busy."""
    say("+ " + " ".join([HENS, *arguments]))
    process = subprocess.Popen([HENS, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    finished = threading.Event()
    watcher = threading.Thread(target=watch, args=(finished,), daemon=True)
    watcher.start()
    try:
        for line in process.stdout:
            say(line.decode("utf-8", "replace").rstrip("\n"))
        return process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        finished.set()
        watcher.join()


def nothing(finished):
    finished.wait()


def stage_now_and_then(staging):
    def watch(finished):
        while not finished.wait(STAGE_SECONDS):
            try:
                staging.put_members()
            except OSError as error:  # at the end everything is tried once more, and then it counts
                say(f"staging: {error}")
    return watch


def part_of(shard, shards):
    """("0", "[0, 1]") -> ("shard_0000", "0/2")"""
    try:
        indexes = [int(number) for number in json.loads(shards)]
    except (TypeError, ValueError):
        raise HensFailed(f"shards is {shards}: expected the numbers from 0 between brackets, as [0, 1, 2]") from None
    if sorted(indexes) != list(range(len(indexes))):
        raise HensFailed(f"shards is {shards}: expected the numbers from 0, as [0, 1, 2]")
    if int(shard) not in indexes:
        raise HensFailed(f"shard {shard} is none of {shards}")
    return f"shard_{int(shard):04d}", f"{int(shard)}/{len(indexes)}"


def steps_of(text):
    """"4", "4 40 400", "4;40" or "[4, 40]" -> "[4, 40]": between commas the CLI's --params wants another key=value."""
    words = re.fullmatch(r"\[([^\[\]]*)\]|([^\[\]]*)", text.strip())
    numbers = re.split(r"[\s,;]+", (words[1] or words[2] or "").strip()) if words else []
    if not numbers or not all(re.fullmatch(r"[0-9]{1,9}", number) for number in numbers):
        raise HensFailed(f"nsteps is '{text}': expected numbers, as 4 or 4 40 400 or [4, 40, 400]")
    return "[" + ", ".join(numbers) + "]"


def run_arguments(options, output, shard):
    arguments = ["run", options.spec, "--output", str(output), "--device", options.device, "--log", "json"]
    if options.nsteps.strip():
        arguments.append(f"forecast.steps={steps_of(options.nsteps)}")
    if options.members.strip():
        arguments.append(f"ensemble.members={options.members.strip()}")
    return arguments + (["--shard", shard] if shard else [])


def check(code, what):
    if code != 0:
        reason = MEANINGS.get(code, f"ended by signal {-code}" if code < 0 else "unknown")
        raise HensFailed(f"{what}: exit code {code} ({reason})")


def run(options):
    part, shard = part_of(options.shard, options.shards) if options.shards else ("all", None)
    local = LOCAL / uuid.uuid4().hex / "run"
    local.mkdir(parents=True)
    staging = Staging(local, pathlib.Path(options.results), part)
    try:
        staging.bring_back()
        not_staged = None
        try:
            code = pump(run_arguments(options, local, shard), stage_now_and_then(staging))
        finally:
            try:
                staging.put_all()
            except OSError as error:
                not_staged = error
                say(f"staging: {error}")
        check(code, "hens run")
        if not_staged:
            raise HensFailed(f"hens run: exit code {code}, but its results are not all in {options.results}: {not_staged}")
        say(f"results are in {options.results}")
    finally:
        shutil.rmtree(local.parent, ignore_errors=True)


def report(options):
    volume = pathlib.Path(options.results)
    local = LOCAL / uuid.uuid4().hex / "run"
    local.mkdir(parents=True)
    try:
        files = [path.relative_to(volume) for path in sorted(volume.rglob("*")) if path.is_file()]
        files = [path for path in files if path.parts[0] != "staged" and not path.name.endswith(".part")]
        size, room = sum((volume / path).stat().st_size for path in files), shutil.disk_usage(local).free
        if size > room:
            raise HensFailed(f"hens report: the results have {size / 1e9:.0f} GB, this node's disk has room for {room / 1e9:.0f}: "
                             "choose a larger report_node_type_id")
        for path in files:
            copy_whole(volume / path, local / path)
        before = {p: (p.stat().st_size, p.stat().st_mtime_ns) for p in local.rglob("*") if p.is_file()}
        check(pump(["report", str(local)], nothing), "hens report")  # run.json too: each shard knew of itself only
        check(pump(["verify", str(local)], nothing), "hens verify")
        for path in sorted(p for p in local.rglob("*") if p.is_file()):
            if before.get(path) != (path.stat().st_size, path.stat().st_mtime_ns):
                copy_whole(path, volume / path.relative_to(local))
        say(f"reports are in {options.results}")
    finally:
        shutil.rmtree(local.parent, ignore_errors=True)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("run", "report"):
        command = commands.add_parser(name)
        command.add_argument("--results", required=True)
        if name == "run":
            command.add_argument("--spec", required=True)
            for option in ("nsteps", "members", "shard", "shards"):
                command.add_argument(f"--{option}", default="")
            # A node is paid for its GPU: where that cannot be used, the task fails with 71.
            command.add_argument("--device", default=os.environ.get("HENS_DEVICE", "cuda"))
    options = parser.parse_args(arguments)
    {"run": run, "report": report}[options.command](options)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except HensFailed as failure:
        # Raised anew without its history: whatever shows a task's error shows this line last.
        raise HensFailed(str(failure)) from None
