#!/usr/bin/env bash
# deb.sh BUILD: packages of a build folder, in BUILD/deb: libnpurt0, libnpurt-dev, npurt, npuemu, npurt-examples. lintian's
# errors are errors. The packages of Debian that this needs are installed when it runs as root.
set -euo pipefail
cd "$(dirname "$0")/.."
source=$PWD build=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

missing=()
for package in dpkg-dev debhelper chrpath lintian; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  [ "$(id -u)" -eq 0 ] || { echo "packages need these Debian packages, and installing them needs root: ${missing[*]}" >&2; exit 1; }
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

mkdir "$work/npurt"
cp -r debian "$work/npurt"
(cd "$work/npurt" && NPURT_BUILD=$build NPURT_SOURCE=$source/ debian/rules binary > "$work/log" 2>&1) || { tail -40 "$work/log" >&2; exit 1; }
rm -rf "$build/deb"
mkdir "$build/deb"
mv "$work"/*.deb "$build/deb"
status=0
lintian --fail-on error --tag-display-limit 0 "$build"/deb/*.deb > "$work/lintian" 2>&1 || status=$?
grep -v '^[N]:' "$work/lintian" || true
[ "$status" -eq 0 ] || { echo "lintian finds errors" >&2; exit 1; }
ls "$build/deb"
