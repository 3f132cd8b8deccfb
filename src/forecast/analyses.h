// Analyses as tensors, each loaded once for as long as it is likely to be asked for again: the models of a job start
// from the same ones, and successive initial times share most of those that breeding needs. Not thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "package/package.h"
#include "source/source.h"

namespace hens {

class Analyses {
 public:
  // `source` must outlive it.
  explicit Analyses(Source& source) : source_(source) {}

  // The analysis at `time` in the package's channels and grid: [channel, lat, lon] float32 in host memory, physical
  // units. Not to be changed by the caller. Throws what the source throws.
  at::Tensor load(Time time, const ModelPackage& package);

 private:
  static constexpr size_t kept = 4;  // as one member's breeding needs; 300 MB each at full size

  Source& source_;
  std::vector<std::string> channels_;  // of those in fields_
  std::map<Time, at::Tensor> fields_;  // the latest
};

}  // namespace hens
