# A relocatable tree: bin/hens, lib/ with every library that a bare glibc system lacks, lib/torch as a link to LibTorch.
# On another machine only that link has to be set anew (or LD_LIBRARY_PATH). GRIB input also needs ecCodes' tables there.
include(GNUInstallDirs)
install(TARGETS hens hens-ec2 RUNTIME_DEPENDENCY_SET hens_libraries RUNTIME DESTINATION bin)
install(RUNTIME_DEPENDENCY_SET hens_libraries
        DIRECTORIES ${HENS_TORCH_ROOT}/lib
        PRE_EXCLUDE_REGEXES "^ld-linux" "^lib(c|m|dl|rt|pthread|resolv|nsl|util)\\.so" "^lib(torch|c10|gomp-|nv|cu(da|dart|dnn|blas|fft|file|pti|rand|solver|sparse))"
        POST_EXCLUDE_REGEXES ".*/torch/lib/.*"
        LIBRARY DESTINATION lib)
install(CODE "
  set(lib \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib\")
  file(MAKE_DIRECTORY \${lib})
  file(CREATE_LINK \"${HENS_TORCH_ROOT}/lib\" \"\${lib}/torch\" SYMBOLIC)")
install(DIRECTORY ${CMAKE_SOURCE_DIR}/jobs DESTINATION .)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/src/store/eccodes/ DESTINATION share/hens/eccodes)
