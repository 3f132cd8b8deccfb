// Members' files and what they are gathered in: by facts of the formats, of geometry, and by reading back.
#include <cmath>
#include <netcdf.h>
#include <numeric>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/netcdf_lock.h"
#include "support/test_data.h"
#include "tracks/member_file.h"
#include "tracks/sphere_grid.h"
#include "tracks/strike.h"
#include "tracks/text_products.h"
#include "tracks/trajectory_file.h"

namespace hens {
namespace {

const Time start = parse_time("2024-01-01");

// One over the date line, one of a single point.
std::vector<Track> two_tracks() {
  return {{{2, {15.25, 179.0, 96220.906, 38.883}}, {3, {15.5, 181.5, 96133.06, 38.86}}, {5, {16, 183, 97000, 30}}},
          {{4, {-20.126, 359.99999, 98000, 17.5}}}};
}

TEST(MemberFile, IsReadBackAsItWasWritten) {
  const std::string text = member_file_text(two_tracks(), start, model_step);
  EXPECT_EQ(text,
            "track,step,valid_time,lat,lon,msl,wind\n"
            "0,2,2024-01-01T12:00:00Z,15.2500,179.0000,96220.91,38.88\n"
            "0,3,2024-01-01T18:00:00Z,15.5000,181.5000,96133.06,38.86\n"
            "0,5,2024-01-02T06:00:00Z,16.0000,183.0000,97000.00,30.00\n"
            "1,4,2024-01-02T00:00:00Z,-20.1260,0.0000,98000.00,17.50\n");
  const std::vector<Track> back = parse_member_file(text, "a.csv");
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(member_file_text(back, start, model_step), text);
  EXPECT_TRUE(parse_member_file(member_file_text({}, start, model_step), "a.csv").empty());
}

TEST(MemberFile, DamageIsNamedByLine) {
  const std::string text = member_file_text(two_tracks(), start, model_step);
  const auto refused = [&](const std::string& from, const std::string& to, const std::string& why) {
    std::string damaged = text;
    damaged.replace(damaged.find(from), from.size(), to);
    try {
      parse_member_file(damaged, "tracks/a.csv");
      ADD_FAILURE() << "took " << to;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_input);
      EXPECT_NE(std::string(error.what()).find(why), std::string::npos) << error.what();
    }
  };
  refused("track,step", "step,track", "tracks/a.csv: is no file");
  refused("15.5000", "15.5x00", "tracks/a.csv:3: '15.5x00' is no number");
  refused("15.5000", "nan", "'nan' is no number");
  refused("0,3,", "0,2,", "tracks/a.csv:3: is out of order");
  refused("1,4,", "2,4,", "tracks/a.csv:5: is out of order");
  refused("1,4,", "18446744073709551615,4,", "tracks/a.csv:5: is out of order");
  refused("0,5,", "0,-5,", "no point of a forecast");
  refused("181.5000", "360.0000", "tracks/a.csv:3: is no point of a forecast");
  refused("-20.1260", "-90.1260", "tracks/a.csv:5: is no point of a forecast");
  refused(",30.00", ",30.00,7", "out of order");
  refused("17.50\n", "17.50", "is no file");
}

class Products : public ::testing::Test {
 protected:
  Products() {
    layout_ = {.times = {start, start + model_step},
               .model_names = {"one", "two"},
               .members = 2,
               .step = model_step,
               .grid = equiangular_grid(19, 36),
               .strike_radius = 700.0,
               .title = "test"};
  }
  std::string made(std::unique_ptr<TrackProduct> product, const std::vector<MemberTracks>& members) {
    for (const MemberTracks& member : members) product->add(member);
    const StoredFile file = product->finish();
    const std::string bytes = read_file(root_ / file.path);
    EXPECT_EQ(file.bytes, bytes.size());
    EXPECT_EQ(file.sha256, sha256_hex(bytes));
    return bytes;
  }

