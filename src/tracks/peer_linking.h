// How Earth2Studio's trackers link centres to paths, to the letter: on a plane of longitude and latitude without
// wrapping, one new path a frame. Pure.
#pragma once

#include <vector>

#include "tracks/track.h"

namespace hens {

// `distance` [km] a frame, `window` frames back. Paths in the order in which they began.
std::vector<Track> link_as_peer(const std::vector<std::vector<Centre>>& frames, double distance, int window);

}  // namespace hens
