#!/usr/bin/env bash
# two_users.sh BUILD: what one user puts below shared folders does nothing to another: user 1000 and root work beside the
# planted folders of user 65534. Only root can be three users; otherwise it is skipped, as where user 1000 can not read BUILD.
set -euo pipefail
npurt=$(realpath "$1")/bin/npurt
fail() { echo "$1"; exit 1; }
skip() { echo "skipped: $1"; exit 77; }
[ "$(id -u)" -eq 0 ] || skip "several users are needed, which root alone can be"
command -v setpriv > /dev/null || skip "there is no setpriv"
as() { local user=$1; shift; setpriv --reuid "$user" --regid "$user" --clear-groups "$@"; }
victim() { as 1000 env -i PATH="$PATH" TMPDIR="$shared" "$@"; }
attacker() { as 65534 "$@"; }
as 1000 test -x "$npurt" || skip "user 1000 can not read $npurt"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
shared=$work/shared
chmod 755 "$work" && cd "$work" && mkdir -m 1777 "$shared"
example=(run vector_example --target 'emu:a5?clusters=1&hbm=1GiB')
listing() { find "$1" -printf '%P %u %m %s %l\n' | sort; }

# ---- a private card beside a planted folder of its name ----
preinstall=usr/lib64/aicpu_kernels/0/aicpu_kernels_device
mkdir -m 755 "$work/precious" && echo precious > "$work/precious/file" && chmod 644 "$work/precious/file"
for uid in 1000 0; do
  attacker sh -c "umask 0 && mkdir -p $shared/npurt-$uid/root-aaaaaaaaaaaa/$preinstall && cd $shared/npurt-$uid &&
    ln -s $work/precious root-bbbbbbbbbbbb && ln -s $work/precious root-aaaaaaaaaaaa/link && ln -s $work/precious/file npurt-temporary-aaaaaa.json &&
    mkdir $shared/npurt-dumps-$uid"
done
before=$(listing "$shared")
victim "$npurt" "${example[@]}" > said 2>&1 || fail "beside another user's folder: $(cat said)"
TMPDIR=$shared "$npurt" "${example[@]}" > /dev/null || fail "root beside another user's folder"
[ "$(listing "$shared")" = "$before" ] || fail "the planted folders were used, or something was left: $(listing "$shared")"
[ "$(cat "$work/precious/file")" = precious ] || fail "root's file is gone"

# ---- a dump, which must not go into the planted folder ----
status=0
victim "$npurt" run vector_example --target 'emu:a5?clusters=1&hbm=1GiB&faults=core-faults' > said 2>&1 || status=$?
[ "$status" -eq 3 ] || fail "a faulting kernel: status $status: $(cat said)"
[ "$(listing "$shared")" = "$before" ] || fail "a dump went into another user's folder"
dump=$(grep -o '/[^ ]*npurt-dump-[^ ]*\.json' said | head -1)
[ "$(stat -c '%u %a' "$dump")" = "1000 600" ] || fail "the dump '$dump' is $(stat -c '%u %a' "$dump")"
rm -f "$dump"
rmdir "$(dirname "$dump")" 2> /dev/null || true

# ---- named cards ----
attacker mkdir -m 777 "$shared/cards"
victim NPUEMU_CARDS="$shared/cards" "$npurt" run vector_example --target 'emu:a5?clusters=1&card=x' > said 2>&1 && fail "another user's cards are used"
grep -q "$shared/cards is not a folder that this user alone can write to: it belongs to user 65534" said || fail "cards: $(cat said)"
[ -z "$(ls -A "$shared/cards")" ] || fail "something was made in another user's cards"
mkdir -m 700 "$work/cards" && chown 1000:1000 "$work/cards"
victim NPUEMU_CARDS="$work/cards" "$npurt" run vector_example --target 'emu:a5?clusters=1&card=x' > /dev/null || fail "the user's own cards are refused"
NPUEMU_CARDS=$work/cards "$npurt" run vector_example --target 'emu:a5?clusters=1&card=x' > said 2>&1 && fail "root joins a user's card"
grep -q "it belongs to user 1000" said || fail "root and a user's cards: $(cat said)"

# ---- XDG_RUNTIME_DIR: of the user, of another ----
mkdir -m 700 "$work/run" && chown 1000:1000 "$work/run"
env -u TMPDIR XDG_RUNTIME_DIR="$work/run" "$npurt" "${example[@]}" > /dev/null || fail "root with a user's XDG_RUNTIME_DIR"
[ -z "$(ls -A "$work/run")" ] || fail "root has used a user's XDG_RUNTIME_DIR"
as 1000 env -i XDG_RUNTIME_DIR="$work/run" "$npurt" "${example[@]}" > /dev/null || fail "with XDG_RUNTIME_DIR and nothing else"
as 1000 env -i XDG_RUNTIME_DIR=/nonexistent "$npurt" "${example[@]}" > /dev/null || fail "with an XDG_RUNTIME_DIR that is not there"

# ---- a place that can not execute, and one that is full: in a mount namespace of their own ----
if unshare -m true 2> /dev/null; then
  unshare -m bash -euc '
    mount -t tmpfs -o noexec,mode=700,uid=1000,gid=1000,size=64m none "$2"
    setpriv --reuid 1000 --regid 1000 --clear-groups env -i XDG_RUNTIME_DIR="$2" "$1" run vector_example --target "emu:a5?clusters=1&hbm=1GiB" > /dev/null
    mount -t tmpfs -o mode=700,uid=1000,gid=1000,size=256k none "$2"
    setpriv --reuid 1000 --regid 1000 --clear-groups env -i XDG_RUNTIME_DIR="$2" "$1" run vector_example --target "emu:a5?clusters=1&hbm=1GiB" > /dev/null
    [ -z "$(ls -A "$2")" ]' -- "$npurt" "$work/run" || fail "XDG_RUNTIME_DIR mounted noexec, or too small"
else
  echo "not tried: noexec and small places, for want of a mount namespace"
fi

# ---- builds ----
echo '{"name": "x", "orchestration": {"source": "x.c", "entry": "x"}, "kernels": [], "params": [], "scalars": []}' > "$work/callable.json"
echo '__attribute__((visibility("default"))) int x(void); int x(void) { return 0; }' > "$work/x.c"
attacker sh -c "mkdir -m 777 $shared/bundle && echo '{}' > $shared/bundle/bundle.json"
"$npurt" build "$work/callable.json" -o "$shared/bundle" > said 2>&1 && fail "another user's bundle was replaced"
grep -q "bundle is there and is a link, or another user's; it stays as it is" said || fail "build: $(cat said)"
[ "$(cat "$shared/bundle/bundle.json")" = '{}' ] || fail "another user's bundle was touched"
"$npurt" build "$work/callable.json" -o "$work/bundle" > /dev/null && ln -s bundle "$work/link"
"$npurt" build "$work/callable.json" -o "$work/link/" > said 2>&1 && fail "a link was replaced"
"$npurt" build "$work/callable.json" -o "$work/bundle" > /dev/null || fail "one's own bundle is refused"
echo "two users beside each other, as said"
