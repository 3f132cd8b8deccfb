#include "report/report.h"

#include "base/checksum.h"
#include "base/error.h"
#include "report/benchmark_json.h"
#include "report/maps/coastline.h"
#include "report/maps/jpeg.h"
#include "report/maps/map_fields.h"
#include "report/page/page.h"
#include "report/page/page_words.h"
#include "report/timing_report.h"

namespace hens {
namespace {

constexpr int jpeg_quality = 90, page_quality = 82;
constexpr double least_land_km2 = 2000.0;  // a map's pixel is about 40 km

StoredFile publish_report(const fs::path& run_folder, const std::string& name, const std::string& bytes) {
  publish_file(run_folder / name, bytes);
  return {name, bytes.size(), sha256_hex(bytes)};
}

std::vector<CoastSegment> coastlines(Log& log) {
  std::string why = "GSHHG is not installed (package gmt-gshhg-low)";
  try {
    if (const auto file = find_gshhg()) return read_gshhg(*file, least_land_km2);
  } catch (const Error& error) {
    why = error.what();
  }
  log.warn("no_coastlines", {{"message", "the maps have no coastlines: " + why}});
  return {};
}

// Half as wide and high: the mean of four pixels each.
Picture halved(const Picture& picture) {
  Picture half{picture.width / 2, picture.height / 2, {}};
  half.rgb.reserve(static_cast<size_t>(half.width) * half.height * 3);
  const auto at = [&](int x, int y, int channel) {
    return static_cast<int>(picture.rgb[(static_cast<size_t>(y) * picture.width + x) * 3 + channel]);
  };
  for (int y = 0; y < 2 * half.height; y += 2) {
    for (int x = 0; x < 2 * half.width; x += 2) {
      for (int c = 0; c < 3; ++c) {
        half.rgb.push_back(
            static_cast<uint8_t>((at(x, y, c) + at(x + 1, y, c) + at(x, y + 1, c) + at(x + 1, y + 1, c) + 2) / 4));
      }
    }
  }
  return half;
}

// Maps of one initial time are one sequence, by lead time.
void add_to_page(PagePictures& page, const MapInput& input, const Picture& picture) {
  if (!page.has_room()) return;
  const std::string notes = "Each model's mean and spread. Initial time " + time_text(input.initial_time) + ".";
  if (page.maps.empty() || page.maps.back().notes != notes) {
    page.maps.push_back(
        {"10 m wind speed: ensemble mean and spread", notes, picture.width / 2, picture.height / 2, {}});
  }
  page.maps.back().frames.push_back({lead_text(input.lead), "Valid " + time_text(input.initial_time + input.lead) + ".",
                                     encode_jpeg(halved(picture), page_quality)});
}

// A map that cannot be made is no reason to lose the other reports: it is left out, and said.
void draw_wind(const fs::path& run_folder, const Manifest& manifest, std::span<const CoastSegment> coast,
               DrawnMaps& maps, Log& log) {
  std::string reason;
  const auto source = plan_maps(manifest.spec, reason);
  if (!source) return log.info("no_maps", {{"reason", reason}});
  for (const MapTask& task : source->tasks) {
    try {
      const auto input = read_map_input(run_folder, manifest, *source, task);
      if (!input) continue;
      const Picture picture = draw_wind_map(*input, coast);
      maps.files.push_back(publish_report(run_folder, task.file, encode_jpeg(picture, jpeg_quality)));
      add_to_page(maps.page, *input, picture);
    } catch (const Error& error) {
      const bool output = error.code() == ExitCode::cannot_create || error.code() == ExitCode::io;
      if (output) throw;
      log.warn("map_left_out", {{"map", task.file}, {"error", error.what()}});
    }
  }
}

}  // namespace

DrawnMaps write_maps(const fs::path& run_folder, const Manifest& manifest, Log& log) {
  DrawnMaps maps;
  const std::vector<CoastSegment> coast = manifest.spec.report.maps ? coastlines(log) : std::vector<CoastSegment>{};
  draw_wind(run_folder, manifest, coast, maps, log);
  add_pictures(run_folder, manifest, coast, maps.page, log);
  return maps;
}

std::vector<StoredFile> write_texts(const fs::path& run_folder, const Manifest& manifest, const PagePictures& page) {
  return {publish_report(run_folder, "timing_report.txt", timing_report(manifest)),
          publish_report(run_folder, "benchmark_results.json", benchmark_results(manifest).dump(2) + "\n"),
          publish_report(run_folder, "report.html", report_page(manifest, page))};
}

}  // namespace hens
