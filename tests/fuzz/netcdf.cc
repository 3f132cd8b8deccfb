// A netCDF file of the user's; whether a classic one is whole is looked at by our own code.
#include "fuzz/field_file.h"
#include "source/netcdf_classic.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  fuzz::value_or_error([&] { check_classic_netcdf(fuzz::bytes(data, size), "analysis.nc"); });
  static fuzz::Opener opener(FieldFormat::netcdf);
  fuzz::read_fields(opener, fuzz::folder().put("analysis.nc", data, size));
  return 0;
}
