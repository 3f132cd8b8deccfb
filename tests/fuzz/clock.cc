// Clocks of time axes: units, a line break, a calendar.
#include "fuzz/target.h"
#include "source/cf_time.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  const std::string text = fuzz::text(data, size);
  const size_t line = std::min(text.find('\n'), text.size());
  fuzz::value_or_error([&] {
    const CfClockReading reading = read_cf_clock(text.substr(0, line), text.substr(std::min(line + 1, text.size())));
    if (!reading.clock) return;
    for (const double value : {0.0, -1e9, 1e18, 0.1}) reading.clock->at(value);
  });
  return 0;
}
