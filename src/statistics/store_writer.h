// What writes final values, whatever the format: takes them by lead time.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "statistics/statistics_layout.h"

namespace hens {

// What one pair's sums become: for each array of the pair one field, or one for each of its levels.
struct PairFields {
  size_t pair = 0;  // of the layout
  const StatisticsArray* array = nullptr;
  std::vector<std::vector<float>> values;  // [level][point]
  std::vector<int32_t> numbers;            // [point], of arrays of integers
};

class StoreWriter {
 public:
  virtual ~StoreWriter() = default;
  virtual void begin_time(size_t time) = 0;
  virtual void append(const std::vector<PairFields>& fields) = 0;  // of the lead time at hand
  virtual void end_lead() = 0;                                     // what did not come is missing there
  virtual void end_time() = 0;
  // Everything is durable under its final name; paths relative to the store's folder.
  virtual std::vector<StoredFile> finish() = 0;
};

// Why a variable of the layout is not among its statistics in GRIB2: it has no code, or that of another one. By
// variable.
std::map<std::string, std::string> grib_problems(const StatisticsLayout& layout);

// Statistics as GRIB2: the file `path` and an index beside it. `coordinates` are the store's, with `time` and
// `members`. Variables of grib_problems() are left out, and what has no code: which member made an extreme, and
// probabilities of thresholds that are fields. Requires a grid.
std::unique_ptr<StoreWriter> make_grib_statistics(const fs::path& path, const StatisticsLayout& layout,
                                                  const std::vector<Coordinate>& coordinates);

}  // namespace hens
