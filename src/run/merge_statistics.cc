#include "run/merge_statistics.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/sealed_json.h"
#include "job/spec_names.h"
#include "run/marker.h"
#include "statistics/statistics_store.h"
#include "statistics/store_writer.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t largest_record = uint64_t{64} << 20;

// One final store: of a length and a region, and of a model or of all; or of lagged initial times as one ensemble.
struct Unit {
  int length = 0;
  std::optional<int> model;
  std::string region;
  StoreFormat format = StoreFormat::zarr;
  Together together = Together::models;

  bool lagged() const { return together == Together::lagged; }
};

std::vector<Unit> units_of(const JobSpec& spec, StoreFormat format) {
  std::vector<Unit> units;
  const int models = static_cast<int>(spec.models.size());
  for (int length = 0; length < static_cast<int>(spec.forecast.steps.size()); ++length) {
    for (const std::string& region : statistics_regions(spec)) {
      for (int model = 0; model < models; ++model) units.push_back({length, model, region, format});
      if (models > 1) units.push_back({length, std::nullopt, region, format});
      if (spec.ensemble.lagged) units.push_back({length, std::nullopt, region, format, Together::lagged});
    }
  }
  return units;
}

fs::path store_of(const JobSpec& spec, const Unit& unit) {
  return fs::path(length_folder(spec, unit.length)) /
         statistics_store_name(unit.model, unit.region, unit.format, unit.together);
}

fs::path record_of(const JobSpec& spec, const Unit& unit) {
  const std::string name = unit.model ? fmt::format("model_{}", *unit.model) : unit.lagged() ? "lagged" : "all";
  const std::string format = unit.format == StoreFormat::zarr ? "" : "_" + name_of(unit.format, format_names());
  return fs::path(parts_folder) / fmt::format("merged_nsteps_{:04d}_{}{}{}{}.json", spec.forecast.steps.at(unit.length),
                                              name, unit.region.empty() ? "" : "_", unit.region, format);
}

std::vector<int> models_of(const JobSpec& spec, const Unit& unit) {
  if (unit.model) return {*unit.model};
  std::vector<int> models(spec.models.size());
  for (size_t k = 0; k < models.size(); ++k) models[k] = static_cast<int>(k);
  return models;
}

// The parts of one or several folders of a job.
class Sources {
 public:
  Sources(const std::vector<fs::path>& folders, const Manifest& run) : spec_(run.spec) {
    for (const fs::path& folder : folders) all_.emplace_back(folder, run);
    for (const RunParts& parts : all_) {
      if (parts.damaged().empty()) continue;
      const UnusableFile& first = parts.damaged().front();
      fail(ExitCode::bad_input, "{}: {}; run the job again there, or remove the file",
           (folders[static_cast<size_t>(&parts - all_.data())] / first.path).string(), first.why);
    }
  }

  // [time of the store]
  std::vector<std::vector<PartSource>> of(const Unit& unit) const {
    if (unit.lagged()) return {lagged(unit)};
    std::vector<std::vector<PartSource>> sources(spec_.initial_conditions.times.size());
    for (size_t time = 0; time < sources.size(); ++time) {
      for (const int model : models_of(spec_, unit)) {
        const uint32_t first = unit.model ? 0 : static_cast<uint32_t>(model * spec_.ensemble.members);
        for (const PartReader* part : parts({unit.length, model, static_cast<int>(time), unit.region})) {
          sources[time].push_back({part, first});
        }
      }
    }
    return sources;
  }

  // Who is in a store: for each initial time and model the members.
  Json members(const Unit& unit) const {
    Json json = Json::array();
    for (size_t time = 0; time < spec_.initial_conditions.times.size(); ++time) {
      Json models = Json::array();
      for (const int model : models_of(spec_, unit)) {
        MemberSet members;
        for (const PartReader* part : parts({unit.length, model, static_cast<int>(time), unit.region})) {
          members.add(part->header().members);
        }
        models.push_back(members.text());
      }
      json.push_back(models);
    }
    return json;
  }

 private:
  std::vector<PartSource> lagged(const Unit& unit) const {
    const LaggedPairs pairs = lagged_pairs(spec_, unit.length, unit.region);
    const auto models = static_cast<int>(spec_.models.size());
    std::vector<PartSource> sources;
    for (int time = 0; time < static_cast<int>(spec_.initial_conditions.times.size()); ++time) {
      for (int model = 0; model < models; ++model) {
        const auto first = static_cast<uint32_t>((time * models + model) * spec_.ensemble.members);
        for (const PartReader* part : parts({unit.length, model, time, unit.region})) {
          sources.push_back({part, first, pairs.of_time[static_cast<size_t>(time)]});
        }
      }
    }
    return sources;
  }

