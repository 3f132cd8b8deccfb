// Static fields through netCDF: netCDF-4 and classic, right way up, on the package's grid, plain numbers.
#include "package/static_field.h"

#include <cmath>
#include <netcdf.h>

#include "support/package_support.h"

namespace hens::test {
namespace {

using ::testing::HasSubstr;

const LatLonGrid grid = equiangular_grid(5, 8);

std::vector<float> ramp() {
  std::vector<float> values(grid.points());
  for (size_t k = 0; k < values.size(); ++k) values[k] = static_cast<float>(k) / 64;
  return values;
}

// A netCDF file as others make it: LSM [lat, lon], with whatever is to be tried.
struct Made {
  int format = NC_CLOBBER;  // classic
  std::vector<double> lat = grid.lat;
  bool packed = false;
  std::vector<float> values = ramp();
};

void make(const fs::path& path, const Made& m) {
  int id = 0, dimensions[2] = {}, lat = 0, lsm = 0;
  ASSERT_EQ(nc_create(path.c_str(), m.format, &id), NC_NOERR);
  nc_def_dim(id, "lat", m.lat.size(), &dimensions[0]);
  nc_def_dim(id, "lon", m.values.size() / m.lat.size(), &dimensions[1]);
  nc_def_var(id, "lat", NC_DOUBLE, 1, &dimensions[0], &lat);
  nc_def_var(id, "LSM", NC_FLOAT, 2, dimensions, &lsm);
  const float factor = 2;
  if (m.packed) nc_put_att_float(id, lsm, "scale_factor", NC_FLOAT, 1, &factor);
  nc_enddef(id);
  nc_put_var_double(id, lat, m.lat.data());
  nc_put_var_float(id, lsm, m.values.data());
  ASSERT_EQ(nc_close(id), NC_NOERR);
}

TEST(StaticField, ReadsBackWhatItWritesWithTheSameBytesEachTime) {
  TemporaryFolder folder;
  const std::vector<float> values = ramp();
  for (const char* name : {"a.nc", "b.nc"})
    write_static_field(folder / name, {"Z", "m**2 s**-2", "Geopotential", values}, grid);
  EXPECT_EQ(read_static_field(folder / "a.nc", "Z", grid), values);
  EXPECT_EQ(read_file(folder / "a.nc"), read_file(folder / "b.nc"));
  EXPECT_EQ(read_file(folder / "a.nc").substr(1, 3), "HDF");
}

TEST(StaticField, ReadsEveryFormatOfNetcdf) {
  TemporaryFolder folder;
  for (const int format : {NC_CLOBBER, NC_64BIT_OFFSET, NC_NETCDF4}) {
    make(folder / "a.nc", {.format = format});
    EXPECT_EQ(read_static_field(folder / "a.nc", "LSM", grid), ramp()) << format;
    fs::remove(folder / "a.nc");
  }
}

TEST(StaticField, NamesWhatIsWrong) {
  TemporaryFolder folder;
  const auto error_with = [&](const Made& made, const std::string& variable = "LSM") {
    make(folder / "a.nc", made);
    return error_of([&] { read_static_field(folder / "a.nc", variable, grid); });
  };
  EXPECT_THAT(error_with({}, "Z"), HasSubstr("has no variable Z"));
  EXPECT_THAT(error_with({.lat = {-90, -45, 0, 45, 90}}), HasSubstr("lat[0] is -90, the package's grid has 90"));
  EXPECT_THAT(error_with({.lat = {90, 0, -45, -90}}),
              HasSubstr("does not have the shape of the package's grid, [1, 5, 8]"));
  EXPECT_THAT(error_with({.packed = true}), HasSubstr("is packed (scale_factor)"));
  Made made;
  made.values[11] = std::nanf("");
  EXPECT_THAT(error_with(made), HasSubstr("LSM is nan at row 1, column 3"));
  put_file(folder / "a.nc", "CDF\x01 and nothing more");
  EXPECT_THAT(error_of([&] { read_static_field(folder / "a.nc", "LSM", grid); }),
              HasSubstr("cannot be read as netCDF"));
  EXPECT_THAT(error_of([&] { read_static_field(folder / "b.nc", "LSM", grid); }, ExitCode::missing_input),
              HasSubstr("b.nc"));
}

}  // namespace
}  // namespace hens::test
