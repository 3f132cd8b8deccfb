// A roll-out with a toy engine: what is stored is what the engine had, member by member, lead by lead; and what a
// roll-out promises its sinks.
#include "forecast/rollout.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/stop.h"
#include "forecast/store_sink.h"
#include "run/run_folder.h"
#include "support/test_data.h"

namespace hens {
namespace {

const std::vector<std::string> toy_channels{"u10m", "v10m", "t2m"};

// Adds 1 to every value at each step; member `ruined` becomes NaN at step 2.
class ToyEngine final : public Engine {
 public:
  explicit ToyEngine(int ruined = -1) : ruined_(ruined) {}
  void start(const at::Tensor& state, Time valid_time, std::span<const MemberKey> members) override {
    keys.assign(members.begin(), members.end());
    state_ = state.clone();
    valid_time_ = valid_time;
    steps_ = 0;
  }
  void step() override {
    state_ = state_ + 1;
    valid_time_ += model_step;
    ++steps_;
    if (ruined_ >= 0 && ruined_ < state_.size(0) && steps_ == 2) {
      state_[ruined_] = std::numeric_limits<float>::quiet_NaN();
    }
  }
  at::Tensor state() const override { return state_; }
  at::Tensor channels(const std::vector<int>& selected) const override {
    return state_.index_select(1, at::tensor(std::vector<int64_t>(selected.begin(), selected.end())));
  }
  Time valid_time() const override { return valid_time_; }
  const LatLonGrid& grid() const override { return grid_; }
  const std::vector<std::string>& channel_names() const override { return toy_channels; }
  Duration time_step() const override { return model_step; }
  at::Tensor channel_std() const override { return at::ones({3}); }
  at::Device device() const override { return at::kCPU; }
  bool batch_invariant() const override { return true; }
  std::string name() const override { return "toy"; }

  std::vector<MemberKey> keys;

 private:
  int ruined_, steps_ = 0;
  at::Tensor state_;
  Time valid_time_{};
  LatLonGrid grid_ = equiangular_grid(5, 8);
};

class RolloutTest : public ::testing::Test {
 protected:
  RolloutTest() {
    spec_ = parse_job_spec(R"(
name: toy
initial_conditions: {source: analytic, times: [2024-01-01T00:00:00Z]}
models: [toy]
ensemble: {members: 2}
perturbation: {method: none}
forecast: {steps: [4]}
output: {variables: [v10m, t2m], every: 12h, format: zarr}
)",
                           "toy.yaml", "/tmp");
    identity_ = {spec_, {"toy"}, {std::string(64, '0')}, "cpu", equiangular_grid(5, 8)};
  }

  int run(ToyEngine& engine, RunFolder& folder, std::vector<RunStore>& stores) {
    Perturber perturber(spec_.perturbation, engine, {});
    const at::Tensor analysis = at::arange(3 * 5 * 8, at::kFloat).view({3, 5, 8});
    perturber.prepare(engine, {analysis}, spec_.initial_conditions.times[0], 0);
    WriteQueue queue(2, 8);
    StoreSink sink(spec_.output[0], 4, {spec_.output[0].variables, toy_channels}, *stores[0].store, stores[0].folder,
                   queue);
    Rollout rollout{engine, perturber, folder, Log::none(), {&sink}, 4};
    const std::vector<MemberId> tasks = plan_members(spec_);
    const int failed = run_members(rollout, tasks, spec_.initial_conditions.times[0]);
    sink.drain();
    return failed;
  }

  test::TemporaryFolder temporary_;
  JobSpec spec_;
  RunIdentity identity_;
};

TEST_F(RolloutTest, StoresWhatTheEngineHadAtTheLeadsAskedFor) {
  ToyEngine engine;
  RunFolder folder(temporary_.path(), identity_, Log::none());
  auto stores = open_stores(temporary_.path(), spec_, identity_.facts());
  EXPECT_EQ(run(engine, folder, stores), 0);
  // every 12 h of 24 h: leads 0, 12, 24 h, which the toy engine reaches after 0, 2 and 4 steps
  for (int member = 0; member < 2; ++member) {
    for (int lead = 0; lead < 3; ++lead) {
      const std::vector<float> t2m = stores[0].store->read(1, 0, member, lead);
      ASSERT_EQ(t2m.size(), 40u);
      for (int i = 0; i < 40; ++i) EXPECT_EQ(t2m[i], 80 + i + 2 * lead) << "lead " << lead << ", point " << i;
    }
  }
  EXPECT_TRUE(folder.all_complete());
  EXPECT_TRUE(folder.pending(plan_members(spec_), true).empty());
}

TEST_F(RolloutTest, AMemberThatIsNotFiniteIsGivenUpAndTheOthersGoOn) {
  ToyEngine engine(1);
  RunFolder folder(temporary_.path(), identity_, Log::none());
  auto stores = open_stores(temporary_.path(), spec_, identity_.facts());
  EXPECT_EQ(run(engine, folder, stores), 1);
  const Manifest manifest = folder.manifest();
  EXPECT_EQ(manifest.members[0].state, MemberState::complete);
  EXPECT_EQ(manifest.members[1].state, MemberState::failed);
  EXPECT_THROW(stores[0].store->read(0, 0, 1, 0), Error) << "nothing of the failed member may be published";
}

TEST_F(RolloutTest, AStopSignalLeavesNothingPartial) {
  ToyEngine engine;
  RunFolder folder(temporary_.path(), identity_, Log::none());
  auto stores = open_stores(temporary_.path(), spec_, identity_.facts());
  request_stop();
  EXPECT_THROW(run(engine, folder, stores), Error);
  request_stop(false);
  EXPECT_EQ(folder.pending(plan_members(spec_), true).size(), 2u);
  for (const auto& entry : fs::recursive_directory_iterator(temporary_.path())) {
    EXPECT_FALSE(is_temporary_name(entry.path().filename().string())) << entry.path();
  }
}

TEST_F(RolloutTest, AnUnknownVariableIsNamed) {
  auto stores = open_stores(temporary_.path(), spec_, identity_.facts());
  OutputSpec output;
  output.variables = {"u10m", "z500"};
  WriteQueue queue(1, 1);
  try {
    StoreSink(output, 4, {output.variables, toy_channels}, *stores[0].store, "x", queue);
    FAIL() << "z500 is not a channel of the toy model";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_spec);
    EXPECT_NE(std::string(error.what()).find("z500"), std::string::npos);
  }
}

