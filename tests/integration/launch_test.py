"""The scripts behind make push, deploy-databricks and lint, with stand-ins for docker, aws and databricks on PATH."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import harness

ROOT = pathlib.Path(os.environ["HENS_SOURCE_DIR"])
DIGEST = "sha256:" + "0123456789abcdef" * 4


class Tools:
    """A copy of the scripts, and programs that write down how they were called."""

    def __init__(self, **bodies):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hens_launch_"))
        self.log = self.folder / "log"
        self.log.touch()
        for name in ("scripts", "databricks", "k8s", "jobs"):
            shutil.copytree(ROOT / name, self.folder / name)
        (self.folder / "bin").mkdir()
        for name, body in bodies.items():
            path = self.folder / "bin" / name
            path.write_text(f'#!/bin/bash\necho "{name} $*" >>{self.log}\n{body}\n')
            path.chmod(0o755)

    def run(self, script, *arguments, environment=os.environ):
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        done = subprocess.run([self.folder / "scripts" / script, *arguments], capture_output=True, text=True,
                              env={**environment, "PATH": path, "DOCKER": "docker"})
        return done, self.log.read_text().splitlines()


def docker(name):
    return f'''case "$1 $2" in
  "image inspect") [ "$3" != --format ] || printf 'other/hens@sha256:1\\n{name}@{DIGEST}\\n';;
  "login "*) cat >/dev/null;;
esac'''


def test_push_prints_the_digest_and_nothing_else():
    tools = Tools(docker=docker("127.0.0.1:5000/hens"), aws="echo token")
    done, calls = tools.run("push_image.sh", "hens:1", "127.0.0.1:5000", "v1")
    assert done.returncode == 0 and done.stdout == f"127.0.0.1:5000/hens@{DIGEST}\n", done
    assert "docker push 127.0.0.1:5000/hens:v1" in calls and not [c for c in calls if c.startswith("aws") or "login" in c]
    assert (tools.folder / ".image").read_text() == done.stdout


def test_push_logs_in_to_ecr_in_its_region_with_the_password_on_stdin():
    host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
    tools = Tools(docker=docker(f"{host}/team/hens"), aws="echo token")
    done, calls = tools.run("push_image.sh", "hens:1", f"{host}/team", "v1")
    assert done.returncode == 0 and done.stdout == f"{host}/team/hens@{DIGEST}\n", done
    assert "aws ecr get-login-password --region eu-west-1" in calls
    assert f"docker login --username AWS --password-stdin {host}" in calls and "token" not in "\n".join(calls).replace("stdin", "")


def test_push_says_what_is_in_the_way():
    refused = Tools(docker='[ "$1" != push ] || exit 1').run("push_image.sh", "hens:1", "r.example.org", "v1")[0]
    assert refused.returncode == 69 and not refused.stdout and "create-repository" in refused.stderr
    absent = Tools(docker="exit 1").run("push_image.sh", "hens:1", "r.example.org", "v1")[0]
    assert absent.returncode == 66 and "make image" in absent.stderr
    assert Tools(docker="").run("push_image.sh", "hens:1", "", "v1")[0].returncode == 64
    host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
    expired = Tools(docker='[ "$1" != login ] || { cat >/dev/null; exit 1; }', aws="exit 255").run("push_image.sh", "hens:1", host, "v1")
    assert expired[0].returncode == 77 and not [c for c in expired[1] if "push" in c], expired


def test_deploy_injects_the_digest_and_passes_arguments_on():
    tools = Tools(databricks="pwd >&2; echo Validation OK!")
    image = f"r.example.org/hens@{DIGEST}"
    done, calls = tools.run("deploy_databricks.sh", image, "--target", "private_registry")
    assert done.returncode == 0, done
    assert calls == [f"databricks bundle {verb} --var image={image} --target private_registry" for verb in ("validate", "deploy")]
    assert str(tools.folder / "databricks") in done.stderr
    (tools.folder / ".image").write_text(image + "\n")
    profile = "instance_profile_arn=arn:aws:iam::1:instance-profile/x"
    done, calls = tools.run("deploy_databricks.sh", "", "--var", profile)
    assert calls[2:] == [f"databricks bundle {verb} --var image={image} --var {profile}" for verb in ("validate", "deploy")], done
    # A plain `databricks bundle deploy` put the default image back.
    assert kept(tools, "private_registry") == {"image": image}
    assert kept(tools, "ecr") == {"image": image, "instance_profile_arn": "arn:aws:iam::1:instance-profile/x"}


def kept(tools, target):
    """What a plain `databricks bundle deploy` finds, in databricks/ and at the root."""
    files = [tools.folder / root / ".databricks/bundle" / target / "variable-overrides.json" for root in ("databricks", "")]
    first, second = [json.loads(path.read_text()) for path in files]
    assert first == second, (first, second)
    return first


def test_a_plain_deploy_keeps_all_that_was_given():
    tools = Tools(databricks="")
    image, profile = f"r.example.org/hens@{DIGEST}", "arn:aws:iam::444455556666:instance-profile/pull"
    environment = os.environ | {"BUNDLE_VAR_volume": "/Volumes/a/b/c", "BUNDLE_VAR_of_another_bundle": "secret"}
    done, _ = tools.run("deploy_databricks.sh", image, f"--var=instance_profile_arn={profile},concurrency=8", environment=environment)
    assert done.returncode == 0, done
    assert kept(tools, "ecr") == {"image": image, "instance_profile_arn": profile, "concurrency": "8", "volume": "/Volumes/a/b/c"}
    # The next image needs no second word of the profile, and another value takes the place of the old one.
    other = f"r.example.org/hens@sha256:{'b' * 64}"
    done, calls = tools.run("deploy_databricks.sh", other, "--var", "concurrency=4")
    assert done.returncode == 0 and profile in done.stderr, done
    assert kept(tools, "ecr") == {"image": other, "instance_profile_arn": profile, "concurrency": "4", "volume": "/Volumes/a/b/c"}
    # Another target has values of its own.
    done, _ = tools.run("deploy_databricks.sh", other, "-t", "private_registry")
    assert done.returncode == 0 and kept(tools, "private_registry") == {"image": other}, done
    (tools.folder / "databricks/.databricks/bundle/ecr/variable-overrides.json").write_text("{")
    done, calls = tools.run("deploy_databricks.sh", other)
    assert done.returncode == 65 and "variable-overrides.json" in done.stderr, done


def test_deploy_does_not_send_nobodys_instance_profile():
    image = f"r.example.org/hens@{DIGEST}"
    tools = Tools(databricks="")
    done, calls = tools.run("deploy_databricks.sh", image)
    assert done.returncode == 64 and not calls and "instance_profile_arn" in done.stderr, done
    bundle = tools.folder / "databricks/databricks.yml"
    bundle.write_text(bundle.read_text().replace("arn:aws:iam::111122223333:", "arn:aws:iam::444455556666:"))
    done, calls = tools.run("deploy_databricks.sh", image)
    assert done.returncode == 0 and len(calls) == 2, done


def test_make_deploy_databricks_passes_arguments_without_an_image():
    """Without IMAGE= the first of ARGS was taken for the image."""
    tools = Tools(databricks="")
    shutil.copy(ROOT / "Makefile", tools.folder)
    image = f"r.example.org/hens@{DIGEST}"
    (tools.folder / ".image").write_text(image + "\n")
    done = subprocess.run(["make", "-s", "-C", tools.folder, "deploy-databricks", "ARGS=--target private_registry"],
                          capture_output=True, text=True, env=os.environ | {"PATH": f"{tools.folder / 'bin'}:{os.environ['PATH']}"})
    assert done.returncode == 0, done
    assert f"databricks bundle deploy --var image={image} --target private_registry" in tools.log.read_text()


def test_deploy_refuses_tags_warnings_and_invalid_bundles():
    for image in ("hens:latest", "hens@sha256:12", ""):
        done, calls = Tools(databricks="").run("deploy_databricks.sh", *([image] if image else []))
        assert done.returncode == 64 and not calls, (image, done)
    for body in ("echo 'Warning: unknown field: nmae' >&2", "exit 1"):
        done, calls = Tools(databricks=body).run("deploy_databricks.sh", f"r/hens@{DIGEST}", "-t", "private_registry")
        assert done.returncode == 78 and len(calls) == 1, (body, done)


def test_scripts_yaml_and_the_dockerfile_are_clean():
    # clang-tidy takes seconds a file: here what is not committed, in `make lint` all that differs from main.
    done = subprocess.run([ROOT / "scripts/lint.sh", pathlib.Path(sys.executable).parent], capture_output=True, text=True,
                          env={**os.environ, "TIDY_SINCE": "HEAD"})
    assert done.returncode == 0, done.stdout + done.stderr


def test_make_help_lists_every_target():
    text = subprocess.run(["make", "-s", "-C", ROOT, "help"], capture_output=True, text=True, check=True).stdout
    for target in "build test demo install image push test-image deploy-databricks k8s-render lint test-asan test-tsan fuzz".split():
        assert f"\n{target} " in "\n" + text, (target, text)


if __name__ == "__main__":
    harness.run_tests(globals())
