# HENS_SANITIZE instruments our own C++: `address` (with leaks, undefined behaviour, and what code an input reaches, for
# tests/fuzz) or `thread`. Libraries, LibTorch and what nvcc compiles stay as they are; tests/sanitizers/ says what that costs.
set(CMAKE_CXX_FLAGS_RELEASE "-O1 -g1")
set(CMAKE_C_FLAGS_RELEASE "-O1 -g1")
if(HENS_SANITIZE STREQUAL address)
  # vptr wants type information that libraries hide.
  set(sanitizers -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined)
  add_library(hens_reached STATIC ${CMAKE_SOURCE_DIR}/tests/fuzz/reached.cc)
  target_include_directories(hens_reached PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  link_libraries(hens_reached)
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-fsanitize-coverage=trace-pc>")
elseif(HENS_SANITIZE STREQUAL thread)
  set(sanitizers -fsanitize=thread)
else()
  message(FATAL_ERROR "HENS_SANITIZE=${HENS_SANITIZE}: address and thread are known")
endif()
add_compile_options("$<$<COMPILE_LANGUAGE:C,CXX>:${sanitizers};-fno-omit-frame-pointer>")
add_link_options(${sanitizers})
