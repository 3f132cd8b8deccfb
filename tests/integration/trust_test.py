"""What nobody may find out too late: weights that changed under their digest, records nested without end, a log written
into a store, secrets in any file or line."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import urllib.parse

import harness
from download_test import Server
from harness import hens, stores, write_job

PLANTED = "PLANTED0123456789abcdef"


def scratch():
    return pathlib.Path(tempfile.mkdtemp(prefix="hens_trust_"))


def package(folder):
    hens("synth", folder / "package", "--seed", "11")
    return folder / "package"


def flip(path, at, keep_times=True):
    status = path.stat()
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0x40]))
    if keep_times:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


# ---- weights ----

def test_weights_changed_in_place_with_their_time_kept_are_refused():
    """They went into forecasts under the old digest: path, size, mtime and inode were all that was remembered."""
    folder = scratch()
    weights = package(folder) / "training_checkpoints/best_ckpt_mp0.tar"
    job = write_job(folder, harness.SMALL_JOB.replace("synth:mini?seed=102", str(folder / "package")))
    cache = {"HENS_CACHE": str(folder / "cache")}
    hens("run", job, "--output", folder / "a", env=cache)
    flip(weights, 1_500_000)
    done = hens("run", job, "--output", folder / "b", env=cache, check=65)
    assert "does not have its CRC" in done.stderr and str(weights) in done.stderr, done.stderr
    assert not (folder / "b").exists() or not stores(folder / "b")


def test_other_files_of_a_package_changed_in_place_have_another_digest():
    folder = scratch()
    path = package(folder) / "global_means.npy"
    job = write_job(folder, harness.SMALL_JOB.replace("synth:mini?seed=102", str(folder / "package")))
    cache = {"HENS_CACHE": str(folder / "cache")}
    hens("run", job, "--output", folder / "a", env=cache)
    status = path.stat()
    values = bytearray(path.read_bytes())
    values[128] ^= 1  # the last bit of a float's mantissa
    with open(path, "r+b") as file:
        file.write(values)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    done = hens("run", job, "--output", folder / "a", env=cache, check=78)
    assert "the content of models[0]" in done.stderr, done.stderr


# ---- foreign bytes ----

DATA = pathlib.Path(os.environ.get("HENS_TEST_DATA", pathlib.Path(__file__).resolve().parents[3] / "shared"))


def job_of(folder, source, path):
    return write_job(folder, harness.SMALL_JOB.replace(
        "{source: analytic, times: [2024-01-01T00:00:00Z]}",
        f"{{source: {source}, times: [2015-09-12T18:00:00Z], path: {path}}}"))


def test_bytes_that_hang_or_crash_a_library_are_bad_input():
    """513 bytes kept ecCodes busy for ever, a damaged netCDF-4 file made libhdf5 free a wild pointer."""
    hostile = DATA / "cases/hostile"
    if not (hostile / "grib_hang_513B.grib2").exists():
        return f"needs {hostile}"
    for source, name in (("grib", "grib_hang_513B.grib2"), ("netcdf", "netcdf_segv.nc"), ("makani", "netcdf_segv.nc")):
        folder = scratch()
        done = hens("run", job_of(folder, source, hostile / name), "--output", folder / "run", check=65, timeout=60)
        assert name in done.stderr, done.stderr
    # The static field of a package, too.
    folder = scratch()
    shutil.copy(hostile / "netcdf_segv.nc", package(folder) / "orography.nc")
    done = hens("describe", folder / "package", check=65)
    assert "orography.nc" in done.stdout + done.stderr, done


# ---- JSON ----

def deep(depth):
    return '{"platform":' + "[" * depth + "]" * depth + "}"


def test_records_nested_without_end_end_no_program():
    folder = scratch()
    run = folder / "run"
    hens("run", write_job(folder), "--output", run)
    (folder / "deep.json").write_text(deep(100_000))
    done = hens("compare", folder / "deep.json", folder / "deep.json", check=65)
    assert "deep.json" in done.stderr, done.stderr

    for victim, codes in (("run.json", {"status": 65, "report": 65, "verify": 65}),
                          ("members/*.json", {"status": 0, "report": 0, "verify": 65}),
                          ("attempts/0001.json", {"status": 0, "report": 0, "verify": 65})):
        copy = folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(run, copy)
        (path, *_) = sorted(copy.glob(victim))
        path.write_text(deep(100_000))
        for command, code in codes.items():
            # Each command on the damage alone: the report puts run.json right again.
            shutil.rmtree(copy)
            shutil.copytree(run, copy)
            path.write_text(deep(100_000))
            hens(command, copy, check=code)
        done = hens("run", write_job(folder), "--output", copy)  # the member is done again, the others are kept
        assert stores(copy) == stores(run)
        assert hens("verify", copy).returncode == 0


def seal(value):
    """As hens seals its records: the digest of all other keys, dumped without blanks, as the last key."""
    import hashlib
    value = {key: item for key, item in value.items() if key != "digest"}
    compact = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    value["digest"] = hashlib.sha256(compact.encode()).hexdigest()
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def test_sealed_records_that_contradict_themselves_are_bad_input_and_no_bug():
    folder = scratch()
    run = folder / "run"
    hens("run", write_job(folder), "--output", run)
    whole = json.loads((run / "run.json").read_text())

    def changed(change):
        value = json.loads(json.dumps(whole))
        change(value)
        (run / "run.json").write_text(seal(value))
        for command in ("status", "verify", "report"):
            done = hens(command, run, check=None)
            assert done.returncode == 65, (change, command, done)
            assert "run.json" in done.stderr + done.stdout, done

    changed(lambda v: v.update(models=[]))
    changed(lambda v: v["spec"].update(models=[]))
    changed(lambda v: v["spec"]["initial_conditions"].update(times=[]))
    changed(lambda v: v["spec"]["forecast"].update(steps=[]))
    changed(lambda v: v["spec"]["forecast"].update(steps=[-1]))
    changed(lambda v: v["spec"]["ensemble"].update(members=2_000_000_000))
    changed(lambda v: v["spec"]["ensemble"].update(members=-2))
    changed(lambda v: v["spec"].update(output=17))
    changed(lambda v: v.update(grid={"nlat": 0, "nlon": 0}))
    changed(lambda v: v.update(spec=None))
    changed(lambda v: v.pop("attempts"))


# ---- standard descriptors ----

def run_closed(command, closed):
    script = 'exec "$@"' + "".join(f" {fd}>&-" for fd in closed)
    return subprocess.run(["bash", "-c", script, "bash", *map(str, command)], capture_output=True, timeout=300,
                          env={**os.environ, "HENS_CACHE": harness.CACHE}).returncode


def test_descriptors_closed_at_the_start_take_no_log_into_a_store():
    """The first files that were opened got their numbers: lines of the log lay in a finished member's shard."""
    folder = scratch()
    job = write_job(folder)
    hens("run", job, "--output", folder / "right")
    for closed in ("12", "2", "1", "012"):
        run = folder / f"closed{closed}"
        code = run_closed([harness.HENS, "run", job, "--output", run], closed)
        assert code == 0, (closed, code)
        assert stores(run) == stores(folder / "right"), closed
        hens("verify", run)


