#include <fmt/format.h>

#include "base/checksum.h"
#include "base/error.h"
#include "source/analytic.h"
#include "source/file_source.h"
#include "source/gfs_source.h"
#include "source/isolated_file.h"

namespace hens {
namespace {

class AnalyticSource : public Source {
 public:
  State load(Time valid_time, const std::vector<std::string>& channels, const LatLonGrid& grid) override {
    return analytic_state(valid_time, channels, grid);
  }
  std::vector<SourceRecord> records() const override {
    return {{"analytic", 0, sha256_hex(""), {"made from formulas"}}};
  }
};

const char* kind_name(SourceKind kind) {
  switch (kind) {
    case SourceKind::gfs:
      return "gfs";
    case SourceKind::grib:
      return "grib";
    case SourceKind::netcdf:
      return "netcdf";
    case SourceKind::makani:
      return "makani";
    case SourceKind::zarr:
      return "zarr";
    case SourceKind::analytic:
      return "analytic";
  }
  return "unknown";
}

}  // namespace

std::unique_ptr<Source> open_source(const InitialConditionsSpec& spec, Downloader& downloader, Log& log) {
  log.info("source", {{"kind", kind_name(spec.source)}, {"path", spec.path}});
  const auto files = [&](OpenFieldFile open, bool takes_addresses = false) {
    return std::make_unique<FileSource>(spec, std::move(open), downloader, takes_addresses);
  };
  const ForecastChoice choice{spec.member, spec.lead_time};
  switch (spec.source) {
    case SourceKind::gfs:
      return std::make_unique<GfsSource>(spec, downloader);
    case SourceKind::grib:
      return files(isolated_opener(FieldFormat::grib, choice));
    case SourceKind::netcdf:
      return files(isolated_opener(FieldFormat::netcdf, choice));
    case SourceKind::makani:
      return files(isolated_opener(FieldFormat::makani));
    case SourceKind::zarr:
      return files(isolated_zarr_opener(choice, downloader), true);
    case SourceKind::analytic:
      return std::make_unique<AnalyticSource>();
  }
  throw std::logic_error("a kind of source without a source");
}

}  // namespace hens
