# The front door. `make run` and `make test` install what they need, build, and run; everything else is CMake's.
BUILD ?= build
CMAKE_FLAGS ?=
JOBS ?= $(shell nproc)

PREFIX ?= /usr/local

# The slices share the CPUs inside, not with one another: timeouts and the idle test mean something.
.NOTPARALLEL:
.PHONY: all build packages install run test test-main test-clang test-asan test-tsan test-cross test-full test-busy mutants fuzz bench deb deb-try format tidy clean

all: build

packages:
	@scripts/install-packages.sh

build: packages
	@scripts/build.sh $(BUILD) all $(CMAKE_FLAGS)
	@ln -sfn $(BUILD)/bin/npurt npurt

# PREFIX, and DESTDIR for packagers. The prefix can be moved afterwards.
install: build
	@cmake --install $(BUILD) --prefix $(PREFIX)

# Debian packages of the build, in $(BUILD)/deb; and those in a minimal Debian of their own, for which root must be allowed to
# mount.
deb: build
	@scripts/deb.sh $(BUILD)

deb-try: deb
	@scripts/deb-chroot.sh $(BUILD)/deb

# The smallest workload, then the one that the emulated card was built for: 65,536 tasks on 108 cores.
run: build
	./npurt run vector_example
	./npurt run paged_attention --size full

# Everything, in five slices, each named by its ctest label or compiler; the first that fails ends it. See
# docs/reference/tests.md.
test: test-clang test-main test-asan test-tsan test-cross

test-main: build
	@scripts/test.sh $(BUILD) -LE '^(cross|full)$$' -j$(JOBS)

# All of it compiles without a warning with clang too; what it makes of the graph engine is run, and a slice of each fuzzer.
test-clang: packages
	@CC=clang scripts/build.sh build-clang all $(CMAKE_FLAGS)
	@scripts/test.sh build-clang -L '^graph$$' -j$(JOBS)
	@scripts/test.sh build-clang -L '^fuzz$$' -j$(JOBS)

# Instrumentation upsets gcc's flow analysis, which then warns of what is not so: warnings are errors in test-main only.
SANITIZED = -DNPURT_WERROR=OFF $(CMAKE_FLAGS)

test-asan: packages
	@scripts/build.sh build-asan check-asan -DNPURT_SANITIZE=address $(SANITIZED)
	@scripts/test.sh build-asan -L '^asan$$' -j$(JOBS)

test-tsan: packages
	@scripts/build.sh build-tsan check-tsan -DNPURT_SANITIZE=thread $(SANITIZED)
	@scripts/test.sh build-tsan -L '^tsan$$' -j$(JOBS)

# The device programs with their silicon port; and all of npurt as an aarch64 program, under qemu-user.
test-cross: build
	@scripts/test.sh $(BUILD) -L '^cross$$' -j$(JOBS)
	@scripts/build.sh build-aarch64 check-aarch64 -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64.cmake $(CMAKE_FLAGS)
	@scripts/test.sh build-aarch64 -L '^aarch64$$' -j$(JOBS)
	@scripts/not-under-qemu.sh build-aarch64

# Stress for as long as it was meant: not part of `make test`, whose slices of it take seconds.
test-full: build
	@scripts/test.sh $(BUILD) -L '^full$$'
	@scripts/build.sh build-tsan check-tsan -DNPURT_SANITIZE=thread $(SANITIZED)
	@scripts/test.sh build-tsan -L '^tsan-full$$'

# What `make test-main` runs, three times, with a burner per CPU beside it: no test rests on how long the host takes.
test-busy: build
	@scripts/test-busy.sh $(BUILD)

# Every fuzzer for so long, JOBS at a time; FUZZ="elf image" names some. What they find useful is kept between runs.
FUZZ_SECONDS ?= 600
FUZZ ?=
fuzz: packages
	@CC=clang scripts/build.sh build-clang check-fuzz $(CMAKE_FLAGS)
	@scripts/fuzz.sh build-clang $(FUZZ_SECONDS) $(JOBS) $(FUZZ)

# Faults put into a scratch copy of the sources, each caught by the test that is named with it.
mutants: packages
	@scripts/mutants.sh build-mutants

# Without the peers' packages where they can not be installed: programs say whom they leave out.
bench:
	@scripts/install-packages.sh bench || echo "going on without them"
	@$(MAKE) --no-print-directory build
	@scripts/bench.sh $(BUILD)

# Headers are aligned by hand: their tables are read by column.
format:
	@git ls-files '*.c' | xargs clang-format -i

tidy: build
	@git ls-files 'src/*.c' 'cli/*.c' 'examples/*.c' | scripts/tidy.sh $(BUILD)

clean:
	rm -rf build build-clang build-asan build-tsan build-aarch64 build-mutants npurt
