#include "scores/climate.h"

#include <algorithm>
#include <cmath>

#include "base/checksum.h"
#include "base/error.h"
#include "base/parallel.h"
#include "base/stop.h"
#include "source/isolated_file.h"
#include "statistics/statistics_plan.h"

namespace hens {
namespace {

// Denser in the tails, where the index looks.
const std::vector<double>& wanted_levels() {
  static const std::vector<double> levels{0.0,  0.01, 0.02, 0.05, 0.1,  0.15, 0.2,  0.25, 0.3,  0.35, 0.4,  0.45, 0.5,
                                          0.55, 0.6,  0.65, 0.7,  0.75, 0.8,  0.85, 0.9,  0.95, 0.98, 0.99, 1.0};
  return levels;
}

bool is_enough(const std::vector<double>& levels) {
  const auto has = [&](double level) { return std::ranges::find(levels, level) != levels.end(); };
  return levels.size() >= 5 && has(0.1) && has(0.9);
}

class NetcdfClimate final : public Climate {
 public:
  NetcdfClimate(const std::string& path, const Manifest& run)
      : path_(path), grid_(run.grid), gravity_(run.spec.initial_conditions.gravity) {
    const fs::path file = fs::absolute(path);
    check_regular_file(file);
    sha256_ = sha256_file(file);
    file_ = isolated_opener(FieldFormat::climatology)(file, path);
  }

  std::optional<ClimateQuantiles> quantiles(const std::string& variable, Duration, Time valid_time) override {
    ClimateQuantiles found;
    const std::vector<std::string> channels{variable};
    for (const double level : wanted_levels()) {
      auto values = file_->read({channels, 0, valid_time, grid_, gravity_, level}, use_);
      if (!values) continue;
      State state{grid_, channels, valid_time, std::move(*values)};
      check_state(state, "--climate " + path_, StateCheck::finite);
      found.levels.push_back(level), found.values.push_back(std::move(state.values));
    }
    if (found.levels.empty()) return std::nullopt;
    if (is_enough(found.levels)) return found;
    fail(ExitCode::bad_input,
         "--climate {}: {}_quantile has too few levels: expected 0.1 and 0.9 and at least three more of 0, 0.01, 0.02, "
         "0.05, 0.1, 0.15 ... 0.95, 0.98, 0.99, 1",
         path_, variable);
  }

  std::vector<SourceRecord> records() const override {
    std::error_code none;
    return {{path_, static_cast<uint64_t>(fs::file_size(path_, none)), sha256_, {"the whole file"}}};
  }

 private:
  std::string path_;
  LatLonGrid grid_;
  double gravity_;
  std::unique_ptr<FieldFile> file_;
  FileUse use_;
  std::string sha256_;
};

class PartsClimate final : public Climate {
 public:
  PartsClimate(const std::string& path, const Manifest& run)
      : path_(path), run_(read_manifest(path)), parts_(path, run_) {
    if (run_.grid != run.grid) {
      fail(ExitCode::bad_input, "--climate {}: is on a grid of {} x {}, the run on one of {} x {}", path,
           run_.grid.nlat(), run_.grid.nlon(), run.grid.nlat(), run.grid.nlon());
    }
    length_ = static_cast<int>(std::ranges::max_element(run_.spec.forecast.steps) - run_.spec.forecast.steps.begin());
    if (!run_.spec.statistics.empty()) pairs_ = statistics_pairs(run_.spec, length_, "");
    for (size_t model = 0; model < run_.spec.models.size(); ++model) {
      for (size_t time = 0; time < run_.spec.initial_conditions.times.size(); ++time) {
        for (const PartReader* part : parts_.parts({length_, static_cast<int>(model), static_cast<int>(time)})) {
          sources_.push_back({part, 0});
        }
      }
    }
    if (!sources_.empty()) return;
    fail(ExitCode::missing_input, "--climate {}: has no parts of statistics; a climate needs `quantiles:` in the job",
         path);
  }

  std::optional<ClimateQuantiles> quantiles(const std::string& variable, Duration lead, Time) override {
    const auto is_it = [&](const StatisticsPair& pair) {
      return pair.variable == variable && pair.lead == lead && pair.plan.reduce == Reduce::none && pair.plan.histogram;
    };
    const auto pair = std::ranges::find_if(pairs_, is_it);
    if (pair == pairs_.end()) return std::nullopt;
    ClimateQuantiles found{wanted_levels(), {}};
    found.values.assign(found.levels.size(), std::vector<float>(run_.grid.points()));
    const std::vector<PairPlan> plan = plans_of(pairs_);
    for (size_t tile = 0; tile < tiles_of(run_.grid.points()); ++tile) {
      stop_if_requested();
      put_tile(merge_tile(sources_, plan, static_cast<int>(pair - pairs_.begin()), tile), *pair->plan.histogram,
               tile * part_tile, found);
    }
    return found;
  }

  std::vector<SourceRecord> records() const override {
    std::vector<SourceRecord> records;
    for (const PartSource& source : sources_) {
      const fs::path& file = source.part->path();
      std::error_code none;
      records.push_back({(fs::path(path_) / parts_folder / file.filename()).string(),
                         static_cast<uint64_t>(fs::file_size(file, none)),
                         sha256_file(file),
                         {}});
    }
    return records;
  }

 private:
  // Levels 0 and 1 are the ends of the bins: no member lies beyond them.
  static void put_tile(const TileTotals& totals, Lattice lattice, size_t begin, ClimateQuantiles& into) {
    const size_t points = totals.begin.size() - 1;
    parallel_for(static_cast<int64_t>(points), [&](int64_t from, int64_t to) {
      for (auto k = static_cast<size_t>(from); k < static_cast<size_t>(to); ++k) {
        const std::span counts =
            std::span(totals.counts).subspan(totals.begin[k], totals.begin[k + 1] - totals.begin[k]);
        for (size_t level = 0; level < into.levels.size(); ++level) {
          const double p = into.levels[level];
          const auto bins = static_cast<int32_t>(counts.size());
          into.values[level][begin + k] =
              static_cast<float>(p == 0.0   ? lower_edge(lattice, totals.first[k])
                                 : p == 1.0 ? lower_edge(lattice, totals.first[k] + bins)
                                            : quantile_of(lattice, totals.first[k], counts, p));
        }
      }
    });
  }

  std::string path_;
  Manifest run_;
  RunParts parts_;
  int length_ = 0;
  std::vector<StatisticsPair> pairs_;
  std::vector<PartSource> sources_;
};

}  // namespace

std::unique_ptr<Climate> open_climate(const std::string& path, const Manifest& run) {
  std::error_code none;
  if (fs::is_directory(path, none)) return std::make_unique<PartsClimate>(path, run);
  return std::make_unique<NetcdfClimate>(path, run);
}

}  // namespace hens
