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
PKGS_AGENT := $(PKGS_PROTO) libuv libcjson libcurl libmicrohttpd libseccomp
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
else
# valgrind 3.19 gives up on the debug information that clang writes by default.
DEBUG := -gdwarf-4
endif
# Indirect branches land on marks only, and returns where they came from.  The
# start files of the system may lack the note, so the linker is told to set it;
# tests/supply looks for it in every object of ours.
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
ifneq ($(filter x86_64-%,$(MACHINE)),)
HARDEN_CC   += -fcf-protection=full
HARDEN_LINK := -Wl,-z,ibt,-z,shstk
# To clear or copy a struct of a hundred bytes gcc writes "rep stos" or "rep movs", each of which takes longer to start
# than eight moves take: with the five of a pubkey, a fifth of its time.
ifeq ($(IS_CLANG),0)
CLEARING := vector_loop:512:noalign,libcall:-1:noalign
TUNE     := -mmemset-strategy=$(CLEARING) -mmemcpy-strategy=$(CLEARING)
endif
else ifneq ($(filter aarch64-%,$(MACHINE)),)
HARDEN_CC   += -mbranch-protection=standard
endif
HARDEN   := -D_FORTIFY_SOURCE=2 -fstack-clash-protection $(HARDEN_CC)
HARDENLD := -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed $(HARDEN_LINK)

FLAGS_release  := -O2 $(TUNE) $(HARDEN)
FLAGS_asan     := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_tsan     := -O1 -fsanitize=thread
FLAGS_valgrind := -O1
FLAGS_analyze  := -O1 -fanalyzer
CFLAGS ?= -g $(DEBUG)
BASE   := -std=gnu11 -D_GNU_SOURCE -DSKD_VERSION='"$(VERSION)"' -I. -MMD -MP \
          -fno-omit-frame-pointer -fstack-protector-strong -fvisibility=hidden -fPIC \
          -ffile-prefix-map=$(CURDIR)=.
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
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

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
	$(Q)rm -f $@ && $(AR) rcsD $@ $(B)/libsidekey-all.o

# Helpers of the tests: each suite takes what it needs.
$(B)/libt.a: $(LIBT:%.c=$(B)/%.o)
	@echo "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/libt.a $(B)/core.a
	@echo "  LD    $@"
	$(Q)$(CC_ALL) $(LDFLAGS) $^ $(call libs,$(PKGS_TEST)) -pthread -o $@

# In the sweeps one fallible call after the other fails: tests/lib/fault.h.
FAULT_WRAP := malloc calloc realloc reallocarray strdup mmap munmap mlock ftruncate syscall open read fstat \
              socket listen accept4 getsockopt getrandom uv_loop_init uv_async_init uv_poll_init uv_pipe_open uv_mutex_init \
              uv_thread_create pthread_mutex_init
$(filter $(B)/tests/unit/test_sweep_%,$(UNIT)): LDFLAGS += $(FAULT_WRAP:%=-Wl,--wrap=%)

$(B)/tests/unit/test_derive $(B)/tests/unit/test_run: LDFLAGS += -Wl,--wrap=skp_key_public_batch

# ---- what building and testing need ------------------------------------------

DEPS := gcc g++ clang make pkg-config libuv1-dev libssl-dev libsodium-dev libcjson-dev \
        libmsgpack-dev libcurl4-openssl-dev libmicrohttpd-dev libseccomp-dev libp11-kit-dev zlib1g-dev check \
        clang-format clang-tidy cppcheck valgrind shellcheck libclang-rt-14-dev llvm-14 \
        openssl curl nginx-light prometheus python3-pykmip python3-msgpack python3-cryptography \
        faketime strace nftables iproute2 gdb systemd man-db mandoc \
        yamllint python3-jsonschema python3-yaml \
        zsh fish debhelper fakeroot dpkg-dev debootstrap lintian \
        golang-github-masterminds-sprig-dev golang-gopkg-yaml.v3-dev \
        golang-go golang-github-ugorji-go-codec-dev
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
missing = $(shell for p in $(1); do \
    dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done)
define install_missing
@missing="$(call missing,$(1))"; [ -z "$$missing" ] || { \
    echo "installing:" $$missing; \
    $(SUDO) apt-get update -qq && \
    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing \
        >/dev/null; }
