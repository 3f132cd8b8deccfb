#!/usr/bin/env bash
# Installs what hens needs to build and test, as far as it is missing: Debian/Ubuntu packages, LibTorch with nvcc (as
# pinned Python wheels, into .deps/torch), the Python packages of the tests (into .deps/py). Safe to run again.
#   scripts/setup.sh [build|test|tools|ec2|packages]      default: build; tools: the Python packages of the tests and
#   linters alone, without LibTorch; ec2: only what hens-ec2 needs; packages: the system's alone, as the image needs them
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-build}

torch=2.11.0
cuda_nvcc=13.0.88
cuda_cccl=13.0.85

ec2_packages=(
  g++ make cmake ninja-build ccache pkg-config git ca-certificates
  libboost-dev libboost-program-options-dev libyaml-cpp-dev libfmt-dev nlohmann-json3-dev
  libcurl4-openssl-dev libssl-dev libisal-dev)
brew_packages=(cmake ninja ccache pkg-config boost yaml-cpp fmt nlohmann-json openssl@3 curl isa-l)
build_packages=("${ec2_packages[@]}" python3 python3-venv
  libhdf5-dev libnetcdf-dev libeccodes-dev libaec-dev libblosc-dev libzstd-dev zlib1g-dev
  libcairo2-dev libjpeg-dev fonts-dejavu-core gmt-gshhg-low libgtest-dev libgmock-dev)
test_packages=(libeccodes-tools nco netcdf-bin nginx-light openssh-client openssl procps time util-linux)

tool_packages=(git ca-certificates python3 python3-venv openssh-client procps)

say() { printf '== %s\n' "$*" >&2; }

install_packages() {
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  say "installing ${missing[*]}"
  local sudo=()
  [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# A virtual environment that is made whole or not at all: .deps/NAME with a stamp of what was asked for. It needs ROOM
# (GB) of disk while it is made; wheels are unpacked beside it and not kept: /tmp may be a small RAM disk.
python_environment() {
  local name=$1 stamp=$2 room=$3
  shift 3
  local folder=.deps/$name
  [ "$(cat "$folder/stamp" 2>/dev/null)" = "$stamp" ] && return
  rm -rf "$folder" "$folder.tmp"
  mkdir -p "$folder.tmp"
  local free
  free=$(df -Pk .deps | awk 'NR == 2 {print int($4 / 1e6)}')
  if [ "$free" -lt "$room" ]; then
    rm -rf "$folder.tmp"
    say "$(pwd)/.deps: $stamp needs $room GB of disk while it is installed, $free GB are free: make room and run again"
    exit 1
  fi
  say "installing $stamp into $folder (once)"
  # The system's Python: one that a version manager puts first may vanish.
  local python=/usr/bin/python3
  [ -x "$python" ] || python=python3
  "$python" -m venv "$folder"
  TMPDIR=$(pwd)/$folder.tmp "$folder/bin/pip" install -q --no-cache-dir --disable-pip-version-check "$@"
  rm -rf "$folder.tmp"
  printf '%s' "$stamp" >"$folder/stamp"
}

# nvcc comes as wheels that lack what a toolkit installation has: lib64, and library names without version.
complete_toolkit() {
  local root
  root=$(echo .deps/torch/lib/python3.*/site-packages/nvidia/cu13)
  [ -d "$root/lib" ] || return 0
  ln -sfn lib "$root/lib64"
  local library
  for library in "$root"/lib/lib*.so.*; do
    ln -sfn "$(basename "$library")" "${library%%.so.*}.so"
  done
}

# What runs the tests and lints: small beside LibTorch.
python_of_the_tests() {
  python_environment py "test requirements $(sha256sum tests/requirements.txt | cut -c1-12)" 2 -r tests/requirements.txt
}

if [ "$what" = tools ]; then
  if command -v apt-get >/dev/null; then install_packages "${tool_packages[@]}"; fi
  python_of_the_tests
  exit
fi
if command -v apt-get >/dev/null; then
  if [ "$what" = ec2 ]; then
    install_packages "${ec2_packages[@]}"
    exit
  fi
  install_packages "${build_packages[@]}"
  [ "$what" != test ] || install_packages "${test_packages[@]}"
elif [ "$what" = ec2 ] && command -v brew >/dev/null; then
  # macOS: what is there already costs brew a second or two.
  brew list --versions "${brew_packages[@]}" >/dev/null || brew install "${brew_packages[@]}"
  exit
elif [ "$what" = ec2 ]; then
  say "no apt-get and no brew here: install by hand: ${ec2_packages[*]}"
  exit
else
  say "no apt-get here: install by hand: ${build_packages[*]}"
fi
[ "$what" != packages ] || exit 0
python_environment torch "torch==$torch nvcc==$cuda_nvcc" 9 "torch==$torch" "nvidia-cuda-nvcc==$cuda_nvcc" \
  "nvidia-nvvm==$cuda_nvcc" "nvidia-cuda-crt==$cuda_nvcc" "nvidia-cuda-cccl==$cuda_cccl"
complete_toolkit
if [ "$what" = test ]; then python_of_the_tests; fi
