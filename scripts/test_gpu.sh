#!/usr/bin/env bash
# All that needs a GPU, in one go: the golden tests of both engines on the card, then the fast engine's kernels under
# compute-sanitizer on a mini package.
#   scripts/test_gpu.sh [BUILD]     BUILD: folder with tests/engine_test (default build)
set -euo pipefail
build=${1:-build}
nvidia-smi --query-gpu=name,driver_version --format=csv,noheader

"$build/tests/engine_test" --gtest_brief=1
if [ -x "$build/tests/sfno_test" ]; then "$build/tests/sfno_test" --gtest_brief=1; fi
if [ -x "$build/tests/statistics_test" ]; then "$build/tests/statistics_test" --gtest_brief=1; fi
if [ -x "$build/tests/diagnostics_test" ]; then "$build/tests/diagnostics_test" --gtest_brief=1; fi
if [ -x "$build/tests/forecast_test" ]; then "$build/tests/forecast_test" --gtest_brief=1 --gtest_filter='FieldSelection*'; fi

sanitizer=
for path in "$(command -v compute-sanitizer || true)" /usr/local/cuda*/bin/compute-sanitizer; do
  if [ -x "$path" ]; then sanitizer=$path; fi
done
if [ -z "$sanitizer" ]; then
  echo "compute-sanitizer is not here: memcheck, racecheck and initcheck are skipped" >&2
  exit 0
fi
failed=0
for kernels in Hopper Ampere; do
  for tool in memcheck racecheck initcheck; do
    echo "== $tool, $kernels kernels"
    # LibTorch's own kernels are not what is looked at; but initcheck has to see them write.
    only=(--kernel-name kns=hens)
    if [ "$tool" = initcheck ]; then only=(); fi
    "$sanitizer" --tool "$tool" "${only[@]}" --print-limit 3 --error-exitcode 1 \
      "$build/tests/engine_test" --gtest_brief=1 --gtest_filter="*OneStepIsAsAccurate*/$kernels:*Operators*/$kernels" 2>&1 |
      grep -vE 'Host Frame|Saved host' | tail -12 || failed=1
  done
done
for tool in memcheck racecheck initcheck; do
  if [ ! -x "$build/tests/statistics_test" ]; then continue; fi
  echo "== $tool, statistics"
  "$sanitizer" --tool "$tool" --print-limit 3 --error-exitcode 1 \
    "$build/tests/statistics_test" --gtest_brief=1 --gtest_filter="*/Gpu" 2>&1 | tail -12 || failed=1
done
if [ -x "$build/tests/diagnostics_test" ]; then
  echo "== memcheck, derived variables"
  "$sanitizer" --tool memcheck --kernel-name kns=hens --print-limit 3 --error-exitcode 1 \
    "$build/tests/diagnostics_test" --gtest_brief=1 --gtest_filter="*/1" 2>&1 | grep -vE 'Host Frame|Saved host' | tail -12 || failed=1
fi
exit $failed
