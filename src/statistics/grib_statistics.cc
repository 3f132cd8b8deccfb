#include <algorithm>
#include <cassert>

#include "statistics/store_writer.h"
#include "store/grib_output.h"

namespace hens {
namespace {

// A spread is small beside its variable, and is stored 8 times as finely.
constexpr int finer_spread = 3;
// Probabilities are per cent, in steps of 2^-10.
constexpr int probability_exponent = -10;
constexpr double per_cent = 100.0;

enum Derived { mean = 0, spread = 4, minimum = 8, maximum = 9 };  // code table 4.7

template <typename Value>
const std::vector<Value>& values_of(const std::vector<Coordinate>& coordinates, const char* name) {
  return std::get<std::vector<Value>>(std::ranges::find(coordinates, name, &Coordinate::name)->values);
}

class GribStatistics final : public StoreWriter {
 public:
  GribStatistics(const fs::path& path, const StatisticsLayout& layout, const std::vector<Coordinate>& coordinates)
      : layout_(layout),
        times_(values_of<int64_t>(coordinates, "time")),
        members_(values_of<int32_t>(coordinates, "members")),
        left_out_(grib_problems(layout)),
        headers_(layout.domain.grid, layout.grib),
        output_(path.parent_path(), path.stem().string()) {}

  void begin_time(size_t time) override { time_ = time; }
  void end_lead() override {}
  void end_time() override {}

  void append(const std::vector<PairFields>& all) override {
    for (const PairFields& fields : all) {
      if (fields.array->array.integers || is_beyond_a_field(*fields.array)) continue;
      if (left_out_.contains(fields.array->variable)) continue;
      for (size_t level = 0; level < fields.values.size(); ++level) {
        write(layout_.pairs[fields.pair], *fields.array, level, fields.values[level]);
      }
    }
  }

  std::vector<StoredFile> finish() override {
    std::vector<StoredFile> stored;
    output_.publish(stored);
    return stored;
  }

 private:
  // A threshold that differs from point to point has no place in the templates.
  bool is_beyond_a_field(const StatisticsArray& array) const {
    return array.what == Statistic::probability &&
           !layout_.entries.at(static_cast<size_t>(array.entry)).threshold_fields.empty();
  }

  void write(const StatisticsPair& pair, const StatisticsArray& array, size_t level, std::span<const float> field) {
    GribPacking packing;
    const GribProduct product = product_of(pair, array, level, packing);
    output_.append(grib_message(headers_, product, packing, field), grib_index_words(layout_.domain.grid, product));
  }

  GribProduct product_of(const StatisticsPair& pair, const StatisticsArray& array, size_t level,
                         GribPacking& packing) const {
    const StatisticsSpec& spec = layout_.entries.at(static_cast<size_t>(array.entry));
    const int of = members_[time_];
    GribProduct product{.parameter = grib_parameter(array.variable).value(),
                        .time = Time(std::chrono::seconds(times_[time_])),
                        .lead = pair.lead};
    if (spec.over.count() > 0) product.window = {spec.over, spec.reduce};
    packing = {.exponent = product.parameter.exponent, .scale = product.parameter.code.scale};
    switch (array.what) {
      case Statistic::mean:
        product.derived = {mean, of};
        break;
      case Statistic::deviation:
        product.derived = {spread, of};
        packing.exponent -= finer_spread;
        break;
      case Statistic::lowest:
        product.derived = {minimum, of};
        break;
      case Statistic::highest:
        product.derived = {maximum, of};
        break;
      case Statistic::probability:
        product.probability = {.limit = static_cast<float>(spec.thresholds[level]) * packing.scale,
                               .number = static_cast<int>(level),
                               .count = static_cast<int>(spec.thresholds.size()),
                               .of = of};
        packing = {.exponent = probability_exponent, .scale = per_cent};
        break;
      default:
        product.quantile = grib_quantile(spec.quantiles[level]);
    }
    return product;
  }

  const StatisticsLayout& layout_;
  std::vector<int64_t> times_;    // s since 1970, by the store's time
  std::vector<int32_t> members_;  // that took part
  std::map<std::string, std::string> left_out_;
  GribHeaders headers_;
  GribOutput output_;
  size_t time_ = 0;
};

}  // namespace

std::map<std::string, std::string> grib_problems(const StatisticsLayout& layout) {
  std::vector<std::string> variables;
  for (const StatisticsArray& array : layout.arrays) {
    if (std::ranges::find(variables, array.variable) == variables.end()) variables.push_back(array.variable);
  }
  std::map<std::string, std::string> problems;
  for (size_t k = 0; k < variables.size(); ++k) {
    if (std::string what = grib_problem(variables, k); !what.empty()) problems.emplace(variables[k], std::move(what));
  }
  return problems;
}

std::unique_ptr<StoreWriter> make_grib_statistics(const fs::path& path, const StatisticsLayout& layout,
                                                  const std::vector<Coordinate>& coordinates) {
  assert(layout.domain.points.empty());
  return std::make_unique<GribStatistics>(path, layout, coordinates);
}

}  // namespace hens
