# hens_library(<folder> [DEPS <folders>...] [LIBS <targets>...] [TORCH])
#   a static library hens_<folder>, with _ for /, from all sources of src/<folder>, .cu files among them; TORCH uses
#   LibTorch and its precompiled header.
function(hens_library folder)
  cmake_parse_arguments(arg "TORCH" "" "DEPS;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.cc ${CMAKE_SOURCE_DIR}/src/${folder}/*/*.cc
       ${CMAKE_SOURCE_DIR}/src/${folder}/*.cu)
  string(REPLACE "/" "_" target hens_${folder})
  if(NOT sources)
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  else()
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
    hens_warnings(${target})
  endif()
  list(TRANSFORM arg_DEPS PREPEND hens_)
  list(TRANSFORM arg_DEPS REPLACE "/" "_")
  target_include_directories(${target} ${scope} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${target} ${scope} ${arg_DEPS} ${arg_LIBS})
  if(arg_TORCH)
    target_link_libraries(${target} ${scope} hens_torch)
    if(sources)
      hens_torch_header(${target})
    endif()
  endif()
endfunction()

function(hens_warnings target)
  target_compile_options(${target} PRIVATE
                         $<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-Wall -Wextra -Wno-missing-field-initializers>)
endfunction()

# One precompiled header for everything that sees ATen (8 s a file without it).
function(hens_torch_header target)
  if(NOT TARGET hens_torch_precompiled)
    file(WRITE ${CMAKE_BINARY_DIR}/torch_precompiled.cc "")
    add_library(hens_torch_precompiled STATIC ${CMAKE_BINARY_DIR}/torch_precompiled.cc)
    target_link_libraries(hens_torch_precompiled PUBLIC hens_torch)
    hens_warnings(hens_torch_precompiled)
    target_precompile_headers(hens_torch_precompiled PRIVATE $<$<COMPILE_LANGUAGE:CXX>:<ATen/ATen.h$<ANGLE-R>>)
  endif()
  target_precompile_headers(${target} REUSE_FROM hens_torch_precompiled)
endfunction()

# What every program of ours needs to start: libraries beside it or in LibTorch's folder, no environment variable. RPATH
# rather than RUNPATH, since it also serves the libraries' own libraries and what is loaded by name.
function(hens_program target)
  hens_warnings(${target})
  if(NOT APPLE)
    target_link_options(${target} PRIVATE "-Wl,--disable-new-dtags")
  endif()
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}
                        BUILD_RPATH "${HENS_TORCH_ROOT}/lib" INSTALL_RPATH "$ORIGIN/../lib:$ORIGIN/../lib/torch")
endfunction()