def test_an_error_that_cannot_be_written_keeps_its_code():
    """It was 134: the exception of the message about it ended the program."""
    absent = [harness.HENS, "validate", "/nonexistent.yaml"]
    for stderr in ("/dev/full", "/dev/null"):
        with open(stderr, "wb") as file:
            assert subprocess.run(absent, stderr=file, stdout=subprocess.DEVNULL).returncode == 66, stderr
    assert run_closed(absent, "2") == 66
    read, write = os.pipe()
    os.close(read)  # nobody reads any more
    assert subprocess.run(absent, stderr=write).returncode == 66
    os.close(write)
    with open("/dev/full", "wb") as full:
        assert subprocess.run([harness.HENS, "--help"], stdout=full, stderr=subprocess.DEVNULL).returncode == 74


# ---- secrets ----

def assert_nothing_planted(where, *texts):
    for text in texts:
        assert PLANTED not in text, (where, text[max(0, text.find(PLANTED) - 200):][:400])


def assert_no_file_has_it(folder):
    for path in folder.rglob("*"):
        if path.is_file() and PLANTED.encode() in path.read_bytes():
            raise AssertionError(f"{path} holds the secret: {path.read_bytes()[:300]}")
        assert PLANTED not in path.name, path


def everywhere(folder, *arguments, env=None):
    """Every command on it; returns their exit codes."""
    codes = {}
    for command, more in (("validate", ()), ("validate", ("--json",)), ("fetch", ("--dry-run",)), ("fetch", ("--json",)),
                          ("run", ("--output", folder / "run")), ("run", ("--output", folder / "run", "--log", "json"))):
        done = hens(command, *arguments, *more, check=None, env=env)
        assert_nothing_planted((command, *more), done.stdout, done.stderr)
        codes[command] = done.returncode
    for command in ("status", "verify", "report"):
        if (folder / "run").exists():
            done = hens(command, folder / "run", check=None, env=env)
            assert_nothing_planted(command, done.stdout, done.stderr)
    return codes


