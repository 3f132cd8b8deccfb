// How values are distributed at each point in a climate: quantiles of certain levels, from a run's own statistics (all
// its models and initial times together, at the same lead time: the model's climate) or from a netCDF.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "run/manifest.h"
#include "run/run_parts.h"
#include "source/file_source.h"

namespace hens {

// Quantiles at all points: ascending levels, at least 0.1 and 0.9 and three more.
struct ClimateQuantiles {
  std::vector<double> levels;
  std::vector<std::vector<float>> values;  // [level][point]
};

class Climate {
 public:
  virtual ~Climate() = default;
  // None where it has no such variable, or not at that lead time. Throws Error{bad_input} naming what is not finite.
  virtual std::optional<ClimateQuantiles> quantiles(const std::string& variable, Duration lead, Time valid_time) = 0;
  virtual std::vector<SourceRecord> records() const = 0;
};

// `path`: a run's folder with statistics, or a netCDF of variables t2m_quantile (quantile, lat, lon), with the
// dimensions that a climatology may have. Throws Error{missing_input}, or {bad_input} where it is on another grid than
// `run`.
std::unique_ptr<Climate> open_climate(const std::string& path, const Manifest& run);

}  // namespace hens
