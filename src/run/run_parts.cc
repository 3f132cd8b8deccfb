#include "run/run_parts.h"

#include <algorithm>

#include "base/error.h"
#include "run/run_folder.h"
#include "statistics/statistics_plan.h"

namespace hens {
namespace {

// Why a part is none of the run's; empty where it is one.
std::string foreign(const PartReader& part, const RunIdentity& run) {
  const PartHeader& header = part.header();
  const WorkPlan plan(run.spec);
  if (header.members.empty()) return "it holds no member";
  const MemberId last = member_id(header.length, header.model, header.time, header.members.last());
  if (!plan.contains(last)) return "it is of a forecast that the job has not";
  const std::vector<std::string> regions = statistics_regions(run.spec);
  if (std::ranges::find(regions, header.region) == regions.end()) return "it is of a region that the job has not";
  const PartHeader expected = part_header(run, forecast_of(last, header.region));
  if (header.forecast_hash != expected.forecast_hash || header.run_identity != expected.run_identity) {
    return "it belongs to another run";
  }
  if (!part.holds(plans_of(statistics_pairs(run.spec, header.length, header.region)), expected.points)) {
    return "its sums are not those that the job asks for";
  }
  return {};
}

// What the members of one forecast took on average, of those that attempts tell of: a part does not know it.
MemberTime average_time(const std::vector<Attempt>& attempts, const Forecast& forecast) {
  MemberTime time;
  int64_t members = 0;
  for (const Attempt& attempt : attempts) {
    for (const MemberTimes& all : attempt.member_times) {
      if (all.length != forecast.length || all.model != forecast.model || all.time != forecast.time) continue;
      members += all.members;
      time.perturbation += all.sum.perturbation, time.steps += all.sum.steps;
      time.output_wait += all.sum.output_wait, time.total += all.sum.total;
    }
  }
  const double share = members > 0 ? 1.0 / static_cast<double>(members) : 0.0;
  time.perturbation *= share, time.steps *= share, time.output_wait *= share, time.total *= share;
  return time;
}

}  // namespace

std::vector<MemberEntry> part_entries(const fs::path& root, const Manifest& manifest, const WorkPlan& plan,
                                      const std::vector<size_t>& numbers) {
  const RunParts parts(root, manifest);
  std::map<Forecast, MemberTime> times;
  std::vector<MemberEntry> entries;
  for (const size_t number : numbers) {
    const MemberId task = plan.task(number);
    MemberEntry& entry = entries.emplace_back(MemberEntry{task});
    const PartReader* part = parts.part_of(task);
    if (part == nullptr) continue;
    const Forecast forecast = forecast_of(task, part->header().region);
    const auto [time, is_new] = times.try_emplace(forecast);
    if (is_new) time->second = average_time(manifest.attempts, forecast);
    entry.time = time->second;
    entry.state = MemberState::complete;
    entry.attempt = part->header().attempt;
    entry.finished = parse_moment(part->header().finished);
  }
  return entries;
}

PartHeader part_header(const RunIdentity& run, const Forecast& forecast) {
  PartHeader header;
  header.forecast_hash = forecast_hash(run.spec);
  header.run_identity = run.of_model(forecast.model);
  header.length = forecast.length, header.model = forecast.model, header.time = forecast.time;
  header.region = forecast.region;
  header.points = domain_of(region_named(run.spec.regions, forecast.region), run.grid).size();
  header.plan = plan_digest(plans_of(statistics_pairs(run.spec, forecast.length, forecast.region)));
  return header;
}

RunParts::RunParts(const fs::path& root, const RunIdentity& run, bool full) : regions_(statistics_regions(run.spec)) {
  if (run.spec.statistics.empty()) return;
  std::vector<fs::path> paths;
  for_each_entry(root / parts_folder, [&](std::string_view name, bool folder) {
    if (!folder && name.ends_with(".part")) paths.push_back(root / parts_folder / name);
  });
  std::ranges::sort(paths);
  for (const fs::path& path : paths) add(path, run, full);
  for (auto& [forecast, held] : held_) {
    const std::vector<const PartReader*> all = held.parts;
    held.parts = disjoint_parts(all);
    for (const PartReader* part : held.parts) held.members.add(part->header().members);
    for (const PartReader* part : all) {
      if (std::ranges::find(held.parts, part) == held.parts.end()) {
        superseded_.push_back(fs::path(parts_folder) / part->path().filename());
      }
    }
  }
}

void RunParts::add(const fs::path& path, const RunIdentity& run, bool full) {
  const fs::path name = fs::path(parts_folder) / path.filename();
  try {
    auto part = std::make_unique<PartReader>(path);
    if (const std::string why = foreign(*part, run); !why.empty()) return damaged_.push_back({name, why});
    if (full) part->check();
    const PartHeader& header = part->header();
    held_[{header.length, header.model, header.time, header.region}].parts.push_back(part.get());
    readers_.push_back(std::move(part));
  } catch (const Error& error) {
    if (error.code() == ExitCode::missing_input) return;  // another process replaced it meanwhile
    if (error.code() != ExitCode::bad_input) throw;
    damaged_.push_back({name, error.what()});
  }
}

const MemberSet& RunParts::members(const Forecast& forecast) const {
  static const MemberSet none;
  const auto held = held_.find(forecast);
  return held == held_.end() ? none : held->second.members;
}

std::vector<const PartReader*> RunParts::parts(const Forecast& forecast) const {
  const auto held = held_.find(forecast);
  return held == held_.end() ? std::vector<const PartReader*>{} : held->second.parts;
}

bool RunParts::contains(const MemberId& task) const {
  const auto holds = [&](const std::string& region) {
    return members(forecast_of(task, region)).contains(task.member);
  };
  return !regions_.empty() && std::ranges::all_of(regions_, holds);
}

const PartReader* RunParts::part_of(const MemberId& task) const {
  if (!contains(task)) return nullptr;
  const auto held = held_.find(forecast_of(task, regions_.front()));
  if (held == held_.end()) return nullptr;
  const auto has = [&](const PartReader* part) { return part->header().members.contains(task.member); };
  const auto part = std::ranges::find_if(held->second.parts, has);
  return part == held->second.parts.end() ? nullptr : *part;
}

size_t RunParts::count() const {
  size_t count = 0;
  for (const auto& [forecast, held] : held_) count += held.parts.size();
  return count;
}

std::vector<bool> complete_members(const fs::path& root, const RunIdentity& run, const WorkPlan& plan) {
  const bool stored = leaves_files(run.spec);
  std::vector<bool> complete = stored ? marked_members(root, plan) : std::vector<bool>(plan.size(), true);
  if (run.spec.statistics.empty()) return complete;
  const RunParts parts(root, run);
  for (size_t number = 0; number < plan.size(); ++number) {
    if (complete[number]) complete[number] = parts.contains(plan.task(number));
  }
  return complete;
}

}  // namespace hens
