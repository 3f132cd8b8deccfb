#include "report/maps/coastline.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <netcdf.h>

#include "base/error.h"
#include "base/netcdf_lock.h"

namespace hens {
namespace {

constexpr size_t most_values = 20'000'000;  // the full-resolution file has 11 million points

class NetcdfFile {
 public:
  explicit NetcdfFile(const fs::path& path) : path_(path) {
    if (!fs::is_regular_file(path)) fail(ExitCode::missing_input, "{}: is not there", path.string());
    if (const int status = nc_open(path.c_str(), NC_NOWRITE, &id_); status != NC_NOERR) {
      fail(ExitCode::bad_input, "{}: cannot be opened as netCDF: {}", path.string(), nc_strerror(status));
    }
  }
  NetcdfFile(const NetcdfFile&) = delete;
  NetcdfFile& operator=(const NetcdfFile&) = delete;
  ~NetcdfFile() { nc_close(id_); }

  [[noreturn]] void refuse(const char* variable, const std::string& why) const {
    fail(ExitCode::bad_input, "{}: {}: {}; GSHHG 2.3 as Debian's gmt-gshhg-low has it was expected", path_.string(),
         variable, why);
  }

  // A one-dimensional variable, widened to double: exact for every integer type in the file.
  std::vector<double> values(const char* variable) const {
    int id = 0, dimensions = 0, dimension = 0;
    size_t length = 0;
    if (nc_inq_varid(id_, variable, &id) != NC_NOERR) refuse(variable, "is missing");
    if (nc_inq_varndims(id_, id, &dimensions) != NC_NOERR || dimensions != 1) refuse(variable, "has not one dimension");
    if (nc_inq_vardimid(id_, id, &dimension) != NC_NOERR || nc_inq_dimlen(id_, dimension, &length) != NC_NOERR ||
        length == 0 || length > most_values) {
      refuse(variable, fmt::format("has {} values", length));
    }
    std::vector<double> result(length);
    if (const int status = nc_get_var_double(id_, id, result.data()); status != NC_NOERR) {
      refuse(variable, nc_strerror(status));
    }
    return result;
  }

  std::vector<double> values(const char* variable, size_t expected) const {
    std::vector<double> result = values(variable);
    if (result.size() != expected)
      refuse(variable, fmt::format("has {} values instead of {}", result.size(), expected));
    return result;
  }

 private:
  fs::path path_;
  int id_ = -1;
};

constexpr const char* name_first_segment = "Id_of_first_segment_in_a_bin";
constexpr const char* name_segment_count = "N_segments_in_a_bin";
constexpr const char* name_info = "Embedded_npts_levels_exit_entry_for_a_segment";
constexpr const char* name_first_point = "Id_of_first_point_in_a_segment";
constexpr const char* name_polygon = "Id_of_GSHHS_ID";
constexpr const char* name_area = "The_km_squared_area_of_polygons";

struct Tables {
  explicit Tables(const NetcdfFile& file)
      : bin_degrees(file.values("Bin_size_in_minutes", 1)[0] / 60.0),
        columns(static_cast<size_t>(std::lround(360.0 / bin_degrees))),
        first_segment(file.values(name_first_segment)),
        segment_count(file.values(name_segment_count, first_segment.size())),
        info(file.values(name_info)),
        first_point(file.values(name_first_point, info.size())),
        polygon(file.values(name_polygon, info.size())),
        area(file.values(name_area)),
        x(file.values("Relative_longitude_from_SW_corner_of_bin")),
        y(file.values("Relative_latitude_from_SW_corner_of_bin", x.size())) {
    if (!(bin_degrees > 0.0) || columns * bin_degrees != 360.0 || first_segment.size() * 2 != columns * columns) {
      file.refuse("Bin_size_in_minutes", fmt::format("bins of {} degrees do not tile the globe", bin_degrees));
    }
  }

  double bin_degrees;
  size_t columns;                                    // bins around a parallel; half as many rows, from the north
  std::vector<double> first_segment, segment_count;  // [bin]
  std::vector<double> info, first_point, polygon;    // [segment]; info: points << 9 | level << 6 | exit and entry sides
  std::vector<double> area;                          // [polygon] km2, negative for rivers drawn as lakes
  std::vector<double> x, y;                          // [point] sixteen unsigned bits, in 1/65535 of a bin
};

// `first` .. `first + count` as indices, checked against `size`.
size_t checked_range(const NetcdfFile& file, const char* variable, double first, double count, size_t size) {
  if (!(first >= 0.0 && count >= 0.0 && first + count <= static_cast<double>(size))) {
    file.refuse(variable, fmt::format("{} from {} are outside the {} that the file has", count, first, size));
  }
  return static_cast<size_t>(first);
}

GeoPoint point_at(const Tables& tables, size_t bin, size_t point) {
  const auto offset = [&](double stored) {
    return tables.bin_degrees * static_cast<uint16_t>(static_cast<int32_t>(stored)) / 65535.0;
  };
  const double west = tables.bin_degrees * static_cast<double>(bin % tables.columns);
  const double south = 90.0 - tables.bin_degrees * static_cast<double>(bin / tables.columns + 1);
  return {south + offset(tables.y[point]), (west >= 180.0 ? west - 360.0 : west) + offset(tables.x[point])};
}

// Appends segment `s` of `bin` if it is a shore to draw: levels 1 (sea) and 2 (lake). Levels 3 and 4 are islands in
// lakes and ponds on them, 6 is Antarctica's grounding line under the ice shelves.
void append_segment(const NetcdfFile& file, const Tables& tables, size_t bin, size_t s, double least_area,
                    std::vector<CoastSegment>& segments) {
  const auto info = static_cast<uint32_t>(static_cast<int64_t>(tables.info[s]));
  const uint32_t level = (info >> 6) & 7, count = info >> 9;
  const size_t polygon = checked_range(file, name_polygon, tables.polygon[s], 1, tables.area.size());
  const size_t first = checked_range(file, name_first_point, tables.first_point[s], count, tables.x.size());
  if (level > 2 || count < 2 || tables.area[polygon] < least_area) return;
  CoastSegment& segment = segments.emplace_back(CoastSegment{level == 2, tables.area[polygon], {}});
  for (size_t p = first; p < first + count; ++p) segment.points.push_back(point_at(tables, bin, p));
}

}  // namespace

std::optional<fs::path> find_gshhg() {
  constexpr std::array folders{"/usr/share/gmt-gshhg", "/usr/share/gshhg-gmt-nc4", "/usr/share/gmt/coast",
                               "/usr/local/share/gshhg-gmt", "/opt/homebrew/share/gshhg-gmt"};
  for (const char* folder : folders) {
    const fs::path file = fs::path(folder) / "binned_GSHHS_l.nc";
    std::error_code ignored;
    if (fs::is_regular_file(file, ignored)) return file;
  }
  return std::nullopt;
}

std::vector<CoastSegment> read_gshhg(const fs::path& path, double least_area) {
  const NetcdfLock lock;
  const NetcdfFile file(path);
  const Tables tables(file);
  std::vector<CoastSegment> segments;
  for (size_t bin = 0; bin < tables.first_segment.size(); ++bin) {
    const double count = tables.segment_count[bin];
    const size_t first = checked_range(file, name_first_segment, tables.first_segment[bin], count, tables.info.size());
    for (size_t s = first; s < first + static_cast<size_t>(count); ++s) {
      append_segment(file, tables, bin, s, least_area, segments);
    }
  }
  return segments;
}

}  // namespace hens
