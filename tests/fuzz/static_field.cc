// orography.nc of a package, decoded in a process of its own.
#include "package/static_field.h"

#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  const fs::path path = fuzz::folder().put("orography.nc", data, size);
  fuzz::value_or_error([&] { read_static_field(path, "Z", equiangular_grid(5, 8)); });
  return 0;
}
