// The golden sequences of idealised cyclones (golden/tracks), frame by frame, and where their centres were put.
#pragma once

#include <fstream>
#include <map>
#include <netcdf.h>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/netcdf_lock.h"
#include "support/test_data.h"
#include "tracks/tracker.h"

namespace hens::test {

inline const std::filesystem::path& track_folder() {
  static const std::filesystem::path folder = data_root() / "golden/tracks";
  return folder;
}

// [time][variable][lat, lon]
class GoldenFields {
 public:
  GoldenFields(const std::string& sequence, const std::vector<std::string>& variables) {
    const NetcdfLock lock;
    int file = -1, id = -1;
    const auto check = [&](int status) {
      if (status != NC_NOERR) throw std::runtime_error("fields_" + sequence + ".nc: " + nc_strerror(status));
    };
    check(nc_open((track_folder() / ("fields_" + sequence + ".nc")).c_str(), NC_NOWRITE, &file));
    for (size_t time = 0; time < 8; ++time) {
      auto& fields = values_.emplace_back();
      for (const std::string& variable : variables) {
        check(nc_inq_varid(file, variable.c_str(), &id));
        const size_t start[] = {time, 0, 0}, count[] = {1, 721, 1440};
        check(nc_get_vara_float(file, id, start, count, fields.emplace_back(721 * 1440).data()));
      }
    }
    nc_close(file);
  }

  size_t times() const { return values_.size(); }
  std::vector<std::vector<float>>& fields(size_t time) { return values_[time]; }
  Frame frame(size_t time) const { return {values_[time].begin(), values_[time].end()}; }
  std::vector<std::vector<Centre>> centres(const Tracker& tracker) const {
    std::vector<std::vector<Centre>> frames;
    for (size_t time = 0; time < times(); ++time) frames.push_back(tracker.centres(frame(time)));
    return frames;
  }

 private:
  std::vector<std::vector<std::vector<float>>> values_;
};

struct TrueCentre {
  int step = 0;
  double lat = 0, lon = 0;
};

// By the storm's first word: A, B, ...
inline std::map<std::string, std::vector<TrueCentre>> true_centres(const std::string& sequence) {
  std::ifstream file(track_folder() / ("true_centres_" + sequence + ".tsv"));
  std::map<std::string, std::vector<TrueCentre>> storms;
  std::string line;
  std::getline(file, line);  // the names of the columns
  while (std::getline(file, line)) {
    std::istringstream numbers(line.substr(line.find('\t') + 1));
    TrueCentre centre;
    numbers >> centre.step >> centre.lat >> centre.lon;
    storms[line.substr(0, line.find(' '))].push_back(centre);
  }
  return storms;
}

}  // namespace hens::test
