#!/bin/sh
# Runs fuzzers of a build folder from the seeds in tests/fuzz/seeds, each to a limit of libFuzzer's:
#   tools/run_fuzzers.sh build/fuzz -max_total_time=30                       # all, seconds
#   tools/run_fuzzers.sh build/fuzz -runs=1000000 remote_answer text         # those, inputs
set -eu
seeds=$(cd "$(dirname "$0")/../tests/fuzz/seeds" && pwd)
cd "$1"
limit=$2
shift 2
[ $# -gt 0 ] || set -- $(cd tests/fuzz && ls ./*_fuzz | sed 's,^\./,,; s,_fuzz$,,')
for each in "$@"; do
  name=${each}_fuzz
  echo "tamis: $name, $limit"
  mkdir -p "corpus/$name" "$seeds/$name"
  "tests/fuzz/$name" "corpus/$name" "$seeds/$name" "$limit" -max_len=8192 -timeout=20 \
    -rss_limit_mb=2048 -verbosity=0 -print_funcs=0 -print_final_stats=1
done
