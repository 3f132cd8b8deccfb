// Peaks of an image as scikit-image's peak_local_max finds them. Pure.
#pragma once

#include <span>
#include <vector>

#include "tracks/pixels.h"

namespace hens {

// Pixels that nothing within `distance` rows and columns exceeds, strictly above `threshold` and not within `distance`
// of a side; strongest first (of equal ones in the order of rows and columns), without those nearer than `distance`
// (the larger of rows and columns) to a stronger one. `image` is [rows, columns].
std::vector<Pixel> find_peaks(std::span<const float> image, int rows, int columns, int distance, float threshold);

}  // namespace hens
