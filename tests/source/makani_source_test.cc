// makani's HDF5 layout: names and times in the file, or told by the file's name; what is refused.
#include <hdf5.h>
#include <numeric>

#include "source/analytic.h"
#include "source/source_fixtures.h"

namespace hens {
namespace {

using test::error_text;
using ::testing::HasSubstr;

const LatLonGrid grid = equiangular_grid(7, 12);
const std::vector<std::string> channels{"u10m", "d2m", "z500"};
const Time new_year = std::chrono::sys_days(std::chrono::year(2023) / 1 / 1);

void write_dataset(hid_t file, const char* name, const std::vector<hsize_t>& shape, hid_t stored, hid_t given,
                   const void* data) {
  const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
  const hid_t dataset = H5Dcreate2(file, name, stored, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  ASSERT_GE(dataset, 0);
  ASSERT_GE(H5Dwrite(dataset, given, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), 0);
  H5Dclose(dataset);
  H5Sclose(space);
}

struct Contents {
  hsize_t samples = 3;
  bool timestamps = true, names = true, axes = true;
};

// Samples every 6 hours of `channels`, as makani's tools write them.
void write_makani(const fs::path& path, const Contents& contents) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  ASSERT_GE(file, 0);
  std::vector<float> fields;
  std::vector<double> stamps;
  for (hsize_t t = 0; t < contents.samples; ++t) {
    const Time time = new_year + t * model_step;
    const State state = analytic_state(time, channels, grid);
    fields.insert(fields.end(), state.values.begin(), state.values.end());
    stamps.push_back(static_cast<double>(time.time_since_epoch().count()));
  }
  write_dataset(file, "fields", {contents.samples, 3, 7, 12}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, fields.data());
  if (contents.timestamps) {
    write_dataset(file, "timestamp", {contents.samples}, H5T_STD_I64LE, H5T_NATIVE_DOUBLE, stamps.data());
  }
  if (contents.names) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, 4);
    write_dataset(file, "channel", {3}, type, type, "u10m2d\0\0z500");
    H5Tclose(type);
  }
  if (contents.axes) {
    write_dataset(file, "lat", {7}, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, grid.lat.data());
    write_dataset(file, "lon", {12}, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, grid.lon.data());
  }
  H5Fclose(file);
}

class MakaniSourceTest : public ::testing::Test {
 protected:
  State load(const fs::path& path, Time time, const std::vector<std::string>& wanted = channels,
             const LatLonGrid& on = grid) {
    return files_.open(SourceKind::makani, {path.string()})->load(time, wanted, on);
  }
  std::string load_error(ExitCode code, const fs::path& path, Time time = new_year,
                         const std::vector<std::string>& wanted = channels, const LatLonGrid& on = grid) {
    return error_text([&] { load(path, time, wanted, on); }, code);
  }
  test::FileSources files_;
};

TEST_F(MakaniSourceTest, NamesAndTimestampsFindTheField) {
  write_makani(files_ / "era5.h5", {});
  const Time time = new_year + 2 * model_step;
  EXPECT_EQ(load(files_ / "era5.h5", time).values, analytic_state(time, channels, grid).values);
  EXPECT_EQ(load(files_ / "era5.h5", time, {"z500"}).values, analytic_state(time, {"z500"}, grid).values);
}

TEST_F(MakaniSourceTest, WithoutAnnotationsAYearFileIsTheYearInThePackagesOrder) {
  write_makani(files_ / "2023.h5", {1460, false, false, false});
  const Time last = parse_time("2023-12-31T18:00");
  EXPECT_EQ(load(files_ / "2023.h5", last).values, analytic_state(last, channels, grid).values);
  EXPECT_THAT(load_error(ExitCode::missing_input, files_ / "2023.h5", parse_time("2023-06-01T03:00")),
              HasSubstr("2023-01-01T00:00:00Z .. 2023-12-31T18:00:00Z"));
  EXPECT_THAT(load_error(ExitCode::bad_input, files_ / "2023.h5", last, {"u10m", "z500"}),
              HasSubstr("2023.h5: channel u10m: the file has 3 channels"));
  EXPECT_THAT(load_error(ExitCode::bad_input, files_ / "2023.h5", last, channels, equiangular_grid(4, 6)),
              HasSubstr("7x12"));
}

TEST_F(MakaniSourceTest, TimesThatCannotBeKnownAreRefused) {
  write_makani(files_ / "train.h5", {1460, false, true, true});
  EXPECT_THAT(load_error(ExitCode::bad_input, files_ / "train.h5"), HasSubstr("train.h5: its times cannot be known"));
  write_makani(files_ / "2024.h5", {1460, false, true, true});  // a leap year has 1464
  EXPECT_THAT(load_error(ExitCode::bad_input, files_ / "2024.h5"), HasSubstr("the 8784 hours of 2024"));
}

TEST_F(MakaniSourceTest, AMissingChannelIsNamed) {
  write_makani(files_ / "era5.h5", {});
  const std::string message = load_error(ExitCode::missing_input, files_ / "era5.h5", new_year, {"z500", "t850"});
  EXPECT_THAT(message, HasSubstr("channel t850 at 2023-01-01T00:00:00Z"));
  EXPECT_THAT(message, HasSubstr("era5.h5: channels u10m d2m z500 at 3 times"));
}

TEST_F(MakaniSourceTest, AnotherLayoutIsRefused) {
  const hid_t file = H5Fcreate((files_ / "other.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const float value = 0;
  write_dataset(file, "values", {1}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, &value);
  H5Fclose(file);
  EXPECT_THAT(load_error(ExitCode::bad_input, files_ / "other.h5"), HasSubstr("other.h5: has no dataset 'fields'"));
}

TEST_F(MakaniSourceTest, ATruncatedFileIsRefused) {
  write_makani(files_ / "whole.h5", {});
  const std::string bytes = read_file(files_ / "whole.h5");
  for (const size_t length : {size_t{0}, size_t{100}, bytes.size() / 2, bytes.size() - 1}) {
    test::write_bytes(files_ / "cut.h5", bytes.substr(0, length));
    EXPECT_THAT(load_error(ExitCode::bad_input, files_ / "cut.h5"), HasSubstr("cut.h5: cannot be opened as HDF5"))
        << length;
  }
}

}  // namespace
}  // namespace hens
