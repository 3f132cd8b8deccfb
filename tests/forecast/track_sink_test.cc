// The sink that follows cyclones: a member leaves the tracks of its own fields, in any batch; what is not finite leaves
// nothing; errors of the background come back to the roll-out.
#include "forecast/track_sink.h"

#include <atomic>
#include <limits>

#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/error.h"
#include "forecast/background.h"
#include "support/test_data.h"
#include "tracks/member_file.h"
#include "tracks/sphere_grid.h"

namespace hens {
namespace {

TEST(Background, DoesAllInOrderAndWaitsWhereItIsFull) {
  std::vector<int> done;
  Background background(2);
  for (int k = 0; k < 50; ++k) background.add([&done, k] { done.push_back(k); });
  background.drain();
  ASSERT_EQ(done.size(), 50U);
  for (int k = 0; k < 50; ++k) EXPECT_EQ(done[static_cast<size_t>(k)], k);
}

TEST(Background, TheFirstErrorComesBackAndNothingIsDoneAfterIt) {
  std::atomic<int> done = 0;
  Background background(100);
  background.add([] { throw std::runtime_error("the disk is full"); });
  EXPECT_THROW(background.drain(), std::runtime_error);
  background.add([&] { ++done; });
  background.drain();
  EXPECT_EQ(done, 1);
}

TEST(Background, EndsWithWorkWaiting) {
  std::atomic<bool> go = false;
  std::atomic<int> done = 0;
  {
    Background background(10);
    background.add([&] { go.wait(false); });
    for (int k = 0; k < 9; ++k) background.add([&] { ++done; });
    go = true, go.notify_all();
  }
  const int at_its_end = done;
  EXPECT_LE(at_its_end, 9) << "what had not begun is dropped, and nothing runs any more";
  EXPECT_EQ(done, at_its_end);
}

const std::vector<std::string> channels{"u10m", "v10m", "msl", "z300", "z500", "t2m"};

// A member's cyclone moves two degrees a step from 20 N, its own longitude.
class Storms final : public StateView {
 public:
  explicit Storms(std::vector<double> lons) : lons_(std::move(lons)) { at_step(0); }
  void at_step(int step) {
    const auto members = static_cast<int64_t>(lons_.size());
    state_ = at::zeros({members, 6, grid_.nlat(), grid_.nlon()});
    for (int64_t m = 0; m < members; ++m) {
      const at::Tensor member = state_[m];
      auto fields = member.accessor<float, 3>();
      for (int i = 0; i < grid_.nlat(); ++i) {
        for (int j = 0; j < grid_.nlon(); ++j) {
          const double angle =
              great_circle_degrees(20, lons_[static_cast<size_t>(m)] + 2 * step, grid_.lat[static_cast<size_t>(i)],
                                   grid_.lon[static_cast<size_t>(j)]);
          const double depth = std::exp(-angle * angle / 18.0);
          fields[0][i][j] = static_cast<float>(30.0 * depth);
          fields[2][i][j] = static_cast<float>(101000.0 - 1000.0 * depth);
          fields[3][i][j] = static_cast<float>(500.0 * depth);
        }
      }
    }
  }
  void ruin(int64_t member, int64_t channel) {
    state_[member][channel][3][4] = std::numeric_limits<float>::quiet_NaN();
  }

  at::Tensor state() const override { return state_; }
  at::Tensor channels(const std::vector<int>& selected) const override {
    return state_.index_select(1, at::tensor(std::vector<int64_t>(selected.begin(), selected.end())));
  }
  Time valid_time() const override { return {}; }
  const LatLonGrid& grid() const override { return grid_; }
  const std::vector<std::string>& channel_names() const override { return hens::channels; }
  at::Device device() const override { return at::kCPU; }

