// netCDF analyses: our own and Earth2Studio's layout, ERA5's, any order of axes, packed values; a real ERA5 file.
#include <algorithm>
#include <cmath>
#include <fcntl.h>

#include <sys/file.h>

#include "source/analytic.h"
#include "source/cf_fields.h"
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
              HasSubstr("members.nc: channel z500: variable z500 has 2 entries of 'number'"));
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

// Fields of one time whose values the test chooses: `variable` gets dimensions (time, lat, lon) and one value
// everywhere.
class NetcdfValuesTest : public NetcdfSourceTest {
 protected:
  fs::path write(NetcdfVariableSpec variable, double value, std::map<size_t, double> others = {}) {
    auto variables = our_axes();
    variable.dimensions = {"time", "lat", "lon"};
    variable.values.assign(2 * 19 * 36, value);
    for (const auto& [point, other] : others) variable.values[point] = other;
    variables.push_back(variable);
    test::write_netcdf(files_ / "values.nc", our_dimensions, variables);
    return files_ / "values.nc";
  }
  float first(NetcdfVariableSpec variable, double value, const std::string& channel = "u10m") {
    return load(write(std::move(variable), value), {channel}).values.front();
  }
  std::string refusal(NetcdfVariableSpec variable, double value, std::map<size_t, double> others = {},
                      const std::string& channel = "u10m") {
    return load_error(ExitCode::bad_input, write(std::move(variable), value, std::move(others)), {channel});
  }
};

using test::NetcdfNumbers;

// Winds of 5 m/s are 35000 steps of 0.001 above -30: as a signed short -30536, which would be -60.5 m/s.
TEST_F(NetcdfValuesTest, UnsignedIntegersAreReadAsSuch) {
  const NetcdfVariableSpec shorts{
      "u10m", {}, {}, {{"_Unsigned", "true"}, {"scale_factor", 0.001}, {"add_offset", -30.0}}, NC_SHORT};
  EXPECT_FLOAT_EQ(first(shorts, 35000 - 65536), 5.0F);
  EXPECT_FLOAT_EQ(first(shorts, 27000), -3.0F);
  NetcdfVariableSpec bytes{"u10m", {}, {}, {{"_Unsigned", "TRUE"}, {"add_offset", -200.0}}, NC_BYTE};
  EXPECT_EQ(first(bytes, 205 - 256), 5.0F);
  NetcdfVariableSpec signed_bytes{"u10m", {}, {}, {{"_Unsigned", "false"}}, NC_UBYTE};
  EXPECT_EQ(first(signed_bytes, 251), -5.0F);
  NetcdfVariableSpec words{"u10m", {}, {}, {{"_Unsigned", "true"}, {"add_offset", -4294967295.0}}, NC_INT};
  EXPECT_EQ(first(words, -1), 0.0F);

  // Marks of no value have the variable's type, and are as unsigned as its values.
  NetcdfVariableSpec marked = shorts;
  marked.attributes["_FillValue"] = -1.0;
  EXPECT_FLOAT_EQ(first(marked, 35000 - 65536), 5.0F);
  EXPECT_THAT(refusal(marked, 35000 - 65536, {{7, -1}}), HasSubstr("not finite"));
  marked.attributes["valid_range"] = NetcdfNumbers{NC_SHORT, {0, -6}};  // 0 .. 65530
  EXPECT_FLOAT_EQ(first(marked, 35000 - 65536), 5.0F);
  EXPECT_THAT(refusal(marked, 35000 - 65536, {{7, -2}}), HasSubstr("not finite"));
  EXPECT_THAT(refusal({"u10m", {}, {}, {{"_Unsigned", "perhaps"}}, NC_SHORT}, 5), HasSubstr("_Unsigned is 'perhaps'"));
}

