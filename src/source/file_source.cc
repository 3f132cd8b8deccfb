#include "source/file_source.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "base/error.h"
#include "grid/channels.h"
#include "job/path_pattern.h"

namespace hens {
namespace {

// A server's page in place of the file is fetched again and not kept. A file that cannot be read for other reasons is:
// it may be large, and comes no different the next time.
ContentCheck refuse_pages(const std::string& origin) {
  return [&origin](size_t, const fs::path& content) {
    const MappedFile file(content);
    if (file.bytes().empty() || file.bytes()[0] != std::byte{'<'}) return;
    fail(ExitCode::bad_input, "{}: is a page of HTML or XML, no file of fields", origin);
  };
}

}  // namespace

FileSource::FileSource(const InitialConditionsSpec& spec, OpenFieldFile open, Downloader& downloader,
                       bool takes_addresses)
    : patterns_(spec.path),
      gravity_(spec.gravity),
      check_(spec.check),
      open_(std::move(open)),
      takes_addresses_(takes_addresses),
      downloader_(downloader) {
  if (patterns_.empty()) fail(ExitCode::bad_spec, "initial_conditions.path: names no file for this source");
}

FileSource::Opened FileSource::open_file(const std::string& origin) {
  if (const auto known = files_.find(origin); known != files_.end()) return {origin, known->second, ""};
  fs::path path = origin;
  const bool is_address = origin.find("://") != std::string::npos;
  try {
    if (is_address && takes_addresses_) return {origin, files_[origin] = open_(path, origin), ""};
    if (is_address) path = downloader_.file(origin, refuse_pages(origin)).path;
    if (!fs::exists(path)) return {origin, nullptr, "does not exist"};
  } catch (const Error& error) {
    if (error.code() != ExitCode::missing_input) throw;
    return {origin, nullptr, error.what()};
  }
  return {origin, files_[origin] = open_(fs::absolute(path), origin), ""};
}

std::vector<FileSource::Opened> FileSource::open_files(Time time) {
  const std::lock_guard lock(mutex_);
  std::vector<Opened> files;
  for (const std::string& pattern : patterns_) {
    const std::string origin = filled_path(pattern, time);
    const bool again = std::ranges::any_of(files, [&](const Opened& file) { return file.origin == origin; });
    if (!again) files.push_back(open_file(origin));
  }
  return files;
}

// The channel from the first file that has it.
std::vector<float> FileSource::read_channel(const std::vector<Opened>& files, const FieldRequest& request,
                                            std::vector<FileUse>& uses) {
  for (size_t i = 0; i < files.size(); ++i) {
    if (!files[i].file) continue;
    if (auto field = files[i].file->read(request, uses[i])) return std::move(*field);
  }
  std::string searched;
  for (const Opened& file : files) {
    searched += fmt::format("\n  {}: {}", file.origin, file.file ? file.file->content() : file.problem);
  }
  fail(ExitCode::missing_input, "channel {} at {} is in none of the files:{}", request.channel(),
       iso_time(request.time), searched);
}

State FileSource::load(Time valid_time, const std::vector<std::string>& channels, const LatLonGrid& grid) {
  const std::vector<Opened> files = open_files(valid_time);
  std::vector<FileUse> uses(files.size());
  State state{grid, channels, valid_time, {}};
  state.values.reserve(channels.size() * grid.points());
  for (size_t c = 0; c < channels.size(); ++c) {
    const std::vector<float> field = read_channel(files, {channels, c, valid_time, grid, gravity_}, uses);
    state.values.insert(state.values.end(), field.begin(), field.end());
  }
  std::vector<std::string> used;
  for (size_t i = 0; i < files.size(); ++i) {
    if (uses[i].bytes) used.push_back(files[i].origin);
  }
  check_state(state, fmt::format("{}", fmt::join(used, ", ")), check_);
  for (size_t i = 0; i < files.size(); ++i) record_use(files[i].origin, valid_time, std::move(uses[i]));
  return state;
}

void FileSource::record_use(const std::string& origin, Time time, FileUse use) {
  if (use.bytes == 0) return;
  SourceRecord record{origin, use.bytes, use.digest.hex(), std::move(use.notes)};
  record.notes.insert(record.notes.begin(), "valid at " + iso_time(time));
  const std::lock_guard lock(mutex_);
  // Loads of one time may ask for different channels: the larger set stands for it, in any order of loads.
  SourceRecord& kept = records_[{origin, time}];
  if (record.bytes >= kept.bytes) kept = std::move(record);
}

std::vector<SourceRecord> FileSource::records() const {
  const std::lock_guard lock(mutex_);
  std::vector<SourceRecord> records;
  for (const auto& [key, record] : records_) records.push_back(record);
  return records;
}

}  // namespace hens
