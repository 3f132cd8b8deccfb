#!/usr/bin/env bash
# databricks bundle validate and deploy, with the image's digest in place. Warnings of validate (an unknown key is one)
# count as errors.
#   scripts/deploy_databricks.sh [REGISTRY/hens@sha256:DIGEST|'' [arguments for the CLI, as --target private_registry]]
# Without an image: the one that `make push` printed last. It stays the target's: a later plain `databricks bundle deploy`
# takes it from .databricks/bundle/TARGET/variable-overrides.json.
set -euo pipefail
cd "$(dirname "$0")/.."
image=${1:-$(cat .image 2>/dev/null || true)}
[ $# -eq 0 ] || shift
target=ecr
previous=
for word in "$@"; do
  case $previous in --target | -t) target=$word ;; esac
  case $word in --target=*) target=${word#*=} ;; esac
  previous=$word
done

say() { printf '%s\n' "$*" >&2; }
fail() { say "deploy-databricks: $2"; exit "$1"; }

[[ $image =~ ^[^@[:space:]]+@sha256:[0-9a-f]{64}$ ]] ||
  fail 64 "'$image' is no image by digest: make push REGISTRY=... TAG=..., or IMAGE=REGISTRY/hens@sha256:..."
command -v databricks >/dev/null || fail 69 "the Databricks CLI is not there (docs/databricks.md)"
cd databricks
if [ "$target" = ecr ] && [ -z "${BUNDLE_VAR_instance_profile_arn:-}" ] && [[ " $* " != *instance_profile_arn=* ]] &&
  grep -q 'default: arn:aws:iam::111122223333:' databricks.yml; then
  fail 64 "no instance profile: ARGS=\"--var instance_profile_arn=arn:aws:iam::ACCOUNT:instance-profile/NAME\" (or its default in
databricks/databricks.yml); for a registry with a login ARGS=\"--target private_registry\""
fi
said=$(databricks bundle validate --var "image=$image" "$@" 2>&1) || { say "$said"; fail 78 "the bundle is not valid"; }
say "$said"
if grep -q '^Warning' <<<"$said"; then fail 78 "validate has warnings"; fi
mkdir -p ".databricks/bundle/$target"
printf '{"image": "%s"}\n' "$image" >".databricks/bundle/$target/variable-overrides.json"
databricks bundle deploy --var "image=$image" "$@"
say "deployed with $image; now: cd databricks && databricks bundle run hens_benchmark $*"
