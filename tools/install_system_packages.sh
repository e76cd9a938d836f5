#!/bin/sh
# Installs the Debian packages that are needed and that the machine lacks; says what to do elsewhere.
# install_system_packages.sh build: what the package is built with.   test: what the tests need, too.
set -eu
packages="g++ ninja-build ccache libfmt-dev nlohmann-json3-dev libutf8proc-dev libcurl4-openssl-dev libsqlite3-dev libpq-dev"
names="fmt, nlohmann-json, utf8proc, libcurl, SQLite, libpq"
case "${1:-}" in
  build) ;;
  test)
    packages="$packages catch2 postgresql clang-format clang-tidy"
    names="$names, Catch2, PostgreSQL, clang-format, clang-tidy"
    ;;
  *)
    echo "usage: install_system_packages.sh build|test" >&2
    exit 2
    ;;
esac
command -v dpkg-query >/dev/null 2>&1 || {
  echo "tamis: no dpkg here; please have these installed: $names" >&2
  exit 0
}
missing=""
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "install ok installed" ||
    missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
  echo "tamis: missing system packages; run: sudo apt-get install$missing" >&2
  exit 1
fi
echo "tamis: installing system packages:$missing"
apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
