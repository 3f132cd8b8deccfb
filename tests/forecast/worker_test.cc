// Workers in one process: each has a device, an engine, analyses and a write queue of its own, so that two of them
// leave the bytes of one.
#include "forecast/worker.h"

#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/error.h"
#include "forecast/run_job.h"
#include "run/run_folder.h"
#include "support/test_data.h"

namespace hens {
namespace {

constexpr const char* job_text = R"(
name: workers
initial_conditions: {source: analytic, times: [2024-01-01T00:00:00Z, 2024-01-02T00:00:00Z]}
models: ["synth:mini?seed=102", "synth:mini?seed=103"]
ensemble: {members: 3, seed: 5}
perturbation:
  method: hemispheric_centred_bred_vector
  integration_steps: 1
  noise: {method: correlated_spherical_gaussian, amplitude: {z500: 39.27}}
forecast: {steps: [1, 2]}
output: {variables: [u10m], format: zarr}
runtime: {device: cpu, threads: 1}
)";

class Workers : public ::testing::Test {
 protected:
  Workers()
      : spec_(parse_job_spec(job_text, "workers.yaml", "/tmp")),
        downloader_({.cache = temporary_ / "cache"}, Log::none()) {}

  std::map<std::string, std::string> stores(const fs::path& root) const {
    std::map<std::string, std::string> digests;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      const std::string path = fs::relative(entry.path(), root).string();
      if (entry.is_regular_file() && path.find(".zarr/") != std::string::npos)
        digests[path] = sha256_file(entry.path());
    }
    return digests;
  }

  std::map<std::string, std::string> whole_job() {
    const RunResult result = run_job(spec_, {.output = temporary_ / "whole"}, downloader_, Log::none());
    EXPECT_EQ(result.members_done, 24);
    EXPECT_TRUE(result.all_complete);
    return stores(temporary_ / "whole");
  }

  test::TemporaryFolder temporary_;
  JobSpec spec_;
  Downloader downloader_;
};

TEST_F(Workers, TwoAtATimeLeaveTheBytesOfOneWhateverTheBlocks) {
  const auto expected = whole_job();
  ASSERT_FALSE(expected.empty());
  const JobModels models = open_models(spec_, downloader_, Log::none());
  const fs::path root = temporary_ / "together";
  RunFolder folder(root, read_manifest(temporary_ / "whole"), Log::none());
  const std::vector<MemberId> todo = folder.pending(plan_members(spec_), true);
  ASSERT_EQ(todo.size(), 24u);
  const std::vector<RunStore> opened = open_stores(root, spec_, folder.identity().facts());
  WorkQueue queue(todo, spec_.forecast.steps, {.workers = 2, .granule = 1, .load_steps = 0, .start_steps = 0});
  {
    std::vector<std::jthread> threads;
    for (int k = 0; k < 2; ++k) {
      threads.emplace_back([&, k] {
        const auto source = open_source(spec_.initial_conditions, downloader_, Log::none());
        const PartsTarget no_parts{root, folder.identity(), 1};
        const WorkerJob job{spec_, models, *source, downloader_, folder, Log::none(), opened, no_parts};
        Worker worker(job, at::kCPU, [](int, int, int) {});
        while (const auto block = queue.next(k)) worker.run(*block, queue.model_after(k));
        worker.finish();
        EXPECT_EQ(worker.report().members_failed, 0);
      });
    }
  }
  EXPECT_TRUE(folder.all_complete());
  EXPECT_EQ(stores(root), expected);
}

TEST_F(Workers, ARunFindsWhatIsLeftAndSaysWhatItDid) {
  const auto expected = whole_job();
  const fs::path root = temporary_ / "whole";
  const std::vector<MemberId> plan = plan_members(spec_);
  fs::remove(root / marker_name(spec_, plan[4]));
  const RunResult again = run_job(spec_, {.output = root}, downloader_, Log::none());
  EXPECT_EQ(again.members_done, 1);
  EXPECT_EQ(again.members_kept, 23);
  EXPECT_EQ(again.exit_code, ExitCode::ok);
  EXPECT_EQ(stores(root), expected);
  const Manifest manifest = read_manifest(root);
  ASSERT_EQ(manifest.attempts.size(), 2u);
  EXPECT_EQ(manifest.attempts[1].exit_code, 0);
  EXPECT_EQ(manifest.attempts[1].engine, "reference fp32");
  EXPECT_GT(manifest.attempts[1].stages.seconds.at("members"), 0.0);
}

TEST_F(Workers, AnotherModelAtThePlaceIsRefused) {
  whole_job();
  spec_.models[1] = "synth:mini?seed=104";
  try {
    run_job(spec_, {.output = temporary_ / "whole"}, downloader_, Log::none());
    FAIL() << "another model's members would lie beside the first's";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_spec);
    EXPECT_NE(std::string(error.what()).find("models[1]"), std::string::npos) << error.what();
  }
}

TEST_F(Workers, AnalysesAreLoadedOnceForAllModels) {
  struct Counting : Source {
    explicit Counting(Source& real) : real(real) {}
    State load(Time time, const std::vector<std::string>& channels, const LatLonGrid& grid) override {
      ++loads;
      return real.load(time, channels, grid);
    }
    std::vector<SourceRecord> records() const override { return real.records(); }
    Source& real;
    int loads = 0;
  };
  const JobModels models = open_models(spec_, downloader_, Log::none());
  const auto real = open_source(spec_.initial_conditions, downloader_, Log::none());
  Counting source(*real);
  Analyses analyses(source);
  const Time start = spec_.initial_conditions.times[0];
  const at::Tensor first = analyses.load(start, models.packages[0]);
  EXPECT_TRUE(analyses.load(start, models.packages[1]).is_same(first));
  EXPECT_EQ(source.loads, 1);
  for (int k = 1; k <= 4; ++k) analyses.load(start + k * std::chrono::hours(6), models.packages[0]);
  analyses.load(start, models.packages[0]);
  EXPECT_EQ(source.loads, 6) << "four are kept, the oldest goes";
}

// What validate cannot know of a model that lies elsewhere is known before its weights are read.
TEST_F(Workers, AVariableThatAModelLacksIsRefusedAsSoonAsThePackageIsOpen) {
  spec_.output.front().variables = {"u10m", "ws10m", "ws51"};
  try {
    open_models(spec_, downloader_, Log::none());
    FAIL() << "there is no level of 51 hPa";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_spec);
    EXPECT_NE(std::string(error.what()).find("models[0]: 'synth:mini?seed=102': 'ws51' is derived from u51 v51"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace hens
