# Everything a fresh machine needs is Go, git, make and a shell. Targets
# install the rest: a Redis server and a browser for the tests, pinned tools into
# .bin.

GO      ?= go
BIN     := $(CURDIR)/.bin
FUZZ    ?= 10s
PKGS    ?= ./...

GOFUMPT_VERSION  := v0.12.0
GOLANGCI_VERSION := v2.15.0

SBOM_VERSION     := v1.10.0
VULN_VERSION     := v1.9.0
APIDIFF_VERSION  := v0.0.0-20261113113407-e3970619a1a4

.PHONY: minimum growth apidiff soak simulate release vuln all build demo test test-clients lint fmt fuzz chaos bench microbench redis browser node tools clean

all: lint test

## build: the binary, static and small
build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o bin/linearbot ./cmd/linearbot

## release: archives for Linux and macOS with checksums and a bill of materials, in dist/
release: $(BIN)/cyclonedx-gomod-$(SBOM_VERSION)
	GO=$(GO) SBOM=$(BIN)/cyclonedx-gomod .ci/release

## vuln: known vulnerabilities in what the binary calls; needs the database at vuln.go.dev, or a copy: VULNDB=https://…
vuln: $(BIN)/govulncheck-$(VULN_VERSION)
	@$(BIN)/govulncheck $${VULNDB:+-db "$$VULNDB"} ./... || { code=$$?; [ $$code -eq 3 ] || \
	  echo 'vuln: NOT CHECKED. This needs the database at https://vuln.go.dev, or a copy of it that VULNDB names' >&2; exit $$code; }

## apidiff: what changed in the public API since OLD, the last tag or any commit
apidiff: $(BIN)/apidiff-$(APIDIFF_VERSION)
	@old="$${OLD:-$$(git describe --tags --abbrev=0)}" && dir="$$(mktemp -d)" && trap 'git worktree remove --force "$$dir/old"; rm -rf "$$dir"' EXIT && \
	  git worktree add -q --detach "$$dir/old" "$$old" && \
	  (cd "$$dir/old" && $(BIN)/apidiff -m -w "$$dir/old.export" github.com/linearbot/linearbot) && \
	  $(BIN)/apidiff -m "$$dir/old.export" github.com/linearbot/linearbot 2>/dev/null | grep -v '^Ignoring internal' || echo 'apidiff: nothing changed'

## demo: the main job on embedded defaults
demo:
	$(GO) run ./cmd/linearbot demo

## test: all tests with the race detector; installs redis-server, chromium, nodejs and npm if missing
test: redis browser node
	$(GO) test -race -shuffle=on -timeout=20m $(PKGS)
	cd internal/e2e && $(GO) test -race -shuffle=on -timeout=5m ./...
	cd otel && $(GO) test -race -shuffle=on -timeout=5m ./...

## minimum: that everything builds, vets and works with the oldest Go that go.mod allows, which is downloaded
minimum:
	@oldest="go$$($(GO) list -m -f '{{.GoVersion}}')" && export GOTOOLCHAIN="$$oldest" && \
	  { $(GO) version | grep -qF "$$oldest " || { echo "$$oldest cannot be downloaded here: NOT TRIED"; exit 0; }; } && \
	  echo "with $$oldest" && \
	  $(GO) build ./... && $(GO) vet ./... && (cd otel && $(GO) vet ./...) && \
	  $(GO) test ./adapter ./state ./state/memstate ./bot/card ./linearbottest .

## test-clients: Linear's SDK and other foreign clients, unmodified, against the simulator
test-clients: node
	$(GO) build -o bin/linearbot-sim ./cmd/linearbot
	cd internal/clients && npm ci --no-audit --no-fund && LINEARBOT=$(CURDIR)/bin/linearbot-sim node --test

