# segrelay: Shopify's webhooks to Segment.
#
# `make help` lists the targets. Variables that matter: CC, CFLAGS, prefix, DESTDIR, BUILD.

VERSION = 0.1.0

prefix      ?= /usr/local
bindir      ?= $(prefix)/bin
mandir      ?= $(prefix)/share/man
docdir      ?= $(prefix)/share/doc/segrelay
sysconfdir  ?= /etc
unitdir     ?= /lib/systemd/system

BUILD       ?= build/release
PYTHON      ?= /usr/bin/python3
INSTALL     ?= install

CFLAGS      ?= -O2 -g
WARNINGS    = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 -Wvla \
              -Wmissing-prototypes -Wstrict-prototypes -Wundef -Werror

# What the compiler, the C library and the machine support of it. _FORTIFY_SOURCE comes last, undefined
# first: CFLAGS or the compiler itself may set another level. Without optimization there is none.
compiles     = $(shell printf '$(1)' | $(CC) -Werror $(CFLAGS) $(2) -x c -c -o /dev/null - 2>/dev/null && echo $(2))
fortify_of   = $(call compiles,\043include <features.h>\n\043if __USE_FORTIFY_LEVEL < $(1)\n\043error\n\043endif\n,\
               -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(1))
ifeq ($(origin HARDENING),undefined)
HARDENING   := -fstack-protector-strong -fPIE \
               $(foreach flag,-fstack-clash-protection -fcf-protection -mbranch-protection=standard,\
               $(call compiles,int x;,$(flag)))
FORTIFY     := $(or $(call fortify_of,3),$(call fortify_of,2))
endif
# No path of the machine that builds it is in the program.
REPRODUCIBLE = -ffile-prefix-map=$(CURDIR)=.
ALL_CFLAGS  = -std=gnu17 -D_GNU_SOURCE -Iinclude -DSEGRELAY_VERSION='"$(VERSION)"' $(WARNINGS) $(HARDENING) \
              $(CFLAGS) $(FORTIFY) $(REPRODUCIBLE) -pthread
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS) -pthread
LIBS        = -lmicrohttpd -lcurl -lcjson -lcrypto -luuid -lsqlite3 -lconfuse -lsystemd -lz

