#include "report/page/plumes.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "grid/channels.h"
#include "report/page/chart.h"
#include "report/page/page_words.h"
#include "report/page/statistics_maps.h"
#include "report/page/statistics_reader.h"
#include "report/table.h"
#include "run/layout.h"

namespace hens {
namespace {

constexpr size_t most_plumes = 36, most_plume_leads = 121, most_lines = 60;
constexpr uint64_t most_read = uint64_t{4} << 30;  // bytes of members' fields

double hours_of(Duration lead) { return std::chrono::duration<double, std::ratio<3600>>(lead).count(); }

// A place and where it lies in the fields of a store.
struct Spot {
  NamedPoint place;
  size_t position = 0;
};

std::vector<Spot> spots_of(const Domain& domain, const std::vector<NamedPoint>& places) {
  std::vector<Spot> spots;
  for (size_t k = 0; k < domain.points.size(); ++k) spots.push_back({domain.points[k], k});
  if (!spots.empty()) return spots;
  for (const NamedPoint& place : places) {
    if (const auto at = nearest_position(domain.grid, place.lat, place.lon)) spots.push_back({place, *at});
  }
  return spots;
}

std::vector<size_t> positions_of(const std::vector<Spot>& spots) {
  std::vector<size_t> positions;
  for (const Spot& spot : spots) positions.push_back(spot.position);
  return positions;
}

// Which plumes there are: a variable at a place from an initial time is shown once.
class Shown {
 public:
  bool add(const std::string& place, const std::string& variable, Time initial) {
    return shown_.emplace(place, variable, initial.time_since_epoch().count()).second;
  }

 private:
  std::set<std::tuple<std::string, std::string, int64_t>> shown_;
};

struct EntryOf {
  int entry = 0;
  std::string variable;
  auto operator<=>(const EntryOf&) const = default;
};

// Plumes of one variable of one entry of the spec's statistics, one for each spot.
std::vector<Plume> statistics_plumes(StatisticsReader& reader, const Manifest& manifest,
                                     const StatisticsStoreName& store, size_t time, const EntryOf& of,
                                     const std::vector<Spot>& spots) {
  const StatisticsLayout& layout = reader.layout();
  const StatisticsSpec& spec = manifest.spec.statistics.at(static_cast<size_t>(of.entry));
  std::vector<size_t> leads;
  for (const StatisticsPair& pair : layout.pairs) {
    if (pair.entry != of.entry || pair.variable != of.variable) continue;
    leads.push_back(static_cast<size_t>(std::ranges::find(layout.leads, pair.lead) - layout.leads.begin()));
  }
  std::vector<size_t> shown;
  for (const size_t k : spread_leads(leads.size(), most_plume_leads)) shown.push_back(leads[k]);
  const Time initial = initial_time(manifest.spec, store, time);
  std::vector<Plume> plumes(spots.size());
  for (size_t k = 0; k < spots.size(); ++k) {
    Plume& plume = plumes[k];
    plume = {spots[k].place.name,
             place_text(spots[k].place.lat, spots[k].place.lon),
             variable_text(spec, of.variable),
             channel_info(of.variable).units,
             who_text(manifest, store, reader.members(time), initial),
             initial};
    for (const size_t lead : shown) plume.hours.push_back(hours_of(layout.leads[lead]));
  }
  const std::vector<size_t> positions = positions_of(spots);
  for (const StatisticsArray& array : layout.arrays) {
    if (array.entry != of.entry || array.variable != of.variable) continue;
    if (array.what == Statistic::mean || array.what == Statistic::deviation) {
      const auto series = reader.series(array, time, shown, 0, positions);
      for (size_t k = 0; k < plumes.size(); ++k) {
        (array.what == Statistic::mean ? plumes[k].mean : plumes[k].deviation) = series[k];
      }
    } else if (array.what == Statistic::quantile) {
      for (size_t level = 0; level < layout.quantiles.size(); ++level) {
        if (std::ranges::find(spec.quantiles, layout.quantiles[level]) == spec.quantiles.end()) continue;
        const auto series = reader.series(array, time, shown, level, positions);
        for (size_t k = 0; k < plumes.size(); ++k) {
          plumes[k].levels.push_back(layout.quantiles[level]);
          plumes[k].quantiles.push_back(series[k]);
        }
      }
    }
  }
  return plumes;
}

// An entry of quantiles says more than one of moments, and one of more lead times more than one of few.
std::vector<EntryOf> entries_by_worth(const JobSpec& spec, const StatisticsLayout& layout) {
  std::set<EntryOf> all;
  for (const StatisticsPair& pair : layout.pairs) all.insert({pair.entry, pair.variable});
  std::vector<EntryOf> entries(all.begin(), all.end());
  const auto worth = [&](const EntryOf& of) {
    const StatisticsSpec& entry = spec.statistics.at(static_cast<size_t>(of.entry));
    return std::pair(!entry.quantiles.empty(),
                     statistics_leads(entry, spec.forecast.steps.at(longest_length(spec))).size());
  };
  std::ranges::stable_sort(entries, [&](const EntryOf& a, const EntryOf& b) { return worth(a) > worth(b); });
  return entries;
}

class PlumeMaker {
 public:
  PlumeMaker(const fs::path& folder, const Manifest& manifest, PagePictures& pictures, Log& log)
      : folder_(folder), manifest_(manifest), spec_(manifest.spec), pictures_(pictures), log_(log) {}

