// NumPy's arrays: statistics of packages.
#include "package/npy.h"

#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  const fs::path path = fuzz::folder().put("global_means.npy", data, size);
  fuzz::value_or_error([&] {
    const NpyArray array = read_npy(path);
    if (array.as<float>().size() != static_cast<size_t>(array.elements())) std::abort();
    array.as<double>();
  });
  return 0;
}
