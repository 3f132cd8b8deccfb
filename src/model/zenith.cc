#include "model/zenith.h"

#include <cmath>
#include <numbers>

// One fused multiply-add in the sidereal time moves the sun by 64 s. On x86-64 there is none without -mfma; elsewhere
// GCC would contract by default.
#ifdef __FP_FAST_FMAF
#error "compile this file with -ffp-contract=off and without -mfma: its float32 roundings are part of the model's input"
#endif

namespace hens {
namespace {

constexpr Time epoch = Time(std::chrono::sys_days(std::chrono::year(2000) / 1 / 1)) + std::chrono::hours(12);

template <typename Real>
Real radians(Real degrees) {
  return degrees * static_cast<Real>(std::numbers::pi / 180);
}

// Greenwich mean sidereal time. The constant 10e-6 is 1e-5 where the almanac has 1e-6; it matters for nothing, and it
// is what the networks saw.
template <typename Real>
Real sidereal_time(Real t) {
  const Real inner = Real(0.093104) - t * Real(6.2) * Real(10e-6);
  const Real seconds = Real(67310.54841) + t * (Real(876600.0 * 3600 + 8640184.812866) + t * inner);
  const Real circle = Real(2 * std::numbers::pi);
  const Real angle = std::fmod(radians(seconds / Real(240)), circle);
  return angle < 0 ? angle + circle : angle;
}

template <typename Real>
Real ecliptic_longitude(Real t) {
  const Real anomaly =
      radians(Real(357.52910) + Real(35999.05030) * t - Real(0.0001559) * t * t - Real(0.00000048) * t * t * t);
  const Real mean = radians(Real(280.46645) + Real(36000.76983) * t + Real(0.0003032) * (t * t));
  const Real centre = (Real(1.914600) - Real(0.004817) * t - Real(0.000014) * (t * t)) * std::sin(anomaly) +
                      (Real(0.019993) - Real(0.000101) * t) * std::sin(2 * anomaly) +
                      Real(0.000290) * std::sin(3 * anomaly);
  return mean + radians(centre);
}

template <typename Real>
Real obliquity(Real t) {
  // Powers, not running products: std::pow rounds once, as the original does.
  const Real series = Real(46.836769) * t - Real(0.0001831) * (t * t) + Real(0.00200340) * std::pow(t, Real(3)) -
                      Real(0.576e-6) * std::pow(t, Real(4)) - Real(4.34e-8) * std::pow(t, Real(5));
  return radians(Real(23.0 + 26.0 / 60 + 21.406 / 3600.0) - series / Real(3600));
}

}  // namespace

template <typename Real>
Sun<Real> sun(Time time) {
  Sun<Real> s{};
  s.days = static_cast<Real>(static_cast<double>((time - epoch).count()) / 86400.0);
  s.centuries = s.days / Real(36525);
  s.sidereal = sidereal_time(s.centuries);
  s.ecliptic_longitude = ecliptic_longitude(s.centuries);
  s.obliquity = obliquity(s.centuries);
  const Real sine = std::sin(s.ecliptic_longitude);
  const Real x = std::cos(s.ecliptic_longitude), y = std::cos(s.obliquity) * sine, z = std::sin(s.obliquity) * sine;
  const Real r = std::sqrt(Real(1) - z * z);
  s.declination = std::atan2(z, r);
  s.right_ascension = 2 * std::atan2(y, x + r);
  return s;
}

template <typename Real>
ZenithFactors<Real> zenith_factors(const Sun<Real>& sun, const LatLonGrid& grid) {
  ZenithFactors<Real> factors;
  for (const double lon : grid.lon) {
    factors.hour_cosine.push_back(std::cos(sun.sidereal + radians(static_cast<Real>(lon)) - sun.right_ascension));
  }
  for (const double degrees : grid.lat) {
    const Real lat = radians(static_cast<Real>(degrees));
    factors.constant.push_back(std::sin(lat) * std::sin(sun.declination));
    factors.amplitude.push_back(std::cos(lat) * std::cos(sun.declination));
  }
  return factors;
}

template <typename Real>
std::vector<Real> cos_zenith(const Sun<Real>& sun, const LatLonGrid& grid) {
  const ZenithFactors<Real> factors = zenith_factors(sun, grid);
  std::vector<Real> values;
  values.reserve(grid.points());
  for (size_t i = 0; i < factors.constant.size(); ++i) {
    for (const Real cosine : factors.hour_cosine) values.push_back(factors.constant[i] + factors.amplitude[i] * cosine);
  }
  return values;
}

template Sun<float> sun(Time);
template Sun<double> sun(Time);
template ZenithFactors<float> zenith_factors(const Sun<float>&, const LatLonGrid&);
template ZenithFactors<double> zenith_factors(const Sun<double>&, const LatLonGrid&);
template std::vector<float> cos_zenith(const Sun<float>&, const LatLonGrid&);
template std::vector<double> cos_zenith(const Sun<double>&, const LatLonGrid&);

}  // namespace hens
