#!/usr/bin/env bash
# Installs every Debian package that npurt's build, tests and benchmarks need. Does nothing when all are there.
set -euo pipefail

packages=(
  gcc g++ clang clang-format clang-tidy cmake ninja-build make pkg-config   # build and checks
  libboost-context-dev                                  # fcontext: the fiber switch of the emulated card
  libjansson-dev                                        # JSON descriptors of CPU-kernel binaries
  gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user   # the silicon build of the device programs, and its tests
  libclang-rt-14-dev                                    # sanitizer run-time, for builds with clang
  python3 jq gdb                                        # tests of the pages
)

missing=()
for p in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "npurt needs these Debian packages, and installing them needs root: ${missing[*]}" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || apt-get update
apt-get install -y -qq --no-install-recommends "${missing[@]}"
