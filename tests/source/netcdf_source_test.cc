// netCDF analyses: our own and Earth2Studio's layout, ERA5's, any order of axes, packed values; a real ERA5 file.
#include <algorithm>
#include <cmath>

#include "source/analytic.h"
#include "source/netcdf_writer.h"
#include "source/source_fixtures.h"
#include "support/compare.h"

namespace hens {
namespace {

using test::data_root;
using test::error_text;
using test::NetcdfVariableSpec;
using ::testing::HasSubstr;

const Time new_year = std::chrono::sys_days(std::chrono::year(2024) / 1 / 1);
const LatLonGrid grid = equiangular_grid(19, 36);

std::vector<double> doubles(std::span<const float> values) { return {values.begin(), values.end()}; }

std::vector<NetcdfVariableSpec> our_axes(const LatLonGrid& axes = grid) {
  return {{"time", {"time"}, {0.0, 6.0}, {{"units", "hours since 2024-01-01 00:00:00"}}, NC_INT},
          {"lat", {"lat"}, axes.lat, {{"units", "degrees_north"}}, NC_DOUBLE},
          {"lon", {"lon"}, axes.lon, {{"units", "degrees_east"}}, NC_DOUBLE}};
}

const std::vector<std::pair<std::string, size_t>> our_dimensions{{"time", 2}, {"lat", 19}, {"lon", 36}};

// A file as hens and Earth2Studio write it: one variable a channel, two times.
void write_ours(const fs::path& path, const std::vector<std::string>& channels, int mode = NC_NETCDF4) {
  auto variables = our_axes();
  for (const std::string& channel : channels) {
    std::vector<double> values;
    for (const int hours : {0, 6}) {
      const State state = analytic_state(new_year + std::chrono::hours(hours), {channel}, grid);
      values.insert(values.end(), state.values.begin(), state.values.end());
    }
    variables.push_back({channel, {"time", "lat", "lon"}, values, {}});
  }
  test::write_netcdf(path, our_dimensions, variables, mode);
}

class NetcdfSourceTest : public ::testing::Test {
 protected:
  State load(const fs::path& path, const std::vector<std::string>& channels, Time time = new_year,
             const LatLonGrid& wanted = grid) {
    return files_.open(SourceKind::netcdf, {path.string()})->load(time, channels, wanted);
  }
  std::string load_error(ExitCode code, const fs::path& path, const std::vector<std::string>& channels,
                         Time time = new_year, const LatLonGrid& wanted = grid) {
    return error_text([&] { load(path, channels, time, wanted); }, code);
  }
  test::FileSources files_;
};

TEST_F(NetcdfSourceTest, OurOwnLayoutComesBackBitForBit) {
  for (const int mode : {NC_NETCDF4, NC_64BIT_OFFSET}) {
    write_ours(files_ / "ours.nc", hens_channels(), mode);
    for (const int hours : {0, 6}) {
      const Time time = new_year + std::chrono::hours(hours);
      const State state = load(files_ / "ours.nc", hens_channels(), time);
      EXPECT_EQ(state.values, analytic_state(time, hens_channels(), grid).values);
      EXPECT_EQ(state.channels, hens_channels());
      EXPECT_EQ(state.valid_time, time);
    }
  }
}

TEST_F(NetcdfSourceTest, AStoreOfOneMemberServesAnyLeadTime) {
  auto variables = our_axes();
  variables[0] = {"time", {"time"}, {1704067200.0}, {{"units", "seconds since 1970-01-01 00:00:00"}}, NC_INT64};
  variables.push_back({"lead_time", {"lead_time"}, {0, 6, 12}, {{"units", "hours"}}, NC_INT64});
  variables.push_back({"ensemble", {"ensemble"}, {7}, {}, NC_INT});
  std::vector<double> values;
  for (const int hours : {0, 6, 12}) {
    const State state = analytic_state(new_year + std::chrono::hours(hours), {"z500"}, grid);
    values.insert(values.end(), state.values.begin(), state.values.end());
  }
  variables.push_back({"z500", {"ensemble", "time", "lead_time", "lat", "lon"}, values, {}});
  test::write_netcdf(files_ / "store.nc", {{"ensemble", 1}, {"time", 1}, {"lead_time", 3}, {"lat", 19}, {"lon", 36}},
                     variables);
  const Time noon = new_year + std::chrono::hours(12);
  EXPECT_EQ(load(files_ / "store.nc", {"z500"}, noon).values, analytic_state(noon, {"z500"}, grid).values);
}

TEST_F(NetcdfSourceTest, SeveralMembersAreRefused) {
  auto variables = our_axes();
  variables.push_back({"z500", {"number", "time", "lat", "lon"}, std::vector<double>(4 * 19 * 36, 5e4), {}});
  test::write_netcdf(files_ / "members.nc", {{"number", 2}, {"time", 2}, {"lat", 19}, {"lon", 36}}, variables);
  EXPECT_THAT(load_error(ExitCode::bad_input, files_ / "members.nc", {"z500"}),
              HasSubstr("members.nc: channel z500: dimension 'number' of variable z500 has 2 entries"));
}

// ERA5 as CDS delivers it: short names, levels, south to north, longitudes from -180, packed in 16 bits.
TEST_F(NetcdfSourceTest, Era5NamesLevelsDirectionsAndPacking) {
  std::vector<double> lat(grid.lat.rbegin(), grid.lat.rend()), lon;
  for (int j = 0; j < 36; ++j) lon.push_back(-180.0 + 10.0 * j);
  const auto turned = [&](const State& state, double scale, double offset) {
    std::vector<double> values;
    for (int i = 0; i < 19; ++i) {
      for (int j = 0; j < 36; ++j) {
        const float value = state.values[(18 - i) * 36 + (j + 18) % 36];
        values.push_back(std::nearbyint((value - offset) / scale));
      }
    }
    return values;
  };
  std::vector<NetcdfVariableSpec> variables{
      {"valid_time", {"valid_time"}, {1704067200.0}, {{"units", "seconds since 1970-01-01"}}, NC_INT64},
      {"latitude", {"latitude"}, lat, {{"units", "degrees_north"}}, NC_FLOAT},
      {"longitude", {"longitude"}, lon, {{"units", "degrees_east"}}, NC_FLOAT},
      {"pressure_level", {"pressure_level"}, {85000, 10000}, {{"units", "Pa"}}, NC_DOUBLE}};
  const auto pack = [&](const char* name, std::vector<std::string> channels, double scale, double offset,
                        const char* long_name) {
    NetcdfVariableSpec variable{name, {"valid_time"}, {}, {}, NC_SHORT};
    if (channels.size() > 1) variable.dimensions.push_back("pressure_level");
    variable.dimensions.insert(variable.dimensions.end(), {"latitude", "longitude"});
    for (const auto& channel : channels) {
      const auto values = turned(analytic_state(new_year, {channel}, grid), scale, offset);
      variable.values.insert(variable.values.end(), values.begin(), values.end());
    }
    variable.attributes = {{"scale_factor", scale},
                           {"add_offset", offset},
                           {"_FillValue", -32767.0},
                           {"long_name", std::string(long_name)}};
    variables.push_back(variable);
  };
  pack("u10", {"u10m"}, 0.01, 0.0, "10 metre U wind component");
  pack("u100", {"u100m"}, 0.01, 0.0, "100 metre U wind component");
  pack("t2m", {"t2m"}, 0.01, 280.0, "2 metre temperature");
  pack("u", {"u850", "u100"}, 0.01, 0.0, "U component of wind");
  pack("z", {"z850", "z100"}, 4.0, 90000.0, "Geopotential");
  test::write_netcdf(files_ / "era5.nc",
                     {{"valid_time", 1}, {"latitude", 19}, {"longitude", 36}, {"pressure_level", 2}}, variables);

  const std::vector<std::string> channels{"u10m", "u100m", "t2m", "u850", "u100", "z850", "z100"};
  const State state = load(files_ / "era5.nc", channels);
  const State expected = analytic_state(new_year, channels, grid);
  for (size_t c = 0; c < channels.size(); ++c) {
    // Half a step of the packing, and a float's rounding.
    const double tolerance = channels[c].starts_with("z") ? 2.02 : 0.00502;
    EXPECT_TRUE(test::all_near(state.channel(c), expected.channel(c), tolerance)) << channels[c];
  }
}

TEST_F(NetcdfSourceTest, U100IsTheWindAt100HectoPascalAmongOurChannels) {
  write_ours(files_ / "ours.nc", {"u100", "u100m"});
  EXPECT_EQ(load(files_ / "ours.nc", {"u100"}).values, analytic_state(new_year, {"u100"}, grid).values);
  EXPECT_EQ(load(files_ / "ours.nc", {"u100m"}).values, analytic_state(new_year, {"u100m"}, grid).values);
  write_ours(files_ / "levels.nc", {"u100", "z500"});
  EXPECT_THAT(load_error(ExitCode::missing_input, files_ / "levels.nc", {"u100m"}), HasSubstr("channel u100m"));
}

TEST_F(NetcdfSourceTest, U100AloneIsEra5sWindAt100Metres) {
  auto variables = our_axes();
  variables.push_back({"u100", {"time", "lat", "lon"}, std::vector<double>(2 * 19 * 36, 12.5), {}});
  variables.push_back({"u10", {"time", "lat", "lon"}, std::vector<double>(2 * 19 * 36, 8.5), {}});
  test::write_netcdf(files_ / "era5.nc", our_dimensions, variables);
  EXPECT_EQ(load(files_ / "era5.nc", {"u100m"}).values.front(), 12.5f);
  EXPECT_EQ(load(files_ / "era5.nc", {"u10m"}).values.front(), 8.5f);
  EXPECT_THAT(load_error(ExitCode::missing_input, files_ / "era5.nc", {"u100"}), HasSubstr("channel u100 at"));
}

TEST_F(NetcdfSourceTest, ARealEra5FileWithLevelsFirstAndLatitudesLast) {
  HENS_REQUIRE_DATA("data/era5");
  const fs::path path = data_root() / "data/era5/era5_tl31_19590102T00.nc";
  // Rows of the Gaussian grid TL31, north to south, as the file has them (to 1e-5 degrees).
  LatLonGrid gaussian{{85.76059, 80.26878, 74.74454, 69.21298, 63.67863, 58.14295, 52.60653, 47.06964, 41.53246,
                       35.99508, 30.45755, 24.91993, 19.38223, 13.84448, 8.30670, 2.76890},
                      {}};
  for (int i = 15; i >= 0; --i) gaussian.lat.push_back(-gaussian.lat[i]);
  for (int j = 0; j < 64; ++j) gaussian.lon.push_back(5.625 * j);
  std::vector<std::string> channels(hens_channels().begin() + 9, hens_channels().end());
  const State state = load(path, channels, parse_time("1959-01-02"), gaussian);
  const auto value = [&](const char* channel, int row, int column) {
    return state.channel(channel_positions({channel}, channels)[0])[row * 64 + column];
  };
  // Read with the netCDF4 package of Python.
  EXPECT_EQ(value("z500", 31, 0), 49796.6640625f);
  EXPECT_EQ(value("z500", 11, 10), 55969.28125f);
  EXPECT_EQ(value("t850", 0, 63), 250.66712951660156f);
  EXPECT_EQ(value("u50", 26, 7), 5.883139133453369f);
  EXPECT_EQ(value("q1000", 15, 33), 0.017503349110484123f);
  EXPECT_EQ(value("v1000", 0, 0), -11.076169967651367f);

  const std::string other_time =
      load_error(ExitCode::missing_input, path, {"z500"}, parse_time("1959-01-03"), gaussian);
  EXPECT_THAT(other_time, HasSubstr("channel z500 at 1959-01-03T00:00:00Z"));
  EXPECT_THAT(other_time, HasSubstr("1959-01-02T00:00:00Z"));
  EXPECT_THAT(load_error(ExitCode::missing_input, path, {"t2m"}, parse_time("1959-01-02"), gaussian),
              HasSubstr("channel t2m"));
  EXPECT_THAT(load_error(ExitCode::bad_input, path, {"z500"}, parse_time("1959-01-02"), grid),
              HasSubstr("channel z500, variable geopotential: its grid of 32x64 points"));
}

TEST_F(NetcdfSourceTest, ATruncatedFileIsRefused) {
  for (const int mode : {NC_NETCDF4, NC_64BIT_OFFSET}) {
    write_ours(files_ / "whole.nc", {"z500", "t850"}, mode);
    const std::string bytes = read_file(files_ / "whole.nc");
    for (const size_t length :
         {size_t{0}, size_t{3}, size_t{100}, bytes.size() / 2, bytes.size() - 1000, bytes.size() - 1}) {
      test::write_bytes(files_ / "cut.nc", bytes.substr(0, length));
      EXPECT_THAT(load_error(ExitCode::bad_input, files_ / "cut.nc", {"z500", "t850"}), HasSubstr("cut.nc")) << length;
    }
  }
}

// netCDF-C reads beyond the end of a classic file as zeros: winds of 0 m/s would pass for weather.
TEST_F(NetcdfSourceTest, TheCalmBeyondTheEndOfAClassicFileIsNotWeather) {
  for (const int mode : {0, NC_64BIT_OFFSET, NC_64BIT_DATA}) {
    for (const bool unlimited : {false, true}) {
      const std::vector<std::string> names{"u850", "v850"};
      auto variables = our_axes();
      for (const std::string& name : names) {
        const auto values = doubles(analytic_state(new_year, {name, name}, grid).values);
        variables.push_back({name, {"time", "lat", "lon"}, values, {{"units", "m s-1"}}});
      }
      auto dimensions = our_dimensions;
      if (unlimited) dimensions[0].second = NC_UNLIMITED;
      test::write_netcdf(files_ / "whole.nc", dimensions, variables, mode, 2);
      EXPECT_EQ(load(files_ / "whole.nc", names).values, analytic_state(new_year, names, grid).values);
      const std::string bytes = read_file(files_ / "whole.nc");
      for (size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 31) {
        test::write_bytes(files_ / "cut.nc", bytes.substr(0, length));
        EXPECT_THAT(load_error(ExitCode::bad_input, files_ / "cut.nc", names), HasSubstr("cut.nc")) << length;
      }
    }
  }
}

TEST_F(NetcdfSourceTest, APointThatIsMissingIsAnErrorWithItsPlace) {
  for (const double hole : {std::nan(""), -9999.0}) {
    auto variables = our_axes();
    auto values = doubles(analytic_state(new_year, {"t850", "t850"}, grid).values);
    values[5 * 36 + 7] = hole;
    variables.push_back({"t850", {"time", "lat", "lon"}, values, {{"_FillValue", -9999.0}}});
    test::write_netcdf(files_ / "hole.nc", our_dimensions, variables);
    const std::string message = load_error(ExitCode::bad_input, files_ / "hole.nc", {"t850"});
    EXPECT_THAT(message, HasSubstr("hole.nc: channel t850 at 2024-01-01T00:00:00Z is not finite"));
    EXPECT_THAT(message, HasSubstr("latitude 40, longitude 70"));
  }
}

TEST_F(NetcdfSourceTest, LatitudesThatAreUpsideDownAreNoticed) {
  // Antarctica at the end of the rows, which a wrong axis calls north.
  std::vector<double> pressure;
  for (int t = 0; t < 2; ++t) {
    for (int i = 0; i < 19; ++i) pressure.insert(pressure.end(), 36, i >= 17 ? 68000.0 : 101000.0);
  }
  for (const bool swapped : {false, true}) {
    LatLonGrid axes = grid;
    if (swapped) std::ranges::reverse(axes.lat);
    auto variables = our_axes(axes);
    variables.push_back({"sp", {"time", "lat", "lon"}, pressure, {}});
    test::write_netcdf(files_ / "sp.nc", our_dimensions, variables);
    if (swapped) {
      EXPECT_THAT(load_error(ExitCode::bad_input, files_ / "sp.nc", {"sp"}),
                  HasSubstr("sp.nc: the hemispheres are swapped"));
    } else {
      EXPECT_NO_THROW(load(files_ / "sp.nc", {"sp"}));
    }
  }
}

TEST_F(NetcdfSourceTest, ATimeThatCannotBeReadIsAnError) {
  for (const char* units :
       {"hours", "months since 2024-01-01", "hours since yesterday", "hours since 2024-01-01 00:00 +09:00"}) {
    auto variables = our_axes();
    variables[0].attributes["units"] = std::string(units);
    variables.push_back({"t850", {"time", "lat", "lon"}, std::vector<double>(2 * 19 * 36, 280.0), {}});
    test::write_netcdf(files_ / "time.nc", our_dimensions, variables);
    EXPECT_THAT(load_error(ExitCode::bad_input, files_ / "time.nc", {"t850"}), HasSubstr("time.nc: time 'time'"))
        << units;
  }
}

TEST_F(NetcdfSourceTest, ChannelsMayLieInSeveralFilesNamedByTheTime) {
  write_ours(files_ / "single_20240101T06.nc", {"t2m", "u10m"});
  write_ours(files_ / "levels.nc", {"z500", "u100", "t2m"});
  const auto source = files_.open(
      SourceKind::netcdf,
      {(files_ / "absent.nc").string(), (files_ / "single_%Y%m%dT%H.nc").string(), (files_ / "levels.nc").string()});
  const Time six = new_year + std::chrono::hours(6);
  const std::vector<std::string> channels{"z500", "u10m", "t2m", "u100"};
  EXPECT_EQ(source->load(six, channels, grid).values, analytic_state(six, channels, grid).values);
  const auto records = source->records();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].url, (files_ / "levels.nc").string());
  EXPECT_EQ(records[0].bytes, 2u * 19 * 36 * 4);
  EXPECT_EQ(records[1].bytes, 2u * 19 * 36 * 4);
  EXPECT_EQ(records[1].sha256.size(), 64u);

  const std::string message = error_text([&] { source->load(new_year, {"u10m"}, grid); }, ExitCode::missing_input);
  EXPECT_THAT(message, HasSubstr("channel u10m at 2024-01-01T00:00:00Z"));
  EXPECT_THAT(message, HasSubstr("absent.nc: does not exist"));
  EXPECT_THAT(message, HasSubstr("single_20240101T00.nc: does not exist"));
  EXPECT_THAT(message, HasSubstr("levels.nc: variables z500 u100 t2m at 2 times"));
}

}  // namespace
}  // namespace hens
