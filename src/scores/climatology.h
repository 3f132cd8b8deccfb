// What the season makes one expect at each point: the climatological mean that anomalies are taken from. Of a netCDF,
// on the run's grid or a finer one that has its points.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "source/file_source.h"

namespace hens {

class Climatology {
 public:
  // Throws Error{missing_input} where the file is not there, {bad_input} where it is none.
  Climatology(const std::string& path, double gravity);

  // [lat, lon] at the season of `time`. Throws Error{bad_input} naming variable and file where it has none, or one that
  // is not finite.
  std::vector<float> field(const std::string& variable, Time time, const LatLonGrid& grid);
  std::vector<SourceRecord> records() const;

 private:
  std::string path_;
  double gravity_;
  std::unique_ptr<FieldFile> file_;
  FileUse use_;
  std::string sha256_;
};

}  // namespace hens
