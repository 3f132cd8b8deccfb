// From the centres of a member's frames to tracks, on the sphere. Pure.
#pragma once

#include <vector>

#include "tracks/track.h"

namespace hens {

// A centre may follow a track whose last point is at most `frames_back` frames old and within `range` [degrees, great
// circle]. Of all such pairs of a frame the nearest is joined first, then the nearest of what is left: neither a track
// nor a centre is in two. Each centre that is left begins a track. Tracks are ordered by their first frame, in a frame
// as its centres are.
std::vector<Track> link_on_sphere(const std::vector<std::vector<Centre>>& frames, double range, int frames_back);

}  // namespace hens
