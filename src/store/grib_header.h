// What a GRIB2 message says before its values: sections 0 to 4, made by ecCodes from a product's description. The one
// place that writes with ecCodes. Thread-safe.
//
// Nothing in a header depends on clock, host or on what ecCodes' samples hold: every key is set.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"
#include "grid/grib_codes.h"
#include "grid/lat_lon_grid.h"
#include "job/job_spec.h"

namespace hens {

// Up to here counts of members have one byte; beyond, the templates of large ensembles have four.
inline constexpr int most_grib_members = 254;

// One member of an ensemble.
struct GribMember {
  int number = 0, of = 1;
  bool perturbed = true;
  int kind = 255;  // code table 4.6: 1 unperturbed control, 2 and 3 negatively and positively perturbed; 255: unsaid
};
// Of all members, code table 4.7: 0 mean, 4 spread, 8 minimum, 9 maximum.
struct GribDerived {
  int what = 0, of = 1;
};
// Of an event: at or above (3), or above (1, code table 4.9) a limit in GRIB's units, for number `number` of `count`.
struct GribProbability {
  int type = 3;
  double limit = 0.0;
  int number = 0, count = 1, of = 1;
};
// The value below which `value` of `of` parts of the members are: a percentile (of 100) or a finer quantile.
struct GribQuantile {
  int value = 50, of = 100;
};
// Of a level above 0 and below 1: in hundredths where it is some, else in as few parts as say it, at most 65535.
GribQuantile grib_quantile(double level);

// A window in time that values are of: (end - length, end].
struct GribWindow {
  Duration length{};
  Reduce reduce = Reduce::none;
};

struct GribProduct {
  GribParameter parameter;
  Time time{};
  Duration lead{};  // of a window its end
  std::optional<GribWindow> window;
  // One of these.
  std::optional<GribMember> member;
  std::optional<GribDerived> derived;
  std::optional<GribProbability> probability;
  std::optional<GribQuantile> quantile;
};

class GribHeaders {
 public:
  GribHeaders(const LatLonGrid& grid, const GribSpec& made_by);
  ~GribHeaders();

  // Sections 0 to 4; the length in section 0 is not yet the message's. Throws Error{missing_input} where ecCodes has no
  // tables, or no template for large ensembles.
  std::vector<std::byte> header(const GribProduct& product) const;

 private:
  struct Frame;
  LatLonGrid grid_;
  GribSpec made_by_;
  mutable std::unique_ptr<Frame> frame_;  // guarded by EccodesLock; made with the first header
};

}  // namespace hens
