// What all members' tracks are gathered in: files that grow member by member, in memory that does not. A product that
// is destroyed before finish() leaves nothing. One thread at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/checksum.h"
#include "base/files.h"
#include "base/time.h"
#include "grid/lat_lon_grid.h"
#include "store/store.h"
#include "tracks/track.h"

namespace hens {

// What the products of a job's tracks depend on beside the tracks.
struct TrackLayout {
  std::vector<Time> times;               // initial times
  std::vector<std::string> model_names;  // by model
  int members = 0;                       // per model and initial time
  Duration step{};
  LatLonGrid grid;
  double strike_radius = 120.0;  // km
  std::string title;             // global attribute
};

struct MemberTracks {
  int time = 0, model = 0, member = 0;
  std::vector<Track> tracks;
};

class TrackProduct {
 public:
  virtual ~TrackProduct() = default;
  // Members come by initial time, then model, then number, each once.
  virtual void add(const MemberTracks& member) = 0;
  // Publishes the file; its path is relative to the run's folder.
  virtual StoredFile finish() = 0;
};

// A product's file on its way, with its checksum.
class ProductFile {
 public:
  ProductFile(const fs::path& root, fs::path path) : path_(std::move(path)), file_(root / path_) {}
  void write(std::span<const std::byte> bytes) {
    digest_.update(bytes);
    file_.write(bytes);
  }
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  StoredFile publish() {
    file_.publish();
    return {path_.string(), file_.size(), digest_.hex()};
  }

 private:
  fs::path path_;
  PendingFile file_;
  Sha256 digest_;
};

}  // namespace hens
