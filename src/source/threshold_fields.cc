#include "source/threshold_fields.h"

#include <algorithm>
#include <cmath>

#include "base/checksum.h"
#include "base/error.h"
#include "source/isolated_file.h"

namespace hens {
namespace {

// The same for every day and hour that a climatology may tell apart.
constexpr Duration others[] = {std::chrono::hours(6), std::chrono::hours(24 * 45), std::chrono::hours(24 * 183)};

constexpr double gravity = 9.80665;  // m s-2, where a file has heights

}  // namespace

std::vector<float> read_threshold_field(const ThresholdField& field, const std::string& channel,
                                        const LatLonGrid& grid) {
  const fs::path path = fs::absolute(field.file);
  check_regular_file(path);
  const std::unique_ptr<FieldFile> file = isolated_opener(FieldFormat::climatology)(path, field.file);
  const std::vector<std::string> channels{channel};
  const auto read = [&](Time time) {
    FileUse use;
    return file->read({channels, 0, time, grid, gravity, field.quantile}, use);
  };
  const Time some_day = parse_time("2001-01-15T00");
  auto values = read(some_day);
  if (!values) {
    fail(ExitCode::bad_input, "{}: has no {} to be a threshold: there are {}", field.file,
         field.quantile ? fmt::format("quantile {:g} of {}", *field.quantile, channel) : channel, file->content());
  }
  const auto bad = std::ranges::find_if(*values, [](float value) { return !std::isfinite(value); });
  if (bad != values->end()) {
    const auto point = static_cast<size_t>(bad - values->begin());
    fail(ExitCode::bad_input, "{}: {} is not finite at latitude {}, longitude {}: expected a threshold at every point",
         field.file, channel, grid.lat[point / grid.lon.size()], grid.lon[point % grid.lon.size()]);
  }
  for (const Duration later : others) {
    if (read(some_day + later) == values) continue;
    fail(ExitCode::bad_input,
         "{}: {} differs by day or hour: expected one field, since a threshold is the same at all lead times; take a "
         "day's or a season's out of it first",
         field.file, channel);
  }
  return std::move(*values);
}

std::string threshold_digest(const ThresholdField& field, const std::vector<std::string>& variables,
                             const LatLonGrid& grid) {
  Sha256 digest;
  for (const std::string& variable : variables) {
    digest.update(std::as_bytes(std::span<const float>(read_threshold_field(field, variable, grid))));
  }
  return digest.hex();
}

}  // namespace hens
