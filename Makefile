# npswatch: plain make, one build folder per mode. `make help` lists the targets.
SAN      ?=
MODE     := $(if $(SAN),$(SAN),release)
BUILD    ?= build
B        := $(BUILD)/$(MODE)
PREFIX   ?= /usr/local
DESTDIR  ?=
CC       ?= gcc
CLANG    ?= clang
V        ?= 0
Q        := $(if $(filter 1,$(V)),,@)
VERSION  := 0.1.0

PKGS     := fftw3f fftw3 hdf5 gsl libmicrohttpd sqlite3 jansson libsodium libcurl zlib expat libzip libpq
APT_RUN  := gcc make pkg-config libfftw3-dev libhdf5-dev libgsl-dev libmicrohttpd-dev libsqlite3-dev libjansson-dev \
            libsodium-dev libcurl4-openssl-dev zlib1g-dev libexpat1-dev libzip-dev libpq-dev
APT_TEST := $(APT_RUN) libcmocka-dev python3 chromium nodejs npm postgresql openssl binutils nginx-light
APT_LINT := $(APT_RUN) libcmocka-dev cppcheck clang-tidy
APT_DEB  := $(APT_RUN) debhelper dpkg-dev fakeroot
APT_DEBTEST := $(APT_DEB) lintian systemd nginx-light openssl curl strace
APT_FUZZ := $(APT_RUN) clang libclang-rt-14-dev

