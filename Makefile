# The front door. `make run` and `make test` install what they need, build, and run; everything else is CMake's.
BUILD ?= build
CMAKE_FLAGS ?=

.PHONY: all build packages run test test-asan test-tsan test-cross test-full bench format tidy clean

all: build

packages:
	@scripts/install-packages.sh

build: packages
	@cmake -S . -B $(BUILD) -G Ninja $(CMAKE_FLAGS) >$(BUILD).cmake.log 2>&1 || (cat $(BUILD).cmake.log; exit 1)
	@rm -f $(BUILD).cmake.log
	@cmake --build $(BUILD)
	@ln -sfn $(BUILD)/bin/npurt npurt

clean:
	rm -rf build build-* npurt
