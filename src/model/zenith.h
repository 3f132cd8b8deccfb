// The cosine of the solar zenith angle, an input of the network.
//
// The formulae are those of makani's zenith_angle.py (after climt): mean solar longitude, equation of centre,
// obliquity, sidereal time; no refraction; negative at night. makani computes all of it in float32 from the day number
// on, where sidereal seconds are rounded to 64 s, and the networks were trained on that: sun<float> repeats its
// operations one by one, in its order. sun<double> is the same chain without those roundings. Pure and thread-safe.
#pragma once

#include <vector>

#include "base/time.h"
#include "grid/lat_lon_grid.h"

namespace hens {

// Where the sun stands at one time. Angles in radians.
template <typename Real>
struct Sun {
  Real days;                // since 2000-01-01 12:00 UTC
  Real centuries;           // Julian, 36525 days
  Real sidereal;            // Greenwich mean sidereal time, [0, 2 pi)
  Real ecliptic_longitude;  // not reduced
  Real obliquity;
  Real right_ascension, declination;
};

// Real is float or double.
template <typename Real>
Sun<Real> sun(Time time);

// cos of the zenith angle on a grid is constant[lat] + amplitude[lat] * hour_cosine[lon].
template <typename Real>
struct ZenithFactors {
  std::vector<Real> constant, amplitude;  // sines of latitude and declination; their cosines
  std::vector<Real> hour_cosine;          // of each meridian's hour angle
};
template <typename Real>
ZenithFactors<Real> zenith_factors(const Sun<Real>& sun, const LatLonGrid& grid);

// cos of the zenith angle on a grid, [lat, lon].
template <typename Real>
std::vector<Real> cos_zenith(const Sun<Real>& sun, const LatLonGrid& grid);

}  // namespace hens
