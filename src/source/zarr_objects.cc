#include "source/zarr_objects.h"

#include <algorithm>

#include "base/error.h"
#include "base/ranged_file.h"

namespace hens {
namespace {

constexpr size_t most_names = 100'000;

// Neither empty nor a step upwards, in any part.
bool is_plain_key(std::string_view key) {
  if (key.find('\0') != std::string_view::npos || key.find('\\') != std::string_view::npos) return false;
  while (true) {
    const size_t slash = key.find('/');
    const std::string_view part = key.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    key.remove_prefix(slash + 1);
  }
}

bool lies_in(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

std::vector<std::byte> read_part(const RangedFile& file, const ObjectPart& part, const std::string& what) {
  switch (part.kind) {
    case ObjectPart::Kind::whole:
      if (file.size() > part.size) {
        fail(ExitCode::bad_input, "{}: is too long: {} bytes, expected at most {}", what, file.size(), part.size);
      }
      return file.read(0, file.size());
    case ObjectPart::Kind::tail:
      if (file.size() < part.size) {
        fail(ExitCode::bad_input, "{}: is too short for its index: {} of {} bytes", what, file.size(), part.size);
      }
      return file.read(file.size() - part.size, part.size);
    case ObjectPart::Kind::range:
      break;
  }
  if (part.offset > file.size() || part.size > file.size() - part.offset) {
    fail(ExitCode::bad_input, "{}: a chunk lies outside of its shard of {} bytes", what, file.size());
  }
  return file.read(part.offset, part.size);
}

}  // namespace

bool is_array_name(const std::string& name) {
  return !name.empty() && name.size() <= 255 && name.front() != '.' && name.find('/') == std::string::npos &&
         std::ranges::none_of(name, [](unsigned char c) { return c < ' ' || c == 127 || c == '\\'; });
}

ZarrFolder::ZarrFolder(const fs::path& folder, std::string origin) : origin_(std::move(origin)) {
  std::error_code problem;
  folder_ = fs::canonical(folder, problem);
  if (problem) fail(ExitCode::missing_input, "{}: {}", origin_, problem.message());
}

std::optional<std::vector<std::byte>> ZarrFolder::get(const ObjectPart& part) const {
  const std::string what = origin_ + "/" + part.key;
  if (!is_plain_key(part.key)) fail(ExitCode::bad_input, "{}: is no name of an object of a store", what);
  std::error_code problem;
  const fs::path path = fs::canonical(folder_ / part.key, problem);
  if (problem == std::errc::no_such_file_or_directory || problem == std::errc::not_a_directory) return std::nullopt;
  if (problem) fail(ExitCode::io, "{}: {}", what, problem.message());
  if (!lies_in(path, folder_)) {
    fail(ExitCode::bad_input,
         "{}: is a link that leads out of the store, to {}: copy what it stands for into the store", what,
         path.string());
  }
  if (!fs::is_regular_file(path, problem)) return std::nullopt;
  return read_part(RangedFile(path), part, what);
}

std::vector<std::string> ZarrFolder::list() const {
  std::vector<std::string> names;
  std::error_code none;
  for_each_entry(folder_, [&](std::string_view name, bool) {
    if (names.size() < most_names && fs::is_directory(folder_ / name, none)) names.emplace_back(name);
  });
  std::ranges::sort(names);
  return names;
}

void StagedObjects::expect(const std::vector<ObjectPart>& parts) const {
  MissingObjects missing;
  for (const ObjectPart& part : parts) {
    if (!files_.contains(part)) missing.parts.push_back(part);
  }
  if (!missing.parts.empty()) throw missing;
}

std::optional<std::vector<std::byte>> StagedObjects::get(const ObjectPart& part) const {
  const auto found = files_.find(part);
  if (found == files_.end()) throw MissingObjects{{part}};
  if (found->second.empty()) return std::nullopt;
  ObjectPart file = part;  // the file is that part alone
  if (part.kind == ObjectPart::Kind::range) file.offset = 0;
  return read_part(RangedFile(found->second), file, origin_ + "/" + part.key);
}

}  // namespace hens
