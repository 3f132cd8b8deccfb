// What a run's page shows beside texts and tables: maps of strikes and by lead time, plumes of places, charts of
// scores. Made from the stores that the run left; bounded in number and size.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "report/maps/coastline.h"
#include "run/manifest.h"

namespace hens {

// The page has at most so many maps, and so many bytes of them.
inline constexpr size_t most_page_maps = 96;
inline constexpr size_t most_page_map_bytes = size_t{12} << 20;

struct MapFrame {
  std::string lead;     // "5 days"
  std::string caption;  // valid time and what else is to be said of this frame alone
  std::string jpeg;     // the file
};

// One map, by lead time: a slider moves along its frames.
struct MapSequence {
  std::string title;  // "Ensemble mean of air temperature at 2 m"
  std::string notes;  // of which models, members, initial time
  int width = 0, height = 0;
  std::vector<MapFrame> frames;
};

struct PageChart {
  std::string title, notes;
  std::string svg;  // Chart::svg()
};

struct PagePictures {
  std::vector<MapSequence> maps;
  std::vector<PageChart> plumes, scores;
  std::vector<std::string> left_out;  // sentences: what there is no room for

  size_t map_count() const;
  size_t map_bytes() const;
  bool has_room() const { return map_count() < most_page_maps && map_bytes() < most_page_map_bytes; }
};

// Adds maps of cyclones and of final statistics, plumes and charts of scores to `pictures`. They are for looking at:
// where one cannot be made, the log says why, and the others are made all the same.
void add_pictures(const fs::path& run_folder, const Manifest& manifest, std::span<const CoastSegment> coastlines,
                  PagePictures& pictures, Log& log);

}  // namespace hens
