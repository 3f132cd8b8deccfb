#!/usr/bin/env bash
# Lints the shell scripts with shellcheck, the YAML with yamllint, the Dockerfile with hadolint, the Python with ruff; sources
# must be as `make format` leaves them, and those that differ from TIDY_SINCE get clang-tidy's checks (.clang-tidy).
#   scripts/lint.sh [FOLDER with shellcheck, yamllint, hadolint, ruff, clang-format, clang-tidy]
#   TIDY_SINCE: a commit (default: where this branch left main), `all`, or `none`
set -euo pipefail
bin=${1:+$(realpath "$1")/}
cd "$(dirname "$0")/.."
mapfile -t scripts < <(find scripts docker tests .ci -name '*.sh' -o -path .ci/run | sort)
"${bin}shellcheck" "${scripts[@]}"
"${bin}yamllint" --strict .yamllint .hadolint.yaml databricks.yml jobs k8s databricks .github
"${bin}hadolint" docker/Dockerfile
"${bin}ruff" check --quiet .
mapfile -t sources < <(find src tests bench -name '*.cc' -o -name '*.h' -o -name '*.cu' -o -name '*.cuh' | sort)
"${bin}clang-format" --dry-run -Werror "${sources[@]}"

# clang-tidy sees what needs no LibTorch, two to five seconds a file, without a build folder. Not job/: libstdc++ 12's
# constexpr vector refuses its tree, a vector of pairs of a type that is not complete, under clang.
mapfile -t folders < <(sed -n '/TORCH/d; s,^hens_library(\([a-z0-9_/]*\).*,\1,p' CMakeLists.txt | grep -vx job)
base=${TIDY_SINCE:-$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main 2>/dev/null || echo none)}
tidy=()
if [ "$base" = all ]; then
  mapfile -t tidy < <(for folder in "${folders[@]}"; do find "src/$folder" -name '*.cc'; done | sort)
elif [ "$base" != none ]; then
  mapfile -t tidy < <(git diff --name-only --diff-filter=d "$base" -- "${folders[@]/#/src/}" | grep '\.cc$' || true)
fi
flags=(-std=c++20 -Isrc -DHENS_VERSION='"lint"' -I/usr/include/hdf5/serial -I/usr/include/cairo)
checked=0
for file in "${tidy[@]}"; do
  # Where the libraries' headers are not installed there is nothing to say.
  "${CXX:-c++}" "${flags[@]}" -fsyntax-only -M "$file" >/dev/null 2>&1 || continue
  "${bin}clang-tidy" --quiet "$file" -- "${flags[@]}" 2>&1 | { grep -v ' warnings\? generated\.$' || true; }
  checked=$((checked + 1))
done
echo "lint: ${#scripts[@]} scripts, the YAML of jobs, k8s, databricks and workflows, the Dockerfile, the Python and the form of" \
  "${#sources[@]} sources are clean; clang-tidy looked at $checked of ${#tidy[@]} that differ"
