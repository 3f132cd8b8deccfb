// A run's final store of statistics, read back: fields for maps, series for places. Reads one field at a time; what no
// entry of the spec asked for is missing, as a NaN or none.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "run/manifest.h"
#include "source/zarr_dataset.h"
#include "statistics/statistics_layout.h"

namespace hens {

struct StatisticsStoreName {
  int length = 0;
  std::optional<int> model;  // none: all together
  std::string region;        // empty: all of the globe
  Together together = Together::models;
};

class StatisticsReader {
 public:
  // None where the run has not left that store. Throws Error{bad_input} naming an array that is not as it should be.
  static std::optional<StatisticsReader> open(const fs::path& run_folder, const Manifest& manifest,
                                              const StatisticsStoreName& name);

  const StatisticsLayout& layout() const { return layout_; }
  // Of an initial time.
  int64_t members(size_t time);
  // One field [lat, lon] or [point] of an array of the layout; `level` of quantiles and thresholds. None where nothing
  // is stored.
  std::optional<std::vector<float>> field(const StatisticsArray& array, size_t time, size_t lead, size_t level);
  // [position][lead of `leads`]: the values at positions of the field.
  std::vector<std::vector<double>> series(const StatisticsArray& array, size_t time, const std::vector<size_t>& leads,
                                          size_t level, const std::vector<size_t>& positions);

 private:
  StatisticsReader(fs::path folder, StatisticsLayout layout);
  const DatasetVariable& array(const std::string& name) const;

  fs::path folder_;
  StatisticsLayout layout_;
  std::unique_ptr<ZarrDataset> store_;
};

}  // namespace hens
