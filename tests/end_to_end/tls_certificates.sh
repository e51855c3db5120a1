#!/bin/sh
# Makes bad certificates beside the good ones of certificates.sh, in the directory named, which has those already.
# usage: tls_certificates.sh DIRECTORY
set -eu
cd "$1"

quietly() {
    "$@" >messages.txt 2>&1 || { cat messages.txt >&2; exit 1; }
}

# key NAME RSA_BITS
key() {
    quietly openssl genrsa -out "$1.key" "$2"
}

# sign NAME AUTHORITY DIGEST EXTENSION...: NAME.pem for localhost with NAME.key
sign() {
    name=$1
    by=$2
    digest=$3
    shift 3
    quietly openssl req -new -key "$name.key" -out "$name.csr" -subj "/CN=$name"
    printf '%s\n' "$@" >"$name.ext"
    quietly openssl x509 -req -in "$name.csr" -CA "$by.pem" -CAkey "$by.key" -days 30 "-$digest" -out "$name.pem" \
        -set_serial "0x$(openssl rand -hex 8)" -extfile "$name.ext"
}

names="subjectAltName = DNS:localhost,IP:127.0.0.1"
usage="extendedKeyUsage = serverAuth"

key rsa512 512
sign rsa512 ca sha256 "$names" "$usage"
key rsa1024 1024
sign rsa1024 ca sha256 "$names" "$usage"
key sha1 2048
sign sha1 ca sha1 "$names" "$usage"
key wrong-usage 2048
sign wrong-usage ca sha256 "$names" "extendedKeyUsage = clientAuth"
key unknown 2048
sign unknown other-ca sha256 "$names" "$usage"
key revoked 2048
sign revoked ca sha256 "$names" "$usage"

key constrained-ca 2048
sign constrained-ca ca sha256 "basicConstraints = critical,CA:TRUE" "keyUsage = critical,keyCertSign" \
    "nameConstraints = critical,permitted;DNS:example.org"
key constrained 2048
sign constrained constrained-ca sha256 "subjectAltName = DNS:localhost" "$usage"
cat constrained-ca.pem >>constrained.pem

quietly openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout self-signed.key -out self-signed.pem \
    -days 30 -subj "/CN=localhost" -addext "$names"

# Not valid before 2049: only "openssl ca" sets dates.
key early 2048
quietly openssl req -new -key early.key -out early.csr -subj "/CN=early"
: >index.txt
cat >early.cnf <<END
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
$names
$usage
END
quietly openssl ca -batch -notext -config early.cnf -cert ca.pem -keyfile ca.key -in early.csr -out early.pem \
    -startdate 20490101000000Z -enddate 20491231000000Z -extensions extensions

# staple NAME STATUS: NAME.ocsp says that NAME.pem is so (V or R), signed by the authority itself.
staple() {
    serial=$(openssl x509 -in "$1.pem" -noout -serial | cut -d= -f2)
    revoked=
    [ "$2" = V ] || revoked=$(date -u +%y%m%d%H%M%SZ)
    printf '%s\t%s\t%s\t%s\tunknown\t/CN=%s\n' "$2" "$(date -u -d '+20 days' +%y%m%d%H%M%SZ)" "$revoked" "$serial" "$1" \
        >"$1.index"
    quietly openssl ocsp -issuer ca.pem -cert "$1.pem" -reqout "$1.request"
    quietly openssl ocsp -index "$1.index" -rsigner ca.pem -rkey ca.key -CA ca.pem -reqin "$1.request" -ndays 7 \
        -respout "$1.ocsp"
}
staple server V
staple revoked R

quietly openssl pkcs12 -export -in client.pem -inkey client.key -out client.p12 -passout "pass:secret word"
rm -f -- *.csr *.ext *.request messages.txt index.txt* early.cnf [0-9A-F]*.pem