TEST_F(NetcdfValuesTest, EveryMarkOfAMissingValueIsSeen) {
  // 99.9 in double precision is no float.
  for (const char* name : {"missing_value", "_FillValue"}) {
    NetcdfVariableSpec wind{"u10m", {}, {}, {{name, NetcdfNumbers{name[0] == '_' ? NC_FLOAT : NC_DOUBLE, {99.9}}}}};
    EXPECT_EQ(first(wind, 5), 5.0F);
    EXPECT_THAT(refusal(wind, 5, {{3, 99.9}}), HasSubstr("u10m at 2024-01-01T00:00:00Z is not finite")) << name;
  }
  const NetcdfVariableSpec several{"u10m", {}, {}, {{"missing_value", NetcdfNumbers{NC_FLOAT, {77, 99}}}}};
  EXPECT_THAT(refusal(several, 5, {{3, 99}}), HasSubstr("not finite"));
  EXPECT_THAT(refusal({"u10m", {}, {}, {{"valid_max", 50.0}}}, 5, {{3, 60}}), HasSubstr("not finite"));
  EXPECT_THAT(refusal({"u10m", {}, {}, {{"valid_min", -50.0}}}, 5, {{3, -60}}), HasSubstr("not finite"));
  EXPECT_THAT(refusal({"u10m", {}, {}, {{"valid_range", NetcdfNumbers{NC_FLOAT, {-50, 50}}}}}, 5, {{3, 60}}),
              HasSubstr("not finite"));
  EXPECT_THAT(refusal({"u10m", {}, {}, {}}, 5, {{3, NC_FILL_FLOAT}}), HasSubstr("not finite")) << "never written";
}

// NUG: a range as wide as the packing is of unpacked values, a range of the stored type is of stored ones.
TEST_F(NetcdfValuesTest, ValidRangesOfPackedValues) {
  NetcdfVariableSpec wind{
      "u10m", {}, {}, {{"scale_factor", 0.01}, {"valid_range", NetcdfNumbers{NC_SHORT, {-5000, 5000}}}}, NC_SHORT};
  EXPECT_FLOAT_EQ(first(wind, 500), 5.0F);
  EXPECT_THAT(refusal(wind, 500, {{3, 6000}}), HasSubstr("not finite"));
  wind.attributes["valid_range"] = NetcdfNumbers{NC_DOUBLE, {-50, 50}};
  EXPECT_FLOAT_EQ(first(wind, 500), 5.0F);
  EXPECT_FLOAT_EQ(first(wind, 5000), 50.0F);
  EXPECT_THAT(refusal(wind, 500, {{3, 6000}}), HasSubstr("not finite"));
}

TEST_F(NetcdfValuesTest, AttributesThatCannotBeAppliedAreRefused) {
  for (const char* name : {"scale_factor", "add_offset", "missing_value", "valid_min"}) {
    EXPECT_THAT(refusal({"u10m", {}, {}, {{name, "0.01"}}}, 5),
                HasSubstr(std::string("variable u10m: attribute ") + name + " is not a number"));
  }
  EXPECT_THAT(refusal({"u10m", {}, {}, {{"scale_factor", NetcdfNumbers{NC_DOUBLE, {1, 2}}}}}, 5),
              HasSubstr("scale_factor is 2 numbers: expected one number"));
}

TEST_F(NetcdfValuesTest, UnitsAreConverted) {
  EXPECT_FLOAT_EQ(first({"u10m", {}, {}, {{"units", "knots"}}}, 10), 5.1444445F);
  EXPECT_FLOAT_EQ(first({"t2m", {}, {}, {{"units", "degC"}}}, 15, "t2m"), 288.15F);
  EXPECT_FLOAT_EQ(first({"sp", {}, {}, {{"units", "hPa"}}}, 1000, "sp"), 100000.0F);
  EXPECT_FLOAT_EQ(first({"q850", {}, {}, {{"units", "g kg-1"}}}, 11, "q850"), 0.011F);
  EXPECT_FLOAT_EQ(first({"tcwv", {}, {}, {{"units", "mm"}}}, 20, "tcwv"), 20.0F);
  EXPECT_FLOAT_EQ(first({"z500", {}, {}, {{"units", "gpm"}}}, 5500, "z500"), 5500 * 9.80665F);
  EXPECT_FLOAT_EQ(first({"t850", {}, {}, {{"units", "degC"}, {"scale_factor", 0.01}}, NC_SHORT}, 1500, "t850"),
                  288.15F);
  EXPECT_FLOAT_EQ(first({"q850", {}, {}, {{"units", 1.0}}}, 0.011, "q850"), 0.011F) << "the number 1";
  EXPECT_THAT(refusal({"u10m", {}, {}, {{"units", 1.0}}}, 5), HasSubstr("has units '1': expected m s-1"));
  const std::string message = refusal({"u10m", {}, {}, {{"units", "furlongs per fortnight"}}}, 5);
  EXPECT_THAT(message, HasSubstr("values.nc: channel u10m: variable u10m has units 'furlongs per fortnight': expected "
                                 "m s-1, km h-1 or knots"));
}

