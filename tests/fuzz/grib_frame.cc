// The framing of GRIB messages, which is our own: sections of edition 2 as messages of their own, before ecCodes sees
// any.
#include "fuzz/target.h"
#include "source/grib_message.h"
#include "source/grib_parts.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  const auto bytes = fuzz::bytes(data, size);
  fuzz::value_or_error([&] { check_grib_message(bytes, "a.grib2"); });
  fuzz::value_or_error([&] {
    for (const auto message : split_grib_messages(bytes, "a.grib2")) {
      fuzz::value_or_error([&] { split_grib_fields(message, "a.grib2"); });
    }
  });
  return 0;
}