endef

deps:  ## install all that building and testing need (Debian 12)
	$(call install_missing,$(DEPS))

# ---- testing -------------------------------------------------------------------

INTEG := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/integration/test_*.c)))
INTEG_SH := $(sort $(wildcard tests/integration/test_*.sh))
# They measure nothing and mostly wait: beside the unit suites they cost no time.
WAITING  := $(addprefix $(B)/tests/integration/test_,keep kmip_pykmip)

$(B)/tests/integration/%: $(B)/tests/integration/%.o $(B)/libt.a $(B)/core.a
	@echo "  LD    $@"
	$(Q)$(CC_ALL) $(LDFLAGS) $^ $(call libs,$(PKGS_TEST)) -pthread -o $@

# An agent whose sandbox lacks one system call, to see it die of that; another one
# by DROP=NAME after removing this one.
DROP ?= accept4
$(B)/tests/faults/seccomp_calls.o: agent/sys/seccomp_calls.c
	@mkdir -p $(@D)
	@echo "  CC    $< without $(DROP)"
	$(Q)$(CC_ALL) -DSKD_SECCOMP_DROP='"$(DROP)"' -c $< -o $@
$(B)/tests/faults/sidekeyd-drop: $(B)/agent/main.o $(B)/tests/faults/seccomp_calls.o $(B)/core.a
	@echo "  LD    $@"
	$(Q)$(CC_ALL) $(LDFLAGS) $^ $(call libs,$(PKGS_AGENT)) -pthread -o $@
# Runs a program as on a kernel that lacks a system call.
$(B)/tests/faults/without_call: $(B)/tests/faults/without_call.o
	@echo "  LD    $@"
	$(Q)$(CC_ALL) $(LDFLAGS) $^ $(call libs,libseccomp) -o $@
test-built integration sanitized: $(B)/tests/faults/sidekeyd-drop $(B)/tests/faults/without_call

# The recursion makes the second make see what the first has installed.
test: deps  ## all tests: unit suites, then real servers
	@$(MAKE) --no-print-directory all test-built
test-built: $(UNIT) $(INTEG) $(B)/sidekeyd $(B)/sidekey
	@B=$(B) sh tests/run.sh $(WAITING) $(UNIT) $(SIM) $(FUZZ_REPLAY) $(CT) \
	    -- $(filter-out $(WAITING),$(INTEG)) $(INTEG_SH) $(SUPPLY)

unit: $(UNIT)  ## unit suites only
	@B=$(B) sh tests/run.sh $(UNIT)
x25519-long: $(B)/tests/unit/test_x25519_batch  ## ten million multiplications in lanes against libsodium's
	@SKT_X25519_ROUNDS=10000000 CK_TIMEOUT_MULTIPLIER=1000 $<
integration: all $(INTEG)  ## real servers only
	@B=$(B) sh tests/run.sh -- $(INTEG) $(INTEG_SH)

asan:  ## unit and C integration suites under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory VARIANT=asan sanitized
tsan:  ## the same under ThreadSanitizer, but only suites that may have threads
	@$(MAKE) --no-print-directory VARIANT=release B=build/release $(UNIT:$(B)/%=build/release/%)
	@unit=$$(sh tests/threads.sh $(UNIT:$(B)/%=build/release/%)) && \
	    $(MAKE) --no-print-directory VARIANT=tsan B=build/tsan UNIT="$$(echo $$unit | sed 's|build/release/|build/tsan/|g')" sanitized
SANITIZED := $(INTEG)
ifeq ($(VARIANT),tsan)
SANITIZED := $(addprefix $(B)/tests/integration/test_,agent async_libuv audit callers key_cache serve)
endif
sanitized: $(UNIT) $(SANITIZED) $(B)/sidekeyd $(B)/sidekey
	@B=$(B) CK_TIMEOUT_MULTIPLIER=5 SIM_SCHEDULES=500 SKT_X25519_ROUNDS=1200 TSAN_OPTIONS="suppressions=tests/tsan.supp" \
	    sh tests/run.sh $(filter $(WAITING),$(SANITIZED)) $(UNIT) $(SIM) -- $(filter-out $(WAITING),$(SANITIZED))
