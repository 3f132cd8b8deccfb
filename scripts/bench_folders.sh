#!/bin/bash
# What a shard of 20 members, status, verify and report cost in a folder of many members: run_folder_bench fills it.
# Usage: bench_folders.sh BUILD [PLANNED] [FILLED] [FOLDER]; FOLDER (default below /dev/shm) is removed at the end.
set -euo pipefail
build=$(cd "$1" && pwd) planned=${2:-100000} filled=${3:-$planned}
folder=$(mktemp -d -p "${4:-/dev/shm}" hens_bench_folders.XXXXXX)
trap 'rm -rf "$folder"' EXIT
members=$((planned < 100000 ? planned : 100000))
times=$(for ((k = 0; k < planned / members; ++k)); do date -u -d "2024-01-01 $((6 * k)) hours" +%Y-%m-%dT%H:00:00Z; done | paste -sd,)
cat > "$folder/job.yaml" <<YAML
name: many
initial_conditions: {source: analytic, times: [$times]}
models: ["synth:mini?seed=102"]
ensemble: {members: $members, seed: 7}
perturbation: {method: none}
forecast: {steps: [1]}
output: {variables: [u10m], format: zarr}
runtime: {device: cpu, threads: 1}
report: {maps: false}
YAML
"$build/hens" run "$folder/job.yaml" --members 0 --output "$folder/run" > /dev/null 2>&1
"$build/run_folder_bench" "$folder/run" "$filled" 20
/usr/bin/time -f "hens run, --shard 1 (20 members)   %e s, %M KiB" "$build/hens" run "$folder/job.yaml" --output "$folder/run" \
  --shard "1/$((planned / 20))" > /dev/null 2> "$folder/err" || true
tail -1 "$folder/err"