  void from_statistics() {
    std::set<std::string> done;  // regions: each from all together, or from its only model
    for (const StatisticsStoreName& store : statistics_store_names(spec_)) {
      guarded([&] { from_store(store, done); });
    }
  }

  void from_members() {
    for (size_t k = 0; k < spec_.output.size(); ++k) {
      guarded([&] { from_output(spec_.output[k]); });
    }
  }

  void tell_what_has_no_room() {
    if (left_out_ > 0) log_.info("plumes_left_out", {{"plumes", left_out_}, {"limit", most_plumes}});
  }

 private:
  template <typename Do>
  void guarded(const Do& what) {
    try {
      what();
    } catch (const Error& error) {
      log_.warn("plume_left_out", {{"error", error.what()}});
    }
  }

  void from_store(const StatisticsStoreName& store, std::set<std::string>& done) {
    if (done.contains(store.region)) return;
    auto reader = StatisticsReader::open(folder_, manifest_, store);
    if (!reader) return;
    done.insert(store.region);
    const std::vector<Spot> spots = spots_of(reader->layout().domain, spec_.report.places);
    if (spots.empty()) return;
    const size_t times = store.together == Together::lagged ? 1 : spec_.initial_conditions.times.size();
    for (size_t time = 0; time < times; ++time) {
      for (const EntryOf& of : entries_by_worth(spec_, reader->layout())) {
        const StatisticsSpec& entry = spec_.statistics.at(static_cast<size_t>(of.entry));
        const std::vector<Spot> fresh =
            not_shown(spots, variable_text(entry, of.variable), initial_time(spec_, store, time));
        if (fresh.empty()) continue;
        for (const Plume& plume : statistics_plumes(*reader, manifest_, store, time, of, fresh)) add(plume);
      }
    }
  }

  void from_output(const OutputSpec& output) {
    const int length = longest_length(spec_);
    const Domain domain = domain_of(region_named(spec_.regions, output.region), manifest_.grid);
    const std::vector<Spot> spots = spots_of(domain, spec_.report.places);
    if (spots.empty()) return;
    std::vector<std::unique_ptr<Store>> stores;
    for (int model = 0; model < static_cast<int>(spec_.models.size()); ++model) {
      stores.push_back(open_store(folder_ / store_folder(spec_, output, length, model),
                                  store_layout(spec_, manifest_.facts(), output, length, model)));
    }
    for (int time = 0; time < static_cast<int>(spec_.initial_conditions.times.size()); ++time) {
      const Time initial = spec_.initial_conditions.times[static_cast<size_t>(time)];
      for (size_t variable = 0; variable < output.variables.size(); ++variable) {
        const std::string name = channel_info(output.variables[variable]).long_name;
        const std::vector<Spot> fresh = not_shown(spots, name, initial);
        if (!fresh.empty()) members_plumes(output, stores, static_cast<int>(variable), time, fresh);
      }
    }
  }

