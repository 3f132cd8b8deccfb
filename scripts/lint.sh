#!/usr/bin/env bash
# Lints the shell scripts with shellcheck, the YAML with yamllint, the Dockerfile with hadolint.
#   scripts/lint.sh [FOLDER with shellcheck, yamllint, hadolint]
set -euo pipefail
bin=${1:+$(realpath "$1")/}
cd "$(dirname "$0")/.."
mapfile -t scripts < <(find scripts docker tests .ci -name '*.sh' -o -path .ci/run | sort)
"${bin}shellcheck" "${scripts[@]}"
"${bin}yamllint" --strict .yamllint .hadolint.yaml jobs k8s databricks
"${bin}hadolint" docker/Dockerfile
echo "lint: ${#scripts[@]} scripts, the YAML of jobs, k8s and databricks, and the Dockerfile are clean"