valgrind:  ## unit suites under valgrind
	@$(MAKE) --no-print-directory VARIANT=valgrind valgrinded
valgrinded: $(UNIT)
	@B=$(B) CK_TIMEOUT_MULTIPLIER=20 SKT_VALGRIND=1 \
	    RUNNER="valgrind --quiet --trace-children=yes --error-exitcode=99 --leak-check=full \
	        --show-leak-kinds=definite --errors-for-leak-kinds=definite --suppressions=tests/valgrind.supp" \
	    sh tests/run.sh $(UNIT)

# As root: the scanner reads the agent's memory and the registers of its threads.
$(B)/tests/leak/scan: $(B)/tests/leak/scan.o
	@echo "  LD    $@"
	$(Q)$(CC_ALL) $(LDFLAGS) $^ -o $@
$(B)/tests/leak/sidekeyd-leaks: $(B)/agent/main.o $(B)/tests/leak/plant.o $(B)/core.a
	@echo "  LD    $@"
	$(Q)$(CC_ALL) -Wl,--wrap=skp_key_from_seed $(LDFLAGS) $^ $(call libs,$(PKGS_AGENT)) -pthread -o $@
LEAK := $(addprefix $(B)/tests/,leak/scan leak/sidekeyd-leaks faults/without_call)
leak-scan: deps  ## look for secrets in the memory of an agent that has done all it can do
	@$(MAKE) --no-print-directory leak-scan-built
leak-scan-built: $(B)/sidekeyd $(B)/sidekey $(LEAK)
	@$(SUDO) /usr/bin/python3 tests/leak/leak_scan.py $(B)
.PHONY: leak-scan leak-scan-built

demo: deps  ## see it work: real key server, real Coordinator, real files
	@$(MAKE) --no-print-directory all
	@B=$(B) sh tests/demo/demo.sh

# ---- simulating ----------------------------------------------------------------

# The linker hands libuv's timer and thread pool, and what would only cost time,
# to the stage of the simulation.
SIM      := $(B)/tests/sim/sim
SIM_WRAP := syscall uv_queue_work uv_cancel uv_timer_start uv_timer_stop skd_log skd_run_go skp_key_public \
            skp_key_public_batch skd_notify_fd_store skd_notify_kept skd_notify_store skd_notify_unstore skd_swap_is_off
SIM_LINK := $(SIM_WRAP:%=-Wl,--wrap=%)
SIM_JOBS ?= $(shell nproc 2>/dev/null || echo 2)

