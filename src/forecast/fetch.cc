#include "forecast/fetch.h"

#include <algorithm>
#include <set>

#include "base/checksum.h"
#include "base/error.h"
#include "forecast/stage.h"
#include "grid/channels.h"
#include "job/path_pattern.h"
#include "package/package.h"
#include "perturbation/perturber.h"
#include "source/gfs_source.h"
#include "source/source.h"

namespace hens {
namespace {

bool is_synthetic(const std::string& uri) { return uri.starts_with("synth:"); }

// Every time of which a run needs an analysis, ascending.
std::set<Time> all_analysis_times(const JobSpec& spec) {
  std::set<Time> times;
  for (const Time initial : spec.initial_conditions.times) {
    for (const Time time : analysis_times(spec.perturbation, initial)) times.insert(time);
  }
  return times;
}

void plan_package(const std::string& uri, const Downloader& downloader, std::vector<FetchItem>& items) {
  if (is_synthetic(uri)) {
    items.push_back({"model package", uri, "made in the cache"});
    return;
  }
  for (const std::string& file : package_files()) {
    const std::string address = package_file_uri(uri, file);
    items.push_back({"model package", address, downloader.resolve(address)});
  }
}

// The channels of all models, as far as their packages are here; HENS' own for the others.
std::vector<std::string> planned_channels(const JobSpec& spec) {
  std::vector<std::string> all;
  const auto add = [&](const std::vector<std::string>& channels) {
    for (const std::string& channel : channels) {
      if (std::ranges::find(all, channel) == all.end()) all.push_back(channel);
    }
  };
  for (const std::string& uri : spec.models) {
    const auto folder = local_folder(uri);
    add(folder ? open_package(*folder).config.channels : hens_channels());
  }
  return all;
}

void plan_gfs_analysis(Time time, const JobSpec& spec, const std::vector<std::string>& channels, Downloader& downloader,
                       std::vector<FetchItem>& items) {
  const GfsPlan plan = plan_gfs(time, spec.initial_conditions.product, channels, downloader);
  for (const auto& [record, message] : plan.needed) {
    const ByteRange& range = plan.records[record].bytes;
    FetchItem item{"analysis", plan.url, downloader.resolve(plan.url)};
    item.range = range.last ? fmt::format("{}-{}", range.first, *range.last) : fmt::format("{}-", range.first);
    item.bytes = range.last ? *range.last - range.first + 1 : 0;
    items.push_back(std::move(item));
  }
}

}  // namespace

std::vector<FetchItem> plan_fetch(const JobSpec& spec, Downloader& downloader) {
  std::vector<FetchItem> items;
  for (const std::string& uri : spec.models) plan_package(uri, downloader, items);
  const bool gfs = spec.initial_conditions.source == SourceKind::gfs;
  const std::vector<std::string> channels = gfs ? planned_channels(spec) : std::vector<std::string>();
  for (const Time time : all_analysis_times(spec)) {
    if (gfs) plan_gfs_analysis(time, spec, channels, downloader, items);
    for (const std::string& pattern : spec.initial_conditions.path) {
      const std::string path = filled_path(pattern, time);
      items.push_back({"analysis", path, downloader.resolve(path)});
    }
  }
  return items;
}

std::vector<FetchItem> fetch_all(const JobSpec& spec, Downloader& downloader, Log& log) {
  std::vector<FetchItem> items;
  const std::unique_ptr<Source> source = open_source(spec.initial_conditions, downloader, log);
  for (const std::string& uri : spec.models) {
    const fs::path folder = stage_package(uri, downloader, log);
    const ModelPackage package = open_package(folder);
    for (const std::string& name : package_files()) {
      const fs::path path = folder / name;
      std::error_code none;
      if (!fs::is_regular_file(path, none)) continue;  // a static field that this model does not take
      const std::string address = is_synthetic(uri) ? uri : package_file_uri(uri, name);
      items.push_back({"model package", address, is_synthetic(uri) ? "made in the cache" : downloader.resolve(address),
                       "", fs::file_size(path), sha256_file(path), path.string()});
    }
    for (const Time time : all_analysis_times(spec)) source->load(time, package.config.channels, package.grid);
  }
  for (const SourceRecord& record : source->records()) {
    items.push_back({"analysis", record.url, downloader.resolve(record.url), "", record.bytes, record.sha256, ""});
  }
  return items;
}

}  // namespace hens
