#!/bin/sh
# Print the Secrets that the manifests name, with random passwords; nothing is stored here. Once per installation:
#
#   sh deploy/kubernetes/secrets.sh | kubectl apply -f -                                the data server in the cluster
#   REDIS_USERNAME=... REDIS_PASSWORD=... \
#     sh deploy/kubernetes/secrets.sh rediss://redis.example.com:6379/0 | kubectl apply -f -     a managed one
#
# A second run makes new passwords: data server and all pods have to be restarted then.
set -eu
here=$(dirname "$0")
url=${1:-redis://data-server:6379/0}
namespace=${NAMESPACE:-status-tracker}

random() {
  head -c "$1" /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_'
}

digest() {
  printf %s "$1" | sha256sum | cut -d ' ' -f 1
}

# A Secret of that name from pairs of key and value.
secret() {
  printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: %s}\ntype: Opaque\ndata:\n' "$1" "$namespace"
  shift
  while [ $# -gt 0 ]; do
    printf '  %s: %s\n' "$1" "$(printf %s "$2" | base64 | tr -d '\n')"
    shift 2
  done
}

case $url in
  rediss://*) tls=enable ;;
  redis://*) tls=disable ;;
  *) echo 'secrets.sh: the address begins with redis:// or rediss://' >&2; exit 2 ;;
esac
# KEDA needs host and port apart from the rest of the address.
address=${url#*://}
address=${address%%/*}
case $address in
  *@*) echo 'secrets.sh: user and password belong into REDIS_USERNAME and REDIS_PASSWORD' >&2; exit 2 ;;
  *:*) ;;
  *) address=$address:6379 ;;
esac

if [ $# -eq 0 ]; then
  user=tracker password=$(random 32) flower_user=flower flower_password=$(random 32)
  users=$(sed -e '/^#/d' -e '/^$/d' -e "s/<tracker>/$(digest "$password")/" -e "s/<flower>/$(digest "$flower_password")/" \
    "$here/../redis/users.acl")
  secret data-server-users users.acl "$users"
else
  user=${REDIS_USERNAME:-default} password=${REDIS_PASSWORD:?the password of the data server}
  # If the server has users, a user of its own for Flower, with the rights of deploy/redis/users.acl, is better.
  flower_user=${FLOWER_REDIS_USERNAME:-$user} flower_password=${FLOWER_REDIS_PASSWORD:-$password}
fi
secret data-server url "$url" address "$address" tls "$tls" username "$user" password "$password"
secret flower redis-username "$flower_user" redis-password "$flower_password" \
  password "$(random 15)" cookie-secret "$(random 48)"
secret web token "$(random 24)" hook-key "$(random 32)"
