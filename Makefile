# SPDX-License-Identifier: Apache-2.0
# The front door; meson does the work. `make help` lists what there is.
#
#   SAN=address,undefined | SAN=thread   build and test with a sanitizer, in a build folder of its own
#   CC=clang                             another compiler        WERROR=true   warnings are errors
#   W=ID  FUZZ_SECONDS=20  PREFIX=/usr/local  DESTDIR=  JOBS=N  SUITES='unit integration checks MODULE'  TESTS='name ...'

SHELL        := /bin/bash
PREFIX       ?= /usr/local
WERROR       ?= false
SAN          ?=
FUZZ_SECONDS ?= 20
JOBS         ?= $(shell nproc)
TESTS        ?=
SUITES       ?=
W            ?=

ifeq ($(SAN),)
BUILD ?= build
else ifeq ($(SAN),thread)
BUILD ?= build-tsan
else ifneq ($(findstring address,$(SAN)),)
BUILD ?= build-asan
else
BUILD ?= build-san
endif

# make's own default CC is not a choice of the caller's.
ifeq ($(origin CC),default)
CC := cc
endif
export CC

CONFIGURE = tools/configure $(BUILD) -Dwerror=$(WERROR) -Dprefix=$(abspath $(PREFIX)) \
            $(if $(SAN),-Db_sanitize=$(SAN) -Db_lundef=false -Doptimization=1)
NINJA     = ninja -C $(BUILD) -j $(JOBS)

.PHONY: all help setup demo test bench lint format fuzz install clean distclean configure programs

all: programs

help:
	@echo 'make            build build/assay and build/assay-edge'
	@echo 'make setup      install what is needed (tools/setup --help)'
	@echo 'make demo       from a requirement file to a judged, running line, on an emulated camera'
	@echo 'make test       build and run all tests; SAN=address,undefined or SAN=thread for the sanitizers'
	@echo 'make bench      speed beside its peers; W=ID for one workload'
	@echo 'make lint       layers, format, headers, shell scripts'
	@echo 'make format     let clang-format decide'
	@echo 'make fuzz       each fuzz target for FUZZ_SECONDS=$(FUZZ_SECONDS)'
	@echo 'make install    into PREFIX=$(PREFIX) (DESTDIR is respected)'
	@echo 'make clean      remove the build folders'

configure:
	@$(CONFIGURE)

programs: configure
	@$(NINJA)

setup:
	@tools/setup

demo:
	@tools/setup --check --demo >/dev/null || tools/setup --demo
	@$(CONFIGURE)
	@$(NINJA) assay assay-edge
	@ASSAY=$(abspath $(BUILD))/assay examples/cones/run.sh

test:
	@tools/setup --check >/dev/null || tools/setup
	@$(CONFIGURE)
	@$(NINJA) $(if $(SUITES)$(TESTS),$$(tools/test_targets $(BUILD) '$(SUITES)' '$(TESTS)'))
	@$(if $(findstring thread,$(SAN)),$$(setarch -R true 2>/dev/null && echo setarch -R)) \
	    meson test -C $(BUILD) --no-rebuild --print-errorlogs --num-processes $(JOBS) \
	    $(if $(SAN),--timeout-multiplier 5) $(addprefix --suite ,$(SUITES)) $(TESTS); \
	    status=$$?; tools/test_counts $(BUILD) && exit $$status

bench: programs
	@bench/run $(W)

lint:
	@tools/lint

format:
	@tools/list_files . | grep -E '\.[ch]$$' | xargs -r $$(command -v clang-format-14 || command -v clang-format) -i

fuzz:
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tools/fuzz $(TESTS)

# Man pages and completions come from the programs' own tables.
install: configure
	@meson configure $(BUILD) -Dprefix=$(abspath $(PREFIX))
	@$(NINJA)
	@meson install -C $(BUILD) --no-rebuild
	@tools/install_pages $(BUILD) $(DESTDIR)$(PREFIX)/share

clean:
	rm -rf build build-*

distclean: clean
	rm -rf .prefix
