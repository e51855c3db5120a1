#!/bin/sh
# Makes throw-away certificates for tests, in the directory named: two authorities (ca, other-ca), servers (server for
# localhost and 127.0.0.1, wrong-host, expired), a client (client.pem; its key plain in client.key and after the
# password "secret word" in client-encrypted.key) and the client of the other authority (other-client).
# usage: certificates.sh DIRECTORY
set -eu

if [ $# -ne 1 ]; then
    echo "usage: $0 DIRECTORY" >&2
    exit 2
fi
mkdir -p "$1"
cd "$1"

# quietly COMMAND...: its messages only if it fails.
quietly() {
    "$@" >messages.txt 2>&1 || { cat messages.txt >&2; exit 1; }
}

# authority NAME
authority() {
    quietly openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.pem" \
        -days 30 -subj "/CN=Tripline test $1" -addext "basicConstraints=critical,CA:TRUE" \
        -addext "keyUsage=critical,keyCertSign,cRLSign"
}

# request NAME: NAME.key and NAME.csr
request() {
    quietly openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1"
}

# issue NAME AUTHORITY EXTENSION...
issue() {
    name=$1
    by=$2
    shift 2
    request "$name"
    printf '%s\n' "$@" >"$name.ext"
    quietly openssl x509 -req -in "$name.csr" -CA "$by.pem" -CAkey "$by.key" -days 30 -out "$name.pem" \
        -set_serial "0x$(openssl rand -hex 8)" -extfile "$name.ext"
}

# expired: like server, but for one day in 2020; only "openssl ca" sets both dates.
issue_expired() {
    request expired
    : >index.txt
    cat >expired.cnf <<END
[ca]
default_ca = main
[main]
database = index.txt
new_certs_dir = .
default_md = sha256
policy = any
rand_serial = yes
[any]
commonName = supplied
[extensions]
subjectAltName = DNS:localhost,IP:127.0.0.1
extendedKeyUsage = serverAuth
END
    quietly openssl ca -batch -notext -config expired.cnf -cert ca.pem -keyfile ca.key -in expired.csr -out expired.pem \
        -startdate 20200101000000Z -enddate 20200102000000Z -extensions extensions
}

authority ca
authority other-ca
issue server ca "subjectAltName = DNS:localhost,IP:127.0.0.1" "extendedKeyUsage = serverAuth"
issue wrong-host ca "subjectAltName = DNS:elsewhere.invalid" "extendedKeyUsage = serverAuth"
issue client ca "extendedKeyUsage = clientAuth"
issue other-client other-ca "extendedKeyUsage = clientAuth"
issue_expired
quietly openssl pkcs8 -topk8 -in client.key -out client-encrypted.key -v2 aes-256-cbc -passout "pass:secret word"
rm -f -- *.csr *.ext messages.txt index.txt* expired.cnf [0-9A-F]*.pem