TEST_F(NetcdfValuesTest, HeightsAreMultipliedByTheSourcesGravity) {
  const auto loaded = [&](const NetcdfVariableSpec& variable, double gravity) {
    return files_.open(SourceKind::netcdf, {write(variable, 5500).string()}, gravity)
        ->load(new_year, {"z500"}, grid)
        .values.front();
  };
  for (const NetcdfVariableSpec& variable : {NetcdfVariableSpec{"gh500", {}, {}, {}},
                                             {"zg500", {}, {}, {{"units", "m"}}},
                                             {"z500", {}, {}, {{"units", "gpm"}}},
                                             {"z500", {}, {}, {{"units", "m"}}},
                                             {"z500", {}, {}, {{"standard_name", "geopotential_height"}}}}) {
    EXPECT_FLOAT_EQ(loaded(variable, 9.80665), 5500 * 9.80665F) << variable.name;
    EXPECT_FLOAT_EQ(loaded(variable, 9.81), 5500 * 9.81F) << variable.name;
  }
  EXPECT_FLOAT_EQ(first({"z500", {}, {}, {{"units", "m**2 s**-2"}}}, 54000, "z500"), 54000.0F);
  EXPECT_THAT(refusal({"gh500", {}, {}, {{"units", "m**2 s**-2"}}}, 54000, {}, "z500"),
              HasSubstr("variable gh500 has units 'm**2 s**-2': expected m, km, dam or gpm"));
}

// A file with levels: `levels` and their attributes, and one variable of heights on them.
class NetcdfLevelsTest : public NetcdfSourceTest {
 protected:
  fs::path write(const std::vector<double>& levels, NetcdfVariableSpec axis, const std::string& name = "gh") {
    auto variables = our_axes();
    axis.dimensions = {axis.name};
    axis.values = levels;
    axis.type = NC_DOUBLE;
    NetcdfVariableSpec heights{name, {"time", axis.name, "lat", "lon"}, {}, {}};
    for (int t = 0; t < 2; ++t) {
      heights.values.insert(heights.values.end(), 19 * 36, 5500.0);
      heights.values.insert(heights.values.end(), 19 * 36, 1500.0);
    }
    variables.insert(variables.end(), {axis, heights});
    test::write_netcdf(files_ / "levels.nc", {{"time", 2}, {axis.name, 2}, {"lat", 19}, {"lon", 36}}, variables);
    return files_ / "levels.nc";
  }
};

TEST_F(NetcdfLevelsTest, LevelsAreOfPressureInAnyOfItsUnits) {
  for (const auto& [units, levels] :
       std::initializer_list<std::pair<const char*, std::vector<double>>>{{"hPa", {500, 850}},
                                                                          {"mbar", {500, 850}},
                                                                          {"millibars", {500, 850}},
                                                                          {"Pa", {50000, 85000}},
                                                                          {"kPa", {50, 85}},
                                                                          {"", {500, 850}},
                                                                          {"", {50000, 85000}}}) {
    for (const char* name : {"level", "isobaric_of_some_kind"}) {
      if (*units == '\0' && name != std::string("level")) continue;
      const State state = load(write(levels, {name, {}, {}, {{"units", units}}}), {"z500", "z850"});
      EXPECT_FLOAT_EQ(state.values.front(), 5500 * 9.80665F) << units;
      EXPECT_FLOAT_EQ(state.values.back(), 1500 * 9.80665F) << units;
    }
  }
}

TEST_F(NetcdfLevelsTest, LevelsOfAnotherKindAreRefused) {
  for (const char* units : {"1", "m", "level", "K"}) {
    EXPECT_THAT(load_error(ExitCode::bad_input, write({500, 850}, {"level", {}, {}, {{"units", units}}}), {"z500"}),
                HasSubstr(std::string("levels.nc: dimension 'level' has units '") + units + "'"));
  }
  for (const char* name : {"atmosphere_hybrid_sigma_pressure_coordinate", "model_level_number"}) {
    EXPECT_THAT(
        load_error(ExitCode::bad_input, write({500, 850}, {"level", {}, {}, {{"standard_name", name}}}), {"z500"}),
        HasSubstr(std::string("standard_name '") + name));
  }
}

