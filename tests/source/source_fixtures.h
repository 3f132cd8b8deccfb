// What the tests of sources share: a mirror of the bucket in a folder, files changed on the way, errors caught.
#pragma once

#include <fstream>
#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "grid/channels.h"
#include "net/download.h"
#include "source/source.h"
#include "support/test_data.h"

namespace hens::test {

inline const fs::path gfs_sample = "data/gfs/gfs.20150912.t18z.pgrb2.2p50.f000";
inline const Time gfs_time = std::chrono::sys_days(std::chrono::year(2015) / 9 / 12) + std::chrono::hours(18);

inline void write_bytes(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// The message of the Error that `action` throws.
inline std::string error_text(const std::function<void()>& action, ExitCode code) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

// GRIB 2 messages of one grid and time as one message of several fields: sections 4 to 7 of each.
inline std::string join_fields(const std::vector<std::string>& messages) {
  const auto length = [](const std::string& message, size_t at) {
    size_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(message[at + i]);
    return value;
  };
  std::string joined = messages.front().substr(0, messages.front().size() - 4);
  for (size_t m = 1; m < messages.size(); ++m) {
    size_t at = 16;
    while (messages[m][at + 4] != 4) at += length(messages[m], at);
    joined += messages[m].substr(at, messages[m].size() - 4 - at);
  }
  joined += "7777";
  for (int i = 0; i < 8; ++i) joined[8 + i] = static_cast<char>(static_cast<uint64_t>(joined.size()) >> (56 - 8 * i));
  return joined;
}

// A folder that stands for the bucket, and a downloader that looks there.
class GfsMirror {
 public:
  GfsMirror() : downloader_(options(), Log::none()) {}

  // The file and its index as the analysis of `cycle`; the two may be changed first.
  void add(const std::string& file, const std::string& index, Time cycle = gfs_time) {
    const std::string name = format_time(cycle, "noaa-gfs-bdp-pds/gfs.%Y%m%d/%H/atmos/gfs.t%Hz.pgrb2.2p50.f000");
    add_at(name, file, index);
  }
  void add_at(const std::string& name, const std::string& file, const std::string& index) {
    write_bytes(folder_ / "mirror" / name, file);
    write_bytes(folder_ / "mirror" / (name + ".idx"), index);
  }

  std::unique_ptr<Source> open(double gravity = 9.80665) {
    InitialConditionsSpec spec;
    spec.source = SourceKind::gfs;
    spec.product = "2p50";
    spec.gravity = gravity;
    return open_source(spec, downloader_, Log::none());
  }

 private:
  DownloadOptions options() const {
    DownloadOptions options;
    options.cache = folder_ / "cache";
    options.s3_mirror = (folder_ / "mirror").string();
    return options;
  }
  TemporaryFolder folder_;
  Downloader downloader_;
};

// Sources of files: no network, an empty cache.
class FileSources {
 public:
  FileSources() : downloader_({folder_ / "cache"}, Log::none()) {}

  std::unique_ptr<Source> open(SourceKind kind, std::vector<std::string> paths, double gravity = 9.80665) {
    InitialConditionsSpec spec;
    spec.source = kind;
    spec.path = std::move(paths);
    spec.gravity = gravity;
    return open(spec);
  }
  std::unique_ptr<Source> open(const InitialConditionsSpec& spec) {
    return open_source(spec, downloader_, Log::none());
  }
  fs::path operator/(const std::string& name) const { return folder_ / name; }

 private:
  TemporaryFolder folder_;
  Downloader downloader_;
};

}  // namespace hens::test
