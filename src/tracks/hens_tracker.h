// The tracker of hens: TempestExtremes' published criteria for tropical cyclones, on the sphere.
//
// Sources: Ullrich and Zarzycki (2017), Geosci. Model Dev. 10, 1069-1090 (DetectNodes and StitchNodes: candidates,
// closed contours, merging, linking); Zarzycki and Ullrich (2017), Geophys. Res. Lett. 44, 1157-1164 (which criteria,
// from sensitivities against observed cyclones); Ullrich et al. (2021), Geosci. Model Dev. 14, 5023-5048 (the thickness
// from 500 to 300 hPa, durations). In TempestExtremes' words:
//
//   DetectNodes --searchbymin PSL --closedcontourcmd "PSL,200.0,5.5,0;_DIFF(Z300,Z500),-58.8,6.5,1.0" --mergedist 6.0
//               --outputcmd "PSL,min,0;_VECMAG(U10,V10),max,2;ZS,min,0"
//   StitchNodes --range 8.0 --mintime 54h --maxgap 24h
//               --threshold "wind,>=,10.0,10;lat,<=,50.0,10;lat,>=,-50.0,10;zs,<=,150.0,10"
//
// with geopotential in m2 s-2: 58.8 are 6 m. Beyond the words: of minima of equal pressure side by side one counts, and
// a frame's cyclones go to the tracks that are nearest to them, pair by pair from the nearest on (linking.h).
//
// In place of the thickness a temperature may tell the warm core (T400 and 0.4 K, as those tools' users take them).
//
// Fields: u10m v10m msl, then upper and lower geopotential, or a temperature. Any global grid.
#pragma once

#include "tracks/tracker.h"

namespace hens {

std::unique_ptr<Tracker> make_hens_tracker(const TracksSpec& spec, const LatLonGrid& grid, Duration step,
                                           std::vector<float> orography);

}  // namespace hens
