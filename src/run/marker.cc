#include "run/marker.h"

#include "base/checksum.h"
#include "base/error.h"
#include "base/sealed_json.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t largest_marker = uint64_t{16} << 20;  // bytes; 74 variables are 15 kB

Json to_json(const Marker& marker) {
  Json files = Json::array();
  for (const StoredFile& file : marker.files) {
    files.push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  return {{"forecast_hash", marker.forecast_hash},
          {"run_identity", marker.run_identity},
          {"length", marker.id.length},
          {"model", marker.id.model},
          {"time", marker.id.time},
          {"member", marker.id.member},
          {"attempt", marker.attempt},
          {"files", files},
          {"timing", marker.timing},
          {"finished", marker.finished}};
}

Marker marker_from(const Json& json) {
  Marker marker{.forecast_hash = json.at("forecast_hash"),
                .run_identity = json.at("run_identity"),
                .id = member_id(json.at("length"), json.at("model"), json.at("time"), json.at("member")),
                .attempt = json.at("attempt"),
                .timing = json.at("timing"),
                .finished = json.value("finished", "")};
  for (const Json& file : json.at("files")) {
    marker.files.push_back({file.at("path"), file.at("bytes"), file.at("sha256")});
  }
  return marker;
}

// A path that leads out of the run's folder is none of its files.
bool stays_inside(const fs::path& path) {
  if (path.empty() || path.is_absolute()) return false;
  for (const fs::path& part : path) {
    if (part == "..") return false;
  }
  return true;
}

}  // namespace

void publish_marker(const fs::path& path, const Marker& marker) { publish_file(path, sealed_text(to_json(marker))); }

Marker read_marker(const fs::path& path) {
  const Json json = read_sealed(path, largest_marker);
  try {
    return marker_from(json);
  } catch (const std::exception& error) {
    fail(ExitCode::bad_input, "{}: is no marker of this version of hens: {}", path.string(), error.what());
  }
}

const char* text(FileState state) {
  switch (state) {
    case FileState::good:
      return "good";
    case FileState::missing:
      return "missing";
    case FileState::wrong_size:
      return "of the wrong size";
    case FileState::wrong_checksum:
      return "of the wrong checksum";
  }
  return "unknown";
}

FileState check_file(const fs::path& root, const StoredFile& file, bool full) {
  const fs::path path = root / file.path;
  std::error_code error;
  if (!stays_inside(file.path) || !fs::is_regular_file(path, error)) return FileState::missing;
  const uint64_t size = fs::file_size(path, error);
  if (error) return FileState::missing;
  if (size != file.bytes) return FileState::wrong_size;
  return !full || sha256_file(path) == file.sha256 ? FileState::good : FileState::wrong_checksum;
}

}  // namespace hens
