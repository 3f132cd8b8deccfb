// Sources that are files of the user's: GRIB, netCDF, Zarr and makani's HDF5 share how files are found, searched and
// recorded.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>

#include "base/checksum.h"
#include "net/download.h"
#include "source/source.h"

namespace hens {

// Which of several forecasts of one valid time a file's fields are taken from; empty: as the file's reader says.
struct ForecastChoice {
  std::optional<int> member;
  std::optional<Duration> lead_time;
};

// One field wanted: channels[index] at `time` on `grid`.
struct FieldRequest {
  const std::vector<std::string>& channels;  // all that the state will have
  size_t index = 0;
  Time time{};
  const LatLonGrid& grid;
  double gravity = 0;                             // m s-2, gpm -> m2 s-2
  std::optional<double> quantile = std::nullopt;  // of a climatology: that level of its distribution
  const std::string& channel() const { return channels[index]; }
};

// What was used of a file for one state; the reader adds to it.
struct FileUse {
  uint64_t bytes = 0;
  Sha256 digest;
  std::vector<std::string> notes;
  std::vector<std::byte>* record = nullptr;  // gets what the digest gets

  void take(std::span<const std::byte> used) {
    bytes += used.size();
    digest.update(used);
    if (record != nullptr) record->insert(record->end(), used.begin(), used.end());
  }
};

// A file of fields. Thread-safe.
class FieldFile {
 public:
  virtual ~FieldFile() = default;
  // The field, [lat, lon] in the channel's units; none where the file does not have that channel at that time. Throws
  // Error{bad_input} naming the channel and the file where it has it and cannot deliver it.
  virtual std::optional<std::vector<float>> read(const FieldRequest& request, FileUse& use) = 0;
  // What is there, for the error that says what is missing: "322 fields at 2015-09-12T18:00:00Z".
  virtual std::string content() const = 0;
};

// Opens the local file `path`; `origin` is what the user calls it.
using OpenFieldFile = std::function<std::unique_ptr<FieldFile>(const fs::path& path, const std::string& origin)>;

class FileSource : public Source {
 public:
  // Every channel is taken from the first of spec.path (strftime fields filled with the valid time) that has it. Paths
  // that do not exist are passed over as long as others deliver. Files at addresses are fetched first, unless `open`
  // takes addresses for paths, as that of stores does.
  FileSource(const InitialConditionsSpec& spec, OpenFieldFile open, Downloader& downloader,
             bool takes_addresses = false);
  State load(Time valid_time, const std::vector<std::string>& channels, const LatLonGrid& grid) override;
  std::vector<SourceRecord> records() const override;

 private:
  struct Opened {
    std::string origin;
    std::shared_ptr<FieldFile> file;  // none: it does not exist
    std::string problem;              // why not
  };
  std::vector<Opened> open_files(Time time);
  Opened open_file(const std::string& origin);
  static std::vector<float> read_channel(const std::vector<Opened>& files, const FieldRequest& request,
                                         std::vector<FileUse>& uses);
  void record_use(const std::string& origin, Time time, FileUse use);

  std::vector<std::string> patterns_;
  double gravity_;
  StateCheck check_;
  OpenFieldFile open_;
  bool takes_addresses_;
  Downloader& downloader_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<FieldFile>> files_;       // by origin
  std::map<std::pair<std::string, Time>, SourceRecord> records_;  // by origin and valid time
};

}  // namespace hens
