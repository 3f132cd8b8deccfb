// What a sink of statistics promises: blocks become parts, members that left leave nothing, and the others are rolled
// out once more.
#include "forecast/statistics_sink.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "run/run_folder.h"
#include "support/test_data.h"

namespace hens {
namespace {

const std::vector<std::string> toy_channels{"u10m", "t2m"};

// Member m has t2m = 280 + m + step everywhere; `ruined` leaves the range of temperatures at step 1.
class ToyState final : public StateView {
 public:
  ToyState(const std::vector<int>& members, int step, int ruined) {
    state_ = at::zeros({static_cast<int64_t>(members.size()), 2, 5, 8});
    for (size_t k = 0; k < members.size(); ++k) {
      const bool bad = members[k] == ruined && step == 1;
      state_[static_cast<int64_t>(k)][1] = bad ? 5000.0f : 280.0f + static_cast<float>(members[k] + step);
    }
  }
  at::Tensor state() const override { return state_; }
  at::Tensor channels(const std::vector<int>& selected) const override {
    return state_.index_select(1, at::tensor(std::vector<int64_t>(selected.begin(), selected.end())));
  }
  Time valid_time() const override { return {}; }
  const LatLonGrid& grid() const override { return grid_; }
  const std::vector<std::string>& channel_names() const override { return toy_channels; }
  at::Device device() const override { return at::kCPU; }

 private:
  at::Tensor state_;
  LatLonGrid grid_ = equiangular_grid(5, 8);
};

class StatisticsSinkTest : public ::testing::Test {
 protected:
  StatisticsSinkTest() {
    target_.run.spec = parse_job_spec(R"(
name: toy
initial_conditions: {source: analytic, times: [2024-01-01T00:00:00Z, 2024-01-02T00:00:00Z]}
models: [toy]
ensemble: {members: 9}
perturbation: {method: none}
forecast: {steps: [2]}
output: []
statistics: [{variables: [t2m], extremes: true}]
)",
                                      "toy.yaml", "/tmp");
    target_.root = temporary_.path();
    target_.run.model_digests = {std::string(64, '0')};
    target_.run.model_names = {"toy"};
    target_.run.device_kind = "cpu";
    target_.run.grid = equiangular_grid(5, 8);
    target_.attempt = 1;
  }

  StatisticsSink sink(int block) { return {target_, 0, 0, "", block, toy_channels, at::kCPU}; }

  // As a roll-out does. Returns the members that were refused.
  std::vector<int> roll_out(StatisticsSink& sink, const std::vector<int>& members, int time = 0, int ruined = -1) {
    std::vector<MemberId> tasks;
    for (const int member : members) tasks.push_back(member_id(0, 0, time, member));
    sink.begin(tasks);
    std::vector<int> refused;
    for (int step = 0; step <= 2; ++step) {
      sink.take(step, ToyState(members, step, ruined));
      for (const Sink::Failure& failure : sink.deliver().failures) {
        EXPECT_EQ(failure.where.step, 1);
        EXPECT_EQ(failure.where.variable, "t2m");
        sink.drop(failure.position);
        refused.push_back(failure.position);
      }
    }
    for (size_t m = 0; m < members.size(); ++m) {
      if (std::ranges::find(refused, static_cast<int>(m)) != refused.end()) continue;
      sink.finish(static_cast<int>(m), [this, member = members[m]](std::vector<StoredFile> files) {
        EXPECT_TRUE(files.empty());
        done_.push_back(member);
      });
    }
    return refused;
  }

  RunParts parts() { return {temporary_.path(), target_.run, true}; }

