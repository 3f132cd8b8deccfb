#include "source/analytic.h"

#include <array>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/parallel.h"
#include "grid/channels.h"

namespace hens {
namespace {

using std::numbers::pi;

// Constants of Jablonowski and Williamson (2006), table of symbols.
constexpr double a = 6.371229e6, omega = 7.29212e-5, g = 9.80616, R = 287.0;  // m, s-1, m s-2, J kg-1 K-1
constexpr double p0 = 1e5;                                                    // Pa
constexpr double u0 = 35.0;                                                   // m s-1, the jets
constexpr double eta0 = 0.252, eta_t = 0.2;                                   // level of the jets, of the tropopause
constexpr double T0 = 288.0, lapse = 0.005;                                   // K, K m-1
constexpr double delta_T = 4.8e5;                                             // K, the stratosphere's inversion
// Humidity of Ullrich et al. (2014), over a floor as dry as the stratosphere. Their half-width in latitude is 40
// degrees; beside the poles of 2006, which are colder than theirs, only 36 leave the air unsaturated.
constexpr double q0 = 0.018, q_floor = 2.5e-6;                 // kg kg-1
constexpr double q_latitude = pi / 5.0, q_pressure = 34000.0;  // rad, Pa

// A travelling wave of the stream function, tilted westward with height as growing baroclinic waves are. The two have
// no common period below months, so no two analyses of a season are alike.
struct Wave {
  int number;    // zonal wavenumber
  double speed;  // degrees east per day
  double wind;   // m s-1, meridional, at the jets' level and 45 degrees is 1.4 times this
};
constexpr std::array<Wave, 2> waves{{{6, 11.0, 14.0}, {3, 4.3, 6.0}}};
constexpr double tilt = pi / 2;         // rad of phase from the surface to the top
constexpr double wave_humidity = 0.25;  // relative, of the first wave

// Share of the wind at 1000 hPa that friction leaves at 10 m and at 100 m.
constexpr double share_10m = 0.75, share_100m = 0.9;

struct Level {
  double eta;
  double jet;        // cos^(3/2) eta_v: the vertical shape of jets and waves
  double jet_slope;  // its derivative by eta
  double mean_temperature, mean_geopotential;
};

Level level_at(double hectopascal) {
  const double eta = hectopascal * 100.0 / p0, eta_v = (eta - eta0) * pi / 2, cosine = std::cos(eta_v);
  const double power = std::pow(eta, R * lapse / g);
  Level level{eta, std::pow(cosine, 1.5), -0.75 * pi * std::sin(eta_v) * std::sqrt(cosine), T0 * power,
              T0 * g / lapse * (1.0 - power)};
  if (eta >= eta_t) return level;
  const auto n = [](double x, int exponent) { return std::pow(x, exponent); };
  level.mean_temperature += delta_T * n(eta_t - eta, 5);
  level.mean_geopotential -=
      R * delta_T *
      ((std::log(eta / eta_t) + 137.0 / 60.0) * n(eta_t, 5) - 5.0 * n(eta_t, 4) * eta + 5.0 * n(eta_t, 3) * n(eta, 2) -
       10.0 / 3.0 * n(eta_t, 2) * n(eta, 3) + 1.25 * eta_t * n(eta, 4) - 0.2 * n(eta, 5));
  return level;
}

struct Row {
  double sine, cosine;                // of the latitude
  double jets;                        // sin^2 of twice the latitude
  double squares, linear;             // the two brackets of temperature and geopotential
  double wave;                        // sin^6 of twice the latitude
  double wave_by_cosine, wave_slope;  // wave / cosine, its derivative by latitude
  double moisture;
};

Row row_at(double latitude) {
  const double phi = latitude * pi / 180.0, s = std::sin(phi), c = std::cos(phi), s2 = std::sin(2 * phi);
  const double squares = -2.0 * std::pow(s, 6) * (c * c + 1.0 / 3.0) + 10.0 / 63.0;
  const double linear = 1.6 * c * c * c * (s * s + 2.0 / 3.0) - pi / 4;
  return {s,
          c,
          s2 * s2,
          squares,
          linear,
          std::pow(s2, 6),
          64.0 * std::pow(s, 6) * std::pow(c, 5),
          12.0 * std::pow(s2, 5) * std::cos(2 * phi),
          std::exp(-std::pow(phi / q_latitude, 4))};
}

// A field along a row: mean + sum over waves of along cos(phase) + across sin(phase).
struct Harmonics {
  double mean = 0;
  std::array<double, waves.size()> along{}, across{};
};

Harmonics scaled(Harmonics field, double factor) {
  field.mean *= factor;
  for (double& part : field.along) part *= factor;
  for (double& part : field.across) part *= factor;
  return field;
}

// Amplitude of a wave's stream function at the jets' level, m2 s-1.
double stream(const Wave& wave) { return wave.wind * a / wave.number; }

Harmonics eastward_wind(const Level& level, const Row& row) {
  Harmonics u{u0 * level.jet * row.jets, {}, {}};
  for (size_t w = 0; w < waves.size(); ++w) u.along[w] = -stream(waves[w]) * level.jet * row.wave_slope / a;
  return u;
}

Harmonics northward_wind(const Level& level, const Row& row) {
  Harmonics v;
  for (size_t w = 0; w < waves.size(); ++w) {
    v.across[w] = -waves[w].number * stream(waves[w]) * level.jet * row.wave_by_cosine / a;
  }
  return v;
}

Harmonics geopotential(const Level& level, const Row& row) {
  const double u = u0 * level.jet, coriolis = 2.0 * omega * row.sine;
  Harmonics z{level.mean_geopotential + u * (row.squares * u + row.linear * a * omega), {}, {}};
  for (size_t w = 0; w < waves.size(); ++w) z.along[w] = coriolis * stream(waves[w]) * level.jet * row.wave;
  return z;
}

// -(eta / R) d(geopotential)/d(eta)
Harmonics temperature(const Level& level, const Row& row) {
  const double factor = -level.eta / R, coriolis = 2.0 * omega * row.sine;
  Harmonics t{level.mean_temperature, {}, {}};
  t.mean += factor * u0 * level.jet_slope * (2.0 * row.squares * u0 * level.jet + row.linear * a * omega);
  for (size_t w = 0; w < waves.size(); ++w) {
    const double amplitude = factor * coriolis * stream(waves[w]) * row.wave;
    t.along[w] = amplitude * level.jet_slope;
    t.across[w] = amplitude * level.jet * tilt;  // phase falls by `tilt` while eta grows by 1
  }
  return t;
}

Harmonics humidity(double share, const Row& row) {
  Harmonics q{q_floor + q0 * row.moisture * share, {}, {}};
  q.along[0] = wave_humidity * q.mean * row.wave;
  return q;
}

Harmonics specific_humidity(const Level& level, const Row& row) {
  const double depth = (level.eta - 1.0) * p0 / q_pressure;
  return humidity(std::exp(-depth * depth), row);
}

// The integral of specific humidity over pressure, divided by g.
Harmonics column_vapour(const Row& row) {
  const double share = std::sqrt(pi) / 2 * q_pressure / p0 * std::erf(p0 / q_pressure);
  return scaled(humidity(share, row), p0 / g);
}

// The pressure to which 1000 hPa extrapolates at height 0 with its own temperature, linear in the waves.
Harmonics sea_level_pressure(const Row& row) {
  const Level ground = level_at(1000.0);
  const Harmonics z = geopotential(ground, row);
  const double scale = R * temperature(ground, row).mean, mean = p0 * std::exp(z.mean / scale);
  Harmonics p = scaled(z, mean / scale);
  p.mean = mean;
  return p;
}

// Inverse of Bolton's formula (humidity.h) for the vapour pressure at 1000 hPa, linear in the waves.
Harmonics dew_point(const Row& row) {
  const Harmonics q = specific_humidity(level_at(1000.0), row);
  const double vapour = q.mean * p0 / (0.622 + 0.378 * q.mean), x = std::log(vapour / 611.2) / 17.67;
  Harmonics d{(273.15 - 29.65 * x) / (1.0 - x), {}, {}};
  d.along[0] = (273.15 - 29.65) / ((1.0 - x) * (1.0 - x)) / 17.67 * q.along[0] / q.mean;
  return d;
}

Harmonics field_of(const ChannelInfo& channel, const Level& level, const Row& row) {
  const std::string& quantity = channel.quantity;
  if (quantity == "u") return eastward_wind(level, row);
  if (quantity == "v") return northward_wind(level, row);
  if (quantity == "z") return geopotential(level, row);
  if (quantity == "t" || quantity == "t2m") return temperature(level, row);
  if (quantity == "q") return specific_humidity(level, row);
  if (quantity == "u10m") return scaled(eastward_wind(level, row), share_10m);
  if (quantity == "v10m") return scaled(northward_wind(level, row), share_10m);
  if (quantity == "u100m") return scaled(eastward_wind(level, row), share_100m);
  if (quantity == "v100m") return scaled(northward_wind(level, row), share_100m);
  if (quantity == "sp" || quantity == "msl") return sea_level_pressure(row);
  if (quantity == "tcwv") return column_vapour(row);
  if (quantity == "d2m") return dew_point(row);
  fail(ExitCode::bad_input, "channel {}: the analytic analysis does not have it", channel.name);
}

// Cosine and sine of a wave's phase along the columns, [nlon].
struct Phase {
  std::vector<double> cosine, sine;
};

Phase phase_of(const Wave& wave, double eta, Time time, const std::vector<double>& longitudes) {
  const double days = static_cast<double>((time - Time{}).count()) / 86400.0;
  const double travelled = std::fmod(wave.number * wave.speed * days, 360.0);
  Phase phase;
  for (const double longitude : longitudes) {
    const double angle = (wave.number * longitude - travelled) * pi / 180.0 + tilt * (1.0 - eta);
    phase.cosine.push_back(std::cos(angle));
    phase.sine.push_back(std::sin(angle));
  }
  return phase;
}

void fill(std::span<float> values, const ChannelInfo& channel, Time time, const LatLonGrid& grid,
          const std::vector<Row>& rows) {
  const Level level = level_at(channel.level.value_or(1000));
  std::array<Phase, waves.size()> phases;
  for (size_t w = 0; w < waves.size(); ++w) phases[w] = phase_of(waves[w], level.eta, time, grid.lon);
  size_t point = 0;
  for (const Row& row : rows) {
    const Harmonics field = field_of(channel, level, row);
    for (size_t j = 0; j < grid.lon.size(); ++j) {
      double value = field.mean;
      for (size_t w = 0; w < waves.size(); ++w) {
        value += field.along[w] * phases[w].cosine[j] + field.across[w] * phases[w].sine[j];
      }
      values[point++] = static_cast<float>(value);
    }
  }
}

}  // namespace

State analytic_state(Time valid_time, const std::vector<std::string>& channels, const LatLonGrid& grid) {
  std::vector<Row> rows;
  for (const double latitude : grid.lat) rows.push_back(row_at(latitude));
  State state{grid, channels, valid_time, std::vector<float>(channels.size() * grid.points())};
  parallel_in_order(static_cast<int64_t>(channels.size()), [&](int64_t channel) {
    const auto c = static_cast<size_t>(channel);
    fill(state.channel(c), channel_info(channels[c]), valid_time, grid, rows);
  });
  return state;
}

}  // namespace hens
