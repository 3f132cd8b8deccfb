#include "tracks/tracker.h"

#include "tracks/hens_tracker.h"
#include "tracks/vitart.h"
#include "tracks/wuduan.h"

namespace hens {

std::unique_ptr<Tracker> make_tracker(const TracksSpec& spec, const LatLonGrid& grid, Duration step,
                                      std::vector<float> orography) {
  switch (spec.tracker) {
    case TrackerKind::wuduan:
      return make_wuduan(spec, grid);
    case TrackerKind::vitart:
      return make_vitart(spec, grid);
    case TrackerKind::hens:
      break;
  }
  return make_hens_tracker(spec, grid, step, std::move(orography));
}

}  // namespace hens