 private:
  LatLonGrid grid_ = equiangular_grid(91, 180);
  std::vector<double> lons_;
  at::Tensor state_;
};

class TrackSinkTest : public ::testing::Test {
 protected:
  TrackSinkTest()
      : spec_(parse_job_spec(R"(
name: toy
initial_conditions: {source: analytic, times: [2024-01-01T00:00:00Z]}
models: [toy]
ensemble: {members: 3}
perturbation: {method: none}
forecast: {steps: [3]}
output: []
tracks: {min_duration: 12h, min_points: 2}
)",
                             "toy.yaml", "/tmp")) {}

  TrackSink sink(const fs::path& root, int queue_fields = 64) {
    return {{root, spec_, 0},
            make_tracker(spec_.tracks[0], equiangular_grid(91, 180), model_step),
            model_step,
            channels,
            queue_fields};
  }

  static std::vector<MemberId> members(const std::vector<int>& numbers) {
    std::vector<MemberId> ids;
    for (const int number : numbers) ids.push_back(member_id(0, 0, 0, number));
    return ids;
  }

  // Rolls the members out; each one's file by its number.
  static std::map<int, StoredFile> roll_out(TrackSink& sink, const std::vector<int>& numbers) {
    std::vector<double> lons;
    for (const int number : numbers) lons.push_back(100.0 + 50 * number);
    Storms storms(lons);
    sink.begin(members(numbers));
    for (int step = 0; step <= 3; ++step) {
      storms.at_step(step);
      sink.take(step, storms);
      EXPECT_TRUE(sink.deliver().failures.empty());
    }
    std::map<int, StoredFile> files;
    for (size_t k = 0; k < numbers.size(); ++k) {
      sink.finish(static_cast<int>(k), [&files, number = numbers[k]](std::vector<StoredFile> left) {
        EXPECT_EQ(left.size(), 1U);
        files[number] = left.at(0);
      });
    }
    sink.drain();
    return files;
  }

  test::TemporaryFolder root_;
  JobSpec spec_;
};

TEST_F(TrackSinkTest, AMembersFileHoldsItsCycloneAndIsTheSameInAnyBatch) {
  TrackSink together = sink(root_ / "a"), alone = sink(root_ / "b", 1);
  const auto files = roll_out(together, {0, 1, 2});
  ASSERT_EQ(files.size(), 3U);
  for (const auto& [number, file] : files) {
    EXPECT_EQ(file.path, fmt::format("tracks/tc/nsteps_0003_model_0_20240101T00_member_{:04d}.csv", number));
    const std::string text = read_file(root_ / "a" / file.path);
    EXPECT_EQ(sha256_hex(text), file.sha256);
    const std::vector<Track> tracks = parse_member_file(text, file.path);
    ASSERT_EQ(tracks.size(), 1U);
    ASSERT_EQ(tracks[0].size(), 4U);
    EXPECT_EQ(tracks[0].back().centre.lon, 106.0 + 50 * number);
    EXPECT_EQ(roll_out(alone, {number}).at(number), file);
  }
}

TEST_F(TrackSinkTest, WhatIsNotFiniteIsNamedAndLeavesNothing) {
  TrackSink sink = this->sink(root_.path());
  Storms storms({100.0, 150.0});
  sink.begin(members({0, 1}));
  storms.ruin(1, 4);  // z500
  storms.ruin(0, 5);  // t2m: none of its channels
  sink.take(0, storms);
  const auto delivery = sink.deliver();
  ASSERT_EQ(delivery.failures.size(), 1U);
  EXPECT_EQ(delivery.failures[0].position, 1);
  EXPECT_EQ(delivery.failures[0].where.variable, "z500");
  sink.drop(1);
  sink.drain();
  EXPECT_FALSE(fs::exists(root_ / "tracks"));
}

TEST_F(TrackSinkTest, AFileThatCannotBeWrittenIsAnError) {
  publish_file(root_ / "tracks", "in the way of a folder");
  TrackSink sink = this->sink(root_.path());
  EXPECT_THROW(roll_out(sink, {0}), Error);
}

TEST_F(TrackSinkTest, NamesAChannelThatTheModelHasNot) {
  spec_.tracks[0].warm_core = {"t400"};
  EXPECT_THROW(sink(root_.path()), Error);
}

}  // namespace
}  // namespace hens
