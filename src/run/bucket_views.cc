#include "run/bucket_views.h"

#include <algorithm>

#include "base/error.h"
#include "run/layout.h"
#include "run/member_table.h"
#include "run/run_folder.h"
#include "run/run_parts.h"
#include "run/track_files.h"

namespace hens {
namespace {

bool lies_in(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

void upload_overview(ResultsBucket& bucket, const fs::path& root) {
  bucket.put(root, member_table_file);
  bucket.put(root, "run.json");
}

// The records of final stores and of tracks' products that are there.
std::vector<fs::path> records_of_files(const fs::path& root, const JobSpec& spec) {
  std::vector<fs::path> records;
  for_each_entry(root / parts_folder, [&](std::string_view name, bool folder) {
    if (!folder && name.starts_with("merged_") && name.ends_with(".json"))
      records.push_back(fs::path(parts_folder) / name);
  });
  for (const TracksSpec& tracks : spec.tracks) {
    for (int length = 0; length < static_cast<int>(spec.forecast.steps.size()); ++length) {
      records.push_back(track_products(spec, tracks, length).record);
    }
  }
  return records;
}

// Every file of the members whose markers are in the folder. A damaged marker's member is not complete.
void for_each_file(const fs::path& root, const JobSpec& spec,
                   const std::function<void(const fs::path& marker, const StoredFile& file)>& use) {
  const WorkPlan plan(spec);
  const std::vector<bool> marked = marked_members(root, plan);
  for (size_t number = 0; number < plan.size(); ++number) {
    if (!marked[number]) continue;
    const fs::path marker = plan.marker(plan.task(number));
    std::vector<StoredFile> files;
    try {
      files = read_marker(root / marker).files;
    } catch (const Error& error) {
      if (error.code() != ExitCode::bad_input) throw;
    }
    for (const StoredFile& file : files) use(marker, file);
  }
}

}  // namespace

void upload_records(ResultsBucket& bucket, const fs::path& root, int number) {
  std::vector<fs::path> paths;
  for_each_entry(root / "attempts", [&](std::string_view name, bool folder) {
    if (folder || !name.ends_with(".json") || is_temporary_name(name)) return;
    const fs::path path = fs::path("attempts") / name;
    if (!bucket.has(path) || name == fmt::format("{:04d}.json", number)) paths.push_back(path);
  });
  for (const fs::path& path : paths) bucket.put(root, path);
  upload_overview(bucket, root);
}

void upload_reports(ResultsBucket& bucket, const fs::path& root, const Manifest& manifest) {
  for (const fs::path& record : records_of_files(root, manifest.spec)) bucket.put_recorded(root, record);
  for_each_request(manifest.reports.size(),
                   [&](size_t k) { bucket.put(root, manifest.reports[k].path, manifest.reports[k].sha256); });
  upload_overview(bucket, root);
}

void drop_field(const fs::path& root, const JobSpec& spec, const fs::path& path) {
  for (int length = 0; length < static_cast<int>(spec.forecast.steps.size()); ++length) {
    for (int model = 0; model < static_cast<int>(spec.models.size()); ++model) {
      for (const OutputSpec& output : spec.output) {
        std::error_code ignored;
        if (lies_in(path, store_folder(spec, output, length, model))) fs::remove(root / path, ignored);
      }
    }
  }
}

void drop_fields(ResultsBucket& bucket, const fs::path& root, const JobSpec& spec) {
  for_each_file(root, spec, [&](const fs::path& marker, const StoredFile& file) {
    if (bucket.has(marker)) drop_field(root, spec, file.path);
  });
}

void fetch_fields(ResultsBucket& bucket, const fs::path& root, const JobSpec& spec,
                  const std::function<bool(const fs::path&)>& wanted) {
  std::vector<fs::path> paths;
  for_each_file(root, spec, [&](const fs::path&, const StoredFile& file) {
    std::error_code none;
    if (wanted(file.path) && !fs::exists(root / file.path, none)) paths.emplace_back(file.path);
  });
  bucket.fetch(root, paths);
}

}  // namespace hens
