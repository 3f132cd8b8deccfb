#include "report/page/track_maps.h"

#include <charconv>
#include <cmath>
#include <fstream>

#include <fmt/format.h>

#include "base/error.h"
#include "report/maps/field_map.h"
#include "report/maps/jpeg.h"
#include "report/page/page_words.h"
#include "report/table.h"
#include "run/track_files.h"
#include "source/netcdf_file.h"

namespace hens {
namespace {

constexpr int jpeg_quality = 82;
constexpr size_t most_lines = 400;  // tracks on a map: more hide what is below

// Share of the members of all models that strike, [lat, lon]; NaN, which stays blank, where none does.
std::vector<float> strike_probability(const NetcdfFile& file, const LatLonGrid& grid, size_t time) {
  const DatasetVariable* const variable = file.find("strike_probability_all");
  const std::vector<size_t> field{1, grid.lat.size(), grid.lon.size()};
  if (variable == nullptr || variable->shape.size() != 3 || time >= variable->shape[0] ||
      variable->shape[1] != field[1] || variable->shape[2] != field[2]) {
    fail(ExitCode::bad_input,
         "{}: has no strike_probability_all of this run's grid and initial times; hens report "
         "makes it again where it is removed",
         file.origin());
  }
  std::vector<float> values;
  for (const double value : file.read(*variable, {time, 0, 0}, field)) {
    values.push_back(value > 0.0 ? static_cast<float>(value) : NAN);
  }
  return values;
}

int64_t members_of(const NetcdfFile& file, size_t time) {
  const DatasetVariable* const variable = file.find("members");  // [model, time]
  if (variable == nullptr || variable->shape.size() != 2 || time >= variable->shape[1]) return 0;
  double members = 0;
  for (const double count : file.read(*variable, {0, time}, {variable->shape[0], 1})) members += count;
  return std::llround(members);
}

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  for (size_t at = 0; at <= line.size();) {
    const size_t end = std::min(line.find(',', at), line.size());
    cells.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return cells;
}

double number_of(std::string_view text, const fs::path& path) {
  double value = NAN;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value)) {
    fail(ExitCode::bad_input, "{}: '{}' is no number", path.string(), text);
  }
  return value;
}

struct Lines {
  std::vector<GeoLine> drawn;
  size_t all = 0;
};

// The tracks of an initial time in the table of all members' (text_products.h), as many as are drawn.
Lines read_lines(const fs::path& path, const std::string& initial_time) {
  std::ifstream file(path);
  if (!file) fail(ExitCode::missing_input, "{}: cannot be read; hens report makes it again", path.string());
  Lines lines;
  std::string row, track;  // "model,time,member,track" of the row before
  std::getline(file, row);
  while (std::getline(file, row)) {
    const std::vector<std::string_view> cells = cells_of(row);
    if (cells.size() != 11)
      fail(ExitCode::bad_input, "{}: a row of {} columns, expected 11", path.string(), cells.size());
    if (cells[1] != initial_time) continue;
    const std::string_view of(cells[0].data(),
                              static_cast<size_t>(cells[3].data() + cells[3].size() - cells[0].data()));
    if (of != track) {
      track = of;
      if (++lines.all <= most_lines) lines.drawn.emplace_back();
    }
    if (lines.all <= most_lines) {
      lines.drawn.back().push_back({number_of(cells[7], path), number_of(cells[8], path)});
    }
  }
  return lines;
}

MapSequence draw(const fs::path& run_folder, const Manifest& manifest, const TracksSpec& tracks, size_t time,
                 std::span<const CoastSegment> coastlines) {
  const JobSpec& spec = manifest.spec;
  const TrackProducts products = track_products(spec, tracks, longest_length(spec));
  const NetcdfFile file(run_folder / products.strike, products.strike.string());
  const Time initial = spec.initial_conditions.times.at(time);
  const std::vector<float> field = strike_probability(file, manifest.grid, time);
  const Lines lines = read_lines(run_folder / products.csv, iso_time(initial));
  const FieldScale scale = field_scale(FieldKind::probability, "", "", manifest.grid, {});
  const Picture picture = draw_field_map(manifest.grid, field, scale, coastlines, lines.drawn);
  MapSequence maps{
      fmt::format("Tropical cyclones: probability of one within {:g} km", tracks.strike_radius),
      fmt::format("{} of {}, tracks \"{}\". Initial time {}.", plural(members_of(file, time), "member"),
                  plural(static_cast<int64_t>(spec.models.size()), "model"), tracks.name, time_text(initial)),
      picture.width,
      picture.height,
      {}};
  std::string caption =
      fmt::format("At any time of the forecast; {}", plural(static_cast<int64_t>(lines.all), "track"));
  if (lines.all > lines.drawn.size()) caption += fmt::format(", of which the first {} are drawn", lines.drawn.size());
  const Duration whole = spec.forecast.steps.at(static_cast<size_t>(longest_length(spec))) * model_step;
  maps.frames.push_back({lead_text(whole), caption + ".", encode_jpeg(picture, jpeg_quality)});
  return maps;
}

}  // namespace

void add_track_maps(const fs::path& run_folder, const Manifest& manifest, std::span<const CoastSegment> coastlines,
                    PagePictures& pictures, Log& log) {
  const JobSpec& spec = manifest.spec;
  for (const TracksSpec& tracks : spec.tracks) {
    std::error_code none;
    if (!fs::exists(run_folder / track_products(spec, tracks, longest_length(spec)).record, none)) continue;
    for (size_t time = 0; time < spec.initial_conditions.times.size() && pictures.has_room(); ++time) {
      try {
        pictures.maps.push_back(draw(run_folder, manifest, tracks, time, coastlines));
      } catch (const Error& error) {
        log.warn("map_left_out", {{"map", "report.html"}, {"error", error.what()}});
      }
    }
  }
}

}  // namespace hens