def test_signatures_of_addresses_are_nowhere():
    folder = scratch()
    root = folder / "served"
    hens("synth", root / "package", "--seed", "11")
    for signature in (f"X-Amz-Signature={PLANTED}&X-Amz-Credential={PLANTED}", f"sig={PLANTED}", f"token={PLANTED}"):
        here = folder / urllib.parse.quote(signature[:5], "")
        here.mkdir()
        cache = {"HENS_CACHE": str(here / "cache")}
        server = Server(root)
        try:
            # Models come from folders; an analysis has the address with a query. Damaged: the failure speaks of it, too.
            job = write_job(here, harness.SMALL_JOB.replace(
                "{source: analytic,", f"{{source: netcdf, path: '{server.address}/package/config.json?{signature}',"))
            codes = everywhere(here, job, env=cache)
            assert codes["run"] == 65, codes
            job = write_job(here, harness.SMALL_JOB.replace(
                "{source: analytic,", f"{{source: netcdf, path: '{server.address}/absent.nc?{signature}',"))
            codes = everywhere(here, job, env=cache)
            assert codes["run"] == 66, codes
        finally:
            server.stop()
        job.unlink()
        assert_no_file_has_it(here)


def test_passwords_of_mirrors_and_overrides_are_nowhere():
    """Hosts that answer at once: what does not answer is tried again for half a minute, each time."""
    served, folder = scratch() / "nothing", scratch()  # the server's own log has what it was asked
    served.mkdir()
    cache = {"HENS_CACHE": str(folder / "cache")}
    gfs = write_job(folder, harness.SMALL_JOB.replace("analytic", "gfs"))
    server = Server(served)
    host = server.address.removeprefix("http://")
    try:
        for override in (f"mirrors.s3=http://user:{PLANTED}@{host}/x", f"nmae=https://user:{PLANTED}@host/",
                         f"models=['http://user:{PLANTED}@{host}/package']",
                         f"models=['http://{host}/package?access_token={PLANTED}']"):
            codes = everywhere(folder, gfs, override, env=cache)
            assert codes["run"] != 0, (override, codes)
        done = hens("run", gfs, "--set", f"mirrors.hf=http://{PLANTED}@{host}", "models=['hf://datasets/a/b/c']", env=cache,
                    check=None)
        assert_nothing_planted("--set", done.stdout, done.stderr)
        proxy = {**cache, "http_proxy": f"http://user:{PLANTED}@{host}", "https_proxy": f"http://user:{PLANTED}@{host}",
                 "HF_TOKEN": PLANTED, "AWS_SECRET_ACCESS_KEY": PLANTED}
        everywhere(folder, gfs, "models=['http://example.invalid/package']", env=proxy)
    finally:
        server.stop()
    assert_no_file_has_it(folder)


def test_a_new_signature_is_the_same_object():
    """A run that goes on has new ones: the cache must not fetch again."""
    folder = scratch()
    (folder / "a.bin").write_bytes(b"0123456789" * 100)
    cache = {"HENS_CACHE": str(folder / "cache")}
    server = Server(folder)
    try:
        for number in range(2):
            job = write_job(folder, harness.SMALL_JOB.replace(
                "{source: analytic,", f"{{source: netcdf, path: '{server.address}/a.bin?X-Amz-Date={number}&X-Amz-Signature={number}',"))
            hens("run", job, "--output", folder / "run", env=cache, check=65)
            seen = len(server.requests())
            if number == 0:
                first = seen
    finally:
        server.stop()
    assert first > 0 and seen == first, (first, seen)


# ---- caches that are read-only, and caches of others ----

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def cannot_be_nobody():
    """Why the program cannot be run as another user here; empty where it can."""
    if os.geteuid() != 0:
        return "needs root, to be another user"
    done = subprocess.run([*NOBODY, harness.HENS, "--version"], capture_output=True, text=True)
    return "" if done.returncode == 0 else f"another user cannot run it here: {done.stderr.strip()[:100]}"


def as_nobody(*arguments, cache, check=0, **environment):
    done = subprocess.run([*NOBODY, harness.HENS, *map(str, arguments)], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "HOME": "/nonexistent", "HENS_CACHE": str(cache), **environment})
    assert done.returncode == check, done
    return done


