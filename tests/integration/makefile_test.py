"""Every target that people are told to type starts: `make -n` in a clean clone, for what `make help` lists and for every
`make ...` line of the README and the docs, by the system's make and by any other in HENS_TEST_MAKES (names, by blanks)."""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile

import harness

ROOT = pathlib.Path(os.environ["HENS_SOURCE_DIR"])
MAKES = ["make", *os.environ.get("HENS_TEST_MAKES", "").split()]


def clean_clone():
    """What git keeps, where git is there; nothing that a build has left."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hens_clone_")) / "hens"
    files = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                           capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def by_hand(make, folder, words):
    """As someone types it: what `make test` hands down to its tests (MAKELEVEL, MAKEFLAGS) would change what is printed."""
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKELEVEL", "MAKEFLAGS", "MFLAGS")}
    return subprocess.run([make, *words], cwd=folder, capture_output=True, text=True, env=environment)


def dry_run(make, folder, words):
    return by_hand(make, folder, ["--dry-run", *words])


def documented_lines():
    """[(page, [words after make])], from code in backticks and code blocks; dots stand for a value of the reader's."""
    lines = []
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "CONTRIBUTING.md"]:
        text = page.read_text().replace("\\\n", " ") if page.exists() else ""
        for line in re.findall(r"`make ([^`\n]+)`", text) + re.findall(r"^make ([^\n]+)$", text, re.M):
            words = shlex.split(re.sub(r"\s\\?[|#].*|\s*&&.*", "", line).replace("...", "x"))
            if words:
                lines.append((page.name, words))
    return lines


def test_every_target_of_make_help_starts():
    folder = clean_clone()
    for make in MAKES:
        listed = by_hand(make, folder, ["help"])
        assert listed.returncode == 0, (make, listed.stderr)
        targets = [line.split()[0] for line in listed.stdout.splitlines()]
        assert {"build", "test", "demo", "image", "push", "test-image", "lint"} <= set(targets), targets
        for target in targets:
            done = dry_run(make, folder, [target, "REGISTRY=x"])
            assert done.returncode == 0 and done.stdout.strip(), (make, target, done.stderr)


def test_every_make_line_of_the_docs_starts():
    folder = clean_clone()
    lines = documented_lines()
    assert len(lines) >= 10, lines
    for make in MAKES:
        for page, words in lines:
            done = dry_run(make, folder, words)
            assert done.returncode == 0, (make, page, words, done.stderr)


def test_the_image_is_named_by_the_projects_version():
    version = re.search(r"project\(hens VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
    folder = clean_clone()
    for make in MAKES:
        for words in (["image"], ["push", "REGISTRY=x"], ["test-image"]):
            printed = dry_run(make, folder, words).stdout
            assert f"hens:{version}" in printed, (make, words, printed)
        assert f"'{version}'" in dry_run(make, folder, ["push", "REGISTRY=x"]).stdout


def test_no_part_of_the_makefile_hides_an_unpaired_parenthesis_in_a_call():
    # GNU Make counts them inside $(shell ...) whatever quotes say.
    for line in (ROOT / "Makefile").read_text().splitlines():
        if "$(shell" in line:
            assert line.count("(") == line.count(")"), line


def test_the_image_can_be_tested_without_libtorch():
    printed = dry_run("make", clean_clone(), ["test-image"]).stdout
    assert "setup.sh tools" in printed and "setup.sh test" not in printed and "setup.sh build" not in printed, printed


if __name__ == "__main__":
    harness.run_tests(globals())
