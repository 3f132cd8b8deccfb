#include "forecast/stage.h"

#include <algorithm>
#include <charconv>

#include <sys/stat.h>

#include "base/checksum.h"
#include "base/error.h"
#include "package/package.h"
#include "package/package_files.h"

namespace hens {
namespace {

constexpr std::string_view synth_scheme = "synth:";
constexpr std::string_view file_scheme = "file://";

struct SynthRequest {
  std::string name;  // of the size
  uint64_t seed = 0;
};

// synth:mini?seed=102
SynthRequest parse_synth(const std::string& uri) {
  SynthRequest request;
  const std::string rest = uri.substr(synth_scheme.size());
  const size_t query = rest.find('?');
  request.name = rest.substr(0, query);
  const bool known = request.name == "mini" || request.name == "hens";
  if (known && query == std::string::npos) return request;
  constexpr std::string_view key = "?seed=";
  const std::string value = rest.substr(request.name.size());
  if (known && value.starts_with(key)) {
    const char* end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data() + key.size(), end, request.seed);
    if (error == std::errc() && stop == end) return request;
  }
  fail(ExitCode::bad_spec, "'{}' is no model package: expected synth:mini or synth:hens, and ?seed=N after it", uri);
}

std::string synth_name(const SynthRequest& request) {
  return fmt::format("synth_{}_seed{}", request.name, request.seed);
}

fs::path stage_synthetic(const std::string& uri, const fs::path& cache, Log& log) {
  const SynthRequest request = parse_synth(uri);
  const SynthSize size = synth_size(request.name);
  const fs::path folder = cache / "synthetic" / synth_name(request);
  std::error_code none;
  if (fs::exists(folder / "config.json", none)) return folder;  // written last; a cache may be read-only
  const FileLock lock(cache / "synthetic" / (synth_name(request) + ".lock"));
  if (!fs::exists(folder / "config.json", none)) {
    log.info("synthetic_package", {{"uri", uri}, {"folder", folder.string()}});
    write_synthetic_package(folder, size, request.seed);
  }
  return folder;
}

// The cache keeps files under their own paths, so a package's files make up a package's folder there.
fs::path stage_remote(const std::string& uri, Downloader& downloader) {
  fs::path folder;
  for (const std::string& name : package_files()) {
    const std::string file = package_file_uri(uri, name);
    const auto check = [&](size_t, const fs::path& content) { check_kind_of_file(content, name, file); };
    const Fetched fetched = downloader.file(file, check);
    if (name == "config.json") folder = fetched.path.parent_path();
  }
  return folder;
}

std::string file_facts(const fs::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return "absent";
  // A time of change cannot be set by hand, as that of modification can.
  return fmt::format("{} {} {}.{:09d} {}.{:09d} {} {}", fs::absolute(path).string(), status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
                     status.st_dev, status.st_ino);
}

}  // namespace

const std::vector<std::string>& package_files() {
  static const std::vector<std::string> names{"config.json",     "global_means.npy",
                                              "global_stds.npy", "orography.nc",
                                              "land_mask.nc",    "training_checkpoints/best_ckpt_mp0.tar"};
  return names;
}

std::optional<SynthSize> synthetic_size(const std::string& uri) {
  if (!uri.starts_with(synth_scheme)) return std::nullopt;
  return synth_size(parse_synth(uri).name);
}

std::optional<fs::path> local_folder(const std::string& uri) {
  if (uri.starts_with(synth_scheme)) return std::nullopt;
  if (uri.starts_with(file_scheme)) return uri.substr(file_scheme.size());
  if (uri.find("://") == std::string::npos) return uri;
  return std::nullopt;
}

fs::path stage_package(const std::string& uri, Downloader& downloader, Log& log) {
  if (synthetic_size(uri)) return stage_synthetic(uri, downloader.options().cache, log);
  if (const auto folder = local_folder(uri)) return *folder;
  return stage_remote(uri, downloader);
}

std::string package_file_uri(const std::string& uri, const std::string& name) {
  const size_t query = uri.starts_with("s3://") ? std::min(uri.rfind("?region="), uri.size()) : uri.size();
  return uri.substr(0, query) + "/" + name + uri.substr(query);
}

std::string package_name(const std::string& uri) {
  if (uri.starts_with(synth_scheme)) return synth_name(parse_synth(uri));
  std::string text = uri.substr(0, uri.find_first_of("?#"));
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text.substr(text.rfind('/') + 1);
}

std::string package_facts(const fs::path& folder) {
  std::string facts;
  for (const std::string& name : package_files()) facts += file_facts(folder / name) + "\n";
  return facts;
}

std::string remembered_package_digest(const fs::path& folder, const fs::path& cache) {
  const fs::path memory = cache / "digests" / sha256_hex(package_facts(folder));
  std::error_code none;
  if (fs::exists(memory, none)) {
    const std::string digest = read_file(memory, 1024);
    if (digest.size() == 64) return digest;
  }
  const std::string digest = package_digest(folder);
  try {
    publish_file(memory, digest);
  } catch (const Error&) {  // a cache that cannot be written to: the digest is made again the next time
  }
  return digest;
}

std::string staged_package_digest(const std::string& uri, const fs::path& folder, Downloader& downloader) {
  try {
    return remembered_package_digest(folder, downloader.options().cache);
  } catch (const Error& error) {
    if (error.code() == ExitCode::bad_input) downloader.forget(package_file_uri(uri, std::string(checkpoint_file)));
    throw;
  }
}

}  // namespace hens
