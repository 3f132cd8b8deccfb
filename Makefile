# What people type. `make help` lists it. Only BUILD, JOBS and PREFIX are meant to be set.
BUILD ?= build
JOBS ?= 2
PREFIX ?= install

# ccache may reuse precompiled headers and objects across clones.
export CCACHE_SLOPPINESS = pch_defines,time_macros,include_file_mtime,include_file_ctime
export CCACHE_BASEDIR = $(CURDIR)

.DEFAULT_GOAL := help
.PHONY: help setup configure build hens-ec2 demo test bench-store install format clean

help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | sed 's/:.*## /\t/' | expand -t 22

setup:  ## install what is missing (system packages, LibTorch, nvcc)
	@scripts/setup.sh build

configure: setup
	@cmake -G Ninja -S . -B $(BUILD) -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_CUDA_COMPILER_LAUNCHER=ccache \
	  -DHENS_BUILD_TESTS=$(or $(TESTS),OFF) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }

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

bench-store: setup  ## how fast the Zarr writer is, to a RAM disk
	@$(MAKE) --no-print-directory build
	@cmake -S . -B $(BUILD) -DHENS_BUILD_BENCH=ON >/dev/null && cmake --build $(BUILD) -j $(JOBS) --target store_write_bench
	@$(BUILD)/store_write_bench

install: build  ## a relocatable tree in install/: hens with its libraries
	@cmake --install $(BUILD) --prefix $(PREFIX)

format:  ## clang-format over all sources
	@git ls-files 'src/*.cc' 'src/*.h' 'tests/*.cc' 'tests/*.h' 'bench/*.cc' | xargs clang-format -i

clean:  ## remove the build folder
	@rm -rf $(BUILD) $(BUILD).log