SOURCES     = $(filter-out src/main.c,$(sort $(wildcard src/*/*.c src/*/*/*.c)))
OBJECTS     = $(SOURCES:%.c=$(BUILD)/%.o)
MAIN        = $(BUILD)/src/main.o
BINARY      = $(BUILD)/segrelay
LIBRARY     = $(BUILD)/libsegrelay.a

LINT_FLAGS  = -std=gnu17 -D_GNU_SOURCE -Iinclude -DSEGRELAY_VERSION='"$(VERSION)"'

UNIT        = $(sort $(wildcard tests/unit/test_*.c))
UNIT_BIN    = $(UNIT:%.c=$(BUILD)/%)

.PHONY: all
all: $(BINARY) ## build the program (build/release/segrelay)

$(BINARY): $(MAIN) $(LIBRARY)
	@echo "link    $@"
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(MAIN) $(LIBRARY) $(LIBS)

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	@$(AR) rcs $@ $(OBJECTS)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "compile $<"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# These files are in the program.
$(BUILD)/src/receive/sources/scripts_data.o: storefront/segrelay.js storefront/segrelay-pixel.js

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(LIBRARY)
	@echo "link    $@"
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIBRARY) $(LIBS) -lcmocka

# Tests that stand between the program and what it calls.
$(BUILD)/tests/unit/test_sender_hours: ALL_LDFLAGS += \
	-Wl,--wrap=clock_monotonic,--wrap=clock_now,--wrap=curl_multi_poll,--wrap=curl_multi_perform,--wrap=getrandom
$(BUILD)/tests/unit/test_sender_poison: ALL_LDFLAGS += \
	-Wl,--wrap=clock_monotonic,--wrap=clock_now,--wrap=curl_multi_poll,--wrap=curl_multi_perform
$(BUILD)/tests/unit/test_sender_faults: ALL_LDFLAGS += \
	-Wl,--wrap=clock_monotonic,--wrap=clock_now,--wrap=curl_multi_poll,--wrap=curl_multi_perform \
	-Wl,--wrap=curl_multi_init,--wrap=curl_multi_add_handle,--wrap=curl_easy_init,--wrap=pthread_create \
	-Wl,--wrap=curl_easy_setopt,--wrap=curl_slist_append,--wrap=malloc,--wrap=calloc,--wrap=realloc
$(BUILD)/tests/unit/test_names: ALL_LDFLAGS += -Wl,--wrap=clock_monotonic,--wrap=getaddrinfo
$(BUILD)/tests/unit/test_engine $(BUILD)/tests/unit/test_engine_log $(BUILD)/tests/unit/test_retention_clock: \
	ALL_LDFLAGS += -Wl,--wrap=clock_monotonic
$(BUILD)/tests/unit/test_retention_clock: ALL_LDFLAGS += -Wl,--wrap=malloc
$(BUILD)/tests/unit/test_admin_start: ALL_LDFLAGS += \
	-Wl,--wrap=socket_listen,--wrap=MHD_start_daemon,--wrap=close
$(BUILD)/tests/unit/test_engine_fault_runs: ALL_LDFLAGS += -Wl,--wrap=clock_monotonic
$(BUILD)/tests/unit/test_engine_faults: ALL_LDFLAGS += \
	-Wl,--wrap=clock_monotonic,--wrap=malloc,--wrap=calloc,--wrap=realloc
$(BUILD)/tests/unit/test_listener_deadlines: ALL_LDFLAGS += \
	-Wl,--wrap=clock_monotonic,--wrap=MHD_run,--wrap=poll,--wrap=getsockopt
$(BUILD)/tests/unit/test_listener_no_memory: ALL_LDFLAGS += \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=MHD_run,--wrap=MHD_queue_response \
	-Wl,--wrap=digest_sha256,--wrap=digest_hmac_parts,--wrap=arena_copy,--wrap=arena_format \
	-Wl,--wrap=engine_store
$(BUILD)/tests/unit/test_no_memory: ALL_LDFLAGS += \
	-Wl,--wrap=malloc,--wrap=realloc,--wrap=arena_alloc,--wrap=arena_copy,--wrap=arena_format

-include $(OBJECTS:.o=.d) $(MAIN:.o=.d) $(UNIT_BIN:=.d)

.PHONY: install
install: $(BINARY) ## install the program, manual pages, unit and examples (DESTDIR, prefix)
	$(INSTALL) -d $(DESTDIR)$(bindir) $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(mandir)/man5 \
		$(DESTDIR)$(docdir) $(DESTDIR)$(sysconfdir)/segrelay $(DESTDIR)$(unitdir)
	$(INSTALL) -m 755 $(BINARY) $(DESTDIR)$(bindir)/segrelay
	$(INSTALL) -m 644 docs/segrelay.1 $(DESTDIR)$(mandir)/man1/
	$(INSTALL) -m 644 docs/segrelay.conf.5 $(DESTDIR)$(mandir)/man5/
	$(INSTALL) -m 644 README.md CHANGELOG.md LICENSE $(wildcard docs/*.md) config/segrelay.conf config/nginx.conf \
		config/Caddyfile storefront/segrelay.liquid $(DESTDIR)$(docdir)/
	sed 's|/usr/local/bin|$(bindir)|' systemd/segrelay.service \
		> $(DESTDIR)$(unitdir)/segrelay.service
	chmod 644 $(DESTDIR)$(unitdir)/segrelay.service
	test -e $(DESTDIR)$(sysconfdir)/segrelay/segrelay.conf || \
		$(INSTALL) -m 644 config/segrelay.conf $(DESTDIR)$(sysconfdir)/segrelay/segrelay.conf

.PHONY: uninstall
uninstall: ## remove what install put there; the configuration stays
	rm -f $(DESTDIR)$(bindir)/segrelay $(DESTDIR)$(mandir)/man1/segrelay.1 \
		$(DESTDIR)$(mandir)/man5/segrelay.conf.5 $(DESTDIR)$(unitdir)/segrelay.service
	rm -rf $(DESTDIR)$(docdir)

.PHONY: deps
deps: ## install what is missing on Debian to build and to test
	scripts/deps.sh build test

# What `make demo` and `make test` do first. The build itself is a second make: on a fresh machine
# there is no compiler before.
.PHONY: demo
demo: ## install what is missing, build, and show an order's way to Segment
	scripts/deps.sh build demo
	$(MAKE) all
	scripts/demo.sh $(BINARY)

.PHONY: test
test: ## install what is missing, build, and pass all tests
	scripts/deps.sh build test
	$(MAKE) -j2 all unit-tests
	$(MAKE) check

.PHONY: unit-tests
unit-tests: $(UNIT_BIN)

# Most tests wait more than they compute: so many run at once, the longest first.
JOBS        ?= 10
at_once      = $(MAKE) --no-print-directory -j$(JOBS) -Otarget -k

# A test that hangs ends, whatever it waits for: each has bounds of its own, far below.
WITHIN       = timeout --kill-after=30 3000

.PHONY: check
check: all check-rooms $(UNIT_BIN)
	$(at_once) check-browser check-blackbox check-unit

# What the tests' fixtures have, and no line of a log.
UNIT_SECRETS = hush-of-the|k3y0f|@example

UNIT_LONG    = run-test_growth run-test_engine_faults run-test_engine_fault_runs run-test_sender_poison \
               run-test_listener_bounds run-test_sender_failures run-test_admin_busy run-test_engine
UNIT_RUN     = $(UNIT_LONG) $(filter-out $(UNIT_LONG),$(UNIT:tests/unit/%.c=run-%))

.PHONY: check-unit $(UNIT_RUN)
check-unit: $(UNIT_RUN)

$(UNIT_RUN): run-%: $(BUILD)/tests/unit/%
	@echo "== $<"; \
	$(WITHIN) $< 2>$<.log; status=$$?; cat $<.log >&2; test $$status = 0 && \
		! grep -E '^<[0-9]>level=.*($(UNIT_SECRETS))' $<.log

.PHONY: check-rooms
check-rooms:
	$(PYTHON) tests/check_rooms.py

PYTEST       = SEGRELAY=$(abspath $(BINARY)) $(WITHIN) $(PYTHON) -m pytest -q -p no:cacheprovider
LOGS         = tests/blackbox/test_logs.py
# So many runs share the black-box tests, which wait for most of their time (tests/tools/sharing.py).
BLACKBOX     = $(addprefix check-blackbox-,1 2 3 4 5 6)
SHARE        = $(abspath $(BUILD))/share
SHARED       = SHARE=$(SHARE) $(PYTEST)

.PHONY: check-blackbox check-golden check-blackbox-logs check-blackbox-begin $(BLACKBOX)
check-blackbox: $(BLACKBOX) check-golden check-blackbox-logs

check-golden: $(BINARY)
	$(PYTEST) tests/golden

check-blackbox-begin:
	@rm -rf $(SHARE)
	@mkdir -p $(SHARE)

$(BLACKBOX): $(BINARY) check-blackbox-begin
	$(SHARED) --ignore=$(LOGS) $(MARKED) tests/blackbox

check-blackbox-logs: $(BLACKBOX)
	$(SHARED) $(LOGS)

# Skipped, with the reason, where Chromium or Node is not installed (scripts/deps.sh browser).
BROWSER_MODULES = tests/browser/node_modules/.package-lock.json

BROWSER      = $(sort $(wildcard tests/browser/test_*.py))
BROWSER_1    = $(filter %/test_events.py,$(BROWSER))

.PHONY: check-browser check-browser-1 check-browser-2
check-browser: check-browser-1 check-browser-2 ## the storefront's script and pixel in a real browser

check-browser-1: $(BINARY) $(BROWSER_MODULES)
	$(PYTEST) -rs $(BROWSER_1)

check-browser-2: $(BINARY) $(BROWSER_MODULES)
	$(PYTEST) -rs $(filter-out $(BROWSER_1),$(BROWSER))

$(BROWSER_MODULES): tests/browser/package-lock.json
	@! command -v npm >/dev/null || { \
		echo "npm ci  tests/browser" && cd tests/browser && npm ci --ignore-scripts --no-audit --no-fund --silent && \
		touch node_modules/.package-lock.json; }

.PHONY: golden-update
golden-update: $(BINARY) ## write the golden tests' expected messages anew, and show the difference
	SEGRELAY=$(abspath $(BINARY)) $(PYTHON) tests/golden/test_golden.py --update

.PHONY: docs
docs: $(BINARY) ## write the generated parts of the documents anew: options, events, examples
	SEGRELAY=$(abspath $(BINARY)) $(PYTHON) -B scripts/docs.py

SANITIZE_ADDRESS = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SANITIZE_THREAD  = -fsanitize=thread -fno-omit-frame-pointer
sanitized        = $(MAKE) BUILD=build/$(1) HARDENING=-fPIE CFLAGS='-O1 -g $(2)' $(3)

# The parts of check that run under a sanitizer, both at once: what is built is built first.
.PHONY: check-sanitize check-sanitize-parts check-address check-thread
check-address:
	+$(call sanitized,address,$(SANITIZE_ADDRESS),check-blackbox check-unit)

check-thread:
	+$(call sanitized,thread,$(SANITIZE_THREAD),check-unit-threads check-threads)

# A program that never makes a thread has nothing for TSan to see.
ifneq ($(filter check-unit-threads,$(MAKECMDGOALS)),)
THREADLESS  := $(shell for test in $(UNIT_BIN); do \
	test -x $$test && ! nm -D $$test | grep -q pthread_create && basename $$test; done)
.PHONY: check-unit-threads
check-unit-threads: $(filter-out $(THREADLESS:%=run-%),$(UNIT_RUN))
endif

check-sanitize-parts: check-address check-thread

check-sanitize: ## all tests under ASan, LSan and UBSan, those with threads under TSan
	scripts/deps.sh build test
	@mkdir -p build/address
	$(CC) $(SANITIZE_ADDRESS) -o build/address/leak tests/tools/leak.c
	! build/address/leak 2>/dev/null # else leaks are not seen on this machine
	$(call sanitized,address,$(SANITIZE_ADDRESS),-j2 all unit-tests)
	$(call sanitized,thread,$(SANITIZE_THREAD),-j2 all unit-tests)
	$(at_once) check-sanitize-parts

# What clang's sanitizer sees and gcc's does not: an offset of a null pointer, a call through another type.
SANITIZE_UNDEFINED = -fsanitize=undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
undefined          = $(MAKE) BUILD=build/undefined CC=clang HARDENING=-fPIE CFLAGS='-O1 -g $(SANITIZE_UNDEFINED)' $(1)

.PHONY: check-undefined check-undefined-parts
check-undefined: ## unit and golden tests and the storefront's under clang's UBSan
	scripts/deps.sh build test sanitize
	$(call undefined,-j2 all unit-tests)
	$(call undefined,check-undefined-parts)

check-undefined-parts: all $(UNIT_BIN)
	$(at_once) check-unit check-golden check-undefined-requests

.PHONY: check-undefined-requests
check-undefined-requests: $(BINARY)
	$(PYTEST) tests/blackbox/test_storefront.py tests/blackbox/test_answers.py

.PHONY: check-threads
check-threads: export TSAN_OPTIONS = halt_on_error=0:exitcode=66:suppressions=$(abspath tests/tsan.suppressions)
check-threads: MARKED = -m threads
check-threads: $(BLACKBOX)

# What takes too long so: the tests that make 100,000 calls, or fail each allocation in turn.
RESTLESS     = test_listener_bounds test_engine_faults test_engine_fault_runs

.PHONY: check-rests
check-rests: $(BINARY) $(UNIT_BIN) ## the tests while all threads rest at random: none may rest on what comes first
	$(CC) $(LINT_FLAGS) -O2 -Wall -Wextra -shared -fPIC -o $(BUILD)/rests.so tests/tools/rests.c -ldl
	for test in $(filter-out $(RESTLESS),$(UNIT:tests/unit/%.c=%)); do \
		echo "== $$test" && LD_PRELOAD=$(abspath $(BUILD))/rests.so $(BUILD)/tests/unit/$$test || exit 1; \
	done
	RELAY_PRELOAD=$(abspath $(BUILD))/rests.so $(PYTEST) tests/blackbox -k "not 100000"

# Which of them: disk user network order core dates.
AROUND       ?=

.PHONY: check-around
check-around: all $(UNIT_BIN) ## tests as another user, with little /tmp, on a busy core, shuffled, ...; takes half an hour
	PYTHON=$(PYTHON) BUILD=$(BUILD) tests/around.sh $(AROUND)

# The same test is part of check, with 20 crashes.
CRASHES      ?= 200

.PHONY: check-crash
check-crash: $(BINARY) ## kill -9 the relay CRASHES (200) times under a mixed load: nothing lost, nothing twice
	CRASHES=$(CRASHES) SEGRELAY=$(abspath $(BINARY)) \
		$(PYTHON) -m pytest -q -s -p no:cacheprovider tests/blackbox/test_crash.py

MUTANTS      ?= 200
MUTANTS_SEED ?= 1

.PHONY: check-mutants
check-mutants: ## make MUTANTS (200) small wrong changes in turn: does a test notice each? takes an hour
	scripts/deps.sh build test
	$(PYTHON) tests/mutants.py --count $(MUTANTS) --seed $(MUTANTS_SEED)

FUZZ         = mapping turns work request config texts hint exchange
# Time passes only where the target says so.
FUZZ_LINK_turns = -Wl,--wrap=clock_now
FUZZ_SECONDS ?= 300
FUZZ_SEED    ?= 0
FUZZ_FLAGS   = -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined

FUZZ_RUN     = $(FUZZ:%=fuzz-%)

.PHONY: fuzz fuzz-parts $(FUZZ_RUN)
fuzz: ## fuzz each target for FUZZ_SECONDS (300), two at once; a finding stays in build/fuzz
	scripts/deps.sh build test sanitize
	$(MAKE) -j2 BUILD=build/fuzz CC=clang HARDENING=-fPIE \
		CFLAGS='$(FUZZ_FLAGS) -fsanitize=fuzzer-no-link' build/fuzz/libsegrelay.a
	@$(PYTHON) tests/fuzz/seeds.py build/fuzz/seeds
	@$(MAKE) --no-print-directory -j2 -Otarget fuzz-parts

fuzz-parts: $(FUZZ_RUN)

$(FUZZ_RUN): fuzz-%:
	@clang $(LINT_FLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer $(FUZZ_LINK_$*) \
		tests/fuzz/fuzz_$*.c build/fuzz/libsegrelay.a -o build/fuzz/fuzz_$* $(LIBS) -pthread
	@mkdir -p build/fuzz/corpus/$*
	@echo "== fuzz $*, $(FUZZ_SECONDS) s"
	@build/fuzz/fuzz_$* -seed=$(FUZZ_SEED) -max_total_time=$(FUZZ_SECONDS) -timeout=120 -rss_limit_mb=2048 \
		-max_len=65536 -print_final_stats=1 -artifact_prefix=build/fuzz/$*- \
		build/fuzz/corpus/$* build/fuzz/seeds/$* >build/fuzz/$*.log 2>&1 \
		|| { tail -40 build/fuzz/$*.log; exit 1; }
	@grep -E 'stat::(number_of_executed_units|peak_rss_mb)' build/fuzz/$*.log

.PHONY: check-fuzz
check-fuzz: ## fuzz each target for a few seconds, from the same seed each time
	$(MAKE) fuzz FUZZ_SECONDS=10 FUZZ_SEED=1

.PHONY: lint
lint: ## formatting, static analysis, both compilers, shell scripts, manual pages, the unit
	scripts/deps.sh build test lint
	$(MAKE) BUILD=build/clang CC=clang all
	@echo "clang-format"
	@clang-format --dry-run --Werror $(wildcard src/*.c src/*/*.c src/*/*/*.c include/*/*.h include/*/*/*.h tests/*/*.[ch])
	@echo "clang-tidy"
	@printf '%s\n' $(SOURCES) src/main.c | xargs -P2 -I FILE clang-tidy --quiet FILE -- $(LINT_FLAGS) \
		2>/dev/null
	@echo "copies of a peer's bytes"
	@tests/check_copies.sh
	@echo "language"
	@$(PYTHON) tests/check_language.py
	@echo "cppcheck, shellcheck, mandoc, systemd-analyze"
	@cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
		--inline-suppr --suppressions-list=tests/cppcheck.suppressions -Iinclude \
		-DSEGRELAY_VERSION='"$(VERSION)"' -j2 src
	shellcheck scripts/*.sh tests/*.sh .ci/run
	mandoc -T lint -W warning docs/*.[15]
	@! command -v node >/dev/null || for file in storefront/*.js tests/browser/*.mjs tests/browser/pages/*.js; do \
		node --check $$file || exit 1; done
	systemd-analyze security --offline=yes --threshold=15 systemd/segrelay.service >/dev/null

.PHONY: bench
bench: ## measure a bounded load on loopback; figures go to build/bench.txt
	scripts/deps.sh build bench
	$(MAKE) all
	$(PYTHON) tests/bench/bench.py $(BINARY) build/bench.txt

LOADS        ?= 20

.PHONY: bench-storefront
bench-storefront: $(BROWSER_MODULES) ## what the storefront's script costs a page, over LOADS (20) loads; build/storefront.txt
	scripts/deps.sh browser
	$(PYTHON) tests/browser/bench.py build/storefront.txt $(LOADS)

.PHONY: bench-flood
bench-flood: ## what floods of bad signatures and of hints cost good webhooks and the store; build/flood.txt
	scripts/deps.sh build bench
	$(MAKE) all
	$(PYTHON) tests/bench/flood.py $(BINARY) build/flood.txt

GROWTH_ROWS  ?= 1000000

.PHONY: bench-growth
bench-growth: ## what a webhook costs with GROWTH_ROWS (1,000,000) in the store, against an empty one
	scripts/deps.sh build bench
	$(MAKE) all
	$(PYTHON) tests/bench/growth.py $(BINARY) build/growth.txt $(GROWTH_ROWS)

SOAK_MINUTES ?= 30

.PHONY: soak
soak: ## a bounded load for SOAK_MINUTES (30): is it flat? the table goes to build/soak.csv
	scripts/deps.sh build bench
	$(MAKE) all
	$(PYTHON) tests/bench/soak.py $(BINARY) build/soak.csv $(SOAK_MINUTES)

# Objects of tests are kept, so that a second run builds nothing.
.SECONDARY:

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: clean
clean: ## remove what was built
	rm -rf build