// Values by entry of expver, time and point, as files hold them that mix ERA5 with ERA5T.
class NetcdfVersionsTest : public NetcdfSourceTest {
 protected:
  fs::path write(const std::vector<double>& final_values, const std::vector<double>& preliminary) {
    auto variables = our_axes();
    variables.push_back({"expver", {"expver"}, {1, 5}, {}, NC_INT});
    NetcdfVariableSpec wind{"u10", {"time", "expver", "lat", "lon"}, {}, {{"_FillValue", -9999.0}}};
    wind.attributes["long_name"] = "10 metre U wind component";
    for (int t = 0; t < 2; ++t) {
      wind.values.insert(wind.values.end(), 19 * 36, final_values[t]);
      wind.values.insert(wind.values.end(), 19 * 36, preliminary[t]);
    }
    variables.push_back(wind);
    test::write_netcdf(files_ / "expver.nc", {{"time", 2}, {"expver", 2}, {"lat", 19}, {"lon", 36}}, variables);
    return files_ / "expver.nc";
  }
};

TEST_F(NetcdfVersionsTest, TheVersionThatIsThereIsTaken) {
  const fs::path path = write({5, -9999}, {-9999, 6});
  EXPECT_EQ(load(path, {"u10m"}, new_year).values.front(), 5.0F);
  EXPECT_EQ(load(path, {"u10m"}, new_year + std::chrono::hours(6)).values.back(), 6.0F);
  {  // closed before its file is written anew
    const auto source = files_.open(SourceKind::netcdf, {path.string()});
    source->load(new_year + std::chrono::hours(6), {"u10m"}, grid);
    EXPECT_THAT(source->records().front().notes, ::testing::Contains("u10m of expver 5"));
  }
  EXPECT_EQ(load(write({5, 5}, {5, 5}), {"u10m"}).values.front(), 5.0F) << "both say the same";
}

TEST_F(NetcdfVersionsTest, TwoThatDifferAreRefused) {
  const std::string message = load_error(ExitCode::bad_input, write({5, 5}, {6, 6}), {"u10m"});
  EXPECT_THAT(message, HasSubstr("channel u10m: variable u10 is there twice for 2024-01-01T00:00:00Z"));
  EXPECT_THAT(message, HasSubstr("5 in expver 1, 6 in expver 5 at latitude 90, longitude 0"));
  EXPECT_THAT(load_error(ExitCode::bad_input, write({-9999, 5}, {-9999, 6}), {"u10m"}), HasSubstr("not finite"));
}

// The newer form: expver is text along time.
TEST_F(NetcdfVersionsTest, AVersionForEachTimeIsNoDimension) {
  write_ours(files_ / "cds.nc", {"u10m"});
  int file = 0, dimension = 0, variable = 0;
  ASSERT_EQ(nc_open((files_ / "cds.nc").c_str(), NC_WRITE, &file), NC_NOERR);
  ASSERT_EQ(nc_inq_dimid(file, "time", &dimension), NC_NOERR);
  ASSERT_EQ(nc_def_var(file, "expver", NC_STRING, 1, &dimension, &variable), NC_NOERR);
  const char* versions[] = {"0001", "0005"};
  ASSERT_EQ(nc_put_var_string(file, variable, versions), NC_NOERR);
  ASSERT_EQ(nc_close(file), NC_NOERR);
  const Time six = new_year + std::chrono::hours(6);
  EXPECT_EQ(load(files_ / "cds.nc", {"u10m"}, six).values, analytic_state(six, {"u10m"}, grid).values);
}

