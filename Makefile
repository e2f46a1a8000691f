# One Makefile, no recursion into folders, no configure step.
#
#   make            everything a user runs: sidekeyd, sidekey, libsidekey
#   make V=1        the same, showing the commands
#   make CC=clang   with another compiler
#   make help       all targets
.DEFAULT_GOAL := all
# As many jobs as there are cores, unless the caller says otherwise.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
VERSION := 0.1.0
VARIANT ?= release
B       ?= build/$(VARIANT)
PREFIX  ?= /usr/local
DESTDIR ?=

ifneq ($(V),1)
Q := @
endif

# msgpack-c is called msgpack on Debian 12 and msgpack-c elsewhere.
MSGPACK    := $(shell pkg-config --exists msgpack-c 2>/dev/null && echo msgpack-c || echo msgpack)
PKGS_PROTO := openssl libsodium $(MSGPACK)
PKGS_AGENT := $(PKGS_PROTO) libuv libcjson libcurl
PKGS_TEST  := $(PKGS_AGENT) check zlib

WARN := -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion \
        -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wcast-align \
        -Wformat=2 -Wundef -Wpointer-arith -Wvla -Wwrite-strings \
        -Wnull-dereference -Wswitch-enum -Wimplicit-fallthrough -Wdate-time \
        -Wenum-conversion
IS_CLANG := $(shell $(CC) --version 2>/dev/null | grep -c clang)
ifeq ($(IS_CLANG),0)
WARN += -Wlogical-op -Wduplicated-cond -Wduplicated-branches
HARDEN_CC := -ftrivial-auto-var-init=zero
endif
HARDEN   := -D_FORTIFY_SOURCE=2 -fstack-clash-protection -fcf-protection $(HARDEN_CC)
HARDENLD := -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed

FLAGS_release  := -O2 $(HARDEN)
FLAGS_asan     := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_tsan     := -O1 -fsanitize=thread
FLAGS_valgrind := -O1
FLAGS_analyze  := -O1 -fanalyzer
CFLAGS ?= -g
BASE   := -std=gnu11 -D_GNU_SOURCE -DSKD_VERSION='"$(VERSION)"' -I. -MMD -MP \
          -fno-omit-frame-pointer -fstack-protector-strong -fvisibility=hidden -fPIC
CC_ALL  = $(CC) $(BASE) $(WARN) $(FLAGS_$(VARIANT)) $(shell pkg-config --cflags $(PKGS_TEST)) $(CFLAGS)
libs    = $(shell pkg-config --libs $(1))

