#!/bin/sh
# Runs each fuzzer of a build folder for some seconds, from the seeds in tests/fuzz/seeds:
#   tools/run_fuzzers.sh build/fuzz 30
set -eu
seeds=$(cd "$(dirname "$0")/../tests/fuzz/seeds" && pwd)
seconds=$2
cd "$1"
for program in tests/fuzz/*_fuzz; do
  name=$(basename "$program")
  echo "tamis: $name, $seconds s"
  mkdir -p "corpus/$name" "$seeds/$name"
  "$program" "corpus/$name" "$seeds/$name" -max_total_time="$seconds" -max_len=8192 -timeout=20 \
    -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1
done