// A dimension whose entries are named by text.
TEST_F(NetcdfVersionsTest, VersionsMayBeTexts) {
  auto variables = our_axes();
  NetcdfVariableSpec wind{"u10m", {"time", "expver", "lat", "lon"}, {}, {}};
  for (const double value : {std::nan(""), 6.0, 5.0, std::nan("")})
    wind.values.insert(wind.values.end(), 19 * 36, value);
  variables.push_back(wind);
  test::write_netcdf(files_ / "texts.nc", {{"time", 2}, {"expver", 2}, {"lat", 19}, {"lon", 36}}, variables);
  int file = 0, dimension = 0, variable = 0;
  ASSERT_EQ(nc_open((files_ / "texts.nc").c_str(), NC_WRITE, &file), NC_NOERR);
  ASSERT_EQ(nc_inq_dimid(file, "expver", &dimension), NC_NOERR);
  ASSERT_EQ(nc_def_var(file, "expver", NC_STRING, 1, &dimension, &variable), NC_NOERR);
  const char* versions[] = {"0001", "0005"};
  ASSERT_EQ(nc_put_var_string(file, variable, versions), NC_NOERR);
  ASSERT_EQ(nc_close(file), NC_NOERR);
  const auto source = files_.open(SourceKind::netcdf, {(files_ / "texts.nc").string()});
  EXPECT_EQ(source->load(new_year, {"u10m"}, grid).values.front(), 6.0F);
  EXPECT_THAT(source->records().front().notes, ::testing::Contains("u10m of expver 0005"));
}

TEST_F(NetcdfVersionsTest, ATimeThatIsThereTwiceMustSayTheSame) {
  for (const double second : {5.0, 6.0}) {
    auto variables = our_axes();
    variables[0].values = {0, 0};
    NetcdfVariableSpec wind{"u10m", {"time", "lat", "lon"}, {}, {}};
    wind.values.assign(19 * 36, 5.0);
    wind.values.insert(wind.values.end(), 19 * 36, second);
    variables.push_back(wind);
    test::write_netcdf(files_ / "twice.nc", our_dimensions, variables);
    if (second == 5.0) {
      EXPECT_EQ(load(files_ / "twice.nc", {"u10m"}).values.front(), 5.0F);
    } else {
      EXPECT_THAT(load_error(ExitCode::bad_input, files_ / "twice.nc", {"u10m"}),
                  HasSubstr("5 in entry 0 of time, 6 in entry 1 of time"));
    }
  }
}

// Of two forecasts valid at one time the younger one is nearer to an analysis.
TEST_F(NetcdfSourceTest, TheShortestLeadTimeIsTaken) {
  auto variables = our_axes();
  variables.push_back({"lead_time", {"lead_time"}, {0, 6}, {{"units", "hours"}}, NC_INT64});
  NetcdfVariableSpec wind{"u10m", {"time", "lead_time", "lat", "lon"}, {}, {}};
  for (const double value : {1.0, 2.0, 3.0, 4.0}) wind.values.insert(wind.values.end(), 19 * 36, value);
  variables.push_back(wind);
  test::write_netcdf(files_ / "leads.nc", {{"time", 2}, {"lead_time", 2}, {"lat", 19}, {"lon", 36}}, variables);
  EXPECT_EQ(load(files_ / "leads.nc", {"u10m"}, new_year + std::chrono::hours(6)).values.front(), 3.0F);
  EXPECT_EQ(load(files_ / "leads.nc", {"u10m"}, new_year + std::chrono::hours(12)).values.front(), 4.0F);
}

TEST_F(NetcdfSourceTest, TimesSinceYear1AreOfTheMixedCalendar) {
  auto variables = our_axes();
  variables[0].values = {17733000, 17733006};  // cftime.date2num of 2023-12-20T00 and T06, which the proleptic calendar
  variables[0].type = NC_DOUBLE;               // would put two days later
  variables[0].attributes = {{"units", "hours since 0001-01-01 00:00:00.0"}, {"calendar", "gregorian"}};
  variables.push_back({"t2m", {"time", "lat", "lon"}, std::vector<double>(2 * 19 * 36, 280.0), {}});
  test::write_netcdf(files_ / "year1.nc", our_dimensions, variables);
  EXPECT_EQ(load(files_ / "year1.nc", {"t2m"}, parse_time("2023-12-20T06:00")).values.front(), 280.0F);
  EXPECT_THAT(load_error(ExitCode::missing_input, files_ / "year1.nc", {"t2m"}, parse_time("2023-12-22")),
              HasSubstr("2 times, 2023-12-20T00:00:00Z .. 2023-12-20T06:00:00Z"));
}

