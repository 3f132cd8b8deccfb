// Analyses of NOAA's Global Forecast System from its public bucket (or a mirror of it), by byte ranges.
//
// Layout: s3://noaa-gfs-bdp-pds/gfs.20240101/00/atmos/gfs.t00z.pgrb2.0p25.f000, with an index `.idx` beside it; before
// GFS 16 (12 UTC on 22 March 2021) without the folder `atmos`. The bucket begins on 1 January 2021. A state
// costs one read of the index and the messages of its channels (about 55 MB of 500 for the 74 channels of HENS).
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "net/download.h"
#include "source/gfs_index.h"
#include "source/source.h"

namespace hens {

inline constexpr Time gfs_bucket_begin = std::chrono::sys_days(std::chrono::year(2021) / 1 / 1);

// Addresses where the analysis of `cycle` may be, the likelier first: mirrors of old cycles may have them under either
// layout. `product` is 0p25 in the bucket. Throws Error{missing_input} unless the time is 00, 06, 12 or 18 UTC.
std::vector<std::string> gfs_urls(Time cycle, const std::string& product);

// A message that is needed, and what it must hold.
struct GfsMessage {
  std::string channel;  // the first one that it serves
  std::string field;    // as GribLabel names it: t2m, gh500
};

// What is asked of the network for one state: whole messages.
struct GfsPlan {
  std::string url;
  std::vector<GfsRecord> records;
  std::vector<GfsPick> picks;           // [channel]
  std::map<size_t, GfsMessage> needed;  // by the record that the picks use
};
// Reads the index, nothing else. Throws Error{missing_input} naming every address that was tried; else errors as
// parse_gfs_index, pick_gfs_records and Downloader::file.
GfsPlan plan_gfs(Time cycle, const std::string& product, const std::vector<std::string>& channels,
                 Downloader& downloader);

class GfsDecoder;  // source/gfs_decode.h

class GfsSource : public Source {
 public:
  // Of `spec` it uses product, gravity [m s-2], which makes geopotential of heights in gpm, and check. `downloader`
  // must outlive the source.
  GfsSource(const InitialConditionsSpec& spec, Downloader& downloader);
  ~GfsSource() override;
  State load(Time valid_time, const std::vector<std::string>& channels, const LatLonGrid& grid) override;
  std::vector<SourceRecord> records() const override;

 private:
  std::string product_;
  double gravity_;
  StateCheck check_;
  Downloader& downloader_;
  std::unique_ptr<GfsDecoder> decoder_;
  mutable std::mutex mutex_;
  std::map<std::string, SourceRecord> records_;  // by URL
};

}  // namespace hens
