// What a final store of statistics holds: one of each model's members, and one of all models' together. A pure function
// of the spec.
//
//   t2m_mean, t2m_std            (time, lead_time, lat, lon)
//   t2m_min, t2m_max             and t2m_min_member, t2m_max_member, int32; of all models also t2m_min_model,
//                                t2m_max_model
//   t2m_probability              (time, lead_time, threshold_t2m, lat, lon)
//   t2m_quantile                 (time, lead_time, quantile, lat, lon)
//   members                      (time) how many members the statistics are of
//
// Of lagged initial times together also t2m_min_time, t2m_max_time: the initial time's number.
// Of points `point` stands for lat and lon.
//
// Statistics of windows are called t2m_max1d_mean; their lead_time is the window's end. Where an entry of the spec has
// no such lead time or level, the value is missing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "statistics/statistics_plan.h"
#include "store/zarr_metadata.h"

namespace hens {

enum class Statistic {
  mean,
  deviation,
  lowest,
  lowest_member,
  lowest_model,
  lowest_time,
  highest,
  highest_member,
  highest_model,
  highest_time,
  probability,
  quantile
};

struct StatisticsArray {
  Statistic what = Statistic::mean;
  FieldArray array;
  int entry = 0;         // of the spec
  std::string variable;  // channel
};

struct StatisticsLayout {
  std::string region;
  std::vector<StatisticsPair> pairs;  // by lead
  std::vector<StatisticsArray> arrays;
  std::vector<Coordinate> coordinates;  // without `members`, which parts know
  nlohmann::ordered_json attributes;
  Domain domain;
  std::vector<Duration> leads;    // of all entries, ascending
  std::vector<double> quantiles;  // of all entries, ascending
  std::vector<StatisticsSpec> entries;
  int members_of_a_model = 0, models = 1;
  GribSpec grib;  // of the spec's first output in GRIB2
};

struct StatisticsFacts {
  LatLonGrid grid;  // the models'
  std::vector<std::string> model_names;
};

// What a final store is of.
enum class Together { models, lagged };  // lagged: of all initial times, too, which then are one ensemble

// The pairs of the ensemble that all initial times are together: lead times of the last one that each of the earlier
// ones has, too, so much later. And which pair of each initial time's own is meant: [time][pair].
struct LaggedPairs {
  std::vector<StatisticsPair> pairs;
  std::vector<std::vector<int>> of_time;
};
LaggedPairs lagged_pairs(const JobSpec& spec, int length, const std::string& region);

// `model`: none of all models together. `region`: one of statistics_regions().
StatisticsLayout statistics_layout(const JobSpec& spec, int length, std::optional<int> model, const std::string& region,
                                   const StatisticsFacts& facts, Together together = Together::models);

// statistics_0.zarr, statistics.nc, statistics.grib2; of a region statistics_0_europe.zarr, statistics_europe.nc;
// statistics_lagged.zarr, statistics_lagged_europe.zarr
std::string statistics_store_name(std::optional<int> model, const std::string& region, StoreFormat format,
                                  Together together = Together::models);

}  // namespace hens
