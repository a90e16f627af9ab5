# What page.sh puts before a page's commands.

# The page installs from npurt's sources; a test installs what is built already.
make() {
  local prefix
  [ "$1" = install ] && [[ $2 == PREFIX=* ]] || { echo "make $*: the page says what the test does not know"; return 1; }
  prefix=${2#PREFIX=}
  cmake --install "$NPURT_BUILD" --prefix "$prefix" > /dev/null
}

has() {
  local output status=0
  output=$(eval "$1" 2>&1) || status=$?
  [ "$status" -eq 0 ] || { echo "$1: status $status"; echo "$output"; return 1; }
  grep -qF -- "$2" <<<"$output" || { echo "$1: no '$2' in:"; echo "$output"; return 1; }
}

fails() {
  local output status=0
  output=$(eval "$1" 2>&1) || status=$?
  [ "$status" -ne 0 ] || { echo "$1: does not fail"; echo "$output"; return 1; }
  grep -qF -- "$2" <<<"$output" || { echo "$1: no '$2' in:"; echo "$output"; return 1; }
}
