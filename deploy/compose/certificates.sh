#!/bin/sh
# Make a CA and a certificate for the data server's address: certificates.sh ADDRESS DIRECTORY
#
# ADDRESS is the host of REDIS_URL: an IP address or a name. ca.pem goes to the machines of the workers; ca.key signs
# the next certificate and belongs to neither the server nor the workers. Python 3.13 and later take no CA without the
# key usages below (RFC 5280, section 4.2.1.3).
set -eu
address=$1 directory=$2
mkdir -p "$directory"
cd "$directory"
case $address in
  *[!0-9.]*) [ "${address#*:}" = "$address" ] && name="DNS:$address" || name="IP:$address" ;;
  *) name="IP:$address" ;;
esac
key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"

umask 077
if ! [ -s ca.key ]; then
  openssl req -x509 $key -days 3650 -subj '/CN=status-page-tracker CA' -keyout ca.key -out ca.pem \
    -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign'
fi
openssl req $key -subj "/CN=$address" -keyout key.pem -out server.csr
printf 'subjectAltName=%s\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\n' \
  "$name" > server.ext
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 825 -extfile server.ext -out cert.pem
rm server.csr server.ext
# The data server in its container runs as user 999, and only root can give that user a file.
chmod 755 .
chmod 644 ca.pem cert.pem
if chown 999 key.pem 2>/dev/null; then chmod 400 key.pem; else chmod 644 key.pem; fi
