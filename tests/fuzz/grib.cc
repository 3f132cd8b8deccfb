// A GRIB file of the user's.
#include "fuzz/field_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  static fuzz::Opener opener(FieldFormat::grib);
  fuzz::read_fields(opener, fuzz::folder().put("analysis.grib2", data, size));
  return 0;
}
