// The messages of one GFS analysis as channels, decoded in a process of their own (base/decoder.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/decoder.h"
#include "source/gfs_source.h"

namespace hens {

class GfsDecoder {
 public:
  GfsDecoder();

  // That the message in the file `part` is what the index promised: the analysis of `cycle`. Throws Error{bad_input}
  // naming `origin`.
  void check_message(const fs::path& part, const GfsMessage& promised, Time cycle, const std::string& origin);

  // The channel plan.picks[pick] on `grid`, in the model's units; `parts` are the messages of plan.needed, in its
  // order. `gravity` [m s-2] makes geopotential of heights. Throws Error{bad_input} naming file and channel.
  std::vector<float> channel(const GfsPlan& plan, size_t pick, const std::vector<fs::path>& parts,
                             const LatLonGrid& grid, double gravity);

 private:
  Decoder decoder_;
};

// "s3://...: channel t2m"
std::string gfs_origin(const GfsPlan& plan, const std::string& channel);

}  // namespace hens
