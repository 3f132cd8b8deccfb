#!/usr/bin/env bash
# databricks bundle validate and deploy, with the image's digest in place. Warnings of validate (an unknown key is one)
# count as errors.
#   scripts/deploy_databricks.sh [REGISTRY/hens@sha256:DIGEST [arguments for the CLI, as --target private_registry]]
# Without an image: the one that `make push` printed last.
set -euo pipefail
cd "$(dirname "$0")/.."
image=${1:-$(cat .image 2>/dev/null || true)}
[ $# -eq 0 ] || shift

say() { printf '%s\n' "$*" >&2; }
fail() { say "deploy-databricks: $2"; exit "$1"; }

[[ $image =~ ^[^@[:space:]]+@sha256:[0-9a-f]{64}$ ]] ||
  fail 64 "'$image' is no image by digest: make push REGISTRY=... TAG=..., or IMAGE=REGISTRY/hens@sha256:..."
command -v databricks >/dev/null || fail 69 "the Databricks CLI is not there (docs/databricks.md)"
cd databricks
said=$(databricks bundle validate --var "image=$image" "$@" 2>&1) || { say "$said"; fail 78 "the bundle is not valid"; }
say "$said"
if grep -q '^Warning' <<<"$said"; then fail 78 "validate has warnings"; fi
databricks bundle deploy --var "image=$image" "$@"
say "deployed with $image; now: cd databricks && databricks bundle run hens_benchmark $*"
