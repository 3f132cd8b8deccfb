// Maps of tropical cyclones for the page: the share of members that strike a point at any time of the forecast, with
// the tracks of the first members over it; of the longest roll-out, of each initial time.
#pragma once

#include <span>

#include "report/maps/coastline.h"
#include "report/page/page_pictures.h"

namespace hens {

// Nothing where the run's tracks are not gathered yet.
void add_track_maps(const fs::path& run_folder, const Manifest& manifest, std::span<const CoastSegment> coastlines,
                    PagePictures& pictures, Log& log);

}  // namespace hens
