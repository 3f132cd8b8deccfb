// The tracker of hens: what it finds of the golden sequences of idealised cyclones, how that differs from the peers,
// and what must not matter to it: where longitude begins, which hemisphere it is, and the order of anything.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "tracks/golden_fields.h"
#include "tracks/linking.h"
#include "tracks/sphere_grid.h"

namespace hens {
namespace {

using test::GoldenFields;
using test::true_centres;

// The golden sequences are of 42 h and 8 frames, and have heights at 850, 500 and 200 hPa: duration and number of
// points are shorter than the published 54 h and 10, and thickness is that of 500 to 200 hPa. All else is published.
TracksSpec short_sequence() {
  TracksSpec spec;
  spec.warm_core = {"z200", "z500"};
  spec.min_duration = std::chrono::hours(18);
  spec.min_points = 3;
  return spec;
}

const LatLonGrid& quarter_degree() {
  static const LatLonGrid grid = equiangular_grid(721, 1440);
  return grid;
}

// Which storm a track is of, by its points: that which is nearest on average.
struct Match {
  std::string storm;
  size_t points = 0;
  double worst = 0;  // degrees from where the storm was put
};

Match match_of(const Track& track, const std::string& sequence) {
  Match best{"", 0, 1e9};
  for (const auto& [storm, put] : true_centres(sequence)) {
    Match match{storm};
    for (const TrackPoint& point : track) {
      double nearest = 1e9;
      for (const auto& centre : put) {
        if (centre.step != point.step) continue;
        nearest = great_circle_degrees(point.centre.lat, point.centre.lon, centre.lat, centre.lon);
      }
      match.worst = std::max(match.worst, nearest);
      ++match.points;
    }
    if (match.worst < best.worst) best = match;
  }
  return best;
}

std::map<std::string, std::vector<Match>> found(const std::vector<Track>& tracks, const std::string& sequence) {
  std::map<std::string, std::vector<Match>> storms;
  for (const Track& track : tracks) {
    const Match match = match_of(track, sequence);
    storms[match.storm].push_back(match);
  }
  return storms;
}

std::vector<Track> tracks_of(const TracksSpec& spec, const std::string& sequence) {
  const GoldenFields fields(sequence, track_variables(spec));
  const auto tracker = make_tracker(spec, quarter_degree(), model_step);
  return tracker->link(fields.centres(*tracker));
}

std::string seen(const std::map<std::string, std::vector<Match>>& storms, const std::string& storm) {
  const auto at = storms.find(storm);
  if (at == storms.end()) return "-";
  std::string text;
  for (const Match& match : at->second) text += fmt::format("{}{}", text.empty() ? "" : " + ", match.points);
  return text;
}

// "quirks" is 14 storms, of which each is an obstacle to somebody.
const std::map<std::string, std::string> what{{"A", "crosses the date line"},
                                              {"B", "dies"},
                                              {"C", "appears late, south"},
                                              {"D", "crosses Greenwich, south"},
                                              {"E", "250 km a step, at 41 N"},
                                              {"F", "appears together with G"},
                                              {"G", "appears together with F"},
                                              {"H", "missing for a frame"},
                                              {"I", "cold core (in temperatures alone)"},
                                              {"J", "warm core 0.75 degrees off"},
                                              {"K", "weak: above 990 hPa"},
                                              {"L", "south, east of 200 E"},
                                              {"M", "at 3.6 N"},
                                              {"N", "elongated: two merged maxima"}};

std::string table_row(const std::string& storm, size_t put, const std::vector<std::string>& cells) {
  return fmt::format("| {} {} | {} | {} |", storm, what.at(storm), put, fmt::join(cells, " | "));
}

// One track each, with every point that the storm has: the minimum of pressure lies at the grid point next to the
// centre (half a cell's diagonal is 0.177 degrees). N's is in one of its two maxima, which are 2.4 degrees apart.
TEST(HensTracker, FindsEveryWarmStormOfTheGoldenSequencesInOneTrackEach) {
  HENS_REQUIRE_DATA("golden/tracks/fields_clean.nc");
  for (const std::string sequence : {"clean", "quirks"}) {
    if (!std::filesystem::exists(test::track_folder() / ("fields_" + sequence + ".nc"))) continue;
    const auto storms = found(tracks_of(short_sequence(), sequence), sequence);
    for (const auto& [storm, put] : true_centres(sequence)) {
      ASSERT_TRUE(storms.contains(storm)) << storm;
      ASSERT_EQ(storms.at(storm).size(), 1U) << storm;
      EXPECT_EQ(storms.at(storm).front().points, put.size()) << storm;
      EXPECT_TRUE(storms.at(storm).front().worst <= (storm == "N" ? 2.5 : 0.177)) << storm;
    }
  }
}

// I's cold core is in its temperatures; its heights are those of a warm one. B's is nearly gone at 30 h.
TEST(HensTracker, ATemperatureTellsAColdCore) {
  HENS_REQUIRE_DATA("golden/tracks/fields_quirks.nc");
  TracksSpec spec = short_sequence();
  spec.warm_core = {"t400"}, spec.warm_core_drop = 0.4;
  const auto storms = found(tracks_of(spec, "quirks"), "quirks");
  EXPECT_FALSE(storms.contains("I"));
  for (const char* storm : {"D", "E", "F", "G", "H", "J", "K", "L", "M", "N"})
    EXPECT_TRUE(storms.contains(storm)) << storm;
}

TEST(HensTracker, TheTableInTheDocsIsWhatTheTrackersFind) {
  HENS_REQUIRE_DATA("golden/tracks/fields_quirks.nc");
  const std::string page = read_file(fs::path(HENS_SOURCE_DIR) / "docs/tracks.md");
  TracksSpec wuduan, vitart;
  wuduan.tracker = TrackerKind::wuduan, vitart.tracker = TrackerKind::vitart;
  for (const std::string sequence : {"clean", "quirks"}) {
    const auto ours = found(tracks_of(short_sequence(), sequence), sequence);
    const auto one = found(tracks_of(wuduan, sequence), sequence), two = found(tracks_of(vitart, sequence), sequence);
    for (const auto& [storm, put] : true_centres(sequence)) {
      const std::string row = table_row(storm, put.size(), {seen(ours, storm), seen(one, storm), seen(two, storm)});
      EXPECT_NE(page.find(row), std::string::npos) << "docs/tracks.md does not say: " << row;
    }
  }
}

// The published rules of duration, wind, latitude and ground, one by one, on a frame's centres.
TEST(HensTracker, KeepsWhatLastsIsStrongTropicalAndOverLowGround) {
  TracksSpec spec;
  const auto kept = [&](int points, double wind, double lat, double elevation) {
    std::vector<std::vector<Centre>> frames;
    for (int k = 0; k < points; ++k) frames.push_back({{lat, 100.0 + k, 99000, wind, elevation}});
    return make_tracker(spec, quarter_degree(), model_step)->link(frames).size();
  };
  EXPECT_EQ(kept(10, 10.0, 20.0, 0.0), 1U);  // 54 h
  EXPECT_EQ(kept(9, 10.0, 20.0, 0.0), 0U);
  EXPECT_EQ(kept(10, 9.9, 20.0, 0.0), 0U);
  EXPECT_EQ(kept(10, 10.0, 50.0, 0.0), 1U);
  EXPECT_EQ(kept(10, 10.0, -50.25, 0.0), 0U);
  EXPECT_EQ(kept(10, 10.0, 20.0, 151.0), 0U);
  EXPECT_EQ(kept(10, 10.0, 20.0, std::nan("")), 1U);  // ground not known
}

// Two frames of a field of storms anywhere: a sum of Gaussian lows, with thickness above each.
struct SmallWorld {
  LatLonGrid grid = equiangular_grid(91, 180);
  std::vector<std::vector<float>> fields = std::vector<std::vector<float>>(5);