// Writes down what it is asked, and finds member `ruined` not finite at step 2.
class RecordingSink final : public Sink {
 public:
  explicit RecordingSink(int ruined = -1) : ruined_(ruined) {}
  void begin(std::span<const MemberId> members) override { calls += fmt::format("begin {}\n", members.size()); }
  void take(int step, const StateView& state) override {
    calls += fmt::format("take {}: {}\n", step, state.channels({0})[0].flatten()[0].item<float>());
    step_ = step;
  }
  Delivery deliver() override {
    calls += "deliver\n";
    if (step_ == 2 && ruined_ >= 0) return {{{std::exchange(ruined_, -1), {2, "u10m"}}}, 0};
    return {};
  }
  void drop(int position) override { calls += fmt::format("drop {}\n", position); }
  void finish(int position, std::function<void(std::vector<StoredFile>)> done) override {
    calls += fmt::format("finish {}\n", position);
    waiting.push_back([done, position] { done({{fmt::format("file of {}", position), 1, ""}}); });
  }
  void drain() override {}

  std::string calls;
  std::vector<std::function<void()>> waiting;

 private:
  int ruined_, step_ = 0;
};

class RecordingRecords final : public MemberRecords {
 public:
  void complete(const MemberId& task, std::vector<StoredFile> files, const MemberTime&) override {
    calls += fmt::format("complete {} with {} files\n", task.member, files.size());
  }
  void record_failed(const MemberFailure& failure) override {
    calls += fmt::format("failed {}: {}\n", failure.id.member, failure_text(failure.where));
  }
  std::string calls;
};

class SinksTest : public RolloutTest {
 protected:
  int run_with(std::vector<Sink*> sinks, int steps) {
    Perturber perturber(spec_.perturbation, engine_, {.seed = 7});
    perturber.prepare(engine_, {at::zeros({3, 5, 8})}, spec_.initial_conditions.times[0], 0);
    const std::vector<MemberId> tasks = plan_members(spec_);
    Rollout rollout{engine_, perturber, records_, Log::none(), std::move(sinks), steps};
    const int failed = run_members(rollout, tasks, spec_.initial_conditions.times[0]);
    EXPECT_LE(rollout.work.member_steps, static_cast<int64_t>(tasks.size()) * steps);
    EXPECT_GT(rollout.work.member_steps, 0);
    return failed;
  }
  ToyEngine engine_;
  RecordingRecords records_;
};

TEST_F(SinksTest, SeeEachStepOnceAndInOrder) {
  RecordingSink sink;
  EXPECT_EQ(run_with({&sink}, 2), 0);
  EXPECT_EQ(sink.calls, "begin 2\ntake 0: 0\ndeliver\ntake 1: 1\ndeliver\ntake 2: 2\ndeliver\nfinish 0\nfinish 1\n");
}

TEST_F(SinksTest, AMemberIsCompleteWhenTheLastOfItsSinksIs) {
  RecordingSink one, two;
  run_with({&one, &two}, 1);
  one.waiting[1]();
  EXPECT_EQ(records_.calls, "");
  two.waiting[1]();
  EXPECT_EQ(records_.calls, "complete 1 with 2 files\n");
}

TEST_F(SinksTest, AMemberThatOneSinkFindsRuinedLeavesNothingInTheOthers) {
  RecordingSink healthy, strict(1);
  EXPECT_EQ(run_with({&healthy, &strict}, 3), 1);
  EXPECT_NE(healthy.calls.find("drop 1\n"), std::string::npos) << healthy.calls;
  EXPECT_EQ(healthy.calls.find("finish 1\n"), std::string::npos) << healthy.calls;
  EXPECT_NE(healthy.calls.find("finish 0\n"), std::string::npos) << healthy.calls;
  EXPECT_EQ(records_.calls, "failed 1: not finite at step 2 (u10m)\n");
}

TEST_F(SinksTest, TheEngineIsGivenAKeyForEachMember) {
  RecordingSink sink;
  run_with({&sink}, 1);
  ASSERT_EQ(engine_.keys.size(), 2u);
  EXPECT_EQ(engine_.keys[1].seed, 7u);
  EXPECT_EQ(engine_.keys[1].pair, 1);
  EXPECT_EQ(engine_.keys[0].pair, 0);
}

}  // namespace
}  // namespace hens
