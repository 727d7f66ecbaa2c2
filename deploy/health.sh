#!/bin/sh
# health.sh [COMMAND...]: the health check of a container. With a command, each success of it counts as a sign of life;
# without one, the process itself touches its tick file (beat, workers).
#
# A container is healthy for a minute after a sign of life. Docker restarts a process that ends, not one that hangs:
# after ten minutes without a sign, this script ends the process. A short outage of the data server restarts nothing.
tick=${TRACKER_TICK_FILE:-/tmp/tick}
# The ten minutes of a process that never gave a sign begin with its first check.
[ -e "$tick" ] || touch -d '2 minutes ago' "$tick"
[ $# -eq 0 ] || { "$@" >/dev/null && touch "$tick"; }
[ -z "$(find "$tick" -mmin -1)" ] || exit 0
if [ -n "$(find "$tick" -mmin +10)" ]; then
  rm "$tick"
  echo 'health: no sign of life for ten minutes; killing this process, so that it is started again' > /proc/1/fd/2
  kill -9 -1
fi
exit 1
