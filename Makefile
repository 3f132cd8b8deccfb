# What people type. `make help` lists it. The variables here are meant to be set.
BUILD ?= build
JOBS ?= 2
PREFIX ?= install
DOCKER ?= docker
# Make counts parentheses inside $(shell ...): one that has no partner ends the program there.
TAG ?= $(shell awk '$$1 ~ /^project.hens$$/ {print $$3}' CMakeLists.txt)
BUILD_ARGS ?=

# ccache may reuse precompiled headers and objects across clones.
export CCACHE_SLOPPINESS = pch_defines,time_macros,include_file_mtime,include_file_ctime
export CCACHE_BASEDIR = $(CURDIR)

.DEFAULT_GOAL := help
.PHONY: help setup configure build hens-ec2 demo test test-gpu bench-store bench-folders install format clean image push test-image \
        deploy-databricks k8s-render lint test-asan test-tsan fuzz

help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | sed 's/:.*## /\t/' | expand -t 22

setup:  ## install what is missing (system packages, LibTorch, nvcc)
	@scripts/setup.sh build

configure: setup
	@cmake -G Ninja -S . -B $(BUILD) -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_CUDA_COMPILER_LAUNCHER=ccache \
	  -DHENS_BUILD_TESTS=$(or $(TESTS),OFF) -DHENS_BUILD_BENCH=$(or $(TESTS),OFF) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }

build: configure  ## build the programs into build/
	@cmake --build $(BUILD) -j $(JOBS)

hens-ec2:  ## build the operator's tool alone, without LibTorch: build-ec2/hens-ec2
	@scripts/setup.sh ec2
	@cmake -G Ninja -S . -B $(BUILD)-ec2 -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
	  -DHENS_BUILD_FORECAST=OFF -DHENS_BUILD_TESTS=OFF >$(BUILD)-ec2.log 2>&1 || { cat $(BUILD)-ec2.log; exit 1; }
	@cmake --build $(BUILD)-ec2 -j $(JOBS) --target hens-ec2

demo: build  ## build, then run jobs/demo.yaml on the CPU
	@$(BUILD)/hens run jobs/demo.yaml --output runs/demo

test: ## install what is missing, build, run every test
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory build TESTS=ON
	@cd $(BUILD) && ctest --output-on-failure -j $(JOBS)
	@scripts/skipped_tests.sh $(BUILD)/Testing/Temporary/LastTest.log

test-gpu:  ## on a machine with a GPU: golden tests, kernels against the reference, compute-sanitizer
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory build TESTS=ON
	@scripts/test_gpu.sh $(BUILD)

test-asan:  ## every C++ test with AddressSanitizer and UndefinedBehaviorSanitizer, in build-asan/
	@scripts/setup.sh test
	@JOBS=$(JOBS) scripts/test_sanitized.sh asan

test-tsan:  ## the C++ tests of what works on several threads with ThreadSanitizer, in build-tsan/
	@scripts/setup.sh test
	@JOBS=$(JOBS) scripts/test_sanitized.sh tsan

fuzz:  ## each parser of foreign bytes on damaged input for SECONDS=60, in build-asan/
	@scripts/setup.sh test
	@JOBS=$(JOBS) scripts/fuzz.sh $(or $(SECONDS),60)

bench-store: setup  ## how fast the writers are, to a RAM disk: Zarr, then a table of formats, layouts, compressions, bits
	@$(MAKE) --no-print-directory build
	@cmake -S . -B $(BUILD) -DHENS_BUILD_BENCH=ON >/dev/null && cmake --build $(BUILD) -j $(JOBS) --target store_write_bench
	@$(BUILD)/store_write_bench
	@$(BUILD)/store_write_bench layouts

bench-folders: setup  ## what a shard, status, verify and report cost in a folder of 100,000 members, on a RAM disk
	@$(MAKE) --no-print-directory build
	@cmake -S . -B $(BUILD) -DHENS_BUILD_BENCH=ON >/dev/null && cmake --build $(BUILD) -j $(JOBS) --target run_folder_bench
	@scripts/bench_folders.sh $(BUILD)

install: build  ## a relocatable tree in install/: hens with its libraries
	@cmake --install $(BUILD) --prefix $(PREFIX)

format:  ## clang-format over all sources
	@scripts/setup.sh tools
	@git ls-files '*.cc' '*.h' '*.cu' '*.cuh' | xargs .deps/py/bin/clang-format -i

image:  ## build the container image hens:TAG (BUILD_ARGS= for docker build, docker/Dockerfile)
	@DOCKER_BUILDKIT=1 BUILDX_NO_DEFAULT_ATTESTATIONS=1 $(DOCKER) build --platform linux/amd64 -f docker/Dockerfile -t hens:$(TAG) --build-arg JOBS=$(JOBS) --build-arg VERSION=$(TAG) \
	  --build-arg REVISION=$(shell git rev-parse HEAD 2>/dev/null) $(BUILD_ARGS) .

push:  ## push the image to REGISTRY= as TAG= and print its digest
	@DOCKER=$(DOCKER) scripts/push_image.sh hens:$(TAG) '$(REGISTRY)' '$(TAG)'

test-image:  ## what the image promises, in containers (a docker daemon; some minutes)
	@scripts/setup.sh tools
	@DOCKER=$(DOCKER) .deps/py/bin/python tests/image/image_test.py hens:$(TAG)
	@$(MAKE) --no-print-directory hens-ec2
	@DOCKER=$(DOCKER) HENS_TEST_CONTAINER=hens:$(TAG) PYTHONPATH=tests/integration \
	  .deps/py/bin/python tests/integration/ec2_machine_test.py $(BUILD)-ec2/hens-ec2 OneJob Timer

deploy-databricks:  ## bundle validate and deploy with IMAGE= by digest (default: the last one pushed), ARGS= for the CLI
	@scripts/deploy_databricks.sh '$(IMAGE)' $(ARGS)

k8s-render:  ## the manifests of K8S=k8s/base with IMAGE= (default: the last one pushed)
	@scripts/k8s_render.sh '$(or $(IMAGE),$(shell cat .image 2>/dev/null))' '$(or $(K8S),k8s/base)'

lint:  ## shellcheck, yamllint, hadolint, ruff and clang-format over all there is for them, clang-tidy on what differs from main
	@scripts/setup.sh tools
	@scripts/lint.sh .deps/py/bin

clean:  ## remove the build folders
	@rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)*.log