$(SIM): $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/sim/*.c))) $(B)/libt.a $(B)/core.a
	@echo "  LD    $@"
	$(Q)$(CC_ALL) $(SIM_LINK) $(LDFLAGS) $^ $(call libs,$(PKGS_TEST)) -pthread -o $@

sim: $(SIM)  ## the core under fake time: 10,000 random schedules; SIM_SEED=N replays one
	@$<
sim-long: $(SIM)  ## a million of them, on all cores
	@SIM_SCHEDULES=$${SIM_SCHEDULES:-1000000} SIM_JOBS=$(SIM_JOBS) $<
sim-selftest: $(SIM)  ## plant bugs into the core and see each of them found
	@COMPILE='$(subst ','\'',$(CC_ALL))' LIBS='$(SIM_LINK) $(call libs,$(PKGS_TEST)) -pthread' \
	    sh tests/sim/selftest.sh $(B)
test-built sanitized: $(SIM)
.PHONY: sim sim-long sim-selftest

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
FUZZ_B       := $(if $(filter command line,$(origin B)),$(B),build/fuzz)
fuzz-smoke: fuzz  ## each of them for FUZZ_SECONDS, and what their corpora reach
	@sh tests/fuzz/smoke.sh $(FUZZ_B) $(FUZZ_SECONDS)
fuzz-coverage: fuzz  ## what the committed corpora reach of the parsers, alone
	@sh tests/fuzz/coverage.sh $(FUZZ_B)
fuzz-replay: $(FUZZ_REPLAY)  ## the committed corpora, without clang
	@B=$(B) sh tests/run.sh $(FUZZ_REPLAY)
test-built: $(FUZZ_REPLAY)
.PHONY: fuzz fuzzers fuzz-smoke fuzz-coverage fuzz-replay

# ---- constant time -------------------------------------------------------------

# Runs itself under valgrind, on the objects that are shipped.
CT      := $(B)/tests/ct/test_ct
CT_LINK := -Wl,--wrap=skp_equal_ct -Wl,--wrap=skp_base64_decode -Wl,--wrap=skp_base64_decode_to \
           -Wl,--wrap=crypto_scalarmult_curve25519 -Wl,--wrap=skp_x25519_batch -Wl,--wrap=EVP_DecryptFinal_ex

$(CT): $(CT).o $(B)/tests/ct/secrets.o $(B)/tests/ct/planted.o $(B)/libt.a $(B)/core.a
	@echo "  LD    $@"
	$(Q)$(CC_ALL) $(CT_LINK) $(LDFLAGS) $^ $(call libs,$(PKGS_TEST)) -pthread -o $@
ct: $(CT)  ## no branch and no index depends on a secret
	@B=$(B) sh tests/run.sh $(CT)
test-built: $(CT)
.PHONY: ct

# ---- supply chain --------------------------------------------------------------

SBOM := build/sidekey-$(VERSION).spdx.json
# What is linked, by its name in pkg-config.
SBOM_PKGS := libssl libcrypto libsodium $(MSGPACK) libuv libcjson libcurl

sbom: all  ## the files of this tree and what is linked, as SPDX 2.3, in build/
	@/usr/bin/python3 contrib/sbom/sbom.py --version $(VERSION) --out $(SBOM) $(SBOM_PKGS) \
	    -- $(B)/sidekeyd $(B)/sidekey $(B)/libsidekey.so.0
SUPPLY := $(sort $(wildcard tests/supply/test_*.sh))
supply: all  ## the bill of materials, the hardening and that builds repeat
	@B=$(B) CC="$(CC)" sh tests/run.sh $(SUPPLY)
.PHONY: sbom supply

# ---- measuring -----------------------------------------------------------------

# The peers.  A row whose peer is missing is left out, and says so.
BENCH_DEPS := redis-server memcached gnupg openssh-client softhsm2 p11-kit p11-kit-modules
bench-deps:  ## install what make bench measures against (Debian 12)
	$(call install_missing,$(BENCH_DEPS))

SINGLE := $(B)/tests/bench/sidekeyd-single
BENCH  := $(filter-out %/single.o,$(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/bench/*.c))))

# The headers of p11-kit come with those of libmicrohttpd.
$(B)/tests/bench/peer_p11.o: BASE += $(shell pkg-config --cflags p11-kit-1)

$(B)/tests/bench/bench: $(BENCH) $(B)/libt.a $(B)/core.a
	@echo "  LD    $@"
	$(Q)$(CC_ALL) $(LDFLAGS) $^ $(call libs,$(PKGS_TEST)) -pthread -o $@

# The agent without look-ahead, for the rows "one by one".
$(SINGLE): $(B)/agent/main.o $(B)/tests/bench/single.o $(B)/core.a
	@echo "  LD    $@"
	$(Q)$(CC_ALL) -Wl,--wrap=skp_x25519_batch_least $(LDFLAGS) $^ $(call libs,$(PKGS_AGENT)) -pthread -o $@

# What is done with the numbers has a suite like any other code.
$(B)/tests/unit/test_bench_report: $(addprefix $(B)/tests/bench/,latency.o series.o table.o)

bench: $(B)/tests/bench/bench $(B)/sidekeyd $(SINGLE)  ## measure against limits and peers
	@B=$(B) $<
bench-json: $(B)/tests/bench/bench $(B)/sidekeyd $(SINGLE)  ## the same, also to build/bench.json
	@mkdir -p build
	@B=$(B) $< --json build/bench.json
bench-plot: bench-json  ## the same, then draw the pictures of the README
	@/usr/bin/python3 tests/bench/plot.py build/bench.json docs/bench
.PHONY: bench bench-deps bench-json bench-plot

# ---- faults --------------------------------------------------------------------

FAULTS := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/faults/load*.c)))
FAULTS_SWEEP := $(filter %/test_sweep_%,$(UNIT))
FAULTS_PYTHON := /usr/bin/python3 -B

$(B)/tests/faults/load: $(FAULTS) $(B)/core.a
	@echo "  LD    $@"
	$(Q)$(CC_ALL) $(LDFLAGS) $^ $(call libs,$(PKGS_TEST)) -pthread -o $@

faults: deps  ## inject every fault of tests/faults/README.md; ROW=12 one of them
	@$(MAKE) --no-print-directory $(B)/sidekeyd $(B)/sidekey $(B)/tests/faults/load \
	    $(B)/tests/faults/sidekeyd-drop $(FAULTS_SWEEP)
	@$(MAKE) --no-print-directory VARIANT=asan B=build/asan build/asan/sidekeyd
	@$(FAULTS_PYTHON) tests/faults/table.py --release $(B) --asan build/asan $(ROW)
.PHONY: faults

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
	$(Q)sh tests/lint/paths.sh .
	$(Q)sh tests/lint/symbols.sh $(B)
lint-tidy: $(TIDIED)
build/tidy/%.ok: %.c .clang-tidy
	@mkdir -p $(@D)
	@echo "  TIDY  $<"
	$(Q)clang-tidy --quiet $< -- $(TIDY_CC) $(shell pkg-config --cflags $(PKGS_TEST)) 2>/dev/null
	@touch $@
lint-cppcheck: build/cppcheck.ok
build/cppcheck.ok: $(SOURCES) tests/lint/cppcheck.supp
	@mkdir -p $(@D)
	$(Q)cppcheck --quiet --error-exitcode=1 --std=c11 -i libclient/examples --enable=warning,performance,portability \
	    --inline-suppr --suppress=missingIncludeSystem --suppressions-list=tests/lint/cppcheck.supp \
	    -D_GNU_SOURCE -DSKD_VERSION='"0"' -I. protocol agent libclient
	@touch $@
lint-analyze:
	@$(MAKE) --no-print-directory CC=gcc VARIANT=analyze analyzed
analyzed: $(CORE:%.c=$(B)/%.o)
lint-shell:
	$(Q)shellcheck $(SCRIPTS)
lint-selftest: all  ## plant one violation per check and see it caught
	@CC=$(CC) sh tests/lint/selftest.sh . $(B)
docs: $(B)/tests/unit/test_config_document all  ## bring generated tables, manual pages and completions up to date
	@SIDEKEY_WRITE_DOCUMENTS=1 $<
	@/usr/bin/python3 contrib/man/generate.py $(B)
	@/usr/bin/python3 contrib/completion/generate.py $(B)
format:  ## rewrite the sources in the project's format
	clang-format -i $(SOURCES) $(TESTSRC)

# ---- installing ----------------------------------------------------------------

LIBDIR ?= $(PREFIX)/lib
# systemd reads these under /usr and /usr/local (units also under /etc).
UNITDIR     ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
MANDIR      ?= $(PREFIX)/share/man
# Where the shells look by themselves.
BASHDIR     ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR      ?= $(PREFIX)/share/zsh/site-functions
FISHDIR     ?= $(PREFIX)/share/fish/vendor_completions.d
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
	install -d $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man3 $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man8
	install -m 644 contrib/man/sidekey.1 $(DESTDIR)$(MANDIR)/man1/sidekey.1
	install -m 644 contrib/man/libsidekey.3 $(DESTDIR)$(MANDIR)/man3/libsidekey.3
	install -m 644 contrib/man/sidekeyd.conf.5 $(DESTDIR)$(MANDIR)/man5/sidekeyd.conf.5
	install -m 644 contrib/man/sidekeyd.8 $(DESTDIR)$(MANDIR)/man8/sidekeyd.8
	install -d $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	install -m 644 contrib/completion/sidekey.bash $(DESTDIR)$(BASHDIR)/sidekey
	install -m 644 contrib/completion/sidekeyd.bash $(DESTDIR)$(BASHDIR)/sidekeyd
	install -m 644 contrib/completion/_sidekey contrib/completion/_sidekeyd $(DESTDIR)$(ZSHDIR)
	install -m 644 contrib/completion/sidekey.fish contrib/completion/sidekeyd.fish $(DESTDIR)$(FISHDIR)
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR) $(DESTDIR)$(TMPFILESDIR)
	sed -e 's|/usr/local/|$(PREFIX)/|g' contrib/systemd/sidekeyd.service >$(DESTDIR)$(UNITDIR)/sidekeyd.service
	chmod 644 $(DESTDIR)$(UNITDIR)/sidekeyd.service
	install -m 644 contrib/systemd/sidekeyd.socket $(DESTDIR)$(UNITDIR)/sidekeyd.socket
	install -m 644 contrib/systemd/sidekey.sysusers $(DESTDIR)$(SYSUSERSDIR)/sidekey.conf
	install -m 644 contrib/systemd/sidekey.tmpfiles $(DESTDIR)$(TMPFILESDIR)/sidekey.conf
uninstall:  ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/sbin/sidekeyd $(DESTDIR)$(PREFIX)/bin/sidekey \
	    $(DESTDIR)$(LIBDIR)/libsidekey.so.0 $(DESTDIR)$(LIBDIR)/libsidekey.so $(DESTDIR)$(LIBDIR)/libsidekey.a \
	    $(DESTDIR)$(PREFIX)/include/sidekey_async.h \
	    $(DESTDIR)$(PREFIX)/include/sidekey_keys.h \
	    $(DESTDIR)$(PREFIX)/include/sidekey.h $(DESTDIR)$(PREFIX)/include/sidekey_stream.h \
	    $(DESTDIR)$(LIBDIR)/pkgconfig/sidekey.pc \
	    $(DESTDIR)$(BASHDIR)/sidekey $(DESTDIR)$(BASHDIR)/sidekeyd \
	    $(DESTDIR)$(ZSHDIR)/_sidekey $(DESTDIR)$(ZSHDIR)/_sidekeyd \
	    $(DESTDIR)$(FISHDIR)/sidekey.fish $(DESTDIR)$(FISHDIR)/sidekeyd.fish \
	    $(DESTDIR)$(UNITDIR)/sidekeyd.service $(DESTDIR)$(UNITDIR)/sidekeyd.socket \
	    $(DESTDIR)$(SYSUSERSDIR)/sidekey.conf $(DESTDIR)$(TMPFILESDIR)/sidekey.conf \
	    $(DESTDIR)$(MANDIR)/man1/sidekey.1 $(DESTDIR)$(MANDIR)/man3/libsidekey.3 \
	    $(DESTDIR)$(MANDIR)/man5/sidekeyd.conf.5 $(DESTDIR)$(MANDIR)/man8/sidekeyd.8
dist:  ## a source archive of the last commit
	@mkdir -p build
	git archive --prefix=sidekey-$(VERSION)/ -o build/sidekey-$(VERSION).tar.gz HEAD

DEB := build/deb
# Whose packages they are, as Debian writes it.  There is no such address yet.
MAINTAINER ?= sidekey maintainers <maintainers@sidekey.invalid>
deb: export MAINTAINER := $(MAINTAINER)
deb:  ## Debian packages of the last commit, in build/deb
	@sh contrib/debian/build.sh $(VERSION) $(DEB) >build/deb.log 2>&1 || { tail -n 30 build/deb.log; exit 1; }
	@ls $(DEB)/*.deb
deb-test:  ## build, inspect, install, upgrade and purge them in a Debian 12 of their own (root)
	@$(MAKE) --no-print-directory deb
	@B=$(B) sh tests/run.sh -- tests/deb/test_deb.sh tests/deb/test_deb_boot.sh
.PHONY: deb deb-test

ci:  ## what .ci/run runs
	@sh .ci/run
help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
clean:  ## remove everything built
	rm -rf build

# Kept between runs; naming all would keep make from noticing a new source.
.SECONDARY: $(UNIT:%=%.o) $(INTEG:%=%.o)
.PHONY: all clean deps test test-built unit integration asan tsan sanitized valgrind valgrinded demo x25519-long \
        lint lint-format lint-own lint-tidy lint-cppcheck lint-analyze analyzed lint-shell lint-selftest \
        docs format install uninstall dist ci help
-include $(shell find $(B) -name '*.d' 2>/dev/null)
