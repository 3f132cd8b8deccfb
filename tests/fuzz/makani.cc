// makani's training data, HDF5.
#include "fuzz/field_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  static fuzz::Opener opener(FieldFormat::makani);
  fuzz::read_fields(opener, fuzz::folder().put("2024.h5", data, size));
  return 0;
}
