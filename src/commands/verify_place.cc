#include "commands/verify_place.h"

#include <algorithm>

#include "run/bucket_views.h"
#include "run/layout.h"
#include "run/member_table.h"

namespace hens {
namespace {

constexpr int readers = 16;  // of objects, at a time

// Everything that is neither a record nor a member's file: metadata of stores, final stores, products, reports. It is
// fetched, and looked at as in any folder.
std::vector<fs::path> paths_to_fetch(ResultsBucket& bucket, const Manifest& manifest, const fs::path& root) {
  const std::vector<RunStore> stores = open_stores(root, manifest.spec, manifest.facts());
  const auto is_field = [&](const fs::path& path) {
    return std::ranges::any_of(stores, [&](const RunStore& store) {
      const std::string folder = store.folder.string() + "/", file = path.string();
      return file.starts_with(folder) && store.store->is_member_file(std::string_view(file).substr(folder.size()));
    });
  };
  std::vector<fs::path> paths;
  bucket.list_all([&](const fs::path& path, uint64_t) {
    if (is_safe_path(path.string()) && !is_record(path) && !is_field(path)) paths.push_back(path);
  });
  return paths;
}

}  // namespace

std::vector<Finding> verify_place(RunPlace& place, bool full) {
  if (place.bucket() == nullptr) return verify_folder(place.root(), full);
  ResultsBucket& bucket = *place.bucket();
  bucket.fetch(place.root(), paths_to_fetch(bucket, read_manifest(place.root()), place.root()));
  const VerifiedFiles elsewhere{[&](const StoredFile& file, bool whole) { return bucket.check(file, whole); },
                                [&](const std::function<void(const fs::path&)>& use) {
                                  bucket.list_all([&](const fs::path& path, uint64_t) { use(path); });
                                },
                                readers};
  std::vector<Finding> findings = verify_folder(place.root(), full, &elsewhere);
  for (const fs::path& path : bucket.leftovers()) {
    findings.push_back({path, "extra",
                        "unfinished upload of a process that still runs, or was interrupted: then running the job "
                        "again ends it"});
  }
  return findings;
}

}  // namespace hens