  test::TemporaryFolder root_;
  TrackLayout layout_;
};

TEST_F(Products, TheTableNamesEachPointsMember) {
  const std::string text = made(track_table(root_.path(), "a.csv", layout_), {{0, 1, 1, two_tracks()}});
  EXPECT_NE(text.find("\n1,2024-01-01T00:00:00Z,1,0,5,30,2024-01-02T06:00:00Z,16.0000,183.0000,97000.00,30.00\n"),
            std::string::npos)
      << text;
}

TEST_F(Products, TheADeckHasTheColumnsOfTheFormat) {
  EXPECT_EQ(made(track_adeck(root_.path(), "a.dat", layout_), {{1, 1, 1, two_tracks()}}),
            "WP, 01, 2024010106, 03, H003,  12, 153N, 1790E,  76,  962, XX\n"
            "WP, 01, 2024010106, 03, H003,  18, 155N, 1785W,  76,  961, XX\n"
            "WP, 01, 2024010106, 03, H003,  30, 160N, 1770W,  58,  970, XX\n"
            "SL, 02, 2024010106, 03, H003,  24, 201S,    0E,  34,  980, XX\n");
}

TEST(Adeck, NamesOfMembersAndBasins) {
  EXPECT_EQ(technique(0), "H000");
  EXPECT_EQ(technique(35), "H00Z");
  EXPECT_EQ(technique(46655), "HZZZ");
  EXPECT_EQ(technique(46656), "I000");
  const std::vector<std::tuple<double, double, std::string>> where{
      {15, 140, "WP"}, {15, 200, "CP"}, {15, 240, "EP"}, {25, 265, "AL"},  {14, 272, "EP"},
      {15, 88, "IO"},  {15, 340, "AL"}, {-15, 60, "SH"}, {-15, 170, "SH"}, {-25, 320, "SL"}};
  for (const auto& [lat, lon, name] : where) EXPECT_EQ(basin(lat, lon), name) << lat << " " << lon;
}

TEST_F(Products, GeojsonIsCutAtTheDateLine) {
  const auto json = nlohmann::json::parse(
      made(track_geojson(root_.path(), "a.geojson", layout_), {{0, 0, 0, two_tracks()}, {0, 0, 1, {}}}));
  EXPECT_EQ(json["type"], "FeatureCollection");
  ASSERT_EQ(json["features"].size(), 2U);
  const auto& line = json["features"][0]["geometry"];
  EXPECT_EQ(line["type"], "MultiLineString");
  // 1 of 2.5 degrees on its way the track is at 180: 15.25 + 0.4 * 0.25.
  EXPECT_EQ(line["coordinates"], nlohmann::json::parse("[[[179.0,15.25],[180.0,15.35]],[[-180.0,15.35],[-178.5,15.5],"
                                                       "[-177.0,16.0]]]"));
  EXPECT_EQ(json["features"][1]["geometry"]["type"], "Point");
  EXPECT_EQ(json["features"][0]["properties"]["lead_hours"], nlohmann::json({12, 18, 30}));
  const auto none = nlohmann::json::parse(made(track_geojson(root_.path(), "b.geojson", layout_), {}));
  EXPECT_TRUE(none["features"].empty());
}

class NetcdfReader {
 public:
  explicit NetcdfReader(const fs::path& path) {
    if (nc_open(path.c_str(), NC_NOWRITE, &id_) != NC_NOERR) throw std::runtime_error("cannot open " + path.string());
  }
  ~NetcdfReader() { nc_close(id_); }
  std::vector<double> read(const std::string& name) const {
    int id = 0, dimensions = 0, at[NC_MAX_VAR_DIMS];
    EXPECT_EQ(nc_inq_varid(id_, name.c_str(), &id), NC_NOERR) << name;
    nc_inq_var(id_, id, nullptr, nullptr, &dimensions, at, nullptr);
    size_t count = 1, length = 0;
    for (int k = 0; k < dimensions; ++k) nc_inq_dimlen(id_, at[k], &length), count *= length;
    std::vector<double> values(count);
    if (count == 0) return values;
    EXPECT_EQ(nc_get_var_double(id_, id, values.data()), NC_NOERR) << name;
    return values;
  }

