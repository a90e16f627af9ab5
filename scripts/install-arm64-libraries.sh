#!/usr/bin/env bash
# install-arm64-libraries.sh: the libraries that the aarch64 build links with, from Debian's arm64 packages, unpacked into
# a folder of their own: installed beside those of this machine, they would bring half a system along. Debian's signatures
# are checked as ever; apt's own lists and its idea of this machine's architectures stay as they are. Does nothing when
# they are there.
set -euo pipefail
root=/usr/local/aarch64-linux-gnu
packages=(libboost-context1.74-dev libjansson-dev libjansson4)

stamp=$root/packages
[ "$(cat "$stamp" 2>/dev/null || true)" != "${packages[*]}" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "npurt's aarch64 build needs arm64 libraries in $root, and installing them needs root: ${packages[*]}" >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists,cache,state}/partial "$work/cache/archives/partial"
touch "$work/status"
cat >"$work/apt.conf" <<conf
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "root";
Dir::State "$work/state";
Dir::State::Lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
conf
export APT_CONFIG=$work/apt.conf
cd "$work"
apt-get update -qq || apt-get update
apt-get download -qq "${packages[@]}"
mkdir -p "$root"
for file in "$work"/*.deb; do
  dpkg-deb -x "$file" "$root"
done
echo "${packages[*]}" >"$stamp"
