#!/usr/bin/env bash
# Builds the targets of tests/fuzz with the address sanitizer into build-asan and lets each look for what breaks its parser.
# What one finds is written into build-asan/found: the input, and reports of sanitizers from processes that decode.
#   scripts/fuzz.sh [SECONDS each] [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true
cmake --preset asan >build-asan.log 2>&1 || { cat build-asan.log; exit 1; }
cmake --build build-asan -j "${JOBS:-2}" --target fuzz_targets
found=$PWD/build-asan/found
rm -rf "$found"
mkdir -p "$found"
# malloc of too much is null for C libraries; new of too much ends the process, which is a finding.
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=0:strict_string_checks=1:log_path=$found/report
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:log_path=$found/report
if [ $# -gt 0 ]; then names=("$@"); else mapfile -t names < <(find tests/fuzz/corpus -mindepth 1 -maxdepth 1 -printf '%f\n' | sort); fi
failed=0
for name in "${names[@]}"; do
  "build-asan/tests/fuzz/fuzz_$name" --seconds "$seconds" --found "$found" "tests/fuzz/corpus/$name" || failed=1
  # A library may crash in its own process: that is what the process is for. Our own code there may not.
  for report in "$found"/report.*; do
    [ -e "$report" ] || continue
    if grep -qE '^ *#[0-2] .*hens::|runtime error' "$report"; then
      printf '%s: FOUND in a process of its own:\n' "$name" && head -30 "$report"
      mv "$report" "$found/$name.${report##*.}.txt"
      failed=1
    else
      rm "$report"
    fi
  done
done
exit $failed
