// Earth2Studio's TCTrackerVitart (0.19), to the letter: minima of sea-level pressure near maxima of vorticity, of
// temperature aloft and of thickness (Vitart, Anderson and Stern, 1997, J. Climate 10, 745-760). For comparison with
// what that made; its faults are in docs/tracks.md.
//
// Fields: u10m v10m msl u850 v850 z850 z200 t500 t400 t300 t250 t200. Rows within 60 degrees of the equator.
#pragma once

#include "tracks/tracker.h"

namespace hens {

std::unique_ptr<Tracker> make_vitart(const TracksSpec& spec, const LatLonGrid& grid);

}  // namespace hens