  // Members that are complete, dealt evenly over the models: [model, member].
  std::vector<std::pair<int, int>> members_at(int time, size_t most) const {
    std::vector<std::pair<int, int>> all;
    const int length = longest_length(spec_);
    for (const MemberEntry& entry : manifest_.members) {
      if (entry.state == MemberState::complete && entry.id.length == length && entry.id.time == time) {
        all.emplace_back(entry.id.member, entry.id.model);
      }
    }
    std::ranges::sort(all);
    if (all.size() > most) all.resize(most);
    for (auto& [member, model] : all) std::swap(member, model);
    std::ranges::sort(all);
    return all;
  }

  void members_plumes(const OutputSpec& output, const std::vector<std::unique_ptr<Store>>& stores, int variable,
                      int time, const std::vector<Spot>& spots) {
    const StoreLayout& layout = stores.front()->layout();
    const std::vector<size_t> leads = spread_leads(layout.leads.size(), most_plume_leads);
    const uint64_t a_member = leads.size() * layout.domain.size() * sizeof(float);
    const auto room = static_cast<size_t>((most_read - std::min(most_read, read_)) / a_member);
    const auto members = members_at(time, std::min(most_lines, room));
    if (members.empty()) return;
    read_ += members.size() * a_member;
    const Time initial = layout.times[static_cast<size_t>(time)];
    std::vector<Plume> plumes(spots.size());
    for (size_t k = 0; k < spots.size(); ++k) {
      const ChannelInfo info = channel_info(output.variables[static_cast<size_t>(variable)]);
      plumes[k] = {spots[k].place.name,
                   place_text(spots[k].place.lat, spots[k].place.lon),
                   info.long_name,
                   info.units,
                   fmt::format("{} of {}. Initial time {}.", plural(static_cast<int64_t>(members.size()), "member"),
                               plural(static_cast<int64_t>(spec_.models.size()), "model"), time_text(initial)),
                   initial};
      for (const size_t lead : leads) plumes[k].hours.push_back(hours_of(layout.leads[lead]));
      plumes[k].mean.assign(leads.size(), 0.0);
    }
    for (const auto& [model, member] : members) {
      for (Plume& plume : plumes) plume.members.emplace_back();
      for (size_t at = 0; at < leads.size(); ++at) {
        const std::vector<float> field =
            stores[static_cast<size_t>(model)]->read(variable, time, member, static_cast<int>(leads[at]));
        for (size_t k = 0; k < spots.size(); ++k) {
          const double value = field.at(spots[k].position);
          plumes[k].members.back().push_back(value);
          plumes[k].mean[at] += value / static_cast<double>(members.size());
        }
      }
    }
    for (const Plume& plume : plumes) add(plume);
  }

  std::vector<Spot> not_shown(const std::vector<Spot>& spots, const std::string& what, Time initial) {
    std::vector<Spot> fresh;
    for (const Spot& spot : spots) {
      if (pictures_.plumes.size() + fresh.size() >= most_plumes) {
        ++left_out_;
      } else if (shown_.add(spot.place.name, what, initial)) {
        fresh.push_back(spot);
      }
    }
    return fresh;
  }

  void add(const Plume& plume) {
    if (!plume.empty()) pictures_.plumes.push_back(plume_chart(plume));
  }

