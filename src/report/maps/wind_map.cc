#include "report/maps/wind_map.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include <fmt/format.h>

#include "report/maps/map_panel.h"
#include "report/table.h"

namespace hens {
namespace {

constexpr int picture_width = 2000, margin = 66, gap = 72, top = 142, bottom = 170, panel_head = 46, panel_foot = 44;
constexpr int panel_width = (picture_width - margin - 30 - gap) / 2;
constexpr size_t most_models = 40;

const Colour ink{0.12, 0.14, 0.17}, soft_ink{0.36, 0.38, 0.42}, paper{1.0, 1.0, 1.0};

struct Scales {
  BandScale mean, spread;
};

// The scale reaches what all but a thousandth of the globe stays below, in the strongest model.
BandScale common_scale(const MapInput& input, Palette palette, std::vector<float> WindStatistics::* field) {
  double reach = 0.0;
  for (const ModelWind& model : input.models) {
    reach = std::max(reach, area_quantile(model.wind.*field, input.grid.lat, 0.999));
  }
  return make_scale(palette, reach);
}

int row_height() { return panel_head + MapPanel::height_of(panel_width) + panel_foot; }

MapPanel panel_at(size_t row, int column) {
  const double x = margin + column * (panel_width + gap);
  const double y = top + static_cast<double>(row) * row_height() + panel_head;
  return MapPanel({x, y}, panel_width);
}

std::string lead_text(Duration lead) {
  return forecast_text(std::chrono::duration<double, std::ratio<3600>>(lead).count());
}

void draw_title(Canvas& canvas, const MapInput& input, size_t shown) {
  canvas.text({margin - 36.0, 62.0}, "10 m wind speed: ensemble mean and spread", {36.0, true, ink});
  const std::string job = shortened(input.job, 40);
  canvas.text({picture_width - 30.0, 62.0}, job, {22.0, false, soft_ink, TextAlign::right});
  const char* pattern = "%a %d %b %Y %H:%M UTC";
  std::string times = fmt::format("Initial {}   ·   lead {}   ·   valid {}", format_time(input.initial_time, pattern),
                                  lead_text(input.lead), format_time(input.initial_time + input.lead, pattern));
  if (shown < input.models.size()) times += fmt::format("   ·   {} of {} models", shown, input.models.size());
  canvas.text({margin - 36.0, 104.0}, times, {23.0, false, ink});
  canvas.text({picture_width - 30.0, 104.0}, fmt::format("from the run of {}", plural(input.nsteps, "step")),
              {18.0, false, soft_ink, TextAlign::right});
}

std::string fitted(const Canvas& canvas, const std::string& text, const TextStyle& style, double width) {
  std::string result = text;
  for (int columns = display_width(text); columns > 8 && canvas.text_width(result, style) > width; --columns) {
    result = shortened(text, columns - 1);
  }
  return result;
}

// What is shown on the left, the field's extremes on the right.
void draw_panel_head(Canvas& canvas, const MapPanel& panel, const std::string& what, const std::string& whose,
                     const std::string& numbers) {
  const double y = panel.corner().y - 15.0, left = panel.corner().x - 36.0, right = panel.corner().x + panel.width();
  const TextStyle bold{20.0, true, ink}, plain{18.0, false, ink}, small{17.0, false, soft_ink, TextAlign::right};
  canvas.text({left, y}, what, bold);
  const double begin = left + canvas.text_width(what, bold) + 14.0;
  canvas.text({right, y}, numbers, small);
  canvas.text({begin, y}, fitted(canvas, whose, plain, right - canvas.text_width(numbers, small) - 18.0 - begin),
              plain);
}

std::string numbers_text(const LatLonGrid& grid, std::span<const float> field) {
  const float most = *std::max_element(field.begin(), field.end());
  const int digits = most < 0.1f ? 4 : most < 1.0f ? 2 : 1;  // spreads of the first hours are small
  return fmt::format("mean {}  max {} m/s", fixed(area_mean(field, grid.lat), digits), fixed(most, digits));
}

void draw_row(Canvas& canvas, const MapInput& input, size_t m, const Scales& scales,
              std::span<const CoastSegment> coastlines) {
  const ModelWind& model = input.models[m];

  const MapPanel mean = panel_at(m, 0);
  draw_panel_head(canvas, mean, "Mean", model.name, numbers_text(input.grid, model.wind.mean_speed));
  mean.fill(canvas, input.grid, model.wind.mean_speed, scales.mean);
  mean.graticule(canvas);
  mean.coastlines(canvas, coastlines);
  mean.streamlines(canvas, input.grid, model.wind.mean_u, model.wind.mean_v);
  mean.frame(canvas);

  const MapPanel spread = panel_at(m, 1);
  const bool single = model.wind.members == 1;
  draw_panel_head(canvas, spread, "Spread",
                  single ? "one member has no spread" : fmt::format("of {} members", model.wind.members),
                  single ? "" : numbers_text(input.grid, model.wind.spread));
  spread.fill(canvas, input.grid, model.wind.spread, scales.spread);
  spread.graticule(canvas);
  spread.coastlines(canvas, coastlines);
  spread.frame(canvas);
}

// A bar of bands with an arrow for what lies beyond, a label at each edge (every other one where they would touch).
void draw_bar(Canvas& canvas, const MapPanel& above, const BandScale& scale, double y, const std::string& caption) {
  const double height = 26.0, tip = 20.0;
  const double left = above.corner().x + 40.0, right = above.corner().x + above.width() - 40.0 - tip;
  const auto bands = static_cast<double>(scale.bands.size());
  const auto edge = [&](double index) { return left + (right - left) * index / bands; };
  for (size_t i = 0; i < scale.bands.size(); ++i) {
    const double from = edge(static_cast<double>(i)), to = edge(static_cast<double>(i + 1));
    canvas.area(std::array{Pixel{from, y}, Pixel{to, y}, Pixel{to, y + height}, Pixel{from, y + height}},
                scale.bands[i]);
  }
  const std::array arrow{Pixel{right - 0.5, y}, Pixel{right + tip, y + 0.5 * height}, Pixel{right - 0.5, y + height}};
  canvas.area(arrow, scale.bands.back());
  const std::array outline{Pixel{left, y}, arrow[0], arrow[1], arrow[2], Pixel{left, y + height}, Pixel{left, y}};
  canvas.line(outline, 1.2, soft_ink);
  const size_t every = scale.bands.size() > 12 ? 2 : 1;
  for (size_t i = 0; i < scale.bands.size(); ++i) {
    const double x = edge(static_cast<double>(i));
    if (i > 0) canvas.line(std::array{Pixel{x, y}, Pixel{x, y + height}}, 0.8, {0.2, 0.22, 0.25, 0.45});
    if (i % every != 0) continue;
    canvas.text({x, y + height + 21.0}, fmt::format("{:g}", static_cast<double>(i) * scale.step),
                {16.0, false, ink, TextAlign::centre});
  }
  canvas.text({above.corner().x + 0.5 * above.width(), y + height + 50.0}, caption,
              {18.0, false, ink, TextAlign::centre});
}

void draw_foot(Canvas& canvas, double y, bool coastlines) {
  const std::string text =
      fmt::format("Streamlines: ensemble-mean wind, wider where stronger.   Equal Earth projection.   {}",
                  coastlines ? "Coastlines: GSHHG." : "No coastline data on this machine.");
  canvas.text({margin - 36.0, y}, text, {15.0, false, soft_ink});
  canvas.text({picture_width - 30.0, y}, "hens", {15.0, false, soft_ink, TextAlign::right});
}

}  // namespace

Picture draw_wind_map(const MapInput& input, std::span<const CoastSegment> coastlines) {
  assert(!input.models.empty());
  const size_t shown = std::min(input.models.size(), most_models);
  const int bars = top + static_cast<int>(shown) * row_height();
  Canvas canvas(picture_width, bars + bottom, paper);
  const Scales scales{common_scale(input, Palette::wind, &WindStatistics::mean_speed),
                      common_scale(input, Palette::spread, &WindStatistics::spread)};
  draw_title(canvas, input, shown);
  for (size_t m = 0; m < shown; ++m) draw_row(canvas, input, m, scales, coastlines);
  draw_bar(canvas, panel_at(0, 0), scales.mean, bars + 14.0, "Mean of the members' wind speed at 10 m  [m/s]");
  draw_bar(canvas, panel_at(0, 1), scales.spread, bars + 14.0,
           "Standard deviation of the members' wind speed at 10 m  [m/s]");
  draw_foot(canvas, bars + bottom - 22.0, !coastlines.empty());
  return canvas.result();
}

}  // namespace hens
