#!/usr/bin/env bash
# nvcc for the fast engine, and what CMake has to know of it: /opt/cuda_root, /opt/cuda_host_compiler.
# NVIDIA's devel images have a toolkit; on a plain Debian 13 it is nvidia-cuda-toolkit 12.4 of non-free, which takes g++-13
# at most as its host compiler.
set -euo pipefail

if [ -x /usr/local/cuda/bin/nvcc ]; then
  root=/usr/local/cuda
  host=g++
else
  # shellcheck disable=SC1091
  . /etc/os-release
  # From wherever the base itself takes its packages. A base may have one of these files only, and comments with addresses.
  mirror=$(sed -nE 's/^[^#]*(https?:[^ ]+).*/\1/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1) || true
  [ -n "$mirror" ] || { printf 'the base has no package source in /etc/apt\n' >&2; exit 1; }
  printf 'deb %s %s contrib non-free\n' "$mirror" "$VERSION_CODENAME" >/etc/apt/sources.list.d/non-free.list
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends nvidia-cuda-toolkit g++-13 >/dev/null
  rm -rf /var/lib/apt/lists/*
  root=/usr
  host=g++-13
fi
printf '%s' "$root" >/opt/cuda_root
command -v "$host" | tr -d '\n' >/opt/cuda_host_compiler
cat >/tmp/try.cu <<'END'
__global__ void kernel(float* x) { x[threadIdx.x] *= 2; }
int main() { kernel<<<1, 1>>>(nullptr); }
END
"$root/bin/nvcc" -ccbin "$(cat /opt/cuda_host_compiler)" -std=c++20 -gencode arch=compute_80,code=sm_80 \
  -gencode arch=compute_90a,code=sm_90a -o /tmp/try /tmp/try.cu
rm /tmp/try /tmp/try.cu
"$root/bin/nvcc" --version | tail -2
