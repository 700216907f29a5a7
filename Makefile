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
HARDENING   ?= -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LIBRARIES   = libmicrohttpd libcurl libcjson libcrypto uuid sqlite3 libconfuse libsystemd
ALL_CFLAGS  = -std=gnu17 -Iinclude -DSEGRELAY_VERSION='"$(VERSION)"' $(WARNINGS) $(HARDENING) \
              $(CFLAGS) -pthread
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS) -pthread
LIBS        = -lmicrohttpd -lcurl -lcjson -lcrypto -luuid -lsqlite3 -lconfuse -lsystemd

SOURCES     = $(filter-out src/main.c,$(sort $(wildcard src/*/*.c)))
OBJECTS     = $(SOURCES:%.c=$(BUILD)/%.o)
MAIN        = $(BUILD)/src/main.o
BINARY      = $(BUILD)/segrelay
LIBRARY     = $(BUILD)/libsegrelay.a

UNIT        = $(sort $(wildcard tests/unit/test_*.c))
UNIT_BIN    = $(UNIT:%.c=$(BUILD)/%)

.PHONY: all
all: $(BINARY) ## build the program (build/release/segrelay)

$(BINARY): $(MAIN) $(LIBRARY)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(MAIN) $(LIBRARY) $(LIBS)

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $(OBJECTS)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(LIBRARY)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIBRARY) $(LIBS) -lcmocka

-include $(OBJECTS:.o=.d) $(MAIN:.o=.d) $(UNIT_BIN:=.d)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: clean
clean: ## remove what was built
	rm -rf build
