# nvcc, to compile the fast engine; no GPU is needed for that, and none to start a program that links it.
#
# HENS_CUDA_ROOT names a toolkit (bin/nvcc, include/, lib64/). By default the one that scripts/setup.sh installs with
# LibTorch into .deps/torch. The runtime is linked statically: programs start where there is no driver.
set(HENS_CUDA_ROOT "" CACHE PATH "CUDA toolkit: the folder with bin/nvcc")
if(NOT HENS_CUDA_ROOT)
  file(GLOB found ${CMAKE_SOURCE_DIR}/.deps/torch/lib/python3.*/site-packages/nvidia/cu13)
  list(GET found 0 HENS_CUDA_ROOT)
endif()
if(NOT EXISTS ${HENS_CUDA_ROOT}/bin/nvcc)
  message(FATAL_ERROR "nvcc is not there (HENS_CUDA_ROOT='${HENS_CUDA_ROOT}'): run scripts/setup.sh, or give -DHENS_CUDA_ROOT=<toolkit>")
endif()
set(CMAKE_CUDA_COMPILER ${HENS_CUDA_ROOT}/bin/nvcc)
# Machine code for A100, A10, L40S and H100; the last with Hopper's own instructions. Later cards get PTX: the kernels
# that want no more than an A100, compiled by the driver at the first start.
set(default_architectures "80;86-real;89-real;90a-real")
set(CMAKE_CUDA_ARCHITECTURES "${default_architectures}" CACHE STRING "GPU architectures")
set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
enable_language(CUDA)
# And for cards of compute capability 12.0, from the toolkits that know them.
if(CMAKE_CUDA_ARCHITECTURES STREQUAL default_architectures AND CMAKE_CUDA_COMPILER_VERSION VERSION_GREATER_EQUAL 12.8)
  set(CMAKE_CUDA_ARCHITECTURES "${default_architectures};120-real")
endif()
# The C++ compiler links. Where nvcc's host compiler is an older one, its folder would come first, with its libstdc++.
list(FILTER CMAKE_CUDA_IMPLICIT_LINK_DIRECTORIES EXCLUDE REGEX "/gcc/")
# CMake before 3.26 does not know that nvcc has C++20.
set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
# NDEBUG: assertions in device code make ptxas serialise wgmma. The architectures compile side by side.
set(CMAKE_CUDA_FLAGS_RELEASE "-O2 -DNDEBUG --expt-relaxed-constexpr --threads 0")

# What ptxas says of serialised products is no warning to it, but an error to us.
set(CMAKE_CUDA_COMPILER_LAUNCHER ${CMAKE_SOURCE_DIR}/cmake/no_serial_products.sh ${CMAKE_CUDA_COMPILER_LAUNCHER})

add_library(hens_cudart INTERFACE)
target_include_directories(hens_cudart SYSTEM INTERFACE ${HENS_CUDA_ROOT}/include)
target_link_directories(hens_cudart INTERFACE ${HENS_CUDA_ROOT}/lib64)
target_link_libraries(hens_cudart INTERFACE cudart_static rt dl Threads::Threads)
