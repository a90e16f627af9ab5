#!/usr/bin/env bash
# deb-chroot.sh FOLDER [SUITE]: the packages in FOLDER in a minimal Debian that knows nothing else of npurt: they install with
# what they depend on, a workload runs, a user's bundle is built and runs, and removing them leaves nothing. Needs root, and
# a kernel that lets it mount; without these it says so, with status 77.
set -euo pipefail
packages=$(realpath "$1") suite=${2:-bookworm}
root=$(mktemp -d)
fail() { echo "$1"; exit 1; }
end() {
  for place in dev/shm proc; do
    ! mountpoint -q "$root/$place" || umount "$root/$place"
  done
  ! mountpoint -q "$root/proc" && rm -rf --one-file-system "$root"
}
trap end EXIT

[ "$(id -u)" -eq 0 ] || { echo "NOT TRIED: a clean chroot needs root"; exit 77; }
command -v mmdebstrap > /dev/null || { echo "NOT TRIED: a clean chroot needs the package mmdebstrap"; exit 77; }
mount -t tmpfs none "$root" 2> /dev/null && umount "$root" || { echo "NOT TRIED: this sandbox lets nothing be mounted, so that no clean chroot can be made"; exit 77; }

mmdebstrap --quiet --mode=root --variant=apt --skip=check/empty --aptopt='APT::Install-Recommends "false"' "$suite" "$root" \
    http://deb.debian.org/debian
mount -t proc none "$root/proc"
mkdir -p "$root/dev/shm" && mount -t tmpfs -o mode=1777 none "$root/dev/shm"
mkdir "$root/packages" && cp "$packages"/*.deb "$root/packages"
cp /etc/resolv.conf "$root/etc/resolv.conf" 2> /dev/null || true
in_root() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }

! in_root sh -c 'ls /usr/bin/npurt /usr/include/npurt' 2> /dev/null || fail "the chroot is not clean"
in_root apt-get update -qq > "$root/install.log" 2>&1 || fail "$(tail -20 "$root/install.log")"
in_root sh -c 'apt-get install -y /packages/*.deb' > "$root/install.log" 2>&1 || fail "$(tail -20 "$root/install.log")"
in_root npurt version
in_root npurt run vector_example --target emu:a2 | tee "$root/said"
grep -q 'right: 16,384 elements' "$root/said" || fail "the example is not right"
in_root npurt doctor 'emu:a5?clusters=2' > "$root/said" || fail "$(cat "$root/said")"

# A user's bundle: the compiler is what the packages recommend and do not bring.
in_root apt-get install -y -qq gcc libc6-dev > "$root/install.log" 2>&1 || fail "$(tail -20 "$root/install.log")"
mkdir "$root/work"
cat > "$root/work/double.c" <<'C'
#include <npurt/kernel.h>
NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
void kernel_entry(NPURT_GM int64_t *args)
{
    NPURT_GM const npurt_tensor *x = npurt_kernel_tensor(args, 0), *y = npurt_kernel_tensor(args, 1);
    NPURT_GM const int32_t *from = npurt_kernel_data(x);
    NPURT_GM int32_t *to = npurt_kernel_data(y);
    for (uint32_t i = 0; i < y->shape[0]; i++) to[i] = 2 * from[i];
}
C
cat > "$root/work/tasks.c" <<'C'
#include <npurt/orchestration.h>
NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);
int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    npurt_task task;
    npurt_task_init_aiv(&task, 0);
    npurt_task_input(&task, &args->tensor[0]);
    npurt_task_output_existing(&task, &args->tensor[1]);
    npurt_orch_submit(orch, &task, NULL);
    return 0;
}
C
cat > "$root/work/callable.json" <<'J'
{"name": "twice", "orchestration": {"source": "tasks.c"},
 "kernels": [{"id": 0, "name": "twice", "core": "aiv", "source": "double.c"}],
 "params": [{"name": "x", "access": "input", "dtype": "i32", "shape": [3]},
            {"name": "y", "access": "output", "dtype": "i32", "shape": [3]}]}
J
printf '\1\0\0\0\2\0\0\0\3\0\0\0' > "$root/work/x"
printf '\2\0\0\0\4\0\0\0\6\0\0\0' > "$root/work/wanted"
in_root sh -c 'cd /work && npurt build . && npurt run twice.bundle --input x=x --check y=wanted' | tee "$root/said"
grep -q 'right: 3 elements' "$root/said" || fail "the bundle is not right"
printf '#include <npurt/npurt.h>\nint main(void) { return npurt_version_number() != NPURT_VERSION_NUMBER; }\n' > "$root/work/main.c"
in_root sh -c 'cd /work && cc main.c -o main -lnpurt && ./main' || fail "a program against the library does not run"
in_root sh -c 'apt-get purge -y -qq npurt npuemu libnpurt0 libnpurt-dev npurt-examples && ! ls -d /usr/lib/npurt /usr/lib/cann /usr/include/npurt 2> /dev/null' \
    > "$root/said" 2>&1 || fail "$(tail "$root/said")"
echo "installed, run, built and removed in a clean $suite"
