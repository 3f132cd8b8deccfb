#include "scores/truth.h"

#include <algorithm>
#include <array>

#include <fmt/ranges.h>

#include "base/error.h"
#include "base/nearest.h"
#include "source/source.h"

namespace hens {
namespace {

const std::vector<std::string>& file_kinds() {
  static const std::vector<std::string> kinds{"grib", "netcdf", "makani", "zarr"};
  return kinds;
}

// The paths of files may be of this machine, or addresses.
std::string absolute(const std::string& path) {
  return path.find("://") == std::string::npos ? fs::absolute(path).string() : path;
}

std::unique_ptr<Source> open_truth(const TruthSpec& truth, InitialConditionsSpec spec, Downloader& downloader,
                                   Log& log) {
  spec.path = truth.path.empty() ? std::vector<std::string>{} : std::vector{absolute(truth.path)};
  spec.member.reset();  // of what the run started from
  spec.lead_time.reset();
  spec.source = truth.kind == "gfs"        ? SourceKind::gfs
                : truth.kind == "analytic" ? SourceKind::analytic
                : truth.kind == "grib"     ? SourceKind::grib
                : truth.kind == "netcdf"   ? SourceKind::netcdf
                : truth.kind == "zarr"     ? SourceKind::zarr
                                           : SourceKind::makani;
  return open_source(spec, downloader, log);
}

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace

TruthSpec parse_truth(const std::string& text) {
  const size_t colon = text.find(':');
  TruthSpec truth{text, text.substr(0, colon), colon == std::string::npos ? "" : text.substr(colon + 1)};
  const bool of_files = std::ranges::find(file_kinds(), truth.kind) != file_kinds().end();
  if (of_files && !truth.path.empty()) return truth;
  if (!of_files && (truth.kind == "gfs" || truth.kind == "analytic") && colon == std::string::npos) return truth;
  fail(ExitCode::usage,
       "--truth {}: expected gfs, analytic, or one of {} with a path behind a colon, as netcdf:era5.nc", text,
       fmt::join(file_kinds(), ", "));
}

Truth::Truth(const TruthSpec& truth, const InitialConditionsSpec& run, StateCheck check, Downloader& downloader,
             Log& log)
    : offline_(downloader.options().offline), log_(log) {
  InitialConditionsSpec spec = run;
  spec.check = check;
  source_ = open_truth(truth, spec, downloader, log);
}

std::optional<std::vector<float>> Truth::field(const std::string& variable, Time valid_time, const LatLonGrid& grid) {
  if (known_missing_.contains({variable, valid_time})) return std::nullopt;
  try {
    State state = source_->load(valid_time, {variable}, grid);
    // Each source has looked; a score that a NaN could enter is worth a second look.
    check_state(state, fmt::format("truth at {}", iso_time(valid_time)), StateCheck::finite);
    return std::move(state.values);
  } catch (const Error& error) {
    const bool absent = error.code() == ExitCode::missing_input || (offline_ && error.code() == ExitCode::unavailable);
    if (!absent) throw;
    missing_.push_back({variable, valid_time, one_line(error.what())});
    known_missing_.insert({variable, valid_time});
    log_.warn(
        "no_truth",
        {{"variable", variable},
         {"valid_time", iso_time(valid_time)},
         {"message", fmt::format("no truth of {} at {}: {}", variable, iso_time(valid_time), missing_.back().why)}});
    return std::nullopt;
  }
}

}  // namespace hens
