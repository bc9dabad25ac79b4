# libvoiceengine. `make demo` and `make test` set up everything they need on a fresh machine.
#
#   make demo      a real call on local models: greeting, turns, an interruption; leaves a WAV and a picture
#   make test      everything that is tested, Swift, C, Python and the real models
#   make check     format, rules of the code, exported symbols
#   make bench     load benchmark with scripted providers
#   make bench-engine   the engine without a wire: calls over the C ABI, set-up, memory
#   make bench-local  the same callers on local speech models, until they are full
#   make bench-peer   the same load on voice-host and on pipecat, side by side
#   make turns     turn-taking measured on recorded speech, into docs/turn-taking.md
#   make build     library, voice-host and header into dist/
#   make models    local models into the user's cache
#   make run       voice-host, to talk to from a browser or a real telephone number
#   make asterisk-test   calls through a real, unmodified Asterisk, fetched from Debian
#   make install   PREFIX=/usr/local DESTDIR=

PREFIX ?= /usr/local
PORT ?= 8080
AGENTS ?= examples/agents
# The Swift runtime is linked in, so that hosts need no Swift. Exclusive access to memory is checked at run time by debug builds, which the
# tests are; it costs 3 % of a call.
SWIFT_RELEASE = -c release -Xswiftc -static-stdlib -Xswiftc -enforce-exclusivity=unchecked --disable-local-rpath
LIBRARY = .build/release/libvoiceengine.so
SWIFT_SOURCES = $(shell find Sources -type f) Package.swift

.PHONY: all demo test check abi bench bench-engine bench-local bench-peer turns build models run install packages swift-test asterisk-test clean

all: build

packages:
	@scripts/system-packages.sh

build: dist/.built

$(LIBRARY): $(SWIFT_SOURCES) | packages
	swift build $(SWIFT_RELEASE) --product voiceengine
	swift build $(SWIFT_RELEASE) --product voice-lab
	swift build $(SWIFT_RELEASE) --product voice-bench
	@touch $@ .build/release/voice-bench

dist/.built: $(LIBRARY) $(wildcard examples/host/*.[ch]) scripts/install.sh $(wildcard bindings/python/voice_engine/*)
	@PREFIX=$(CURDIR)/dist LIBRARY=$(LIBRARY) scripts/install.sh
	@touch $@

models: | packages
	@scripts/models/fetch.sh

demo: build models
	@scripts/demo.sh

test: build models check swift-test
	@scripts/test.sh

# Local models block the threads that run them and sockets live in real time, so their tests run one after another:
# beside a thousand others a socket can wait for minutes and meet every time limit of the client.
ONE_BY_ONE := VoiceEngineLocalTests|SocketTests|BrokenServerTests|RealWyomingTests|CarrierServerTests|HostileClientsTests

swift-test: | packages
	swift test --parallel --skip '$(ONE_BY_ONE)'
	swift test --skip-build --no-parallel --filter '$(ONE_BY_ONE)'

check: | packages
	@scripts/check/run.sh

abi: build
	@scripts/abi.sh

bench: build
	@scripts/bench.sh

bench-engine: build
	@scripts/voice-bench.sh

bench-local: build models
	@scripts/bench-local.sh

bench-peer: build
	@scripts/bench-peer.sh

turns: models
	@scripts/turns.sh

# Exit status 77 of the script: skipped, because Asterisk cannot be fetched here.
asterisk-test: build
	@Tests/asterisk/run.sh || { status=$$?; [ $$status = 77 ] || exit $$status; }

run: build models
	@scripts/run.sh $(PORT) $(AGENTS)

install: build
	@PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) LIBRARY=$(LIBRARY) scripts/install.sh

clean:
	rm -rf .build dist demo-output bench-output
