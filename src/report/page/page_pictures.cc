#include "report/page/page_pictures.h"

#include "base/error.h"
#include "report/page/plumes.h"
#include "report/page/score_charts.h"
#include "report/page/statistics_maps.h"
#include "report/page/track_maps.h"

namespace hens {

size_t PagePictures::map_count() const {
  size_t count = 0;
  for (const MapSequence& sequence : maps) count += sequence.frames.size();
  return count;
}

size_t PagePictures::map_bytes() const {
  size_t bytes = 0;
  for (const MapSequence& sequence : maps) {
    for (const MapFrame& frame : sequence.frames) bytes += frame.jpeg.size();
  }
  return bytes;
}

void add_pictures(const fs::path& run_folder, const Manifest& manifest, std::span<const CoastSegment> coastlines,
                  PagePictures& pictures, Log& log) {
  if (manifest.spec.report.maps) {
    add_track_maps(run_folder, manifest, coastlines, pictures, log);
    add_statistics_maps(run_folder, manifest, coastlines, pictures, log);
  }
  add_plumes(run_folder, manifest, pictures, log);
  try {
    pictures.scores = score_charts(run_folder, manifest);
  } catch (const Error& error) {
    log.warn("scores_left_out", {{"error", error.what()}});
  }
}

}  // namespace hens
