// Earth2Studio's TCTrackerWuDuan (0.19), to the letter: objects of vorticity at 850 hPa, tested for shape and basin
// (its documentation names the method after Wu and Duan). For comparison with what that made; its faults are in
// docs/tracks.md.
//
// Fields: u10m v10m msl u850 v850. Exactly the 721 x 1440 grid.
#pragma once

#include "tracks/tracker.h"

namespace hens {

std::unique_ptr<Tracker> make_wuduan(const TracksSpec& spec, const LatLonGrid& grid);

}  // namespace hens
