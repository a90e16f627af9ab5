#!/usr/bin/env bash
# mutants.sh FOLDER [NAME…]: puts every fault of tests/mutants into a scratch copy of the sources, one after the other, and
# runs the test that is said to catch it. Right is that this fails: by a failed check, a crash, or no end within a minute.
# Without a fault all of those tests must pass. FOLDER holds copy and build, and is kept. With --list: the table of
# docs/reference/mutants.md.
set -euo pipefail
cd "$(dirname "$0")/.."

of() { sed -n "s/^# $2: //p" "tests/mutants/$1.sed"; }

if [ "${1:-}" = --list ]; then
  for script in tests/mutants/*.sed; do
    name=$(basename "$script" .sed)
    read -r program tests <<<"$(of "$name" 'caught by')"
    echo "| $name | $(basename "$(of "$name" file)") | $(of "$name" fault) | $program $tests |"
  done
  exit 0
fi

folder=$1
shift
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for script in tests/mutants/*.sed; do names+=("$(basename "$script" .sed)"); done
fi

mkdir -p "$folder/tree"
tree=$(cd "$folder/tree" && pwd) build=$tree/build
while IFS= read -r -d '' file; do # what differs gets the time of now: it is compiled anew
  cmp -s "$file" "$tree/$file" && continue
  mkdir -p "$tree/$(dirname "$file")"
  cp "$file" "$tree/$file"
done < <(git ls-files -z)
programs=(npurt_aicpu)
for name in "${names[@]}"; do programs+=("$(of "$name" 'caught by' | cut -d' ' -f1)"); done
cmake -S "$tree" -B "$build" -G Ninja -DNPURT_WERROR=OFF ${CMAKE_FLAGS:-} >/dev/null
targets=$(printf '%s\n' "${programs[@]}" npurt_dispatcher npurt_aicore npuemu npuemu_lib npurt_cli npurt_example_files | sort -u)
cmake --build "$build" --target $targets >"$folder/log" 2>&1 || { tail -30 "$folder/log" >&2; exit 1; }

# The test that catches the mutant; status 0: it passes.
try() {
  local program tests
  read -r program tests <<<"$(of "$1" 'caught by')"
  local options=
  case $program in
  test_rings) options="--target emu:a5?clusters=4 --aicpu-threads 3 --graphs 40" ;;
  test_sync_start) options="--target emu:a5?clusters=6" ;;
  esac
  set -f
  timeout 60 "$build/bin/$program" $options $tests >"$folder/out" 2>&1
  local status=$?
  set +f
  return $status
}

while read -r test; do
  name=$(grep -lxF "# caught by: $test" tests/mutants/*.sed | head -1)
  if ! try "$(basename "$name" .sed)"; then
    cat "$folder/out"
    echo "without a fault $test fails"
    exit 1
  fi
done < <(for name in "${names[@]}"; do of "$name" 'caught by'; done | sort -u)

missed=0
for name in "${names[@]}"; do
  file=$(of "$name" file)
  program=$(of "$name" 'caught by' | cut -d' ' -f1)
  "$tree/tests/mutants/apply.sh" "$name" "$folder/mutant"
  cp "$tree/$file" "$folder/whole"
  cp "$folder/mutant" "$tree/$file"
  if ! cmake --build "$build" --target "$program" npurt_aicpu npurt_aicore npuemu >"$folder/log" 2>&1; then
    tail -30 "$folder/log"
    echo "$name: does not compile"
    missed=$((missed + 1))
  elif try "$name"; then
    echo "$name: MISSED by $(of "$name" 'caught by')"
    missed=$((missed + 1))
  else
    echo "$name: caught by $(of "$name" 'caught by'): $(grep -m1 -E '^  ' "$folder/out" | cut -c3-170 || echo 'no word')"
  fi
  cp "$folder/whole" "$tree/$file"
done
echo "${#names[@]} faults, $missed missed"
[ "$missed" -eq 0 ]
