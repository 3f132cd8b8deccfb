// Earth2Studio's two trackers, to the letter: order and values of the golden files.
#include <cmath>

#include "base/error.h"
#include "package/npy.h"
#include "tracks/golden_fields.h"
#include "tracks/peer_linking.h"

namespace hens {
namespace {

using test::GoldenFields;
using test::track_folder;

TracksSpec peer(TrackerKind kind, double distance) {
  TracksSpec spec;
  spec.tracker = kind, spec.compatible = true, spec.search_distance = distance;
  return spec;
}

// As golden/tracks/README.md gives them.
struct Tolerance {
  double degrees, msl = 0.01, wind = 1e-4;
};

void expect_point(const Centre& made, const double* golden, const Tolerance& tolerance, const std::string& where) {
  EXPECT_TRUE(std::abs(made.lat - golden[0]) <= tolerance.degrees) << where << made.lat << " " << golden[0];
  EXPECT_TRUE(std::abs(made.lon - golden[1]) <= tolerance.degrees) << where << made.lon << " " << golden[1];
  EXPECT_TRUE(std::abs(made.msl - golden[2]) <= tolerance.msl) << where << made.msl << " " << golden[2];
  EXPECT_TRUE(std::abs(made.wind - golden[3]) <= tolerance.wind) << where << made.wind << " " << golden[3];
}

struct Case {
  const char* name;
  const char* sequence;
  TrackerKind kind;
  double degrees;
};

class PeersGolden : public ::testing::TestWithParam<Case> {};

TEST_P(PeersGolden, CentresAndTracksAreThePeersInOrderAndValue) {
  const auto& [name, sequence, kind, degrees] = GetParam();
  HENS_REQUIRE_DATA(std::string("golden/tracks/fields_") + sequence + ".nc");
  const LatLonGrid grid = equiangular_grid(721, 1440);
  const GoldenFields fields(sequence, track_variables(peer(kind, 300)));
  const auto frames = fields.centres(*make_tracker(peer(kind, 300), grid, model_step));
  for (const int distance : {250, 300}) {
    const std::string stem = fmt::format("{}_{}_{}_", name, sequence, distance);
    const NpyArray centres = read_npy(track_folder() / (stem + "centres.npy"));
    const std::vector<double> wanted = centres.as<double>();
    const auto most = static_cast<size_t>(centres.shape[1]);
    for (size_t time = 0; time < frames.size(); ++time) {
      size_t count = 0;
      for (size_t k = 0; k < most; ++k) count += std::isnan(wanted[(time * most + k) * 4]) ? 0 : 1;
      ASSERT_EQ(frames[time].size(), count) << stem << time;
      for (size_t k = 0; k < count; ++k) {
        expect_point(frames[time][k], &wanted[(time * most + k) * 4], {degrees},
                     fmt::format("{}{} {}: ", stem, time, k));
      }
    }
    const std::vector<Track> tracks = make_tracker(peer(kind, distance), grid, model_step)->link(frames);
    const NpyArray paths = read_npy(track_folder() / (stem + "tracks.npy"));
    const std::vector<double> points = paths.as<double>();
    ASSERT_EQ(static_cast<int64_t>(tracks.size()), paths.shape[0]) << stem;
    for (size_t path = 0; path < tracks.size(); ++path) {
      size_t next = 0;
      for (size_t time = 0; time < 8; ++time) {
        const double* golden = &points[(path * 8 + time) * 4];
        const bool has = next < tracks[path].size() && tracks[path][next].step == static_cast<int>(time);
        ASSERT_EQ(has, !std::isnan(golden[0])) << stem << path << " " << time;
        if (has)
          expect_point(tracks[path][next++].centre, golden, {degrees}, fmt::format("{}{} {}: ", stem, path, time));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, PeersGolden,
                         ::testing::Values(Case{"wuduan", "clean", TrackerKind::wuduan, 1e-3},
                                           Case{"wuduan", "quirks", TrackerKind::wuduan, 1e-3},
                                           Case{"vitart", "clean", TrackerKind::vitart, 0.0},
                                           Case{"vitart", "quirks", TrackerKind::vitart, 0.0}),
                         [](const auto& info) { return fmt::format("{}_{}", info.param.name, info.param.sequence); });

TEST(PeerLinking, OfSeveralNewCentresTheLastAloneStartsAPath) {
  const std::vector<std::vector<Centre>> frames{{{10, 100}}, {{10, 101}, {20, 200}, {-20, 50}}};
  const std::vector<Track> tracks = link_as_peer(frames, 300, 2);
  ASSERT_EQ(tracks.size(), 2U);
  EXPECT_EQ(tracks[0].size(), 2U);
  EXPECT_EQ(tracks[1].front().centre.lat, -20);
}

TEST(PeerLinking, LongitudeDoesNotWrapAndFramesBackWidenTheSearch) {
  EXPECT_EQ(link_as_peer({{{10, 359.5}}, {{10, 0.5}}}, 300, 2).size(), 2U);
  EXPECT_EQ(link_as_peer({{{0, 100}}, {}, {{0, 105}}}, 300, 2).size(), 1U);  // 556 km in two frames
  EXPECT_EQ(link_as_peer({{{0, 100}}, {}, {{0, 105}}}, 300, 1).size(), 2U);
}

}  // namespace
}  // namespace hens