  const fs::path& folder_;
  const Manifest& manifest_;
  const JobSpec& spec_;
  PagePictures& pictures_;
  Log& log_;
  Shown shown_;
  uint64_t read_ = 0;  // bytes of members' fields so far
  size_t left_out_ = 0;
};

// Calls `use` with every finite number that the chart of a plume has to hold.
template <typename Use>
void for_each_value(const Plume& plume, const Use& use) {
  const auto all = [&](const std::vector<double>& values) {
    for (const double value : values) {
      if (std::isfinite(value)) use(value);
    }
  };
  for (const auto& series : plume.quantiles) all(series);
  for (const auto& series : plume.members) all(series);
  all(plume.mean);
  if (!plume.quantiles.empty() || plume.deviation.empty()) return;
  for (size_t k = 0; k < plume.mean.size(); ++k) {
    all({plume.mean[k] - plume.deviation[k], plume.mean[k] + plume.deviation[k]});
  }
}

std::string level_text(double level) { return fmt::format("{:g}", 100.0 * level); }

void draw_fan(Chart& chart, const Plume& plume) {
  constexpr const char* styles[] = {"fan0", "fan1", "fan2", "fan3"};
  const size_t count = plume.levels.size();
  for (size_t k = 0; k < count / 2; ++k) {
    const char* style = styles[std::min<size_t>(k, 3)];
    chart.band(plume.hours, plume.quantiles[k], plume.quantiles[count - 1 - k], style);
    if (k < 3)
      chart.key(fmt::format("{} to {} %", level_text(plume.levels[k]), level_text(plume.levels[count - 1 - k])), style);
  }
  if (count % 2 == 0) return;
  const double middle = plume.levels[count / 2];
  chart.line(plume.hours, plume.quantiles[count / 2], "a");
  chart.key(middle == 0.5 ? "median" : level_text(middle) + " %", "a");
}

// In words, for who does not see it.
std::string description(const Plume& plume) {
  double low = INFINITY, high = -INFINITY;
  for_each_value(plume, [&](double value) { low = std::min(low, value), high = std::max(high, value); });
  return fmt::format("Plume of {} at {}, lead times {:g} to {:g} hours: values from {:.4g} to {:.4g} {}.", plume.what,
                     plume.place, plume.hours.front(), plume.hours.back(), low, high, plume.units);
}

}  // namespace

bool Plume::empty() const {
  bool none = true;
  for_each_value(*this, [&](double) { none = false; });
  return none;
}

PageChart plume_chart(const Plume& plume) {
  double low = INFINITY, high = -INFINITY;
  for_each_value(plume, [&](double value) { low = std::min(low, value), high = std::max(high, value); });
  Chart chart(description(plume), lead_axis(plume.hours.front(), plume.hours.back(), plume.initial),
              round_axis(plume.units, low, high));
  if (!plume.quantiles.empty()) {
    draw_fan(chart, plume);
  } else if (!plume.deviation.empty()) {
    std::vector<double> below, above;
    for (size_t k = 0; k < plume.mean.size(); ++k) {
      below.push_back(plume.mean[k] - plume.deviation[k]), above.push_back(plume.mean[k] + plume.deviation[k]);
    }
    chart.band(plume.hours, below, above, "fan1");
    chart.key("mean ± standard deviation", "fan1");
  }
  for (const auto& member : plume.members) chart.line(plume.hours, member, "member");
  if (!plume.members.empty()) chart.key("members", "member");
  if (!plume.mean.empty()) chart.line(plume.hours, plume.mean, "mean"), chart.key("mean", "mean");
  return {fmt::format("{}: {}", plume.place, plume.what), fmt::format("{}. {}", plume.where, plume.who), chart.svg()};
}

std::optional<size_t> nearest_position(const LatLonGrid& grid, double lat, double lon) {
  const auto nearest = [](const std::vector<double>& axis, const auto& distance) {
    return static_cast<size_t>(std::ranges::min_element(axis, {}, distance) - axis.begin());
  };
  const auto north = [&](double at) { return std::abs(at - lat); };
  const auto east = [&](double at) { return std::abs(std::remainder(at - lon, 360.0)); };
  const size_t row = nearest(grid.lat, north), column = nearest(grid.lon, east);
  const double down = grid.nlat() > 1 ? (grid.lat.front() - grid.lat.back()) / (grid.nlat() - 1) : 1.0;
  const double across = grid.nlon() > 1 ? (grid.lon.back() - grid.lon.front()) / (grid.nlon() - 1) : 1.0;
  if (north(grid.lat[row]) > down || east(grid.lon[column]) > across) return std::nullopt;
  return row * grid.lon.size() + column;
}

void add_plumes(const fs::path& run_folder, const Manifest& manifest, PagePictures& pictures, Log& log) {
  PlumeMaker maker(run_folder, manifest, pictures, log);
  maker.from_statistics();
  maker.from_members();
  maker.tell_what_has_no_room();
}

}  // namespace hens
