#include "commands/finish_reports.h"

#include <iostream>

#include "base/error.h"
#include "report/fields_read.h"
#include "report/report.h"
#include "run/bucket_views.h"
#include "run/gather_tracks.h"
#include "run/layout.h"
#include "run/merge_statistics.h"
#include "run/run_folder.h"

namespace hens {

namespace {

Manifest make_reports(const fs::path& folder, Log& log) {
  if (!read_manifest(folder).spec.statistics.empty()) merge_statistics({folder}, folder, StoreFormat::zarr, 0, 1, log);
  const Manifest before = merged_manifest(folder);
  gather_tracks(folder, before, log);
  const DrawnMaps maps = write_maps(folder, before, log);
  // Several processes that end together draw the same maps, but each knows of other attempts' ends: the last one's
  // texts and its run.json have to be of one mind.
  const RunLock lock(folder);
  Manifest manifest = merged_manifest(folder);
  std::vector<StoredFile> reports = write_texts(folder, manifest, maps.page);
  reports.insert(reports.end(), maps.files.begin(), maps.files.end());
  return publish_views(folder, std::move(manifest), std::move(reports));
}

}  // namespace

Manifest finish_reports(const fs::path& folder, ResultsBucket* bucket, Log& log) {
  if (bucket == nullptr) return make_reports(folder, log);
  const JobSpec spec = read_manifest(folder).spec;
  fetch_fields(*bucket, folder, spec, fields_of_reports(spec));
  Manifest manifest = make_reports(folder, log);
  upload_reports(*bucket, folder, manifest);
  return manifest;
}

void print_outcome(const fs::path& folder, const Manifest& manifest, const fs::path& place) {
  std::cout << fmt::format("{} of {} members are complete in {}\n", manifest.complete, WorkPlan(manifest.spec).size(),
                           place.string());
  std::error_code none;
  for (const RunStore& store : open_stores(folder, manifest.spec, {manifest.grid, manifest.model_names})) {
    std::cout << fmt::format("  store   {}\n", (place / store.folder).string());
  }
  for (const fs::path& store : statistics_stores(manifest.spec)) {
    if (fs::exists(folder / store, none)) std::cout << fmt::format("  store   {}\n", (place / store).string());
  }
  for (const fs::path& file : track_product_files(folder, manifest.spec)) {
    std::cout << fmt::format("  tracks  {}\n", (place / file).string());
  }
  if (!fs::exists(folder / "run.json", none)) return;
  for (const StoredFile& report : read_manifest(folder).reports) {
    const bool map = report.path.ends_with(".jpg");
    std::cout << fmt::format("  {}  {}\n", map ? "map    " : "report ", (place / report.path).string());
  }
}

}  // namespace hens
