# Toolchain file: all of npurt for aarch64, as hosts and AICPUs of cards are, to be run under qemu-user.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_ASM_COMPILER aarch64-linux-gnu-gcc)

# As the AICPU programs for silicon are compiled: see cross.cmake.
set(CMAKE_C_FLAGS_INIT "-march=armv8-a -mno-outline-atomics")

# The C library comes with the compiler; other libraries are where scripts/install-packages.sh has put them.
set(npurt_root /usr/local/aarch64-linux-gnu)
set(npurt_libraries ${npurt_root}/usr/lib/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH ${npurt_root} /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${npurt_libraries}/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${npurt_root})
set(CMAKE_EXE_LINKER_FLAGS_INIT "-L${npurt_libraries} -Wl,-rpath-link,${npurt_libraries}")
set(CMAKE_BUILD_RPATH ${npurt_libraries})

# No kernel starts a program of another machine by its path, as npurt does with npuemu and tests with programs of theirs:
# every program is linked as NAME.aarch64, and NAME is a script that runs it under qemu.
set(CMAKE_C_LINK_EXECUTABLE
    "<CMAKE_C_COMPILER> <FLAGS> <CMAKE_C_LINK_FLAGS> <LINK_FLAGS> <OBJECTS> -o <TARGET> <LINK_LIBRARIES>"
    "${CMAKE_CURRENT_LIST_DIR}/aarch64-start.sh <TARGET>")
