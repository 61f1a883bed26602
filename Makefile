# SPDX-License-Identifier: MPL-2.0
# Shortcuts over CMake and the scripts; `make help` lists them. CMake alone does as well:
#   cmake --preset release && cmake --build --preset release && ctest --preset release

MAKEFLAGS += --no-print-directory
BUILD := build/release
JOBS ?= $(shell nproc)
ADDRESS ?=
ARGS ?=
C ?= 128
T ?= 5
PREFIX ?= /usr/local
SEEDS ?= 20000
# Without tests, which need more than the tools do, unless they are configured already.
with_tools = if test -f $(BUILD)/build.ninja; then cmake -DMIOCO_TOOLS=ON $(BUILD); else cmake --preset release -DMIOCO_TESTS=OFF; fi
# Tests wait for most of their time.
TEST_JOBS ?= $(shell expr 2 '*' $(JOBS))
CTEST := ctest --output-on-failure --no-tests=error -j$(TEST_JOBS)

.DEFAULT_GOAL := help
EXAMPLES := $(basename $(notdir $(wildcard examples/*.cpp)))
.PHONY: help deps test load tools examples sim-demo $(EXAMPLES) bench semi-benchmarks instructions format tidy check-rules asan tsan \
        aarch64 check-matrix explore longtest doc bare install clean

help:  ## This list
	@awk -F ':.*## ' '/^[a-z0-9 -]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile
	@echo 'Any example is started in the same way as echo; ADDRESS and ARGS="..." are its arguments,'
	@echo 'which the top of examples/NAME.cpp describes:'
	@echo $(EXAMPLES) | fmt -w 100 | sed 's/^/  /'

echo:  ## Build and start the echo server, on ADDRESS or 127.0.0.1:5555

# Configures only the first time, so that the second start takes no time.
http-server: needed := http
asio curl: needed := bridges
$(EXAMPLES):
	@scripts/install-deps build $(needed)
	@test -f $(BUILD)/build.ninja || cmake --preset release -DMIOCO_TESTS=OFF -DMIOCO_TOOLS=OFF
	@cmake --build $(BUILD) -j$(JOBS) --target example_$@
	@scripts/run-foreground $(BUILD)/examples/$@ $(ADDRESS) $(ARGS)

test:  ## Build and run the whole test suite
	@scripts/install-deps build test http bridges tools
	@cmake --preset release
	@cmake --build $(BUILD) -j$(JOBS)
	@$(CTEST) --test-dir $(BUILD)

load:  ## Put the echo server under load: C connections (128) for T seconds (5)
	@scripts/install-deps build tools
	@$(with_tools)
	@cmake --build $(BUILD) -j$(JOBS) --target example_echo tool_mioco_load
	@scripts/load $(BUILD) -c $(C) -t $(T)

bench: measured = python3 bench/run.py build/bench $(if $(filter-out 0,$(QUICK)),--quick) $(ONLY:%=--only %) $(BENCH)
bench:  ## Measure against other libraries: all, QUICK=1, or ONLY="CASE..."
	@scripts/install-deps build http tools bench
	@$(measured) --check
	@cmake --preset bench
	@cmake --build build/bench -j$(JOBS) --target bench_programs
	@$(measured)

semi-benchmarks:  ## The original's comparison with libev, Node and Go; SEMI=--quick to try it
	@scripts/install-deps build tools semi
	@cmake --preset bench
	@cmake --build build/bench -j$(JOBS) --target bench_semi
	@python3 bench/semi_benchmarks.py build/bench $(SEMI)

tools:  ## Build the tools: mioco-load, tcp_bench, benchmark-echo, colerr
	@scripts/install-deps build tools
	@$(with_tools)
	@cmake --build $(BUILD) -j$(JOBS) --target tool_mioco_load tool_tcp_bench tool_benchmark_echo tool_colerr

examples:  ## Build the example programs
	@scripts/install-deps build http bridges
	@test -f $(BUILD)/build.ninja || cmake --preset release -DMIOCO_TESTS=OFF -DMIOCO_TOOLS=OFF
	@cmake --build $(BUILD) -j$(JOBS) --target $(EXAMPLES:%=example_%)

sim-demo:  ## A simulation finds a mistake that ten thousand rounds on real sockets do not
	@scripts/install-deps build
	@test -f $(BUILD)/build.ninja || cmake --preset release -DMIOCO_TESTS=OFF -DMIOCO_TOOLS=OFF
	@cmake --build $(BUILD) -j$(JOBS) --target example_replicated-store
	@$(BUILD)/examples/replicated-store $(ARGS)

# In the release build: it has the library, as it is measured, already.
instructions:  ## Count the instructions of a message and of other cases; fails when they moved
	@scripts/install-deps build test tools count
	@cmake --preset release -DMIOCO_BENCH=ON
	@cmake --build $(BUILD) -j$(JOBS) --target bench_instructions
	@python3 bench/instructions.py $(BUILD) --check

format:  ## Format the sources in place
	@scripts/install-deps format
	@scripts/format

tidy:  ## clang-tidy over the library and its headers
	@scripts/install-deps build check
	@scripts/tidy $(JOBS)

check-rules:  ## The source rules that no compiler checks
	@scripts/check-rules

asan tsan:  ## The suite under AddressSanitizer and UBSan, or under ThreadSanitizer
	@scripts/install-deps build test http bridges tools check
	@cmake --preset $@
	@cmake --build build/$@ -j$(JOBS)
	@$(CTEST) --test-dir build/$@

aarch64:  ## Context and fiber tests, cross-built for 64-bit ARM, under qemu
	@scripts/install-deps build cross
	@cmake --preset aarch64
	@cmake --build build/aarch64 -j$(JOBS) --target unit_context_test unit_fiber_test
	@$(CTEST) --test-dir build/aarch64 -R '^unit/(context|fiber)/'

check-matrix:  ## GCC and Clang, Debug and Release; link-time optimization and shared library
	@scripts/install-deps build test http bridges tools check
	@scripts/check-matrix $(JOBS)

# From a random start; what it prints starts the same again.
explore: FIRST_SEED := $(or $(FIRST_SEED),$(shell od -An -N4 -tu4 /dev/urandom | tr -d ' '))
explore:  ## Run SEEDS (20000) made-up programs of each kind in simulations, from FIRST_SEED on
	@scripts/install-deps build test
	@cmake --preset release
	@cmake --build $(BUILD) -j$(JOBS) --target tests_fuzz
	@echo "make explore SEEDS=$(SEEDS) FIRST_SEED=$(FIRST_SEED)"
	@MIOCO_SEEDS=$(SEEDS) MIOCO_FIRST_SEED=$(FIRST_SEED) $(CTEST) --test-dir $(BUILD) -L '^(fuzz|simulated)$$'

longtest: test  ## Run the suite again and again until it fails
	@scripts/longtest $(CTEST) --test-dir $(BUILD)

doc:  ## The reference of the public API; an undocumented name is an error
	@scripts/install-deps doc
	@mkdir -p build/doc
	@doxygen Doxyfile
	@echo "build/doc/html/index.html"

bare:  ## `make echo` and `make test` in a minimal Debian of their own (needs root)
	@scripts/install-deps bare
	@scripts/bare

# Under sudo only what goes to PREFIX is root's: what is built belongs to whom the folder belongs, who could not build there again else.
install: built = $(firstword $(wildcard $(BUILD) build .))
install: owner = $(if $(filter 0,$(shell id -u)),$(filter-out 0,$(shell stat -c %u $(built))))
install: as_builder = $(if $(owner),setpriv --clear-groups $(shell stat -c '--reuid=%u --regid=%g' $(built)) \
    env HOME=$(shell getent passwd $(owner) | cut -d: -f6))
install:  ## Install headers and library under PREFIX (/usr/local)
	@scripts/install-deps build
	@test -f $(BUILD)/build.ninja || $(as_builder) cmake --preset release -DMIOCO_TESTS=OFF -DMIOCO_TOOLS=OFF
	@$(as_builder) cmake --build $(BUILD) -j$(JOBS) --target mioco mioco_modules
	@cmake --install $(BUILD) --prefix $(PREFIX)
	@chown --reference=$(BUILD) $(BUILD)/install_manifest.txt

deps:  ## Install whatever any of these needs
	@scripts/install-deps build test http bridges tools check format doc cross count bench semi bare

clean:  ## Remove everything that was built
	rm -rf build
