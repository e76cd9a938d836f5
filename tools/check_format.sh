#!/bin/sh
# Every C++ file is as clang-format leaves it; --fix rewrites them.
set -eu
mode="--dry-run --Werror"
[ "${1:-}" = "--fix" ] && mode="-i"
# shellcheck disable=SC2086
git ls-files --cached --others --exclude-standard '*.hpp' '*.cpp' '*.cu' '*.inc' | sort -u | xargs -r clang-format $mode
