#include "report/maps/map_fields.h"

#include <algorithm>

#include <fmt/format.h>

#include "run/layout.h"

namespace hens {
namespace {

int longest_length(const std::vector<int>& steps) {
  return static_cast<int>(std::max_element(steps.begin(), steps.end()) - steps.begin());
}

std::optional<int> position(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<int>(found - names.begin());
}

// Index of the last lead that is at most `wanted`; the first where all are later.
int stored_lead(const std::vector<Duration>& leads, Duration wanted) {
  const auto after = std::upper_bound(leads.begin(), leads.end(), wanted);
  return after == leads.begin() ? 0 : static_cast<int>(after - leads.begin()) - 1;
}

std::vector<int> lead_indices(const std::vector<Duration>& leads, const std::vector<Duration>& wanted) {
  std::vector<int> indices;
  for (const Duration lead : wanted) {
    const int index = stored_lead(leads, lead);
    if (std::find(indices.begin(), indices.end(), index) == indices.end()) indices.push_back(index);
  }
  return indices;
}

std::string map_name(const std::vector<Time>& times, int time, const std::string& suffix) {
  const auto date = [](Time t) { return format_time(t, "%Y_%m_%d"); };
  const auto same_date =
      std::count_if(times.begin(), times.end(), [&](Time t) { return date(t) == date(times[time]); });
  const std::string clock = same_date > 1 ? format_time(times[time], "_%H%Mz") : "";
  return fmt::format("hens_wind_{}{}{}.jpg", date(times[time]), clock, suffix);
}

std::vector<MapTask> map_tasks(const JobSpec& spec, const std::vector<Duration>& leads) {
  const std::vector<Time>& times = spec.initial_conditions.times;
  const std::vector<int> indices = lead_indices(leads, spec.report.map_leads);
  std::vector<MapTask> tasks;
  for (int time = 0; time < static_cast<int>(times.size()); ++time) {
    for (size_t i = 0; i < indices.size(); ++i) {
      const Duration lead = leads[indices[i]];
      tasks.push_back({time, indices[i], lead, map_name(times, time, i == 0 ? "" : "_" + duration_text(lead))});
    }
  }
  return tasks;
}

std::vector<int> complete_members(const Manifest& manifest, int length, int model, int time) {
  std::vector<int> members;
  for (const MemberEntry& entry : manifest.members) {
    const MemberId& which = entry.id;
    if (entry.state == MemberState::complete && which.length == length && which.model == model && which.time == time) {
      members.push_back(which.member);
    }
  }
  std::sort(members.begin(), members.end());  // sums do not depend on the order of work
  return members;
}

}  // namespace

std::optional<MapSource> plan_maps(const JobSpec& spec, std::string& reason) {
  if (!spec.report.maps || spec.report.map_leads.empty()) {
    reason = "report.maps: the spec wants none";
    return std::nullopt;
  }
  for (size_t i = 0; i < spec.output.size(); ++i) {
    if (!spec.output[i].region.empty()) continue;  // maps are of the globe
    const auto u = position(spec.output[i].variables, "u10m"), v = position(spec.output[i].variables, "v10m");
    if (!u || !v) continue;
    const int length = longest_length(spec.forecast.steps);
    const std::vector<Duration> leads = output_leads(spec.output[i], spec.forecast.steps[length]);
    if (leads.empty()) continue;
    return MapSource{length, static_cast<int>(i), *u, *v, map_tasks(spec, leads)};
  }
  reason = "output.variables: no output of all of the globe has both u10m and v10m";
  return std::nullopt;
}

std::optional<MapInput> read_map_input(const fs::path& run_folder, const Manifest& manifest, const MapSource& source,
                                       const MapTask& task) {
  const JobSpec& spec = manifest.spec;
  MapInput input{spec.name,     spec.initial_conditions.times[task.time],
                 task.lead,     spec.forecast.steps[source.length],
                 manifest.grid, {}};
  const OutputSpec& output = spec.output[source.output];
  for (int model = 0; model < static_cast<int>(spec.models.size()); ++model) {
    const std::vector<int> members = complete_members(manifest, source.length, model, task.time);
    if (members.empty()) continue;
    const fs::path folder = store_folder(spec, output, source.length, model);
    const auto store = open_store(
        run_folder / folder, store_layout(spec, {manifest.grid, manifest.model_names}, output, source.length, model));
    WindAccumulator wind(manifest.grid.points());
    for (const int member : members) {
      wind.add(store->read(source.u, task.time, member, task.lead_index),
               store->read(source.v, task.time, member, task.lead_index),
               fmt::format("{}: member {}", folder.string(), member));
    }
    input.models.push_back({manifest.model_names.at(model), wind.statistics()});
  }
  if (input.models.empty()) return std::nullopt;
  return input;
}

}  // namespace hens