  test::TemporaryFolder temporary_;
  PartsTarget target_;
  std::vector<int> done_;
};

TEST_F(StatisticsSinkTest, MembersAreDoneWhenTheirBlockIsAPart) {
  StatisticsSink statistics = sink(3);
  roll_out(statistics, {0, 1});
  EXPECT_TRUE(done_.empty());
  roll_out(statistics, {2, 3});
  EXPECT_EQ(done_, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(parts().members({0, 0, 0}).text(), "0-3");
  roll_out(statistics, {4});
  statistics.drain();
  EXPECT_EQ(done_.back(), 4);
  EXPECT_EQ(parts().members({0, 0, 0}).text(), "0-4");
  EXPECT_EQ(parts().count(), 1u) << "one growing part";
}

TEST_F(StatisticsSinkTest, EachInitialTimeHasPartsOfItsOwn) {
  StatisticsSink statistics = sink(100);
  roll_out(statistics, {0, 1}, 0);
  roll_out(statistics, {0}, 1);
  statistics.drain();
  EXPECT_EQ(parts().members({0, 0, 0}).text(), "0-1");
  EXPECT_EQ(parts().members({0, 0, 1}).text(), "0");
}

TEST_F(StatisticsSinkTest, AMemberThatLeftIsInNoSum) {
  StatisticsSink statistics = sink(2);
  roll_out(statistics, {0, 1});
  roll_out(statistics, {2});
  EXPECT_EQ(roll_out(statistics, {3, 4}, 0, 4), std::vector<int>{1});
  EXPECT_EQ(done_, (std::vector<int>{0, 1})) << "2 and 3 were summed up with it";
  const std::vector<MemberId> lost = statistics.lost();
  ASSERT_EQ(lost.size(), 2u);
  EXPECT_EQ(lost[0].member, 2);
  EXPECT_EQ(lost[1].member, 3);
  EXPECT_TRUE(statistics.lost().empty());
  roll_out(statistics, {2, 3});
  statistics.drain();
  EXPECT_EQ(done_, (std::vector<int>{0, 1, 2, 3}));
  const RunParts all = parts();
  EXPECT_EQ(all.members({0, 0, 0}).text(), "0-3");
  const std::vector<PairPlan> plan = plans_of(statistics_pairs(target_.run.spec, 0, ""));
  const TileSums sums = all.parts({0, 0, 0}).front()->read(plan, 1, 0);  // after a step: 281 ... 284
  EXPECT_EQ(value_of(sums.lowest[7]), 281.0f);
  EXPECT_EQ(value_of(sums.highest[7]), 284.0f);
  EXPECT_EQ(sums.sum[7], (31 + 32 + 33 + 34) * 32'768);
}

TEST_F(StatisticsSinkTest, LetsPassWhatIsInAPartAlready) {
  {
    StatisticsSink before = sink(2);
    roll_out(before, {0, 1});
  }
  StatisticsSink statistics = sink(1);
  roll_out(statistics, {0, 1, 2});
  EXPECT_EQ(done_, (std::vector<int>{0, 1, 0, 1, 2}));
  const RunParts all = parts();
  EXPECT_EQ(all.count(), 2u) << "a part with 2 alone";
  EXPECT_EQ(all.members({0, 0, 0}).text(), "0-2");
}

TEST_F(StatisticsSinkTest, AnUnfinishedBlockLeavesNothing) {
  {
    StatisticsSink statistics = sink(5);
    roll_out(statistics, {0, 1});
  }
  EXPECT_TRUE(done_.empty());
  EXPECT_EQ(parts().count(), 0u);
}

TEST_F(StatisticsSinkTest, PartsOfAnotherJobDoNotCount) {
  StatisticsSink statistics = sink(1);
  roll_out(statistics, {0});
  target_.run.model_digests = {std::string(64, '1')};
  const RunParts all = parts();
  EXPECT_EQ(all.count(), 0u);
  ASSERT_EQ(all.damaged().size(), 1u);
  EXPECT_THAT(all.damaged().front().why, testing::HasSubstr("another run"));
}

TEST_F(StatisticsSinkTest, NamesAVariableThatIsNoChannel) {
  EXPECT_THROW((StatisticsSink{target_, 0, 0, "", 1, {"u10m"}, at::kCPU}), Error);
}

}  // namespace
}  // namespace hens
