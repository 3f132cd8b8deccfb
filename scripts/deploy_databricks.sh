#!/usr/bin/env bash
# databricks bundle validate and deploy, with the image's digest in place. Warnings of validate (an unknown key is one)
# count as errors.
#   scripts/deploy_databricks.sh [REGISTRY/hens@sha256:DIGEST|'' [arguments for the CLI, as --target private_registry]]
# Without an image: the one that `make push` printed last. The image and every --var (or BUNDLE_VAR_...) stay the target's:
# a later plain `databricks bundle deploy`, in databricks/ or at the root, takes them from
# .databricks/bundle/TARGET/variable-overrides.json.
set -euo pipefail
cd "$(dirname "$0")/.."
image=${1:-$(cat .image 2>/dev/null || true)}
[ $# -eq 0 ] || shift
target=${DATABRICKS_BUNDLE_TARGET:-${DATABRICKS_BUNDLE_ENV:-ecr}}
given=()  # what --var says, name=value
previous=
for word in "$@"; do
  case $previous in
    --target | -t) target=$word ;;
    --var) given+=("$word") ;;
  esac
  case $word in
    --target=* | -t=*) target=${word#*=} ;;
    --var=*) given+=("${word#--var=}") ;;
  esac
  previous=$word
done

say() { printf '%s\n' "$*" >&2; }
fail() { say "deploy-databricks: $2"; exit "$1"; }

[[ $image =~ ^[^@[:space:]]+@sha256:[0-9a-f]{64}$ ]] ||
  fail 64 "'$image' is no image by digest: make push REGISTRY=... TAG=..., or IMAGE=REGISTRY/hens@sha256:..."
command -v databricks >/dev/null || fail 69 "the Databricks CLI is not there (docs/databricks.md)"
command -v python3 >/dev/null || fail 69 "python3 is not there: it keeps what was given for later deploys"
# Where plain deploys look: the bundle's own root, and the repository's, whose databricks.yml includes it.
places=("databricks/.databricks/bundle/$target" ".databricks/bundle/$target")

# Prints the values that plain deploys are to find: those kept before, then BUNDLE_VAR_..., then --var, then the image.
# --var takes several at once, with commas, quoted as in CSV.
merged() {
  python3 -c '
import csv, json, os, pathlib, sys
kept, image, given = sys.argv[1], sys.argv[2], sys.argv[3:]
values = json.loads(pathlib.Path(kept).read_text()) if pathlib.Path(kept).exists() else {}
bundle, prefix = pathlib.Path("databricks/databricks.yml").read_text(), "BUNDLE_VAR_"
named = {name[len(prefix):]: value for name, value in os.environ.items() if name.startswith(prefix)}
values |= {name: value for name, value in named.items() if f"\n  {name}:\n" in bundle}
for pairs in csv.reader(given):
    values |= dict(pair.split("=", 1) for pair in pairs if "=" in pair)
print(json.dumps(values | {"image": image}, indent=1, sort_keys=True))
' "${places[0]}/variable-overrides.json" "$image" ${given[@]+"${given[@]}"}
}
values=$(merged) || fail 65 "${places[0]}/variable-overrides.json cannot be read: delete it and give what it said with --var"
if [ "$target" = ecr ] && ! grep -q '"instance_profile_arn"' <<<"$values" &&
  grep -q 'default: arn:aws:iam::111122223333:' databricks/databricks.yml; then
  fail 64 "no instance profile: ARGS=\"--var instance_profile_arn=arn:aws:iam::ACCOUNT:instance-profile/NAME\" (or its default in
databricks/databricks.yml); for a registry with a login ARGS=\"--target private_registry\""
fi
cd databricks
said=$(databricks bundle validate --var "image=$image" "$@" 2>&1) || { say "$said"; fail 78 "the bundle is not valid"; }
say "$said"
if grep -q '^Warning' <<<"$said"; then fail 78 "validate has warnings"; fi
for place in "${places[@]}"; do
  mkdir -p "../$place"
  printf '%s\n' "$values" >"../$place/variable-overrides.json"
done
databricks bundle deploy --var "image=$image" "$@"
say "deployed with $image; a plain \`databricks bundle deploy\` keeps:"
say "$values"
run="databricks bundle run hens_benchmark"
[ "$target" = ecr ] || run+=" --target $target"
say "now: cd databricks && $run"
