# Everything that hens links, each under one target. A package that is missing is named with the way to get it.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS program_options)

function(hens_pkg_config target)
  pkg_check_modules(${target} REQUIRED IMPORTED_TARGET ${ARGN})
  add_library(${target} ALIAS PkgConfig::${target})
endfunction()
hens_pkg_config(hens_isal libisal)
if(NOT HENS_BUILD_FORECAST)
  return()
endif()

find_package(JPEG REQUIRED)
hens_pkg_config(hens_netcdf netcdf)
hens_pkg_config(hens_hdf5 hdf5)
hens_pkg_config(hens_cairo cairo)
hens_pkg_config(hens_blosc blosc)

# ecCodes by hand: in Debian 13 its CMake files want its command line tools, and its pkg-config file names no folder.
find_path(HENS_ECCODES_INCLUDE eccodes.h REQUIRED)
find_library(HENS_ECCODES_LIBRARY eccodes REQUIRED)
add_library(hens_eccodes INTERFACE)
target_include_directories(hens_eccodes SYSTEM INTERFACE ${HENS_ECCODES_INCLUDE})
target_link_libraries(hens_eccodes INTERFACE ${HENS_ECCODES_LIBRARY})

include(Torch)
include(Cuda)
