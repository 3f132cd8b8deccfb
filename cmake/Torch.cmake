# LibTorch from a Python wheel. find_package(Torch) looks for a GPU toolkit; a target written by hand does not need one.
#
# HENS_TORCH_ROOT names the folder that holds include/ and lib/ (site-packages/torch). By default the one that
# scripts/setup.sh installs into .deps/torch.
set(HENS_TORCH_ROOT "" CACHE PATH "LibTorch: the folder with include/ and lib/")
if(NOT HENS_TORCH_ROOT)
  file(GLOB found ${CMAKE_SOURCE_DIR}/.deps/torch/lib/python3.*/site-packages/torch)
  list(GET found 0 HENS_TORCH_ROOT)
endif()
if(NOT EXISTS ${HENS_TORCH_ROOT}/include/ATen/ATen.h)
  message(FATAL_ERROR "LibTorch is not there (HENS_TORCH_ROOT='${HENS_TORCH_ROOT}'): run scripts/setup.sh, or give -DHENS_TORCH_ROOT=.../site-packages/torch")
endif()

add_library(hens_torch INTERFACE)
target_include_directories(hens_torch SYSTEM INTERFACE ${HENS_TORCH_ROOT}/include
                           ${HENS_TORCH_ROOT}/include/torch/csrc/api/include)
target_link_directories(hens_torch INTERFACE ${HENS_TORCH_ROOT}/lib)
# The CUDA backend (libtorch_cuda.so, a gigabyte with its friends) is loaded only when a GPU is asked for: model/device.cc.
target_link_libraries(hens_torch INTERFACE torch_cpu c10 torch dl)
target_link_options(hens_torch INTERFACE "-Wl,-rpath-link,${HENS_TORCH_ROOT}/lib" "-Wl,--allow-shlib-undefined")
# at::parallel_for is a template that divides its work only where it is compiled with OpenMP; the runtime is LibTorch's own.
target_compile_options(hens_torch INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fopenmp>)
target_link_options(hens_torch INTERFACE -fopenmp)
# LibTorch brings headers of its own fmt without a library: files that see them take fmt as headers alone. The versions'
# inline namespaces keep it apart from the system's.
target_compile_definitions(hens_torch INTERFACE FMT_HEADER_ONLY)
