// The GPU's side of statistics: plain pointers and a stream.
#pragma once

#include "statistics/accumulate.h"

namespace hens {

// The memory of a window's reduction: of one member, null where there is no window.
struct WindowView {
  double* state = nullptr;  // [point]
  Reduce reduce = Reduce::none;
  int position = 0, count = 1;
};

// Values outside of histograms' windows, of all pairs.
struct PairOutlier {
  int32_t pair;
  uint32_t point;
  int32_t bin;
};
struct OutlierList {
  PairOutlier* items = nullptr;
  unsigned* count = nullptr;  // one number; the caller sees to it that there is room for one item a point
};

// Adds a field [point] to a pair; sets *refused to the lowest number of a pair in which a value was no forecast's.
// `stream` is a cudaStream_t. Returns a cudaError_t.
int launch_accumulate(const PairView& view, const WindowView& window, const float* field, uint32_t member, int pair,
                      int* refused, const OutlierList& outliers, void* stream);

// Whether this program has code for the current device.
bool have_accumulate();

}  // namespace hens
