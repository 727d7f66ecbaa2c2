#!/bin/sh
# First step of `docker compose up`: makes the secrets that are missing and writes the data server's users.
# Each directory below /secrets is a volume of its own, so that no container holds a secret that it does not need.
set -eu
umask 077

# Make a file with a random secret of that many bytes, unless it exists.
secret() {
  [ -s "$1" ] && return
  head -c "$2" /dev/urandom | base64 -w 0 | tr '+/' '-_' | tr -d '=' > "$1.new"
  chmod 400 "$1.new"
  mv "$1.new" "$1"
  echo "made $1"
}

digest() {
  sha256sum < "$1" | cut -d ' ' -f 1
}

secret /secrets/tracker/redis-password 32
secret /secrets/tracker/link-key 32
secret /secrets/flower/redis-password 32
secret /secrets/flower/password 15
secret /secrets/flower/cookie-secret 48
secret /secrets/web/token 24
secret /secrets/web/hook-key 32
# Prometheus and Grafana run as other users; nobody else has these volumes.
secret /secrets/metrics/token 24
secret /secrets/grafana/password 15
chmod 444 /secrets/metrics/token /secrets/grafana/password

# The data server runs as another user; digests of random passwords are enough for it, and useless to others.
sed -e '/^#/d' -e '/^$/d' \
    -e "s/<tracker>/$(digest /secrets/tracker/redis-password)/" \
    -e "s/<flower>/$(digest /secrets/flower/redis-password)/" \
    /deploy/redis/users.acl > /secrets/redis/users.acl.new
chmod 444 /secrets/redis/users.acl.new
mv /secrets/redis/users.acl.new /secrets/redis/users.acl
sync
