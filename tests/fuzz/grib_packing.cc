// A message of a GRIB2 store as Store::read takes it apart: sections, bitmap, libaec; and a line of its index.
#include "store/grib_packing.h"

#include <vector>

#include "fuzz/target.h"
#include "store/grib_index.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  for (const size_t points : {12, 684}) {
    std::vector<float> field(points);
    fuzz::value_or_error([&] { unpack_grib_field(fuzz::bytes(data, size), 1.0, field); });
  }
  const std::string text = fuzz::text(data, size);
  for (const size_t message : {0, 1}) fuzz::value_or_error([&] { find_in_grib_index(text, message); });
  return 0;
}
