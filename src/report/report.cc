#include "report/report.h"

#include "base/checksum.h"
#include "base/error.h"
#include "report/benchmark_json.h"
#include "report/maps/coastline.h"
#include "report/maps/jpeg.h"
#include "report/maps/map_fields.h"
#include "report/timing_report.h"

namespace hens {
namespace {

constexpr int jpeg_quality = 90;
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

}  // namespace

std::vector<StoredFile> write_texts(const fs::path& run_folder, const Manifest& manifest) {
  return {publish_report(run_folder, "timing_report.txt", timing_report(manifest)),
          publish_report(run_folder, "benchmark_results.json", benchmark_results(manifest).dump(2) + "\n")};
}

// A map that cannot be made is no reason to lose the other reports: it is left out, and said.
std::vector<StoredFile> write_maps(const fs::path& run_folder, const Manifest& manifest, Log& log) {
  std::vector<StoredFile> maps;
  std::string reason;
  const auto source = plan_maps(manifest.spec, reason);
  if (!source) {
    log.info("no_maps", {{"reason", reason}});
    return maps;
  }
  const std::vector<CoastSegment> coast = coastlines(log);
  for (const MapTask& task : source->tasks) {
    try {
      const auto input = read_map_input(run_folder, manifest, *source, task);
      if (!input) continue;
      maps.push_back(publish_report(run_folder, task.file, encode_jpeg(draw_wind_map(*input, coast), jpeg_quality)));
    } catch (const Error& error) {
      const bool output = error.code() == ExitCode::cannot_create || error.code() == ExitCode::io;
      if (output) throw;
      log.warn("map_left_out", {{"map", task.file}, {"error", error.what()}});
    }
  }
  return maps;
}

}  // namespace hens
