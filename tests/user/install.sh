#!/usr/bin/env bash
# install.sh BUILD VERSION: what `make install` puts down works, wherever it is moved to and without the build folder.
set -euo pipefail
build=$1 version=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "$1"; exit 1; }

DESTDIR=$work/stage cmake --install "$build" --prefix /opt/npurt > "$work/log"
mv "$work/stage/opt/npurt" "$work/here"
[ -z "$(find "$work/stage" -type f)" ] || fail "files outside DESTDIR/PREFIX: $(find "$work/stage" -type f | head)"
prefix=$work/here

for file in bin/npurt libexec/npurt/npuemu lib/libnpuemu.so lib/cann/libruntime.so lib/cann/libascendcl.so \
    lib/npurt/emu/libnpurt_aicpu.so lib/npurt/emu/libnpurt_dispatcher.so lib/npurt/emu/npurt_aicore.elf \
    lib/npurt/examples/matmul/orchestration.so include/npurt/npurt.h lib/pkgconfig/npurt.pc \
    lib/cmake/npurt/npurt-config.cmake share/doc/npurt/LICENSE share/man/man1/npurt-run.1 share/man/man3/npurt_call.3 \
    share/man/man7/npurt-target.7 share/bash-completion/completions/npurt share/zsh/vendor-completions/_npurt \
    share/fish/vendor_completions.d/npurt.fish; do
  [ -e "$prefix/$file" ] || fail "$file is not installed"
done

"$(dirname "$0")/../docs/links.sh" "$prefix/share/doc/npurt" > "$work/links" || fail "$(cat "$work/links")"

# Nothing points back into the build folder, in paths of libraries or in text.
for file in $(find "$prefix" -type f \( -perm -u+x -o -name '*.so*' -o -name '*.elf' \)); do
  if readelf -d "$file" 2>/dev/null | grep -E 'R(UN)?PATH' | grep -qv '\$ORIGIN'; then fail "$file has an absolute RPATH"; fi
done
! grep -rIl "$build" "$prefix" || fail "files above name the build folder"

soname=$(readelf -d "$prefix/lib/libnpurt.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
[ "$soname" = "libnpurt.so.${version%%.*}" ] || fail "soname $soname"
[ "$(readlink "$prefix/lib/$soname")" = "libnpurt.so.$version" ] || fail "$soname is no link to libnpurt.so.$version"
exported=$(nm -D --defined-only "$prefix/lib/libnpurt.so" | awk '$2 != "A" && $3 !~ /^npurt_.*@@NPURT_1$/ { print $3 }')
[ -z "$exported" ] || fail "exported without the name's prefix or the node NPURT_1: $exported"

[ "$("$prefix/bin/npurt" version)" = "npurt $version" ] || fail "npurt version: $("$prefix/bin/npurt" version)"
"$prefix/bin/npurt" run vector_example --target emu:a2 --json | jq -e '.mismatches == 0' > /dev/null
LD_LIBRARY_PATH=$prefix/lib/cann NPUEMU_MACHINE=a3 "$prefix/bin/npurt" run matmul --target cann:1 --json |
  jq -e '.mismatches == 0' > /dev/null

# Each header compiles alone, as C and as C++, by every compiler that is here, without a warning of theirs; and the version
# at build time is the one at run time.
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
[ "$(pkg-config --modversion npurt)" = "$version" ] || fail "pkg-config says version $(pkg-config --modversion npurt)"
for header in "$prefix"/include/npurt/*.h; do
  printf '#include <npurt/%s>\n' "$(basename "$header")" > "$work/one.c"
  for compiler in cc gcc clang; do
    command -v $compiler > /dev/null || { echo "headers not compiled with $compiler: it is not here"; continue; }
    for language in 'c -std=c11' 'c++ -std=c++17'; do
      $compiler -x $language -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsyntax-only -I"$prefix/include" "$work/one.c" ||
        fail "$(basename "$header") as $language with $compiler"
    done
  done
done
cat > "$work/version.c" <<'C'
#include <npurt/npurt.h>
#include <stdio.h>
int main(void)
{
    printf("%u %s\n", (unsigned)NPURT_VERSION_NUMBER, npurt_version());
    return npurt_version_number() == NPURT_VERSION_NUMBER ? 0 : 1;
}
C
cc "$work/version.c" -o "$work/version" $(pkg-config --cflags --libs npurt)
[ "$(LD_LIBRARY_PATH=$prefix/lib "$work/version" | cut -d' ' -f2)" = "$version" ] || fail "npurt_version() differs"
readelf -d "$work/version" | grep -q "NEEDED.*\[$soname\]" || fail "a program does not ask for $soname"

# A program of another API version, as if built elsewhere: refused with both versions and both files.
mkdir -p "$work/other/npurt"
own=$(sed -n 's/^#define NPURT_API_VERSION //p' "$prefix/include/npurt/version.h")
sed 's/^#define NPURT_API_VERSION [0-9]*$/#define NPURT_API_VERSION 7/' "$prefix/include/npurt/version.h" > "$work/other/npurt/version.h"
cat > "$work/other.c" <<'C'
#include <npurt/npurt.h>
#include <stdio.h>
int main(void)
{
    npurt_device *device;
    npurt_status status = npurt_device_open("emu:a5", NULL, &device);
    printf("%s %s\n", npurt_status_name(status), npurt_error_last()->message);
    return 0;
}
C
for version_of in "$own":"$prefix/include" 7:"$work/other"; do
  cc -I"${version_of#*:}" "$work/other.c" -o "$work/other_${version_of%%:*}" $(pkg-config --cflags --libs npurt)
  readelf -nW "$work/other_${version_of%%:*}" | grep -q "npurt.*description data: 0${version_of%%:*} 00 00 00" || fail "no note of version $version_of"
done
said=$(LD_LIBRARY_PATH=$prefix/lib "$work/other_$own")
grep -q '^NPURT_OK' <<<"$said" || fail "$said"
said=$(LD_LIBRARY_PATH=$prefix/lib "$work/other_7")
grep -q "^NPURT_ERROR_BAD_BINARY $work/other_7 was built with API version 7 of npurt's headers; $prefix/lib/libnpurt.so.* serves versions 1 to $own$" \
  <<<"$said" || fail "$said"

# find_package refuses a version that is not there.
printf 'cmake_minimum_required(VERSION 3.20)\nproject(p LANGUAGES C)\nfind_package(npurt 99)\nif(npurt_FOUND)\nmessage(FATAL_ERROR found)\nendif()\n' > "$work/CMakeLists.txt"
cmake -S "$work" -B "$work/b" -DCMAKE_PREFIX_PATH="$prefix" > "$work/log" 2>&1 || { cat "$work/log"; fail "version 99 is found"; }
echo "installed, moved and used: npurt $version, $soname"
