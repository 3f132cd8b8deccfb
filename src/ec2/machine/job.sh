#!/bin/bash
# One job on this machine: pull the image, run it, bring the results away, say how it ended.
#   job start NAME IMAGE LAUNCH <JOB.yaml   hand a job over and start it (over SSH)
#   job run                                 the service: from where it was, also after a reboot
#   job follow [LINES]                      its log, as tail -n says (+1), until it ends
#   job status                              status.json
# status.json: {launch, state: running|interrupted|finished, stage, exit_code, message, time}. Exit codes are hens' own.
set -u
export HOME=${HOME:-/root} # where docker keeps its logins; a service has none
root=${HENS_EC2_ROOT:-}
state=$root/var/lib/hens-ec2
run=$root/run/hens-ec2
log=$state/log.txt
retry_seconds=${HENS_EC2_RETRY_SECONDS:-15}
metadata=${HENS_EC2_METADATA:-http://169.254.169.254}/latest
results='' region='' way=login job_name=job image='' launch='' spot=''
# shellcheck source=/dev/null
. "$state/config"
# shellcheck source=/dev/null
[ ! -e "$state/job.config" ] || . "$state/job.config"
output=$state/output/$job_name
# A machine to log in to runs one job after the other: each has a folder of its own.
[ -z "$results" ] || [ "$way" = job ] || results=$results/$job_name

say() { echo "hens-ec2: $*" | tee -a "$log"; }

status() { # STATE STAGE CODE MESSAGE
  printf '{"launch": "%s", "state": "%s", "stage": "%s", "exit_code": %d, "message": "%s", "time": "%s"}\n' \
    "$launch" "$1" "$2" "$3" "$4" "$(date -u +%FT%TZ)" >"$state/status.new"
  mv "$state/status.new" "$state/status.json"
}

# Results first, the status last: whoever sees it finished finds everything.
upload() {
  [ -n "$results" ] || return 0
  aws s3 sync "$output" "$results/output" --region "$region" --only-show-errors --exclude '*.tmp' &&
    aws s3 cp "$log" "$results/log.txt" --region "$region" --only-show-errors &&
    aws s3 cp "$state/status.json" "$results/status.json" --region "$region" --only-show-errors
}

upload_at_last() { # until it succeeds, or the machine goes
  until upload; do
    say "upload to $results failed, trying again in $retry_seconds s"
    sleep "$retry_seconds"
  done
}

finish() { # STAGE CODE MESSAGE
  trap '' TERM # a shutdown waits for the upload, as long as systemd lets it
  status finished "$1" "$2" "$3"
  say "$1: exit code $2${3:+: $3}"
  leave
}

leave() {
  upload_at_last
  give_up_machine
}

give_up_machine() {
  trap '' TERM
  : >"$state/finished"
  rm -f "$run/job"
  if [ "$way" = job ]; then shutdown -P now; fi
  exit 0
}

# The machine goes down under a running job: bring away what there is; after a reboot the job goes on.
interrupted() {
  trap '' TERM
  local why='the machine went down'
  [ ! -e "$run/notice" ] || why='EC2 took this spot machine back: the same command goes on, on another one'
  say 'the machine is going down'
  docker stop -t 30 hens-job >/dev/null 2>&1
  status interrupted job 75 "$why"
  upload
  exit 0
}

# EC2 tells a spot machine two minutes before it takes it back.
noticed() {
  local token
  token=$(curl -sf -m 2 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token") &&
    curl -sf -m 2 -o "$run/notice" -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/spot/instance-action"
}

watch_for_notice() { # PID of this service
  while kill -0 "$1" 2>/dev/null; do
    if noticed 2>/dev/null; then
      say "EC2 takes this spot machine back: $(cat "$run/notice")"
      kill -TERM "$1"
      return
    fi
    sleep "${HENS_EC2_NOTICE_SECONDS:-5}"
  done
}

time_is_up() {
  local at
  at=$(cat "$state/deadline" 2>/dev/null) && (($(date +%s) >= at))
}

login() { # to Amazon's registry, if the image is there: with the instance profile
  case $image in
    *.dkr.ecr.*.amazonaws.com/*)
      local host=${image%%/*}
      local home=${host#*.dkr.ecr.}
      aws ecr get-login-password --region "${home%%.*}" | docker login --username AWS --password-stdin "$host"
      ;;
  esac
}

# In the background, so that a signal to this service is heard meanwhile.
attended() {
  "$@" >>"$log" 2>&1 &
  wait $!
}

pull() {
  docker image inspect "$image" >/dev/null 2>&1 && return
  local attempt
  for attempt in 1 2 3; do
    say "pulling $image"
    login >>"$log" 2>&1
    attended timeout 1800 docker pull -q "$image" && return
    [ "$attempt" = 3 ] || sleep "$retry_seconds"
  done
  return 1
}

start_container() {
  local cache=$state/cache
  # The instance's own disk, where it has one: weights are read at its speed.
  if mountpoint -q /opt/dlami/nvme && [ -z "$root" ]; then cache=/opt/dlami/nvme/hens-cache; fi
  mkdir -p "$cache" "$output"
  docker rm -f hens-job >/dev/null 2>&1
  exec docker run --name hens-job --gpus all --stop-timeout 60 --read-only --tmpfs /tmp \
    --cap-drop ALL --security-opt no-new-privileges -e HENS_CACHE=/cache \
    -v "$cache:/cache" -v "$output:/results" -v "$state/job.yaml:/job/$job_name.yaml:ro" \
    "$image" run "/job/$job_name.yaml" --output /results --device cuda --log text
}

upload_now_and_then() { # ends by itself with the job: an upload cut short might overtake the last one
  local waited=0
  while [ -e "$run/job" ]; do
    sleep 1
    if ((++waited % 300 == 0)); then upload; fi
  done
}

run_container() {
  : >"$run/job"
  start_container >>"$log" 2>&1 &
  local job=$!
  upload_now_and_then &
  local uploader=$!
  wait "$job"
  local code=$?
  rm -f "$run/job"
  wait "$uploader"
  case $code in
    125 | 126 | 127) finish docker 71 'docker could not start the container: no GPU for it, or its driver is too old' ;;
    *) finish job "$code" '' ;;
  esac
}

run_job() {
  [ -e "$state/job.yaml" ] && [ ! -e "$state/finished" ] || exit 0
  mkdir -p "$run"
  echo $$ >"$run/pid"
  trap interrupted TERM
  rm -f "$run/notice"
  if [ -n "$spot" ]; then watch_for_notice $$ & fi
  if grep -q '"state": "finished"' "$state/status.json" 2>/dev/null; then leave; fi
  if time_is_up; then finish time 75 'time was up before the job could go on'; fi
  status running start 0 ''
  mkdir -p "$output"
  touch "$log"
  if [ -n "$results" ]; then
    # Found out now, not after hours of work. There is nothing to bring away yet: no reason to wait.
    upload || { sleep "$retry_seconds" && upload; } || {
      status finished upload 77 "no upload to $results: see the instance profile"
      say "upload: exit code 77: no upload to $results: see the instance profile"
      give_up_machine
    }
    attended aws s3 sync "$results/output" "$output" --region "$region" --only-show-errors
  fi
  pull || finish pull 69 'the image cannot be pulled'
  nvidia-smi -L >>"$log" 2>&1 || finish gpu 71 'nvidia-smi finds no GPU'
  run_container
}

start_job() { # NAME IMAGE LAUNCH
  if systemctl is-active --quiet hens-ec2-job.service; then
    [ "$launch" = "$3" ] && exit 0 # this very job: whoever started it follows it again
    echo 'another job is running on this machine: wait for it, or stop it: sudo docker stop hens-job' >&2
    exit 75
  fi
  rm -f "$state/status.json" "$state/finished" "$log"
  printf "job_name='%s' image='%s' launch='%s'\n" "$1" "$2" "$3" >"$state/job.config"
  cat >"$state/job.new" && mv "$state/job.new" "$state/job.yaml"
  : >"$log"
  systemctl start --no-block hens-ec2-job.service
}

follow() { # LINES
  [ -e "$state/job.yaml" ] || exit 66
  tail -n "${1:-+1}" -f "$log" &
  local tail=$!
  while [ ! -e "$state/finished" ]; do
    sleep 1
    systemctl is-active --quiet hens-ec2-job.service || { sleep 2 && systemctl is-active --quiet hens-ec2-job.service; } || break
  done
  sleep 1
  kill "$tail"
}

case ${1:-} in
  run) run_job ;;
  start) start_job "$2" "$3" "$4" ;;
  follow) follow "${2:-+1}" ;;
  status) cat "$state/status.json" ;;
  *) exit 64 ;;
esac