PROTO  := $(sort $(wildcard protocol/*.c))
AGENT  := $(filter-out agent/main.c,$(sort $(shell find agent -name '*.c')))
CLIENT := $(sort $(wildcard libclient/*.c))
CLI    := $(filter-out libclient/cli/main.c,$(sort $(wildcard libclient/cli/*.c)))
CORE   := $(PROTO) $(AGENT) $(CLIENT) $(CLI)
LIBT   := $(sort $(wildcard tests/lib/*.c))
UNIT   := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/unit/test_*.c)))

all: $(B)/sidekeyd $(B)/sidekey $(B)/libsidekey.so.0 $(B)/libsidekey.a  ## the agent, the command line, the libraries

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC_ALL) -c $< -o $@

# Objects of the agent and of the client: each program takes what it needs.
$(B)/core.a: $(CORE:%.c=$(B)/%.o)
	@echo "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/sidekeyd: $(B)/agent/main.o $(B)/core.a
	@echo "  LD    $@"
	$(Q)$(CC_ALL) -pie $(HARDENLD) $(LDFLAGS) $^ $(call libs,$(PKGS_AGENT)) -pthread -o $@

$(B)/sidekey: $(B)/libclient/cli/main.o $(B)/core.a
	@echo "  LD    $@"
	$(Q)$(CC_ALL) -pie $(HARDENLD) $(LDFLAGS) $^ $(call libs,$(PKGS_AGENT)) -pthread -o $@

$(B)/libsidekey.so.0: $(PROTO:%.c=$(B)/%.o) $(CLIENT:%.c=$(B)/%.o) libclient/libsidekey.map
	@echo "  LD    $@"
	$(Q)$(CC_ALL) -shared -Wl,-soname,libsidekey.so.0 -Wl,--version-script=libclient/libsidekey.map \
	    $(HARDENLD) $(LDFLAGS) $(filter %.o,$^) $(call libs,$(PKGS_PROTO)) -pthread -o $@
	$(Q)ln -sf libsidekey.so.0 $(B)/libsidekey.so

# One object whose hidden symbols are made local, so that a program that links
# the archive sees sidekey_ symbols only.
$(B)/libsidekey.a: $(PROTO:%.c=$(B)/%.o) $(CLIENT:%.c=$(B)/%.o)
	@echo "  AR    $@"
	$(Q)ld -r $^ -o $(B)/libsidekey-all.o
	$(Q)objcopy --localize-hidden $(B)/libsidekey-all.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(B)/libsidekey-all.o

# Helpers of the tests: each suite takes what it needs.
$(B)/libt.a: $(LIBT:%.c=$(B)/%.o)
	@echo "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/libt.a $(B)/core.a
	@echo "  LD    $@"
	$(Q)$(CC_ALL) $(LDFLAGS) $^ $(call libs,$(PKGS_TEST)) -pthread -o $@

# ---- what building and testing need ------------------------------------------

DEPS := gcc g++ clang make pkg-config libuv1-dev libssl-dev libsodium-dev libcjson-dev \
        libmsgpack-dev libcurl4-openssl-dev zlib1g-dev check \
        clang-format clang-tidy cppcheck valgrind shellcheck libclang-rt-14-dev \
        openssl nginx-light python3-pykmip python3-msgpack python3-cryptography \
        golang-go golang-github-ugorji-go-codec-dev
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
missing_deps = $(shell for p in $(DEPS); do \
    dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done)

deps:  ## install all that building and testing need (Debian 12)
	@missing="$(missing_deps)"; [ -z "$$missing" ] || { \
	    echo "installing:" $$missing; \
	    $(SUDO) apt-get update -qq && \
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing \
	        >/dev/null; }

# ---- testing -------------------------------------------------------------------

INTEG := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/integration/test_*.c)))
INTEG_SH := $(sort $(wildcard tests/integration/test_*.sh))

$(B)/tests/integration/%: $(B)/tests/integration/%.o $(B)/libt.a $(B)/core.a
	@echo "  LD    $@"
	$(Q)$(CC_ALL) $(LDFLAGS) $^ $(call libs,$(PKGS_TEST)) -pthread -o $@

# The recursion makes the second make see what the first has installed.
test: deps  ## all tests: unit suites, then real servers
	@$(MAKE) --no-print-directory all test-built
test-built: $(UNIT) $(INTEG) $(B)/sidekeyd $(B)/sidekey
	@B=$(B) sh tests/run.sh $(UNIT) $(FUZZ_REPLAY) $(INTEG) $(INTEG_SH)

unit: $(UNIT)  ## unit suites only
	@B=$(B) sh tests/run.sh $(UNIT)
integration: all $(INTEG)  ## real servers only
	@B=$(B) sh tests/run.sh $(INTEG) $(INTEG_SH)

asan:  ## unit and C integration suites under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory VARIANT=asan sanitized
tsan:  ## the same under ThreadSanitizer
	@$(MAKE) --no-print-directory VARIANT=tsan sanitized
sanitized: $(UNIT) $(INTEG) $(B)/sidekeyd $(B)/sidekey
	@B=$(B) CK_TIMEOUT_MULTIPLIER=5 TSAN_OPTIONS="suppressions=tests/tsan.supp" \
	    sh tests/run.sh $(UNIT) $(INTEG)
valgrind:  ## unit suites under valgrind
	@$(MAKE) --no-print-directory VARIANT=valgrind valgrinded
valgrinded: $(UNIT)
	@B=$(B) CK_TIMEOUT_MULTIPLIER=20 SKT_VALGRIND=1 \
	    RUNNER="valgrind --quiet --trace-children=yes --error-exitcode=99 --leak-check=full \
	        --show-leak-kinds=definite --errors-for-leak-kinds=definite --suppressions=tests/valgrind.supp" \
	    sh tests/run.sh $(UNIT)

demo: deps  ## see it work: real key server, real Coordinator, real files
	@$(MAKE) --no-print-directory all
	@B=$(B) sh tests/demo/demo.sh

# ---- fuzzing -------------------------------------------------------------------

FLAGS_fuzz   := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
                -fprofile-instr-generate -fcoverage-mapping -DSKT_LIBFUZZER
FUZZ_LINK    := -fsanitize=fuzzer -Wl,--wrap=_mark_point -Wl,--wrap=_ck_assert_failed
FUZZERS      := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_REPLAY  := $(B)/tests/fuzz/replay
FUZZ_SECONDS ?= 30

$(B)/tests/fuzz/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/fuzz.o $(B)/tests/fuzz/driver.o \
                        $(B)/libt.a $(B)/core.a
	@echo "  LD    $@"
	$(Q)$(CC_ALL) $(FUZZ_LINK) $(LDFLAGS) $^ $(call libs,$(PKGS_TEST)) -pthread -o $@
$(FUZZ_REPLAY): $(B)/tests/fuzz/replay.o $(B)/tests/fuzz/fuzz.o $(FUZZERS:%=%.o) $(B)/libt.a $(B)/core.a
	@echo "  LD    $@"
	$(Q)$(CC_ALL) $(LDFLAGS) $^ $(call libs,$(PKGS_TEST)) -pthread -o $@

fuzz:  ## libFuzzer programs of all doors, in build/fuzz (clang)
	@$(MAKE) --no-print-directory CC=clang VARIANT=fuzz fuzzers
fuzzers: $(FUZZERS)
fuzz-smoke: fuzz  ## each of them for FUZZ_SECONDS; prints what they reach
	@sh tests/fuzz/smoke.sh $(if $(filter command line,$(origin B)),$(B),build/fuzz) $(FUZZ_SECONDS)
fuzz-replay: $(FUZZ_REPLAY)  ## the committed corpora, without clang
	@B=$(B) sh tests/run.sh $(FUZZ_REPLAY)
test-built: $(FUZZ_REPLAY)
.PHONY: fuzz fuzzers fuzz-smoke fuzz-replay

# ---- measuring -----------------------------------------------------------------

BENCH := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/bench/*.c)))

$(B)/tests/bench/bench: $(BENCH) $(B)/libt.a $(B)/core.a
	@echo "  LD    $@"
	$(Q)$(CC_ALL) $(LDFLAGS) $^ $(call libs,$(PKGS_TEST)) -pthread -o $@

bench: $(B)/tests/bench/bench $(B)/sidekeyd  ## measure against limits and peers
	@B=$(B) $<
bench-json: $(B)/tests/bench/bench $(B)/sidekeyd  ## the same, also to build/bench.json
	@mkdir -p build
	@B=$(B) $< --json build/bench.json
.PHONY: bench bench-json

# ---- checking ------------------------------------------------------------------

SOURCES  := $(sort $(wildcard protocol/*.[ch]) $(shell find agent libclient -name '*.[ch]'))
TESTSRC  := $(sort $(shell find tests -name '*.[ch]'))
SCRIPTS  := $(sort $(shell find tests contrib .ci -name '*.sh') .ci/run)
TIDY_CC  := -std=gnu11 -D_GNU_SOURCE -DSKD_VERSION='"0"' -I.
# The example includes <sidekey.h> as installed; the test of that compiles it.
TIDIED   := $(patsubst %.c,build/tidy/%.ok,$(filter-out libclient/examples/%,$(filter %.c,$(SOURCES))))

lint: lint-format lint-own lint-tidy lint-cppcheck lint-analyze lint-shell  ## all checks
	@echo "lint: clean"
lint-format:
	$(Q)clang-format --dry-run --Werror $(SOURCES) $(TESTSRC)
lint-own: all
	$(Q)awk -f tests/lint/layers.awk $(SOURCES)
	$(Q)awk -f tests/lint/doors.awk $(SOURCES)
	$(Q)sh tests/lint/words.sh . tests/lint/words.allow
	$(Q)sh tests/lint/pairs.sh .
	$(Q)sh tests/lint/untested.sh . tests/lint/untested.max
	$(Q)sh tests/lint/texts.sh .
	$(Q)sh tests/lint/symbols.sh $(B)
lint-tidy: $(TIDIED)
build/tidy/%.ok: %.c .clang-tidy
	@mkdir -p $(@D)
	@echo "  TIDY  $<"
	$(Q)clang-tidy --quiet $< -- $(TIDY_CC) $(shell pkg-config --cflags $(PKGS_TEST)) 2>/dev/null
	@touch $@
lint-cppcheck:
	$(Q)cppcheck --quiet --error-exitcode=1 --std=c11 -i libclient/examples --enable=warning,performance,portability \
	    --inline-suppr --suppress=missingIncludeSystem --suppressions-list=tests/lint/cppcheck.supp \
	    -D_GNU_SOURCE -DSKD_VERSION='"0"' -I. protocol agent libclient
lint-analyze:
	@$(MAKE) --no-print-directory CC=gcc VARIANT=analyze analyzed
analyzed: $(CORE:%.c=$(B)/%.o)
lint-shell:
	$(Q)shellcheck $(SCRIPTS)
lint-selftest: all  ## plant one violation per check and see it caught
	@CC=$(CC) sh tests/lint/selftest.sh . $(B)
docs: $(B)/tests/unit/test_config_document  ## bring generated tables in the documents up to date
	@SIDEKEY_WRITE_DOCUMENTS=1 $<
format:  ## rewrite the sources in the project's format
	clang-format -i $(SOURCES) $(TESTSRC)

# ---- installing ----------------------------------------------------------------

LIBDIR ?= $(PREFIX)/lib
install: all  ## install to $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include \
	    $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 755 $(B)/sidekeyd $(DESTDIR)$(PREFIX)/sbin/sidekeyd
	install -m 755 $(B)/sidekey $(DESTDIR)$(PREFIX)/bin/sidekey
	install -m 755 $(B)/libsidekey.so.0 $(DESTDIR)$(LIBDIR)/libsidekey.so.0
	ln -sf libsidekey.so.0 $(DESTDIR)$(LIBDIR)/libsidekey.so
	install -m 644 $(B)/libsidekey.a $(DESTDIR)$(LIBDIR)/libsidekey.a
	install -m 644 libclient/sidekey.h $(DESTDIR)$(PREFIX)/include/sidekey.h
	install -m 644 libclient/sidekey_stream.h $(DESTDIR)$(PREFIX)/include/sidekey_stream.h
	install -m 644 libclient/sidekey_keys.h $(DESTDIR)$(PREFIX)/include/sidekey_keys.h
	install -m 644 libclient/sidekey_async.h $(DESTDIR)$(PREFIX)/include/sidekey_async.h
	sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' -e 's|@VERSION@|$(VERSION)|g' \
	    -e 's|@MSGPACK@|$(shell pkg-config --libs-only-l $(MSGPACK))|g' \
	    libclient/sidekey.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/sidekey.pc
uninstall:  ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/sbin/sidekeyd $(DESTDIR)$(PREFIX)/bin/sidekey \
	    $(DESTDIR)$(LIBDIR)/libsidekey.so.0 $(DESTDIR)$(LIBDIR)/libsidekey.so $(DESTDIR)$(LIBDIR)/libsidekey.a \
	    $(DESTDIR)$(PREFIX)/include/sidekey_async.h \
	    $(DESTDIR)$(PREFIX)/include/sidekey_keys.h \
	    $(DESTDIR)$(PREFIX)/include/sidekey.h $(DESTDIR)$(PREFIX)/include/sidekey_stream.h \
	    $(DESTDIR)$(LIBDIR)/pkgconfig/sidekey.pc
dist:  ## a source archive of the last commit
	@mkdir -p build
	git archive --prefix=sidekey-$(VERSION)/ -o build/sidekey-$(VERSION).tar.gz HEAD

ci:  ## what .ci/run runs
	@sh .ci/run
help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
clean:  ## remove everything built
	rm -rf build

# Kept between runs; naming all would keep make from noticing a new source.
.SECONDARY: $(UNIT:%=%.o) $(INTEG:%=%.o)
.PHONY: all clean deps test test-built unit integration asan tsan sanitized valgrind valgrinded demo \
        lint lint-format lint-own lint-tidy lint-cppcheck lint-analyze analyzed lint-shell lint-selftest \
        docs format install uninstall dist ci help
-include $(shell find $(B) -name '*.d' 2>/dev/null)