def open_to_all(folder):
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_cache_that_cannot_be_written_to_serves_what_it_holds():
    """Locks, remembered digests and the synthetic packages' lock wanted to be written."""
    if why := cannot_be_nobody():
        return why
    folder = scratch()
    cache, out = folder / "cache", folder / "out"
    out.mkdir()
    job = write_job(folder)
    hens("run", job, "--output", folder / "right", env={"HENS_CACHE": str(cache)})
    open_to_all(folder)
    out.chmod(0o777)
    before = sorted(path.relative_to(cache) for path in cache.rglob("*"))
    for name, more in (("online", ()), ("offline", ("--offline",))):
        as_nobody("run", job, "--output", out / name, *more, cache=cache)
        assert stores(out / name) == stores(folder / "right"), name
    shutil.rmtree(cache / "digests")  # made again each time, where it cannot be kept
    as_nobody("run", job, "--output", out / "without", cache=cache)
    as_nobody("fetch", job, "--offline", cache=cache)
    assert sorted(path.relative_to(cache) for path in cache.rglob("*") if "digests" not in path.parts) == \
        [path for path in before if "digests" not in path.parts]


def test_a_read_only_mount_serves_what_it_holds():
    if os.geteuid() != 0:
        return "needs root, to mount"
    folder = scratch()
    job = write_job(folder)
    hens("run", job, "--output", folder / "right", env={"HENS_CACHE": str(folder / "cache")})
    script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99; shift; exec "$@"'
    for name, more in (("online", ()), ("offline", ("--offline",))):
        done = subprocess.run(["unshare", "-m", "bash", "-c", script, "bash", folder / "cache", harness.HENS, "run", job,
                               "--output", folder / name, *more], capture_output=True, text=True, timeout=300,
                              env={**os.environ, "HENS_CACHE": str(folder / "cache")})
        if done.returncode == 99 or "unshare" in done.stderr:
            return f"mounts are not allowed here: {done.stderr.strip()[:100]}"
        assert done.returncode == 0, done
        assert stores(folder / name) == stores(folder / "right"), name


def test_no_link_in_a_cache_is_written_through():
    """A victim's file was overwritten through a link at the name of a partial file, which anybody can reckon."""
    import hashlib
    folder = scratch()
    (folder / "served").mkdir()
    (folder / "served/config.json").write_text("{}")
    victim = folder / "victim"
    server = Server(folder / "served")
    try:
        url = f"{server.address}/config.json"
        name = hashlib.sha256(url.encode()).hexdigest()[:40]
        job = write_job(folder, harness.SMALL_JOB.replace("synth:mini?seed=102", server.address))
        for place in (f"partial/{name}/{name}", f"locks/{name}"):
            victim.write_text("precious")
            cache = folder / ("cache_" + place[:4])
            (cache / place).parent.mkdir(parents=True)
            (cache / place).symlink_to(victim)
            done = hens("fetch", job, env={"HENS_CACHE": str(cache)}, check=None)
            assert victim.read_text() == "precious", place
            assert done.returncode in (73, 74) and name in done.stderr, (place, done)
        cache = folder / "cache_hard"
        (cache / f"partial/{name}").mkdir(parents=True)
        os.link(victim, cache / f"partial/{name}/{name}")
        hens("fetch", job, env={"HENS_CACHE": str(cache)}, check=73)
        assert victim.read_text() == "precious"
    finally:
        server.stop()


def test_a_cache_of_another_user_is_not_believed():
    if why := cannot_be_nobody():
        return why
    folder = scratch()
    job = write_job(folder)
    cache = folder / "cache"
    hens("run", job, "--output", folder / "right", env={"HENS_CACHE": str(cache)})
    out = folder / "out"
    out.mkdir()
    open_to_all(folder)
    out.chmod(0o777)
    stranger = 12345
    for path in (cache, cache / "synthetic", cache / "digests"):
        os.chown(path, stranger, stranger)
        done = as_nobody("run", job, "--output", out / "a", cache=cache, check=73)
        assert str(path) in done.stderr and "HENS_CACHE_TRUST=12345" in done.stderr, done.stderr
        as_nobody("run", job, "--output", out / "a", cache=cache, HENS_CACHE_TRUST="other,12345")
        os.chown(path, 0, 0)
    (cache / "digests").chmod(0o777)
    done = as_nobody("run", job, "--output", out / "a", cache=cache, check=73)
    assert "everybody may write there" in done.stderr, done.stderr
    (cache / "digests").rename(folder / "moved")
    (cache / "digests").symlink_to(folder / "moved")
    os.lchown(cache / "digests", stranger, stranger)
    done = as_nobody("run", job, "--output", out / "a", cache=cache, check=73)
    assert "is a link of the user 12345" in done.stderr, done.stderr


if __name__ == "__main__":
    harness.run_tests(globals())