## lint: format, vet, linters, tidy
lint: tools
	@test -z "$$($(BIN)/gofumpt -l .)" || { echo 'not formatted, run: make fmt'; $(BIN)/gofumpt -l .; exit 1; }
	$(GO) vet ./...
	$(BIN)/golangci-lint run ./...
	$(GO) mod tidy -diff
	cd internal/e2e && $(GO) vet ./... && $(BIN)/golangci-lint run ./... && $(GO) mod tidy -diff
	cd otel && $(GO) vet ./... && $(BIN)/golangci-lint run ./... && $(GO) mod tidy -diff

## fmt: format all files
fmt: tools
	$(BIN)/gofumpt -w .

## fuzz: every fuzz target for FUZZ each (default 10s)
fuzz:
	@for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZ) $$pkg || exit 1; \
	  done; \
	done

## growth: that no pair of Markdown's marks takes more than linear effort, half an hour
growth:
	@for part in $$(seq 0 39); do echo "part $$part of 40"; GROWTH_PART=$$part $(GO) test -count=1 -timeout 30m ./internal/growth || exit 1; done

## chaos: the long chaos test, with processes, stores and the API failing at random
chaos: redis
	CHAOS_MESSAGES=$${CHAOS_MESSAGES:-5000} CHAOS_SECONDS=$${CHAOS_SECONDS:-240} CHAOS_REPORT=$(CURDIR)/chaos-report.json \
	  $(GO) test -count=1 -timeout 60m -v -run TestChaos ./internal/chaos

## simulate: the seeded simulation with thousands of seeds, about an hour. SEEDS=7000 FIRST=1
simulate:
	$(GO) test -count=1 -timeout 180m -v -run Simulation ./internal/simulation -seeds $${SEEDS:-7000} -first $${FIRST:-1}

## bench: a whole bot under load on every store, beside two floors; about three minutes. BENCH="--json --only redis,whole"
bench: redis
	$(GO) run ./internal/bench $(BENCH)

## soak: a steady load with faults on file and Redis for SOAK (30m) at RATE (200) a second, drawn to soak.svg
soak: redis
	$(GO) run ./internal/bench --soak $${SOAK:-30m} --rate $${RATE:-200} --picture soak.svg

## microbench: all benchmarks of single packages with allocations
microbench: redis
	$(GO) test -run '^$$' -bench . -benchmem ./...

## redis: a real redis-server, from Debian's packages if there is none
redis:
	@command -v redis-server >/dev/null || { \
	  echo 'installing redis-server'; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server; \
	}

## browser: a real chromium for the tests of pages, from Debian's packages if there is none
browser:
	@command -v chromium >/dev/null || { \
	  echo 'installing chromium'; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	}

## node: Node.js and npm for the foreign clients, from Debian's packages if there are none
node:
	@command -v node >/dev/null && command -v npm >/dev/null || { \
	  echo 'installing nodejs and npm'; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null; \
	}

## tools: pinned linters in .bin
tools: $(BIN)/gofumpt-$(GOFUMPT_VERSION) $(BIN)/golangci-lint-$(GOLANGCI_VERSION)

$(BIN)/gofumpt-$(GOFUMPT_VERSION):
	GOBIN=$(BIN) $(GO) install mvdan.cc/gofumpt@$(GOFUMPT_VERSION)
	@touch $@

$(BIN)/golangci-lint-$(GOLANGCI_VERSION):
	GOBIN=$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@touch $@

$(BIN)/cyclonedx-gomod-$(SBOM_VERSION):
	GOBIN=$(BIN) $(GO) install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(SBOM_VERSION)
	@touch $@

$(BIN)/govulncheck-$(VULN_VERSION):
	GOBIN=$(BIN) $(GO) install golang.org/x/vuln/cmd/govulncheck@$(VULN_VERSION)
	@touch $@

$(BIN)/apidiff-$(APIDIFF_VERSION):
	GOBIN=$(BIN) $(GO) install golang.org/x/exp/cmd/apidiff@$(APIDIFF_VERSION)
	@touch $@

clean:
	rm -rf $(BIN) bin dist