 private:
  NetcdfLock lock_;
  int id_ = -1;
};

TEST_F(Products, TrajectoriesAreARaggedArray) {
  made(track_netcdf(root_.path(), "a.nc", layout_, 3, 5), {{0, 0, 0, two_tracks()}, {1, 1, 1, {two_tracks()[1]}}});
  const NetcdfReader file(root_ / "a.nc");
  EXPECT_EQ(file.read("row_size"), (std::vector<double>{3, 1, 1}));
  EXPECT_EQ(file.read("member"), (std::vector<double>{0, 0, 1}));
  EXPECT_EQ(file.read("model"), (std::vector<double>{0, 0, 1}));
  EXPECT_EQ(file.read("lead_time"), (std::vector<double>{12, 18, 30, 24, 24}));
  EXPECT_EQ(file.read("time")[4], static_cast<double>((start + 5 * model_step).time_since_epoch().count()));
  EXPECT_EQ(file.read("lat")[3], -20.126);
}

TEST_F(Products, NoTracksAreAFileTooAndTheSameBytesEachTime) {
  made(track_netcdf(root_.path(), "none.nc", layout_, 0, 0), {{0, 0, 0, {}}});
  EXPECT_TRUE(NetcdfReader(root_ / "none.nc").read("row_size").empty());
  EXPECT_EQ(made(track_netcdf(root_.path(), "a.nc", layout_, 2, 4), {{0, 0, 0, two_tracks()}}),
            made(track_netcdf(root_.path(), "b.nc", layout_, 2, 4), {{0, 0, 0, two_tracks()}}));
}

// Every point against the distance to densely drawn points of the track.
TEST(Strike, IsWhatLiesWithinTheRadiusOfTheWayAnywhereOnTheGlobe) {
  const LatLonGrid grid = equiangular_grid(91, 180);
  const double radius = 500.0;
  for (const auto& [from, to] : {std::pair{Centre{20, 350}, Centre{25, 12}},
                                 {Centre{-87, 10}, Centre{-84, 170}},
                                 {Centre{0, 179}, Centre{0, 179}},
                                 {Centre{60, 100}, Centre{60, 108}}}) {
    StrikeCounter counter(grid, radius);
    counter.add({{{0, from}, {1, to}}});
    std::vector<Centre> way;
    const double length = great_circle_degrees(from.lat, from.lon, to.lat, to.lon) * M_PI / 180;
    for (int k = 0; k <= 2000; ++k) {  // spherical interpolation
      const double f = k / 2000.0, a = length > 0 ? std::sin((1 - f) * length) / std::sin(length) : 1;
      const double b = length > 0 ? std::sin(f * length) / std::sin(length) : 0, r = M_PI / 180;
      const double x =
          a * std::cos(from.lat * r) * std::cos(from.lon * r) + b * std::cos(to.lat * r) * std::cos(to.lon * r);
      const double y =
          a * std::cos(from.lat * r) * std::sin(from.lon * r) + b * std::cos(to.lat * r) * std::sin(to.lon * r);
      way.push_back({std::atan2(a * std::sin(from.lat * r) + b * std::sin(to.lat * r), std::hypot(x, y)) / r,
                     std::atan2(y, x) / r});
    }
    size_t struck = 0;
    for (size_t i = 0; i < 91; ++i) {
      for (size_t j = 0; j < 180; ++j) {
        double nearest = 1e9;
        for (const Centre& at : way) {
          if (std::abs(at.lat - grid.lat[i]) > 6) continue;
          nearest = std::min(nearest, great_circle_degrees(at.lat, at.lon, grid.lat[i], grid.lon[j]));
        }
        const double km = nearest * M_PI / 180 * earth_radius_km;
        const int made = counter.strikes()[i * 180 + j];
        if (std::abs(km - radius) < 2.0) continue;  // the drawn points are up to 2 km apart
        ASSERT_EQ(made, km < radius ? 1 : 0) << i << " " << j << " " << km;
        struck += static_cast<size_t>(made);
      }
    }
    EXPECT_GT(struck, 10U);
  }
}

TEST(Strike, AMemberCountsOnceAndBirthsAreOfTheForecast) {
  StrikeCounter counter(equiangular_grid(91, 180), 300.0);
  const Track old{{0, {10, 100}}, {1, {10, 101}}}, born{{1, {10.9, 359.5}}, {2, {12, 358}}};
  counter.add({old, old, born});
  counter.add({old});
  EXPECT_EQ(counter.members(), 2);
  EXPECT_EQ(counter.strikes()[40 * 180 + 50], 2) << "10 N, 100 E: of two members, however many tracks";
  EXPECT_EQ(std::accumulate(counter.births().begin(), counter.births().end(), 0), 1);
  EXPECT_EQ(counter.births()[40 * 180], 1) << "10.9 N, 359.5 E is nearest to 10 N, 0 E";
  counter.clear();
  counter.add({});
  EXPECT_EQ(counter.strikes()[40 * 180 + 50], 0);
}

TEST_F(Products, TheMapHasTheSharesOfEachModelAndOfAll) {
  const Track track{{1, {10, 100}}, {2, {10, 110}}};
  made(strike_map(root_.path(), "a.nc", layout_, {{2, 0}, {1, 2}}),
       {{0, 0, 0, {track}}, {0, 0, 1, {}}, {0, 1, 1, {track}}, {1, 1, 0, {}}, {1, 1, 1, {}}});
  const NetcdfReader file(root_ / "a.nc");
  const size_t points = 19 * 36, at = 8 * 36 + 10;  // 10 N, 100 E
  const auto each = file.read("strike_probability"), all = file.read("strike_probability_all");
  EXPECT_EQ(each[0 * points + at], 0.5);           // model 0, time 0
  EXPECT_TRUE(std::isnan(each[1 * points + at]));  // model 0 has no member of time 1
  EXPECT_EQ(each[2 * points + at], 1.0);
  EXPECT_EQ(each[3 * points + at], 0.0);
  EXPECT_FLOAT_EQ(static_cast<float>(all[at]), 2.0F / 3.0F);
  EXPECT_EQ(all[points + at], 0.0);
  const auto births = file.read("genesis_count"), all_births = file.read("genesis_count_all");
  EXPECT_EQ(births[at], 1.0);
  EXPECT_EQ(births[points + at], -1.0) << "none to count";
  EXPECT_EQ(all_births[at], 2.0);
  EXPECT_EQ(file.read("members"), (std::vector<double>{2, 0, 1, 2}));
}

}  // namespace
}  // namespace hens
