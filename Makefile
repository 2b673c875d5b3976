# cogumi needs Go and nothing else; each target fetches what it uses.
GO       ?= go
FUZZTIME ?= 30s
BENCH    ?= .

export CGO_ENABLED = 0

STATICCHECK_VERSION = v0.8.0
STATICCHECK = $(shell $(GO) env GOPATH)/bin/staticcheck

.PHONY: build demo test models check vet format cross static symbols docs docs-check bench bench-cpu bench-dedup bench-scripts bench-judge bench-sandbox bench-gemm kernels echarts editor gallery screenshots fuzz fuzz-scripts test-gotree test-chain test-peers clean

build: ## ./cogumi
	$(GO) build -trimpath -ldflags "-s -w" -o cogumi .

demo: build ## the whole loop on the built-in tiny model, about two minutes
	./cogumi run phase1b_scaleup

test: format vet ## every test, and that the code is formatted and vetted
	@$(GO) run ./stdlib/llm/internal/models -try
	$(GO) test -timeout 25m ./...

models: ## a real model for tests and benchmarks, 93 MB, into the cache
	$(GO) run ./stdlib/llm/internal/models

check: format vet static cross docs-check ## what a change must pass besides the tests

vet:
	$(GO) vet ./...

format:
	@files=$$(git ls-files '*.go' | xargs gofmt -l); \
	if [ -n "$$files" ]; then echo "gofmt would change:"; echo "$$files"; exit 1; fi

static: $(STATICCHECK)
	$(STATICCHECK) ./...

$(STATICCHECK):
	$(GO) install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION)

cross: ## scripts and reports are used on laptops
	GOOS=linux GOARCH=arm64 $(GO) build ./...
	GOOS=darwin GOARCH=arm64 $(GO) build ./...

symbols: ## the tables through which scripts see the stdlib
	$(GO) generate ./runtime/script/...

docs: build ## docs/PIPELINE.md from the scripts' headers
	./cogumi docs

docs-check: build
	./cogumi docs --check
	./cogumi check

kernels: ## compiles the CUDA kernels that changed, with a pinned nvcc from PyPI (python3 and pip)
	$(GO) run ./kernels/cuda/build

bench: ## all benchmarks; BENCH=regexp chooses
	$(GO) test -run '^$$' -bench '$(BENCH)' ./...

# make bench-kernels-cpu runs the benchmarks under kernels/cpu.
bench-%:
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./$(subst -,/,$*)/...

bench-cpu: ## training beside PyTorch, generation beside llama.cpp, in the same run
	docs/bench/cpu/run.sh

bench-dedup: ## near-duplicates beside datasketch and rensa, in the same run; FILE= and TRUTH= choose the rows
	docs/bench/dedup/run.sh

bench-scripts: ## scripts' own loops beside the same compiled, the start of a script, its checks
	$(GO) test -run '^$$' -bench 'AgainstCompiled|Start|Check' -benchtime 5x ./runtime/script

fuzz-scripts: ## random Go programs, interpreted and compiled, for FOR=5m; a difference is printed as a small program
	COGUMI_FUZZ_SCRIPTS=$(or $(FOR),5m) $(GO) test -count=1 -run TestRandomPrograms -timeout 60m -v ./runtime/script

test-gotree: ## the programs of Go's own test folder, interpreted; minutes
	COGUMI_GO_TESTS=1 $(GO) test -count=1 -run TestGoDistribution -timeout 60m -v ./runtime/script | grep -v '^=== '

test-chain: ## phase 1B on a real model that is its own judge, command by command; minutes (make models first)
	COGUMI_CHAIN=1 $(GO) test -count=1 -run TestChain -timeout 60m -v ./runtime/cli

bench-judge: ## judgements a second against an endpoint in another process, and the memory they take
	$(GO) test -run '^$$' -bench Judgements -benchtime 3x ./stdlib/judge

bench-sandbox: ## programs a second, each in a sandbox of its own, with namespaces and without
	$(GO) test -run '^$$' -bench HumanEval -benchtime 3x ./stdlib/sandbox

bench-gemm: ## matrix products beside numpy's OpenBLAS, in the same run
	python3 -m venv .bench && .bench/bin/pip install -q numpy
	COGUMI_NUMPY=$(CURDIR)/.bench/bin/python $(GO) test -run '^$$' -bench 'AgainstNumpy|Mul/' -benchtime 10x ./kernels/cpu/gemm

echarts: ## the part of Apache ECharts that reports embed
	cd reports/assets/echarts && npm ci && npm run build && rm -rf node_modules

editor: ## the part of CodeMirror that the notebook page embeds
	cd runtime/notebook/assets/editor && npm ci && npm run build && rm -rf node_modules

gallery: ## example reports, to look at
	$(GO) run ./reports/internal/example/gallery gallery

CHROMIUM ?= chromium
screenshots: build ## docs/report.png and docs/notebook.png, light and dark, of the demo
	./cogumi run phase1b_scaleup -q --runs .bench/screenshots
	@for theme in light:1:report dark:0:report-dark; do \
		$(CHROMIUM) --headless --no-sandbox --disable-gpu --hide-scrollbars --virtual-time-budget=5000 --window-size=1200,820 \
			--blink-settings=preferredColorScheme=$$(echo $$theme | cut -d: -f2) --screenshot=docs/$$(echo $$theme | cut -d: -f3).png \
			"file://$$(./cogumi report --runs .bench/screenshots)" >/dev/null 2>&1; \
	done
	COGUMI_SHOTS=$(CURDIR)/docs $(GO) test -count=1 -run TestScreenshots ./runtime/notebook

fuzz: ## every fuzz target for FUZZTIME
	@set -e; for file in $$(git grep -l '^func Fuzz' -- '*_test.go'); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$file); do \
			echo "$$(dirname $$file) $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) ./$$(dirname $$file); \
		done; \
	done

test-peers: .peers ## what we write is read by the field's own tools, and back; 6 GB of Python packages
	COGUMI_PEER_PYTHON=$(CURDIR)/.peers/bin/python $(GO) test -count=1 -run Peer -timeout 240m ./stdlib/... ./runtime/export

.peers:
	python3 -m venv .peers
	.peers/bin/pip install -q torch transformers peft bitsandbytes accelerate huggingface_hub jinja2 tensorboard mlflow pyarrow duckdb datasets gguf lm-eval==0.4.13 || { rm -rf .peers; exit 1; }

clean: ## what can be built again; runs stay
	rm -f cogumi
