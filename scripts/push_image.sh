#!/usr/bin/env bash
# Pushes the image that `make image` built and prints REGISTRY/hens@sha256:... on stdout; .image keeps it for
# `make deploy-databricks` and `make k8s-render`. An ECR registry is logged in to with the aws CLI first.
#   scripts/push_image.sh IMAGE REGISTRY TAG
# DOCKER names the docker to use.
set -euo pipefail
cd "$(dirname "$0")/.."
image=${1:-} registry=${2:-} tag=${3:-}
docker=${DOCKER:-docker}

say() { printf '%s\n' "$*" >&2; }
fail() { say "push: $2"; exit "$1"; }

[ -n "$image" ] && [ -n "$registry" ] && [ -n "$tag" ] ||
  fail 64 "usage: make push REGISTRY=111122223333.dkr.ecr.us-east-1.amazonaws.com TAG=0.2.0"
registry=${registry%/}
name=$registry/hens
"$docker" image inspect "$image" >/dev/null 2>&1 || fail 66 "there is no image $image here: make image TAG=${image##*:} first"

if [[ $registry =~ ^([0-9]{12}\.dkr\.ecr(-fips)?\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?)(/.*)?$ ]]; then
  host=${BASH_REMATCH[1]} region=${BASH_REMATCH[3]}
  say "logging in to $host"
  aws ecr get-login-password --region "$region" | "$docker" login --username AWS --password-stdin "$host" >&2 ||
    fail 77 "no login to $host: aws sts get-caller-identity says whose credentials are used"
fi
"$docker" tag "$image" "$name:$tag"
"$docker" push "$name:$tag" >&2 ||
  fail 69 "the registry did not take $name:$tag. In ECR the repository has to exist: aws ecr create-repository --repository-name ${name#*/}"
reference=$("$docker" image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$name:$tag" | grep -F "$name@sha256:" | tail -1) ||
  fail 69 "the registry gave no digest for $name:$tag"
printf '%s\n' "$reference" >.image
printf '%s\n' "$reference"