  explicit SmallWorld(const std::vector<std::pair<double, double>>& lows) {
    for (auto& field : fields) field.assign(grid.points(), 0.0F);
    for (size_t i = 0; i < grid.lat.size(); ++i) {
      for (size_t j = 0; j < grid.lon.size(); ++j) {
        double depth = 0;
        for (const auto& [lat, lon] : lows) {
          const double angle = great_circle_degrees(lat, lon, grid.lat[i], grid.lon[j]);
          depth += std::exp(-angle * angle / 18.0);
        }
        const size_t k = i * grid.lon.size() + j;
        fields[0][k] = static_cast<float>(30.0 * depth);
        fields[2][k] = static_cast<float>(101000.0 - 1000.0 * depth);
        fields[3][k] = static_cast<float>(500.0 * depth);
      }
    }
  }
  std::vector<Centre> centres(const TracksSpec& spec = {}) const {
    return make_tracker(spec, grid, model_step)->centres({fields.begin(), fields.end()});
  }
  void roll(size_t columns) {
    for (auto& field : fields) {
      for (auto row = field.begin(); row != field.end(); row += static_cast<std::ptrdiff_t>(grid.lon.size()))
        std::rotate(row, row + static_cast<std::ptrdiff_t>(grid.lon.size() - columns),
                    row + static_cast<std::ptrdiff_t>(grid.lon.size()));
    }
  }
};

TEST(HensTracker, KnowsTheGroundBelowACentre) {
  const SmallWorld world({{20, 100}});
  std::vector<float> orography(world.grid.points());
  orography[35 * 180 + 50] = 9.80665F * 200;  // 20 N, 100 E
  const auto tracker = make_tracker({}, world.grid, model_step, orography);
  const auto centres = tracker->centres({world.fields.begin(), world.fields.end()});
  ASSERT_EQ(centres.size(), 1U);
  EXPECT_NEAR(centres[0].elevation, 200.0, 1e-4);  // of a float32
  EXPECT_TRUE(std::isnan(world.centres().at(0).elevation));
}

TEST(HensTracker, SeesAcrossGreenwichAndThePoles) {
  for (const auto& [lat, lon] : {std::pair{20.0, 0.0}, {-20.0, 358.0}, {88.0, 10.0}, {-86.0, 200.0}, {2.0, 180.0}}) {
    const auto centres = SmallWorld({{lat, lon}}).centres();
    ASSERT_EQ(centres.size(), 1U) << lat << " " << lon;
    EXPECT_EQ(centres[0].lat, lat);
    EXPECT_EQ(centres[0].lon, lon);
    EXPECT_EQ(centres[0].wind, 30.0) << "in the centre, here";
  }
}

TEST(HensTracker, NeedsBothClosedContoursAndMergesNeighbours) {
  SmallWorld world({{20, 100}});
  TracksSpec spec;
  EXPECT_EQ(world.centres(spec).size(), 1U);
  spec.pressure_rise = 1000.0;  // more than the low is deep
  EXPECT_EQ(world.centres(spec).size(), 0U);
  spec = {};
  for (float& z : world.fields[3]) z = -z;  // a cold core
  EXPECT_EQ(world.centres(spec).size(), 0U);
  const SmallWorld two({{20, 100}, {20, 110}});  // 9.4 degrees apart
  EXPECT_EQ(two.centres().size(), 2U);
  spec.merge_distance = 10.0;
  EXPECT_EQ(two.centres(spec).size(), 1U);
}

std::set<std::tuple<double, double, double, double>> as_set(const std::vector<Centre>& centres, double turn = 0,
                                                            double mirror = 1) {
  std::set<std::tuple<double, double, double, double>> set;
  for (const Centre& c : centres) set.insert({mirror * c.lat, std::fmod(c.lon + turn, 360.0), c.msl, c.wind});
  return set;
}

TEST(HensTracker, TurningTheGlobeTurnsTheCentresAndMirroringMirrorsThem) {
  const SmallWorld world({{20, 1}, {-31, 100.5}, {14, 107}, {44, 359}, {-80, 30}});
  const auto centres = world.centres();
  ASSERT_EQ(centres.size(), 5U);
  for (const size_t columns : {1U, 60U, 179U}) {
    SmallWorld turned = world;
    turned.roll(columns);
    EXPECT_EQ(as_set(turned.centres()), as_set(centres, 2.0 * static_cast<double>(columns)));
  }
  SmallWorld mirrored = world;
  for (auto& field : mirrored.fields) {
    std::vector<float> other(field.size());
    for (size_t i = 0; i < 91; ++i)
      std::copy_n(field.begin() + static_cast<std::ptrdiff_t>(i * 180), 180,
                  other.begin() + static_cast<std::ptrdiff_t>((90 - i) * 180));
    field = other;
  }
  EXPECT_EQ(as_set(mirrored.centres()), as_set(centres, 0, -1));
}

// All of the golden sequence, turned by any number of columns: the same tracks, to the bit.
TEST(HensTracker, TurningTheGoldenSequenceTurnsItsTracks) {
  HENS_REQUIRE_DATA("golden/tracks/fields_clean.nc");
  GoldenFields fields("clean", track_variables(short_sequence()));
  const auto tracker = make_tracker(short_sequence(), quarter_degree(), model_step);
  const auto text = [](const std::vector<Track>& tracks, double turn) {
    std::multiset<std::string> lines;
    for (const Track& track : tracks) {
      std::string line;
      for (const auto& [step, c] : track)
        line += fmt::format("{} {} {} {} {};", step, c.lat, std::fmod(c.lon + turn, 360.0), c.msl, c.wind);
      lines.insert(line);
    }
    return lines;
  };
  const auto straight = text(tracker->link(fields.centres(*tracker)), 0.0);
  ASSERT_EQ(straight.size(), 3U);
  int turned = 0;
  for (const int columns : {1, 723, 1300}) {
    const int by = columns - turned;
    turned = columns;
    for (size_t time = 0; time < fields.times(); ++time) {
      for (auto& field : fields.fields(time)) {
        for (auto row = field.begin(); row != field.end(); row += 1440) std::rotate(row, row + (1440 - by), row + 1440);
      }
    }
    EXPECT_EQ(text(tracker->link(fields.centres(*tracker)), 360.0 - 0.25 * columns), straight) << columns;
  }
}

TEST(SphereLinking, JoinsAcrossGreenwichAndGapsAndStartsSeveralAtOnce) {
  const std::vector<std::vector<Centre>> frames{{{20, 359}}, {{20, 1}, {10, 50}, {-10, 80}}, {}, {{20, 5}, {-10, 81}}};
  const std::vector<Track> tracks = link_on_sphere(frames, 8.0, 4);
  ASSERT_EQ(tracks.size(), 3U);
  EXPECT_EQ(tracks[0].size(), 3U);
  EXPECT_EQ(tracks[1].size(), 1U);
  EXPECT_EQ(tracks[2].back().step, 3);
  EXPECT_EQ(link_on_sphere(frames, 8.0, 1).size(), 5U) << "gaps are too long then";
}

TEST(SphereLinking, TheNearestPairComesFirst) {
  // Two cyclones, 4 degrees apart, each 3 degrees on: the one in front is nearer to the other's old place.
  const std::vector<Track> tracks = link_on_sphere({{{0, 100}, {0, 104}}, {{0, 103.5}, {0, 107}}}, 8.0, 1);
  ASSERT_EQ(tracks.size(), 2U);
  EXPECT_EQ(tracks[1].back().centre.lon, 103.5);
  EXPECT_EQ(tracks[0].back().centre.lon, 107.0);
}

TEST(SphereGrid, DistancesAreGreatCircles) {
  EXPECT_NEAR(great_circle_degrees(0, 0, 0, 90), 90.0, 1e-12);
  EXPECT_NEAR(great_circle_degrees(60, 0, 60, 180), 60.0, 1e-12);
  EXPECT_NEAR(great_circle_degrees(10, 359, 10, 1), great_circle_degrees(10, 0, 10, 2), 1e-12);
  const SphereGrid grid(equiangular_grid(91, 180));
  size_t cap = 0;  // all columns of the pole's row, and of the rows at 88 and 86
  grid.for_each_within(0, 17, std::cos(5.0 * M_PI / 180), [&](int, int) { ++cap; });
  EXPECT_EQ(cap, 3U * 180U);
  std::set<std::pair<int, int>> seen;
  grid.for_each_within(40, 0, std::cos(7.0 * M_PI / 180), [&](int row, int column) {
    EXPECT_TRUE(seen.emplace(row, column).second) << "once each";
    EXPECT_LE(great_circle_degrees(grid.lat(40), grid.lon(0), grid.lat(row), grid.lon(column)), 7.0 + 1e-9);
  });
  size_t within = 0;
  for (int row = 0; row < 91; ++row) {
    for (int column = 0; column < 180; ++column)
      within += great_circle_degrees(grid.lat(40), grid.lon(0), grid.lat(row), grid.lon(column)) <= 7.0 ? 1 : 0;
  }
  EXPECT_EQ(seen.size(), within);
}

}  // namespace
}  // namespace hens
