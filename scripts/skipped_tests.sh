#!/bin/sh
# skipped_tests.sh LOG: why tests in ctest's log were skipped, and how many. ctest counts them as passed, in silence.
set -eu
reasons=$(sed -nE "s/^SKIPPED: (.*)  test_.*/\1/p; t; s/^SKIPPED: (.*)/\1/p; t; s/.* \.\.\. skipped '(.*)'$/\1/p; t; /^needs /p" "$1" |
  sort | uniq -c)
[ -z "$reasons" ] || printf 'Skipped tests, by reason:\n%s\n' "$reasons"
