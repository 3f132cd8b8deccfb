// A GRIB2 file being written, message by message, and the index beside it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/checksum.h"
#include "base/files.h"
#include "store/grib_header.h"
#include "store/grib_packing.h"
#include "store/store.h"

namespace hens {

// A whole message. Thread-safe.
std::vector<std::byte> grib_message(const GribHeaders& headers, const GribProduct& product, const GribPacking& packing,
                                    std::span<const float> field);

// MARS' words for a product on `grid`: domain, date, time, expver, class, type, stream, step, levtype, levelist, param,
// and number, quantile or threshold.
nlohmann::ordered_json grib_index_words(const LatLonGrid& grid, const GribProduct& product);

// Destroyed before publish(), it leaves nothing. Not thread-safe.
class GribOutput {
 public:
  // `name` without suffix: name.grib2 and name.index.
  GribOutput(const fs::path& folder, std::string name);

  void append(std::span<const std::byte> message, nlohmann::ordered_json words);
  // Both files are durable under their final names then; appended to `stored`, relative to the folder.
  void publish(std::vector<StoredFile>& stored);

 private:
  fs::path folder_;
  std::string name_, index_;
  PendingFile file_;
  Sha256 digest_;
};

}  // namespace hens
