#!/bin/sh
# aarch64-start.sh PROGRAM: renames an aarch64 program to PROGRAM.aarch64; PROGRAM becomes a script that runs it under
# qemu-user. Paths are looked for among the cross compiler's libraries first, then on the machine.
set -e
mv "$1" "$1.aarch64"
cat >"$1" <<'script'
#!/bin/sh
exec qemu-aarch64 -L /usr/aarch64-linux-gnu "$0.aarch64" "$@"
script
chmod +x "$1"
