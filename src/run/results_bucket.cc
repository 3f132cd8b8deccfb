#include "run/results_bucket.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <exception>
#include <thread>

#include "base/checksum.h"
#include "base/error.h"
#include "base/json.h"
#include "base/sealed_json.h"
#include "run/run_parts.h"
#include "run/track_files.h"

namespace hens {
namespace {

constexpr size_t requests_at_once = 16;
constexpr uint64_t largest_record = uint64_t{64} << 20;  // bytes of a record that is read into memory
constexpr std::array record_folders{"attempts", "members", parts_folder, tracks_folder};

std::string first_part(const fs::path& path) { return path.empty() ? "" : path.begin()->string(); }

// The folder of a store that a file lies in: a listing of it serves all of its files.
std::string store_of(const std::string& path) {
  for (const char* ending : {".zarr/", ".netcdf/"}) {
    if (const size_t at = path.find(ending); at != std::string::npos) return path.substr(0, at + std::strlen(ending));
  }
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

std::vector<StoredFile> files_of(const nlohmann::ordered_json& record, const fs::path& path) {
  std::vector<StoredFile> files;
  try {
    for (const auto& file : record.at("files")) files.push_back({file.at("path"), file.at("bytes"), file.at("sha256")});
  } catch (const nlohmann::json::exception& error) {
    fail(ExitCode::bad_input, "{}: is no record of files: {}", path.string(), error.what());
  }
  return files;
}

}  // namespace

bool is_safe_path(const std::string& path) {
  if (path.empty() || path.size() > 1024 || path.front() == '/' || path.back() == '/') return false;
  if (std::ranges::any_of(path, [](unsigned char c) { return c < ' ' || c == 127 || c == '\\'; })) return false;
  for (const fs::path& part : fs::path(path)) {
    if (part.empty() || part == "." || part == ".." || is_temporary_name(part.string())) return false;
  }
  return path.find("//") == std::string::npos;
}

bool is_record(const fs::path& path) {
  if (path == "run.json") return true;
  const std::string folder = first_part(path);
  return path.has_parent_path() && std::ranges::find(record_folders, folder) != record_folders.end();
}

void for_each_request(size_t count, const std::function<void(size_t)>& use) {
  std::atomic<size_t> next{0};
  std::exception_ptr error;
  std::mutex mutex;
  const auto work = [&] {
    for (size_t k = next++; k < count; k = next++) {
      try {
        use(k);
      } catch (...) {
        const std::lock_guard guard(mutex);
        if (!error) error = std::current_exception();
        next = count;
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (size_t k = 1; k < std::min(requests_at_once, count); ++k) helpers.emplace_back(work);
    work();
  }
  if (error) std::rethrow_exception(error);
}

ResultsBucket::ResultsBucket(const std::string& place, const S3Options& options, Log& log, std::function<void()> watch,
                             const CredentialSources& sources)
    : place_(parse_s3_url(place)),
      log_(log),
      client_(
          place_.bucket, options, log,
          [this, watch = std::move(watch)] {
            if (abandoned_) fail(ExitCode::interrupted, "{}: given up", place_.text());
            if (watch) watch();
          },
          sources) {}

// Two runs that share a bucket's prefix would overwrite each other. The folder's own run is held against the job later.
void ResultsBucket::refuse_other_run(const fs::path& root) {
  std::error_code none;
  if (!fs::exists(root / "run.json", none)) return;
  const auto text = client_.get(key("run.json"), {}, largest_record);
  if (!text) return;
  const auto there = try_parse_json<nlohmann::ordered_json>(*text);
  Manifest here;
  try {
    here = read_manifest(root);
  } catch (const Error&) {  // damaged: it is made anew
    return;
  }
  if (!there || !there->is_object() || !there->contains("forecast_hash")) return;
  if ((*there)["forecast_hash"] == here.forecast_hash) return;
  fail(ExitCode::bad_spec, "{} and {} hold different runs: give another --output, or another prefix in --results",
       root.string(), place_.text());
}

size_t ResultsBucket::pull(const fs::path& root) {
  make_folders(root);
  refuse_other_run(root);
  std::vector<S3Object> objects;
  const size_t skip = key("").size();
  const auto take = [&](const S3Object& object) { objects.push_back(object); };
  for (const char* folder : record_folders) client_.list(key(std::string(folder) + "/"), take);
  client_.list(key("run.json"), take);
  std::vector<std::pair<S3Object, fs::path>> wanted;
  std::map<fs::path, Seen> seen;
  for (const S3Object& object : objects) {
    const std::string name = object.key.substr(std::min(skip, object.key.size()));
    if (!is_safe_path(name) || !is_record(name)) {
      if (name != "run.json") log_.warn("foreign_object", {{"key", object.key}, {"message", "no run's: left alone"}});
      continue;
    }
    const fs::path path = name;
    const std::lock_guard guard(mutex_);
    const auto known = records_.find(path);
    std::error_code none;
    const bool here = fs::exists(root / path, none);
    const bool same = known != records_.end() && (known->second.etag == object.etag || written_.contains(path));
    const bool whole = path.extension() != ".part" || fs::file_size(root / path, none) == object.size;
    if (!(here && whole && (same || known == records_.end()))) wanted.emplace_back(object, path);
    seen[path] = {object.size, object.etag};
  }
  for_each_request(wanted.size(), [&](size_t k) { bring(root, wanted[k].first, wanted[k].second); });
  std::multimap<fs::path, std::string> leftovers;
  for (const S3Upload& upload : client_.uploads(key(""))) {
    leftovers.emplace(upload.key.substr(std::min(skip, upload.key.size())), upload.id);
  }
  const std::lock_guard guard(mutex_);
  records_ = std::move(seen);
  leftovers_ = std::move(leftovers);
  return wanted.size();
}

// One that another process removed meanwhile (a part that another took the place of) is not there any more.
void ResultsBucket::bring(const fs::path& root, const S3Object& object, const fs::path& path) {
  PendingFile file(root / path);
  try {
    client_.read(object, [&](std::span<const std::byte> piece) { file.write(piece); });
  } catch (const Error& error) {
    if (error.code() != ExitCode::bad_input || client_.head(object.key)) throw;
    return;
  }
  file.publish();
}

bool ResultsBucket::has(const fs::path& record) const {
  const std::lock_guard guard(mutex_);
  return records_.contains(record);
}

std::vector<fs::path> ResultsBucket::records(const std::string& folder) const {
  const std::lock_guard guard(mutex_);
  std::vector<fs::path> paths;
  for (const auto& [path, seen] : records_) {
    if (first_part(path) == folder) paths.push_back(path);
  }
  return paths;
}

const std::map<std::string, uint64_t>& ResultsBucket::sizes_in(const std::string& folder) {
  const std::lock_guard guard(mutex_);
  const auto [entry, fresh] = listed_.try_emplace(folder);
  if (!fresh) return entry->second;
  const size_t skip = key("").size();
  client_.list(key(folder), [&](const S3Object& object) { entry->second[object.key.substr(skip)] = object.size; });
  return entry->second;
}

bool ResultsBucket::holds(const fs::path& marker, const StoredFile& file, bool full) {
  if (!has(marker)) return false;
  if (!full) return true;
  const auto& sizes = sizes_in(store_of(file.path));
  const auto found = sizes.find(file.path);
  return found != sizes.end() && found->second == file.bytes;
}

void ResultsBucket::note(const fs::path& path) {
  if (!is_record(path)) return;
  const std::lock_guard guard(mutex_);
  records_[path];
  written_.insert(path);
}

bool ResultsBucket::put(const fs::path& root, const fs::path& path, const std::string& sha256) {
  end_leftovers(path);
  if (!client_.put_file(key(path), root / path, sha256)) return false;
  note(path);
  return true;
}

bool ResultsBucket::claim(const fs::path& root, const fs::path& record) {
  const std::string text = read_file(root / record, largest_record);
  if (!client_.put(key(record), std::as_bytes(std::span(text)), true)) {
    // An answer may have got lost, and the request was sent again: then it is ours that is there.
    if (client_.get(key(record), {}, largest_record) != text) return false;
  }
  note(record);
  return true;
}

void ResultsBucket::put_marker(const fs::path& root, const fs::path& marker) {
  if (claim(root, marker)) return;
  const std::vector<StoredFile> ours = read_marker(root / marker).files;
  const auto text = client_.get(key(marker), {}, largest_record);
  if (text) {
    try {
      if (files_of(parse_json<nlohmann::ordered_json>(*text, client_.text(key(marker))), marker) == ours) {
        return note(marker);
      }
    } catch (const Error&) {  // damaged: ours takes its place
    }
    log_.warn("marker_replaced",
              {{"marker", client_.text(key(marker))}, {"message", "it told of other files than this run made"}});
  }
  put(root, marker);
}

void ResultsBucket::put_recorded(const fs::path& root, const fs::path& record) {
  std::error_code none;
  if (!fs::exists(root / record, none)) return;
  const std::string text = read_file(root / record, largest_record);
  if (client_.get(key(record), {}, largest_record) == text) return;
  remove(record);
  const std::vector<StoredFile> files = files_of(read_sealed(root / record, largest_record), record);
  for_each_request(files.size(), [&](size_t k) { put(root, files[k].path, files[k].sha256); });
  put(root, record);
}

void ResultsBucket::remove(const fs::path& path) {
  client_.remove(key(path));
  const std::lock_guard guard(mutex_);
  records_.erase(path);
  written_.erase(path);
}

void ResultsBucket::clear() {
  std::vector<std::string> keys;
  client_.list(key(""), [&](const S3Object& object) { keys.push_back(object.key); });
  for_each_request(keys.size(), [&](size_t k) { client_.remove(keys[k]); });
  const std::lock_guard guard(mutex_);
  records_.clear();
  listed_.clear();
}

void ResultsBucket::fetch(const fs::path& root, const std::vector<fs::path>& paths) {
  for_each_request(paths.size(), [&](size_t k) {
    std::error_code none;
    if (fs::exists(root / paths[k], none)) return;
    const std::optional<S3Object> object = client_.head(key(paths[k]));
    if (!object) fail(ExitCode::missing_input, "{}: is not there: run the job again", client_.text(key(paths[k])));
    bring(root, *object, paths[k]);
  });
}

void ResultsBucket::list_all(const std::function<void(const fs::path&, uint64_t)>& use) {
  const size_t skip = key("").size();
  client_.list(key(""), [&](const S3Object& object) { use(object.key.substr(skip), object.size); });
}

FileState ResultsBucket::check(const StoredFile& file, bool full) {
  const std::optional<S3Object> object = client_.head(key(file.path));
  if (!object) return FileState::missing;
  if (object->size != file.bytes) return FileState::wrong_size;
  if (!full) return FileState::good;
  Sha256 digest;
  client_.read(*object, [&](std::span<const std::byte> piece) { digest.update(piece); });
  return digest.hex() == file.sha256 ? FileState::good : FileState::wrong_checksum;
}

void ResultsBucket::end_leftovers(const fs::path& path) {
  std::vector<std::string> ids;
  {
    const std::lock_guard guard(mutex_);
    const auto [first, last] = leftovers_.equal_range(path);
    for (auto entry = first; entry != last; ++entry) ids.push_back(entry->second);
    leftovers_.erase(first, last);
  }
  for (const std::string& id : ids) client_.abort({key(path), id});
}

std::vector<fs::path> ResultsBucket::leftovers() const {
  const std::lock_guard guard(mutex_);
  std::vector<fs::path> paths;
  for (const auto& [path, id] : leftovers_) paths.push_back(path);
  return paths;
}

void ResultsBucket::end_all_leftovers() {
  for (const fs::path& path : leftovers()) end_leftovers(path);
}

}  // namespace hens
