#!/usr/bin/env bash
# Lints the shell scripts with shellcheck, the YAML with yamllint, the Dockerfile with hadolint; sources must be as
# `make format` leaves them.
#   scripts/lint.sh [FOLDER with shellcheck, yamllint, hadolint, clang-format]
set -euo pipefail
bin=${1:+$(realpath "$1")/}
cd "$(dirname "$0")/.."
mapfile -t scripts < <(find scripts docker tests .ci -name '*.sh' -o -path .ci/run | sort)
"${bin}shellcheck" "${scripts[@]}"
"${bin}yamllint" --strict .yamllint .hadolint.yaml databricks.yml jobs k8s databricks
"${bin}hadolint" docker/Dockerfile
mapfile -t sources < <(find src tests bench -name '*.cc' -o -name '*.h' -o -name '*.cu' -o -name '*.cuh' | sort)
"${bin}clang-format" --dry-run -Werror "${sources[@]}"
echo "lint: ${#scripts[@]} scripts, the YAML of jobs, k8s and databricks, the Dockerfile and the form of ${#sources[@]} sources are clean"
