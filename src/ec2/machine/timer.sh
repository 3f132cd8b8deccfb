#!/bin/bash
# The end of this machine: a moment kept in a file, for which logind's own scheduled shutdown is armed.
#   timer arm           at boot: logind has forgotten, the file has not
#   timer tick          twice a minute: follow what people typed (shutdown -c, shutdown +N), stop the job in time
#   timer set MINUTES   from now
#   timer cancel
#   timer show          seconds since 1970, or `never`
set -u
root=${HENS_EC2_ROOT:-}
state=$root/var/lib/hens-ec2
run=$root/run/hens-ec2 # empty after a reboot
scheduled=$root/run/systemd/shutdown/scheduled

lead() { cat "$state/lead" 2>/dev/null || echo 300; } # seconds before the end at which a job is stopped
deadline() { cat "$state/deadline" 2>/dev/null; }

# Durable before it counts. A sixth of what is left, 1 to 10 minutes, is for uploading at its end: a job that was given
# little time more is not stopped at once.
keep() { # EPOCH
  local lead=$((($1 - $(date +%s)) / 6))
  echo $((lead < 60 ? 60 : lead > 600 ? 600 : lead)) >"$state/lead"
  echo "$1" >"$state/deadline.new" && sync "$state/deadline.new" && mv "$state/deadline.new" "$state/deadline"
}

schedule() { # EPOCH [LEAST MINUTES]
  local minutes=$((($1 - $(date +%s) + 59) / 60))
  local least=${2:-0}
  if ((minutes < least)); then minutes=$least; fi
  shutdown -P "+$minutes" 'hens-ec2: time is up' && mkdir -p "$run" && : >"$run/armed"
}

scheduled_at() { # when logind will shut down, seconds since 1970
  local usec
  usec=$(sed -n 's/^USEC=//p' "$scheduled" 2>/dev/null)
  [ -n "$usec" ] && echo $((usec / 1000000))
}

follow() { # EPOCH of the file; what logind has may be someone's newer wish
  [ "$(systemctl is-system-running)" = stopping ] && return
  local at
  if [ ! -e "$run/armed" ]; then
    schedule "$1"
  elif ! at=$(scheduled_at); then
    echo 'hens-ec2: the shutdown was cancelled'
    rm -f "$state/deadline" "$run/armed"
  elif ((at > $1 + 90 || at < $1 - 90)); then
    keep "$at"
  elif (($(date +%s) > $1 + 120)); then
    echo 'hens-ec2: time is up, and logind has not seen it' # one that was restarted forgets, its file does not
    shutdown -P now
  fi
}

# The job gets a signal while there is time left to upload what it has.
stop_job_in_time() {
  local at
  at=$(deadline) || return 0
  if (($(date +%s) >= at - $(lead))) && [ -e "$run/job" ]; then
    echo 'hens-ec2: time is nearly up, stopping the job'
    docker stop -t 60 hens-job
  fi
}

mkdir -p "$run"
exec 9>"$run/timer.lock"
flock 9
case ${1:-} in
  arm)
    if at=$(deadline); then
      [ -e "$state/lead" ] || keep "$at"
      [ -e "$run/armed" ] || schedule "$at" 2
    fi
    ;;
  tick)
    if at=$(deadline); then
      follow "$at"
    elif at=$(scheduled_at); then # after a cancel, someone has typed another one
      keep "$at" && : >"$run/armed"
    fi
    flock -u 9 # stopping a job takes a while
    stop_job_in_time
    ;;
  set)
    at=$(($(date +%s) + $2 * 60))
    keep "$at"
    schedule "$at"
    ;;
  cancel)
    rm -f "$state/deadline" "$run/armed"
    shutdown -c
    ;;
  show) deadline || echo never ;;
  *) exit 64 ;;
esac
