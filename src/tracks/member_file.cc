#include "tracks/member_file.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "base/error.h"

namespace hens {
namespace {

constexpr std::string_view header = "track,step,valid_time,lat,lon,msl,wind\n";
constexpr int most_steps = 10'000;  // of a roll-out

template <typename Number>
Number number(std::string_view field, const fs::path& path, size_t line) {
  Number value{};
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  bool good = error == std::errc() && end == field.data() + field.size();
  if constexpr (std::is_floating_point_v<Number>) good = good && std::isfinite(value);
  if (!good) {
    fail(ExitCode::bad_input, "{}:{}: '{}' is no number; run the job again", path.string(), line, field.substr(0, 40));
  }
  return value;
}

std::string_view take(std::string_view& rest, char end) {
  const size_t at = std::min(rest.find(end), rest.size());
  const std::string_view field = rest.substr(0, at);
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return field;
}

}  // namespace

std::string member_file_text(const std::vector<Track>& tracks, Time initial_time, Duration step) {
  std::string text(header);
  for (size_t k = 0; k < tracks.size(); ++k) {
    for (const auto& [at, centre] : tracks[k]) {
      const double lon = centre.lon >= 359.99995 ? 0.0 : centre.lon;  // would be rounded to 360
      text += fmt::format("{},{},{},{:.4f},{:.4f},{:.2f},{:.2f}\n", k, at, iso_time(initial_time + at * step),
                          centre.lat, lon, centre.msl, centre.wind);
    }
  }
  return text;
}

std::vector<Track> parse_member_file(const std::string& text, const fs::path& path) {
  std::string_view rest = text;
  if (!rest.starts_with(header) || !rest.ends_with('\n')) {
    fail(ExitCode::bad_input, "{}: is no file of a member's tracks; run the job again", path.string());
  }
  rest.remove_prefix(header.size());
  std::vector<Track> tracks;
  for (size_t line = 2; !rest.empty(); ++line) {
    std::string_view fields = take(rest, '\n');
    const auto next = [&] { return take(fields, ','); };
    const auto track = number<size_t>(next(), path, line);
    TrackPoint point{number<int>(next(), path, line)};
    next();  // the valid time says the same as the step
    for (double* value : {&point.centre.lat, &point.centre.lon, &point.centre.msl, &point.centre.wind}) {
      *value = number<double>(next(), path, line);
    }
    const bool begins = track == tracks.size(), follows = track + 1 == tracks.size();
    const Centre& at = point.centre;
    const bool on_earth = std::abs(at.lat) <= 90.0 && at.lon >= 0.0 && at.lon < 360.0;
    if (!on_earth || point.step < 0 || point.step > most_steps) {
      fail(ExitCode::bad_input, "{}:{}: is no point of a forecast; run the job again", path.string(), line);
    }
    if ((!begins && !(follows && tracks.back().back().step < point.step)) || !fields.empty()) {
      fail(ExitCode::bad_input, "{}:{}: is out of order; run the job again", path.string(), line);
    }
    if (begins) tracks.emplace_back();
    tracks.back().push_back(point);
  }
  return tracks;
}

}  // namespace hens
