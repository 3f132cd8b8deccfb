#!/bin/sh
# Runs a compiler. Fails where ptxas says (C7510 to C7529) that it makes a kernel's matrix products wait for each other: the
# program would be right, and a tenth slower.
said=$("$@" 2>&1)
code=$?
[ -z "$said" ] || printf '%s\n' "$said" >&2
[ $code -eq 0 ] || exit $code
case $said in
  *"(C75"*"serialized"*)
    echo "$0: ptxas serialises wgmma in a kernel: see (C75..) above; src/engine/gemm/hopper_mma.cuh says what it wants" >&2
    exit 1 ;;
esac
