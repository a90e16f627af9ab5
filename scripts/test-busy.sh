#!/usr/bin/env bash
# test-busy.sh FOLDER [ROUNDS [ctest arguments…]]: the tests of FOLDER's default run ROUNDS times (3), while one endless loop per
# CPU keeps the machine busy. Prints for each round whether it passed; fails when one did not. No test may rest on how long
# the host takes.
set -euo pipefail

folder=$1
rounds=${2:-3}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- -LE '^(cross|full)$' -j"$(nproc)"

burners=()
stop() {
  [ ${#burners[@]} -eq 0 ] || kill "${burners[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

cpus=$(nproc)
for ((i = 0; i < cpus; i++)); do
  # A burner ends by itself when this script was killed before it could stop it.
  (trap - EXIT HUP INT TERM; while kill -0 $$ 2>/dev/null; do for ((k = 0; k < 100000; k++)); do :; done; done) &
  burners+=($!)
done

failed=0
for ((round = 1; round <= rounds; round++)); do
  began=$SECONDS
  if "$(dirname "$0")/test.sh" "$folder" "$@" && :; then
    verdict=passed
  else
    verdict=FAILED failed=$((failed + 1))
  fi
  for burner in "${burners[@]}"; do
    kill -0 "$burner" 2>/dev/null || { echo "busy: a burner ended during round $round" >&2; exit 2; }
  done
  echo "busy: round $round of $rounds $verdict in $((SECONDS - began)) s, $cpus burners on $cpus CPUs"
done
exit $((failed > 0))
