#!/bin/sh
# check_symbols.sh READELF PREFIX: our archives hide nothing of the standard library. A program that
# has one of its functions hidden cannot be linked with a shared library that wants it. Templates over
# our own types and over those of headers that we include are nobody else's.
archives=$(find "$2" -name 'libtamis_*.a')
[ -n "$archives" ] || { echo "no archives under $2"; exit 1; }
hidden=$("$1" -Ws $archives | awk '$6 == "HIDDEN" && $7 != "UND" && $8 ~ /^_Z(N|NK)?S[tsaiod]/ && $8 !~ /5tamis|8nlohmann/ { print $8 }' | sort -u)
[ -z "$hidden" ] || { echo "$hidden" | head -20; exit 1; }
