// Maps of final statistics for the page: ensemble mean, spread and the probability of each threshold, of each variable,
// by lead time; of all models together first, then of each; of the globe and of boxes.
#pragma once

#include <span>

#include "report/maps/coastline.h"
#include "report/page/page_pictures.h"

namespace hens {

void add_statistics_maps(const fs::path& run_folder, const Manifest& manifest, std::span<const CoastSegment> coastlines,
                         PagePictures& pictures, Log& log);

// Which of `count` lead times are shown where there is room for `most`: evenly spread, the first and the last among
// them. Requires most >= 2.
std::vector<size_t> spread_leads(size_t count, size_t most);

}  // namespace hens