LAYERS   := core spectra reference-lib service
SRC      := $(foreach d,$(LAYERS),$(wildcard $(d)/*.c))
MAIN     := service/main.c
LIB_SRC  := $(filter-out $(MAIN),$(SRC))
HDR      := $(foreach d,$(LAYERS),$(wildcard $(d)/*.h))
SUPPORT  := $(wildcard tests/support/*.c)
UNIT     := $(wildcard tests/unit/*/test_*.c) $(wildcard tests/integration/test_*.c)
FUZZERS  := $(wildcard tests/fuzz/fuzz_*.c)
BENCHES  := $(wildcard benchmarks/bench_*.c)
TOOLS    := benchmarks/fit_evidence.c benchmarks/load.c
BENCH_COMMON := $(filter-out $(BENCHES) $(TOOLS),$(wildcard benchmarks/*.c))
ASSETS   := $(wildcard service/web/*.html service/web/*.css service/web/*.js service/web/*.svg) service/openapi.json
CONTROL  := $(wildcard reference-lib/control/*.tsv)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
        -Wvla -Wwrite-strings -Wcast-qual -Wpointer-arith -Wformat=2 -Wundef -Wswitch-enum -Wnull-dereference
WARN += $(if $(filter 1,$(WERROR)),-Werror)
SAN_FLAGS_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_FLAGS_tsan := -fsanitize=thread
SAN_FLAGS      := $(SAN_FLAGS_$(SAN))
# Control-flow protection is the x86 kind; the compiler refuses it elsewhere.
MACHINE  := $(shell $(CC) -dumpmachine)
HARDEN   := $(if $(SAN),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong -fstack-clash-protection -fPIE \
            $(if $(filter x86_64-%,$(MACHINE)),-fcf-protection)
PKG_CFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PKGS) 2>/dev/null))
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
CPPFLAGS += -I. -I$(B)/gen -D_GNU_SOURCE -DNPS_VERSION='"$(VERSION)"' $(PKG_CFLAGS) -include core/banned.h
CFLAGS   ?= -O2 -g
ALL_CFLAGS = -std=gnu11 $(CFLAGS) $(WARN) $(HARDEN) -fno-common -ffp-contract=off $(SAN_FLAGS) -pthread
LDFLAGS  += -pie -Wl,-z,relro,-z,now,-z,noexecstack $(SAN_FLAGS) -pthread
LDLIBS    = $(PKG_LIBS) -lm

obj      = $(patsubst %.c,$(B)/obj/%.o,$(1))
TEST_BIN := $(patsubst tests/%.c,$(B)/tests/%,$(UNIT))
REPLAY_BIN := $(patsubst tests/fuzz/fuzz_%.c,$(B)/tests/fuzz/replay_%,$(FUZZERS))
BENCH_BIN := $(patsubst benchmarks/%.c,$(B)/benchmarks/%,$(BENCHES))
TOOL_BIN := $(patsubst benchmarks/%.c,$(B)/benchmarks/%,$(TOOLS))
TEST_CPP := -DNPS_SOURCE_DIR='"$(CURDIR)"' -DNPS_PROGRAM='"$(abspath $(B))/npswatch"'

.PHONY: all run test unit lint fuzz bench accuracy load install clean help deps-run deps-test deps-lint deps-fuzz deps-deb deps-debtest format demo deb deb-test
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

all: $(B)/npswatch

help:
	@echo 'make                    build $(BUILD)/release/npswatch'
	@echo 'make run                install what is missing, build, prepare the demonstration library, start the service'
	@echo 'make run LIBRARY=FILE.. the same with a library built from these files (any format, folders, zip)'
	@echo 'make test               all tests; SAN=asan or SAN=tsan for a sanitizer build'
	@echo 'make lint               headers alone, include order, cppcheck, clang-tidy'
	@echo 'make fuzz SECS=60       libFuzzer on every reader (T=msp for one)'
	@echo 'make bench              speed, JSON lines;  make accuracy: evaluate on the shared spectra;  make load: the service'
	@echo 'make deb                Debian package in $(BUILD)/deb;  make deb-test: install, start, upgrade and purge it here (root)'
	@echo 'make install            PREFIX=$(PREFIX) DESTDIR=; make clean keeps $(BUILD)/data'

# All cores, unless the caller said something else.
PARALLEL = $(if $(filter -j%,$(MAKEFLAGS))$(findstring j,$(firstword -$(MAKEFLAGS))),,-j$(shell nproc))

# --- what is needed ---------------------------------------------------------------------------------------------
deps-run deps-test deps-lint deps-fuzz deps-deb deps-debtest:
	@sh tests/support/need.sh $(APT_$(shell echo $(@:deps-%=%) | tr a-z A-Z))

# --- objects ----------------------------------------------------------------------------------------------------
# The stamp changes when flags change, so that every object is made anew then.
FLAGS_NOW := $(CC) $(ALL_CFLAGS) $(CPPFLAGS)
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' > $@
# Phony, because .SECONDARY without a list makes FORCE an intermediate file, whose absence alone remakes nothing.
.PHONY: FORCE
FORCE:

$(B)/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	@[ $(V) = 1 ] || echo "  CC $<"
	$(Q)$(CC) $(ALL_CFLAGS) $(CPPFLAGS) $(if $(filter tests/% benchmarks/%,$<),$(TEST_CPP)) -MMD -MP -c $< -o $@

$(B)/gen/assets.inc: $(ASSETS) service/web/embed.sh
	@mkdir -p $(@D)
	$(Q)sh service/web/embed.sh $(ASSETS) > $@
$(B)/obj/service/assets.o: $(B)/gen/assets.inc
$(B)/gen/control.inc: $(CONTROL) service/web/embed.sh
	@mkdir -p $(@D)
	$(Q)sh service/web/embed.sh $(CONTROL) > $@
$(B)/obj/service/control_files.o: $(B)/gen/control.inc

$(B)/libnps.a: $(call obj,$(LIB_SRC))
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/npswatch: $(call obj,$(MAIN)) $(B)/libnps.a
	@[ $(V) = 1 ] || echo "  LD $@"
	$(Q)$(CC) $(LDFLAGS) $^ $(LDLIBS) -o $@

-include $(patsubst %.o,%.d,$(call obj,$(SRC) $(SUPPORT) $(UNIT) $(FUZZERS) $(BENCHES) $(TOOLS) $(BENCH_COMMON)))

# --- tests ------------------------------------------------------------------------------------------------------
$(B)/tests/unit/%: $(B)/obj/tests/unit/%.o $(call obj,$(SUPPORT)) $(B)/libnps.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) $^ $(LDLIBS) -lcmocka -o $@
$(B)/tests/unit/benchmarks/%: $(B)/obj/tests/unit/benchmarks/%.o $(call obj,$(BENCH_COMMON) $(SUPPORT)) $(B)/libnps.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) $^ $(LDLIBS) -lcmocka -o $@
$(B)/tests/integration/%: $(B)/obj/tests/integration/%.o $(call obj,$(SUPPORT)) $(B)/libnps.a | $(B)/npswatch
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) $^ $(LDLIBS) -lcmocka -o $@
$(B)/tests/fuzz/replay_%: $(B)/obj/tests/fuzz/fuzz_%.o $(B)/obj/tests/fuzz/replay_main.o $(call obj,$(SUPPORT)) $(B)/libnps.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) $^ $(LDLIBS) -lcmocka -o $@

# Split so that packages are there before pkg-config is asked.
test: deps-test
	+@$(MAKE) $(PARALLEL) --no-print-directory unit
# The benchmarks are built too, so that they keep up with what they measure.
unit: $(B)/npswatch $(TEST_BIN) $(REPLAY_BIN) $(BENCH_BIN) $(TOOL_BIN) tests/browser/node_modules/.package-lock.json
	@sh tests/support/run.sh $(B) $(TEST_BIN) $(REPLAY_BIN)

tests/browser/node_modules/.package-lock.json: tests/browser/package-lock.json
	@echo '  NPM tests/browser'
	$(Q)cd tests/browser && npm ci --silent --no-audit --no-fund

FUZZ_CFLAGS := -std=gnu11 -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
T    ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZERS))
SECS ?= 60
FB   := $(BUILD)/fuzz
$(FB)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) $(CPPFLAGS) $(TEST_CPP) -pthread -MMD -MP -c $< -o $@
$(FB)/obj/service/assets.o: $(B)/gen/assets.inc
$(FB)/obj/service/control_files.o: $(B)/gen/control.inc
$(FB)/libnps.a: $(patsubst %.c,$(FB)/obj/%.o,$(LIB_SRC))
	@rm -f $@
	$(Q)ar rcs $@ $^
$(FB)/fuzz_%: $(FB)/obj/tests/fuzz/fuzz_%.o $(FB)/libnps.a
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined $^ $(LDLIBS) -o $@
-include $(patsubst %.c,$(FB)/obj/%.d,$(LIB_SRC) $(FUZZERS))
fuzz: deps-fuzz
	+@$(MAKE) $(PARALLEL) --no-print-directory $(addprefix $(FB)/fuzz_,$(T))
	@sh tests/fuzz/run.sh $(FB) $(SECS) $(T)

# --- lint -------------------------------------------------------------------------------------------------------
lint: deps-lint
	+@$(MAKE) $(PARALLEL) --no-print-directory lint-now
.PHONY: lint-now
lint-now: $(B)/gen/assets.inc $(B)/gen/control.inc
	@sh tests/support/lint.sh '$(CC)' '$(CPPFLAGS)' $(B)

# --- measurements -----------------------------------------------------------------------------------------------
$(B)/benchmarks/%: $(B)/obj/benchmarks/%.o $(call obj,$(BENCH_COMMON)) $(B)/libnps.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) $^ $(LDLIBS) -o $@
bench: deps-run
	+@$(MAKE) $(PARALLEL) --no-print-directory $(B)/npswatch $(BENCH_BIN)
	@sh benchmarks/run.sh $(B) $(BENCH_BIN)
load: deps-run accuracy
	+@$(MAKE) $(PARALLEL) --no-print-directory $(B)/benchmarks/load
	@sh benchmarks/load.sh $(B) $(BUILD)/accuracy $(SECS_LOAD) $(MINUTES)
SECS_LOAD ?= 5
MINUTES   ?= 10
accuracy: deps-run
	+@$(MAKE) $(PARALLEL) --no-print-directory $(B)/npswatch
	@sh benchmarks/accuracy.sh $(B)/npswatch $(BUILD)/accuracy

# --- use --------------------------------------------------------------------------------------------------------
# LIBRARY=FILE...: a library made from the user's own files instead of the demonstration one.
DATA ?= $(BUILD)/data
PORT ?= 8080
run: deps-run
	+@$(MAKE) $(PARALLEL) --no-print-directory $(B)/npswatch
	@sh service/run.sh $(B)/npswatch $(DATA) $(PORT) $(LIBRARY)

install: $(B)/npswatch
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/doc/npswatch
	install -m 755 $(B)/npswatch $(DESTDIR)$(PREFIX)/bin/npswatch
	install -m 644 service/npswatch.1 $(DESTDIR)$(PREFIX)/share/man/man1/npswatch.1
	install -d $(DESTDIR)$(PREFIX)/share/npswatch/control
	install -m 644 $(CONTROL) reference-lib/control/README.md $(DESTDIR)$(PREFIX)/share/npswatch/control/
	install -m 644 README.md LICENSE reference-lib/FORMAT.md service/API.md service/OPERATIONS.md \
	        service/openapi.json $(DESTDIR)$(PREFIX)/share/doc/npswatch/
	install -d $(DESTDIR)$(PREFIX)/share/doc/npswatch/examples
	install -m 644 service/examples/client.py $(DESTDIR)$(PREFIX)/share/doc/npswatch/examples/

deb: deps-deb
	@sh service/packaging/deb.sh $(VERSION) $(BUILD)/deb $(APT_RUN)
# On demand: it installs the package on this machine and removes it again.
deb-test: deps-debtest
	+@$(MAKE) --no-print-directory deb
	@sh tests/integration/deb.sh $(BUILD)/deb/npswatch_$(VERSION)_$$(dpkg --print-architecture).deb

format:
	clang-format -i $(SRC) $(HDR) $(UNIT) $(SUPPORT) $(FUZZERS) $(BENCHES) $(TOOLS) $(BENCH_COMMON)

clean:
	rm -rf $(BUILD)/release $(BUILD)/asan $(BUILD)/tsan $(BUILD)/fuzz $(BUILD)/accuracy $(BUILD)/deb
