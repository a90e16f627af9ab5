#!/usr/bin/env bash
# install-packages.sh [bench]: installs every Debian package that npurt's build and tests need; with `bench` those of the
# runtimes that benchmarks measure beside npurt. Does nothing when all are there.
set -euo pipefail
cd "$(dirname "$0")"

packages=(
  gcc g++ clang clang-format clang-tidy cmake ninja-build make pkg-config   # build and checks
  binutils                                              # addr2line: source lines of faults
  libboost-context-dev                                  # fcontext: the fiber switch of the emulated card
  libjansson-dev                                        # JSON descriptors of CPU-kernel binaries
  gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user   # the aarch64 builds, and their tests
  libclang-rt-14-dev                                    # sanitizer run-time, for builds with clang
  python3 python3-numpy jq gdb                          # tests of the pages and of .npy files
  groff zsh fish                                        # tests of manual pages and of completion
)
[ "${1:-}" != bench ] || packages=(g++ libtbb-dev libstarpu-dev)

missing=()
for p in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
if [ "${#missing[@]}" -gt 0 ]; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "npurt needs these Debian packages, and installing them needs root: ${missing[*]}" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq || apt-get update
  apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
[ "${1:-}" = bench ] || ./install-arm64-libraries.sh
