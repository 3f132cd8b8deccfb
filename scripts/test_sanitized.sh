#!/usr/bin/env bash
# Builds the C++ tests with a sanitizer into build-KIND and runs them: all of them for asan (addresses, leaks, undefined
# behaviour), those of what works on several threads and does not see LibTorch for tsan.
#   scripts/test_sanitized.sh asan|tsan [ctest's arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
kind=$1
shift
suppressions=$PWD/tests/sanitizers
case $kind in
  asan) target=cpp_tests label=cpp ;;
  tsan) target=threaded_tests label=threads ;;
  *) echo "test_sanitized.sh: asan or tsan, not $kind" >&2 && exit 64 ;;
esac
cmake --preset "$kind" >"build-$kind.log" 2>&1 || { cat "build-$kind.log"; exit 1; }
cmake --build "build-$kind" -j "${JOBS:-2}" --target "$target"

# The first finding ends a test. malloc of too much is null, as without the sanitizer (new ends the process instead of throwing).
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:strict_string_checks=1:detect_stack_use_after_return=1
export LSAN_OPTIONS=suppressions=$suppressions/lsan.txt:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=suppressions=$suppressions/tsan.txt:halt_on_error=1:second_deadlock_stack=1
run=(ctest --test-dir "build-$kind" --output-on-failure -j "${JOBS:-2}" -L "^$label\$" "$@")
# GCC 12's ThreadSanitizer does not start where addresses are drawn from more than 28 bits, as kernels since 6.6 do.
if [ "$kind" = tsan ] && setarch -R true 2>/dev/null; then run=(setarch -R "${run[@]}"); fi
"${run[@]}"
scripts/skipped_tests.sh "build-$kind/Testing/Temporary/LastTest.log"