  std::vector<const PartReader*> parts(const Forecast& forecast) const {
    std::vector<const PartReader*> parts;
    for (const RunParts& folder : all_) {
      const auto some = folder.parts(forecast);
      parts.insert(parts.end(), some.begin(), some.end());
    }
    refuse_overlaps(parts);
    return parts;
  }

  const JobSpec& spec_;
  std::vector<RunParts> all_;
};

std::vector<StoredFile> files_from(const Json& record) {
  std::vector<StoredFile> files;
  for (const Json& file : record.at("files")) files.push_back({file.at("path"), file.at("bytes"), file.at("sha256")});
  return files;
}

Json record_json(const Json& members, const std::vector<StoredFile>& files) {
  Json list = Json::array();
  for (const StoredFile& file : files) {
    list.push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  return {{"kind", "hens statistics"}, {"members", members}, {"files", list}};
}

// Whether the store of these members is there as it has to be.
bool is_made(const fs::path& output, const fs::path& record, const Json& members) {
  try {
    const Json json = read_sealed(output / record, largest_record);
    if (json.at("members") != members) return false;
    return std::ranges::all_of(
        files_from(json), [&](const StoredFile& file) { return check_file(output, file, true) == FileState::good; });
  } catch (const std::exception&) {  // none, or damaged: it is made again
    return false;
  }
}

int64_t count_members(const std::vector<std::vector<PartSource>>& sources) {
  int64_t members = 0;
  for (const auto& parts : sources) {
    for (const PartSource& source : parts) members += source.part->header().members.size();
  }
  return members;
}

// A process that was stopped leaves temporaries in a store, which is made again as a whole.
void make_store(const fs::path& output, const fs::path& store, const Unit& unit, const fs::path& record,
                const Json& members, const StatisticsLayout& layout, const std::vector<PairPlan>& plan,
                const std::vector<std::vector<PartSource>>& sources) {
  const bool folder = unit.format == StoreFormat::zarr;
  if (folder) remove_stale_temporaries(output / store);
  std::vector<StoredFile> files = write_statistics_store(output / store, unit.format, layout, plan, sources);
  const fs::path above = folder ? store : store.parent_path();
  for (StoredFile& file : files) file.path = (above / file.path).string();
  publish_file(output / record, sealed_text(record_json(members, files)));
}

void warn_of_grib(const StatisticsLayout& layout, const fs::path& store, Log& log) {
  for (const auto& [variable, why] : grib_problems(layout)) {
    log.warn("left_out", {{"store", store.string()}, {"variable", variable}, {"why", why}});
  }
}

std::vector<Finding> check_store_files(const fs::path& root, const fs::path& store, const fs::path& record, bool full) {
  std::vector<Finding> findings;
  std::set<fs::path> known;
  try {
    for (const StoredFile& file : files_from(read_sealed(root / record, largest_record))) {
      known.insert(file.path);
      const FileState state = check_file(root, file, full);
      if (state == FileState::good) continue;
      findings.push_back({file.path, state == FileState::missing ? "missing" : "corrupt",
                          fmt::format("{}; `hens merge` makes it again", text(state))});
    }
  } catch (const std::exception& error) {
    return {{record, "corrupt", fmt::format("{}; `hens merge` makes it again", error.what())}};
  }
  std::error_code error;
  for (fs::recursive_directory_iterator entry(root / store, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->is_directory(error) && !entry->is_symlink(error)) continue;
    const fs::path path = entry->path().lexically_relative(root);
    if (is_temporary_name(path.filename().string()) || known.contains(path)) continue;
    findings.push_back({path, "extra", "belongs to nothing in this run; delete it"});
  }
  return findings;
}

}  // namespace

Manifest common_manifest(const std::vector<fs::path>& folders) {
  const Manifest first = read_manifest(folders.front());
  for (const fs::path& folder : folders) {
    const Manifest other = read_manifest(folder);
    const char* differs = other.forecast_hash != first.forecast_hash   ? "the job spec"
                          : other.model_digests != first.model_digests ? "the models' content"
                          : other.device_kind != first.device_kind     ? "the kind of device"
                                                                       : nullptr;
    if (differs == nullptr) continue;
    fail(ExitCode::bad_spec, "{} and {} are not of one job: {} differs; name the folders of one job alone",
         folders.front().string(), folder.string(), differs);
  }
  return first;
}

std::vector<fs::path> statistics_stores(const JobSpec& spec) {
  std::vector<fs::path> stores;
  if (spec.statistics.empty()) return stores;
  for (const Unit& unit : units_of(spec, StoreFormat::zarr)) stores.push_back(store_of(spec, unit));
  return stores;
}

