## What tests/ci/check does, as far as possible at once: one set of jobs is shared by all, so that
## compilers have the processors while tests sleep. What compiles is nice to what is on a clock.
## usage: make -k -j JOBS -f stages.mk BUILD=FOLDER LOGS=FOLDER
ci := $(dir $(lastword $(MAKEFILE_LIST)))
STEP = $(ci)step '$(LOGS)'
TESTS = $(ci)run-tests '$(LOGS)'

all: gcc-tests asan-tests distcheck clang-tests
gcc-build clang-build asan-build:
	+@$(STEP) $@ nice $(MAKE) -S -C '$(BUILD)/$(@:-build=)' all
gcc-tests: gcc-build
	+@$(TESTS) '$(BUILD)/gcc' all
clang-tests: clang-build
	+@$(TESTS) '$(BUILD)/clang' unit
asan-tests: asan-build
	+@$(TESTS) '$(BUILD)/asan' run
distcheck: gcc-build
	+@CGW_CHECK=quick $(STEP) $@ $(MAKE) -S -C '$(BUILD)/gcc' distcheck
.PHONY: all gcc-build clang-build asan-build gcc-tests clang-tests asan-tests distcheck
