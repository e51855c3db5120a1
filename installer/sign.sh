#!/usr/bin/env bash
# sign.sh IN OUT: signs a program or MSI (Authenticode, SHA-256).
#
# TRIPLINE_SIGN_CERTIFICATE, TRIPLINE_SIGN_KEY: PEM files. TRIPLINE_SIGN_PASSWORD_FILE: of an encrypted key.
# TRIPLINE_SIGN_TIMESTAMP: URL of a time stamping authority (RFC 3161); without one the signature ends with the certificate.
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: $0 IN OUT" >&2; exit 2; }
: "${TRIPLINE_SIGN_CERTIFICATE:?a PEM file with the certificate and its chain}" "${TRIPLINE_SIGN_KEY:?a PEM file with its private key}"
options=(-certs "$TRIPLINE_SIGN_CERTIFICATE" -key "$TRIPLINE_SIGN_KEY" -h sha256 -n Tripline)
[ -z "${TRIPLINE_SIGN_PASSWORD_FILE:-}" ] || options+=(-readpass "$TRIPLINE_SIGN_PASSWORD_FILE")
if [ -n "${TRIPLINE_SIGN_TIMESTAMP:-}" ]; then
    options+=(-ts "$TRIPLINE_SIGN_TIMESTAMP")
else
    # Else two signatures of one file would differ by the second in which they were made.
    options+=(-time "${SOURCE_DATE_EPOCH:-1704067200}")
fi
new=$2.new
rm -f "$new"
osslsigncode sign "${options[@]}" -in "$1" -out "$new" >&2
mv "$new" "$2"