MergeResult merge_statistics(const std::vector<fs::path>& folders, const fs::path& output, StoreFormat format,
                             int shard, int shards, Log& log) {
  const Manifest run = common_manifest(folders);
  if (run.spec.statistics.empty()) {
    fail(ExitCode::missing_input, "{}: its job keeps no statistics: there is nothing to merge",
         folders.front().string());
  }
  const Sources all(folders, run);
  const std::vector<Unit> units = units_of(run.spec, format);
  MergeResult result;
  for (size_t k = static_cast<size_t>(shard); k < units.size(); k += static_cast<size_t>(shards)) {
    const auto sources = all.of(units[k]);
    const int64_t members = count_members(sources);
    const fs::path folder = store_of(run.spec, units[k]), record = record_of(run.spec, units[k]);
    if (members == 0) {
      log.warn("no_statistics", {{"store", folder.string()}, {"why", "no part has a member of it yet"}});
      continue;
    }
    const RegionSpec* region = region_named(run.spec.regions, units[k].region);
    if (format == StoreFormat::grib2 && region != nullptr && !region->points.empty()) {
      log.warn("no_statistics", {{"store", folder.string()}, {"why", "a region of points, and GRIB2 has grids alone"}});
      continue;
    }
    const Json who = all.members(units[k]);
    if (!is_made(output, record, who)) {
      const StatisticsLayout layout = statistics_layout(run.spec, units[k].length, units[k].model, units[k].region,
                                                        {run.grid, run.model_names}, units[k].together);
      if (format == StoreFormat::grib2) warn_of_grib(layout, folder, log);
      make_store(output, folder, units[k], record, who, layout,
                 plans_of(statistics_pairs(run.spec, units[k].length, units[k].region)), sources);
      log.info("statistics", {{"store", folder.string()}, {"members", members}});
    }
    if (units[k].model && units[k].region == statistics_regions(run.spec).front()) result.members += members;
    result.stores.push_back(folder);
  }
  return result;
}

std::vector<Finding> verify_statistics(const fs::path& root, const Manifest& manifest, const std::vector<bool>& failed,
                                       bool full) {
  std::vector<Finding> findings;
  if (manifest.spec.statistics.empty()) return findings;
  const RunParts parts(root, manifest, full);
  std::set<fs::path> known;
  for (const UnusableFile& file : parts.damaged()) {
    known.insert(file.path);
    findings.push_back({file.path, "corrupt", file.why + "; run the job again: its members are done anew"});
  }
  for (const fs::path& path : parts.superseded()) {
    known.insert(path);
    findings.push_back({path, "extra", "its members are in another part, too; running the job again removes it"});
  }
  const WorkPlan plan(manifest.spec);
  std::map<Forecast, MemberSet> missing, given_up;
  for (size_t number = 0; number < plan.size(); ++number) {
    const MemberId task = plan.task(number);
    if (!parts.contains(task)) (failed[number] ? given_up : missing)[forecast_of(task, "")].add(task.member);
  }
  const auto report = [&](const std::map<Forecast, MemberSet>& sets, const char* what) {
    for (const auto& [at, members] : sets) {
      findings.push_back(
          {parts_folder, "missing",
           fmt::format("members {} of model {}, {} steps from {}, {}", members.text(), at.model,
                       manifest.spec.forecast.steps[static_cast<size_t>(at.length)],
                       iso_time(manifest.spec.initial_conditions.times[static_cast<size_t>(at.time)]), what)});
    }
  };
  report(missing, "are in no part; run the job again");
  report(given_up, "failed, and are in no part; the same job fails again: look at model, analysis and amplitudes");
  std::vector<Unit> units = units_of(manifest.spec, StoreFormat::zarr);
  for (const StoreFormat format : {StoreFormat::netcdf, StoreFormat::grib2}) {
    for (const Unit& unit : units_of(manifest.spec, format)) units.push_back(unit);
  }
  for (const Unit& unit : units) {
    const fs::path store = store_of(manifest.spec, unit), record = record_of(manifest.spec, unit);
    known.insert(record);
    std::error_code none;
    if (fs::exists(root / record, none)) {
      const auto found = check_store_files(root, store, record, full);
      findings.insert(findings.end(), found.begin(), found.end());
    } else if (missing.empty() && unit.format == StoreFormat::zarr) {
      findings.push_back({store, "missing", "the parts are not merged yet; run `hens merge`, or the job again"});
    }
  }
  for_each_entry(root / parts_folder, [&](std::string_view name, bool) {
    const fs::path path = fs::path(parts_folder) / name;
    const bool part = name.ends_with(".part"), temporary = is_temporary_name(name);
    if (part || temporary || known.contains(path)) return;
    findings.push_back({path, "extra", "belongs to nothing in this run; delete it"});
  });
  return findings;
}

}  // namespace hens