TEST_F(NetcdfSourceTest, AFileThatIsBeingWrittenIsNotRead) {
  write_ours(files_ / "busy.nc", {"t850"});
  const FileDescriptor writer(::open((files_ / "busy.nc").c_str(), O_RDWR));
  ASSERT_EQ(::flock(writer.get(), LOCK_EX), 0);
  EXPECT_THAT(load_error(ExitCode::bad_input, files_ / "busy.nc", {"t850"}),
              HasSubstr("busy.nc: another program is writing it"));
}

// A file named 100%.nc is no pattern, %20 neither, and a field is one still.
TEST_F(NetcdfSourceTest, PercentSignsInNamesAreNoFields) {
  write_ours(files_ / "ours.nc", {"t850"});
  for (const char* name : {"100%.nc", "a%20b.nc", "50%_done.nc", "%d.nc", "%%.nc", "100%Y.nc"}) {
    fs::copy_file(files_ / "ours.nc", files_ / name);
    EXPECT_NO_THROW(load(files_ / name, {"t850"})) << name;
  }
  for (const auto& [name, url] :
       std::initializer_list<std::pair<const char*, const char*>>{{"a b.nc", "a%20b.nc"},
                                                                  {"one%.nc", "one%25.nc"},
                                                                  {"café.nc", "caf%C3%A9.nc"},
                                                                  {"d20240101.nc", "d%Y%m%d.nc"}}) {
    fs::copy_file(files_ / "ours.nc", files_ / name, fs::copy_options::overwrite_existing);
    EXPECT_NO_THROW(load("file://" + (files_ / url).string(), {"t850"})) << url;
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

// A climatology has no year: the day, the month or the hour of the time wanted.
TEST_F(NetcdfSourceTest, ClimatologyBySeason) {
  const test::TemporaryFolder folder;
  const size_t points = grid.points();
  std::vector<double> days, values;
  for (int day = 1; day <= 366; ++day) days.push_back(day), values.insert(values.end(), points, 200.0 + day);
  const auto lat_lon =
      std::vector<NetcdfVariableSpec>{{"lat", {"lat"}, grid.lat, {{"units", "degrees_north"}}, NC_DOUBLE},
                                      {"lon", {"lon"}, grid.lon, {{"units", "degrees_east"}}, NC_DOUBLE}};
  auto variables = lat_lon;
  variables.push_back({"dayofyear", {"dayofyear"}, days, {}, NC_INT});
  variables.push_back({"t2m", {"dayofyear", "lat", "lon"}, values, {}});
  variables.push_back({"d2m_quantile",
                       {"quantile", "lat", "lon"},
                       std::vector<double>(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(2 * points)),
                       {}});
  variables.push_back({"quantile", {"quantile"}, {0.1, 0.9}, {}, NC_DOUBLE});
  test::write_netcdf(folder / "c.nc", {{"dayofyear", 366}, {"quantile", 2}, {"lat", 19}, {"lon", 36}}, variables);
  const auto file = open_climatology(folder / "c.nc", "c.nc");
  const std::vector<std::string> channels{"t2m", "d2m", "sp"};
  FileUse use;
  const auto first = [&](size_t channel, Time time, std::optional<double> level = std::nullopt) {
    const auto field = file->read({channels, channel, time, grid, 9.80665, level}, use);
    return field ? field->front() : NAN;
  };
  EXPECT_EQ(first(0, new_year + std::chrono::hours(18)), 201.0f);
  EXPECT_EQ(first(0, std::chrono::sys_days(std::chrono::year(2024) / 12 / 31)), 566.0f);  // day 366
  EXPECT_EQ(first(0, std::chrono::sys_days(std::chrono::year(2023) / 12 / 31)), 565.0f);
  EXPECT_TRUE(std::isnan(first(2, new_year)));
  EXPECT_EQ(first(1, new_year, 0.9), 202.0f);
  EXPECT_TRUE(std::isnan(first(1, new_year, 0.5)));
  EXPECT_TRUE(std::isnan(first(0, new_year, 0.5))) << "t2m has no quantiles";
  write_ours(folder / "two_times.nc", {"t2m"});
  const auto years = open_climatology(folder / "two_times.nc", "two_times.nc");
  EXPECT_THAT(error_text([&] { years->read({channels, 0, new_year, grid, 9.80665}, use); }, ExitCode::bad_input),
              HasSubstr("dayofyear, month or hour"));
}

}  // namespace
}  // namespace hens
