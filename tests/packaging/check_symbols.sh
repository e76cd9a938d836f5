#!/bin/sh
# check_symbols.sh READELF PREFIX: our archives hide nothing of the standard library. A program that
# has one of its functions hidden cannot be linked with a shared library that wants it. Templates over
# our own types and over those of headers that we include are nobody else's.
symbols=$(find "$2" -name 'libtamis_*.a' -exec "$1" -Ws {} + | awk '$7 != "UND" && $8 ~ /^_Z(N|NK)?S[tsaiod]/ { print $6, $8 }' | sort -u)
[ -n "$symbols" ] || { echo "no archives under $2, or no symbols in them"; exit 1; }
hidden=$(echo "$symbols" | awk '$1 == "HIDDEN" && $2 !~ /5tamis|8nlohmann|3c10/')
[ -z "$hidden" ] || { echo "$hidden" | head -20; exit 1; }
