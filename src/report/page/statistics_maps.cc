#include "report/page/statistics_maps.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "grid/channels.h"
#include "report/maps/field_map.h"
#include "report/maps/jpeg.h"
#include "report/page/page_words.h"
#include "report/page/statistics_reader.h"
#include "report/table.h"

namespace hens {
namespace {

constexpr int jpeg_quality = 82;
constexpr size_t fewest_leads = 4, most_leads = 12;  // of a sequence

// One sequence to draw.
struct Wanted {
  StatisticsStoreName store;
  size_t time = 0;
  size_t array = 0;  // of the layout
  size_t level = 0;  // of its thresholds
};

bool is_drawn(Statistic what) {
  return what == Statistic::mean || what == Statistic::deviation || what == Statistic::probability;
}

// Those of one store and initial time.
void add_wanted(const JobSpec& spec, const StatisticsStoreName& store, size_t time, const StatisticsLayout& layout,
                std::vector<Wanted>& all) {
  if (!layout.domain.points.empty()) return;
  for (size_t k = 0; k < layout.arrays.size(); ++k) {
    const StatisticsArray& array = layout.arrays[k];
    if (!is_drawn(array.what)) continue;
    const size_t levels = array.what == Statistic::probability
                              ? spec.statistics.at(static_cast<size_t>(array.entry)).threshold_count()
                              : 1;
    for (size_t level = 0; level < levels; ++level) all.push_back({store, time, k, level});
  }
}

std::vector<Wanted> all_wanted(const fs::path& folder, const Manifest& manifest) {
  const JobSpec& spec = manifest.spec;
  std::vector<Wanted> all;
  for (const StatisticsStoreName& store : statistics_store_names(spec)) {
    const auto reader = StatisticsReader::open(folder, manifest, store);
    if (!reader) continue;
    const size_t times = store.together == Together::lagged ? 1 : spec.initial_conditions.times.size();
    for (size_t time = 0; time < times; ++time) add_wanted(spec, store, time, reader->layout(), all);
  }
  return all;
}

FieldKind kind_of(Statistic what) {
  return what == Statistic::deviation     ? FieldKind::spread
         : what == Statistic::probability ? FieldKind::probability
                                          : FieldKind::value;
}

std::string title_of(const JobSpec& spec, const StatisticsArray& array, const Wanted& wanted) {
  const StatisticsSpec& entry = spec.statistics.at(static_cast<size_t>(array.entry));
  const std::string name = variable_text(entry, array.variable);
  const std::string where = wanted.store.region.empty() ? "" : ", " + wanted.store.region;
  if (array.what == Statistic::mean) return capitalised(name) + ": ensemble mean" + where;
  if (array.what == Statistic::deviation) return capitalised(name) + ": ensemble spread" + where;
  const char* const comparison = entry.comparison == Exceedance::at_least ? "of at least" : "of more than";
  const std::string units = entry.threshold_fields.empty() ? " " + channel_info(array.variable).units : "";
  return fmt::format("{}: probability {} {}{}{}", capitalised(name), comparison, entry.threshold_name(wanted.level),
                     units, where);
}

std::string units_of(const StatisticsArray& array) {
  const std::string units = channel_info(array.variable).units;
  return array.what == Statistic::deviation ? units + ", standard deviation of the members" : units;
}

struct Fields {
  std::vector<size_t> leads;
  std::vector<std::vector<float>> values;  // [lead]
};

Fields read_fields(StatisticsReader& reader, const StatisticsArray& array, const Wanted& wanted, size_t most) {
  // Which lead times the entry has stands in the pairs; others are missing.
  std::vector<size_t> own;
  const StatisticsLayout& layout = reader.layout();
  for (const StatisticsPair& pair : layout.pairs) {
    if (pair.entry != array.entry || pair.variable != array.variable) continue;
    const auto at = std::ranges::find(layout.leads, pair.lead) - layout.leads.begin();
    own.push_back(static_cast<size_t>(at));
  }
  Fields fields;
  for (const size_t k : spread_leads(own.size(), most)) {
    auto values = reader.field(array, wanted.time, own[k], wanted.level);
    if (!values) continue;
    fields.leads.push_back(own[k]);
    fields.values.push_back(std::move(*values));
  }
  return fields;
}

MapSequence draw(StatisticsReader& reader, const Manifest& manifest, const Wanted& wanted, size_t most,
                 std::span<const CoastSegment> coastlines) {
  const StatisticsLayout& layout = reader.layout();
  const StatisticsArray& array = layout.arrays.at(wanted.array);
  const Time initial = initial_time(manifest.spec, wanted.store, wanted.time);
  MapSequence maps{title_of(manifest.spec, array, wanted),
                   who_text(manifest, wanted.store, reader.members(wanted.time), initial),
                   0,
                   0,
                   {}};
  const Fields fields = read_fields(reader, array, wanted, most);
  const LatLonGrid& grid = layout.domain.grid;
  const FieldScale scale =
      field_scale(kind_of(array.what), channel_info(array.variable).quantity, units_of(array), grid, fields.values);
  for (size_t k = 0; k < fields.leads.size(); ++k) {
    const Picture picture = draw_field_map(grid, fields.values[k], scale, coastlines);
    const Duration lead = layout.leads[fields.leads[k]];
    maps.width = picture.width, maps.height = picture.height;
    maps.frames.push_back(
        {lead_text(lead),
         "Valid " + time_text(initial + lead) + "; " +
             range_text(fields.values[k], channel_info(array.variable).units, array.what == Statistic::probability),
         encode_jpeg(picture, jpeg_quality)});
  }
  return maps;
}

}  // namespace

std::vector<size_t> spread_leads(size_t count, size_t most) {
  std::vector<size_t> chosen;
  const size_t number = std::min(count, most);
  for (size_t k = 0; k < number; ++k) {
    chosen.push_back(number < 2 ? 0 : (k * (count - 1) + (number - 1) / 2) / (number - 1));
  }
  return chosen;
}

void add_statistics_maps(const fs::path& run_folder, const Manifest& manifest, std::span<const CoastSegment> coastlines,
                         PagePictures& pictures, Log& log) {
  const std::vector<Wanted> all = all_wanted(run_folder, manifest);
  if (all.empty()) return;
  const size_t each = std::clamp(most_page_maps / all.size(), fewest_leads, most_leads);
  size_t left_out = 0;
  for (const Wanted& wanted : all) {
    if (!pictures.has_room()) {
      ++left_out;
      continue;
    }
    try {
      auto reader = StatisticsReader::open(run_folder, manifest, wanted.store);
      MapSequence maps = draw(reader.value(), manifest, wanted, each, coastlines);
      if (!maps.frames.empty()) pictures.maps.push_back(std::move(maps));
    } catch (const Error& error) {
      log.warn("map_left_out", {{"map", "report.html"}, {"error", error.what()}});
    }
  }
  pictures.left_out.push_back(fmt::format("At most {} lead times of a map are shown here.", each));
  if (left_out > 0) {
    pictures.left_out.push_back(
        fmt::format("{} more maps have no room on this page; the stores of statistics have them.", left_out));
  }
}

}  // namespace hens
