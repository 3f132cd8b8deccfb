#!/usr/bin/env bash
# Whole-process time and peak memory on the CPU, hens and the Python reference in turn on the same package and steps.
#   scripts/compare_cpu.sh HENS REFERENCE.py PACKAGE STATE.npy TIME STEPS [RUNS]
# REFERENCE.py is the plain PyTorch script that comes with the test data; PYTHON (default python3) has torch,
# torch_harmonics 0.8, numpy and h5py. hens starts from the analytic state and also writes, hashes and reports.
set -euo pipefail
[ $# -ge 6 ] || { sed -n '2,6p' "$0"; exit 64; }
hens=$1 reference=$2 package=$(realpath "$3") state=$4 start=$5 steps=$6 runs=${7:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/job.yaml" <<YAML
name: compare
initial_conditions: {source: analytic, times: ["${start}"]}
models: ["$package"]
forecast: {steps: [$steps]}
output: {variables: [u10m, v10m], format: zarr}
runtime: {device: cpu}
report: {maps: false}
YAML
clock() { /usr/bin/env time -f '%e %M' -o "$work/time" "$@" >/dev/null 2>"$work/stderr" || { cat "$work/stderr"; exit 1; }; cat "$work/time"; }
for ((run = 1; run <= runs; ++run)); do
  rm -rf "$work/run" "$work/out"
  echo "hens   $(clock "$hens" run "$work/job.yaml" --output "$work/run" --cache "$work/cache")"
  echo "python $(clock "${PYTHON:-python3}" "$reference" "$package" --device cpu --state "$state" --time "$start" --steps "$steps" --out "$work/out")"
done | sort -k1,1 -k2,2n | awk -v runs="$runs" '
  { n[$1]++; s[$1, n[$1]] = $2; if ($3 > m[$1]) m[$1] = $3 }
  END {
    mid = int((runs + 1) / 2)
    for (p in n) printf "%-7s median %.2f s, least %.2f, most %.2f; peak %.0f MiB\n", p, s[p, mid], s[p, 1], s[p, runs], m[p] / 1024
    printf "hens takes %.2f of the reference'"'"'s time\n", s["hens", mid] / s["python", mid]
  }'
