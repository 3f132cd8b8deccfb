// The reports of a run's folder, from its manifest and stores.
#include "report/report.h"

#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/error.h"
#include "report/maps/map_fields.h"
#include "run/layout.h"
#include "support/example_manifest.h"
#include "support/test_data.h"

namespace hens {
namespace {

// Fills every member of the run's stores with a wind that depends on variable, member and lead.
void write_stores(const fs::path& folder, const Manifest& manifest) {
  for (const RunStore& run : open_stores(folder, manifest.spec, {manifest.grid, manifest.model_names})) {
    const StoreLayout& layout = run.store->layout();
    run.store->publish_metadata();
    for (int time = 0; time < static_cast<int>(layout.times.size()); ++time) {
      for (int member = 0; member < layout.members; ++member) {
        const auto writer = run.store->member(time, member);
        for (int variable = 0; variable < static_cast<int>(layout.variables.size()); ++variable) {
          for (int lead = 0; lead < static_cast<int>(layout.leads.size()); ++lead) {
            const float value = static_cast<float>(variable == 0 ? 3 * (member + 1) : 4 * (member + 1)) + lead;
            writer->append(variable, lead, std::vector<float>(layout.domain.size(), value));
          }
        }
        writer->finish();
      }
    }
  }
}

std::vector<std::string> names(const std::vector<StoredFile>& files) {
  std::vector<std::string> result;
  for (const StoredFile& file : files) result.push_back(file.path);
  return result;
}

std::vector<StoredFile> write_reports(const fs::path& folder, const Manifest& manifest) {
  const DrawnMaps maps = write_maps(folder, manifest, Log::none());
  std::vector<StoredFile> files = write_texts(folder, manifest, maps.page);
  for (const StoredFile& map : maps.files) files.push_back(map);
  return files;
}

TEST(WriteReports, LeavesReportsAndMapsAndChangesNothingTheSecondTime) {
  const test::TemporaryFolder folder;
  const Manifest manifest = test::example_manifest();
  write_stores(folder.path(), manifest);
  const auto files = write_reports(folder.path(), manifest);
  EXPECT_EQ(names(files), (std::vector<std::string>{"timing_report.txt", "benchmark_results.json", "report.html",
                                                    "hens_wind_2024_01_01.jpg"}));
  for (const StoredFile& file : files) {
    EXPECT_EQ(file.sha256, sha256_file(folder / file.path));
    EXPECT_EQ(file.bytes, fs::file_size(folder / file.path));
  }
  EXPECT_EQ(write_reports(folder.path(), manifest), files);
}

TEST(WriteReports, WritesTheRestWhereAMapCannotBeDrawn) {
  const std::vector<std::string> texts{"timing_report.txt", "benchmark_results.json", "report.html"};
  const test::TemporaryFolder folder;
  Manifest manifest = test::example_manifest();
  EXPECT_EQ(names(write_reports(folder.path(), manifest)), texts) << "the stores are not there";
  manifest.spec.report.maps = false;
  EXPECT_EQ(names(write_reports(folder.path(), manifest)), texts);
  manifest = test::example_manifest();
  manifest.spec.output[0].variables = {"u10m", "t2m"};
  EXPECT_EQ(names(write_reports(folder.path(), manifest)), texts);
  manifest = test::example_manifest();
  for (MemberEntry& entry : manifest.members) entry.state = MemberState::pending;
  EXPECT_EQ(names(write_reports(folder.path(), manifest)), texts);
}

TEST(MapFields, AreOfTheLongestLengthAndTheLeadAskedFor) {
  const test::TemporaryFolder folder;
  Manifest manifest = test::example_manifest();
  write_stores(folder.path(), manifest);
  manifest.members.back().state = MemberState::failed;  // 40 steps, model 1, member 1
  std::string reason;
  const auto source = plan_maps(manifest.spec, reason);
  ASSERT_TRUE(source) << reason;
  ASSERT_EQ(source->tasks.size(), 1U);
  EXPECT_EQ(source->length, 1);
  EXPECT_EQ(source->tasks[0].lead, std::chrono::hours(24));
  const auto input = read_map_input(folder.path(), manifest, *source, source->tasks[0]);
  ASSERT_TRUE(input);
  EXPECT_EQ(input->nsteps, 40);
  ASSERT_EQ(input->models.size(), 2U);
  EXPECT_EQ(input->models[0].name, "model_seed102");
  EXPECT_EQ(input->models[0].wind.members, 2);
  EXPECT_EQ(input->models[1].wind.members, 1) << "only complete members";
  // u is 3 and 6, v 4 and 8, plus 4 for the lead's index.
  EXPECT_FLOAT_EQ(input->models[0].wind.mean_u[5], 8.5F);
  EXPECT_FLOAT_EQ(input->models[0].wind.mean_v[5], 10.0F);
  const double slow = std::hypot(7, 8), fast = std::hypot(10, 12);
  EXPECT_FLOAT_EQ(input->models[0].wind.mean_speed[5], static_cast<float>((slow + fast) / 2));
  EXPECT_FLOAT_EQ(input->models[0].wind.spread[5], static_cast<float>((fast - slow) / std::sqrt(2.0)));
}

TEST(MapFields, LeadsBeyondTheForecastBecomeItsLastAndEachIsDrawnOnce) {
  JobSpec spec = test::example_manifest().spec;
  spec.forecast.steps = {2};
  spec.report.map_leads = {std::chrono::hours(24), std::chrono::hours(240), std::chrono::hours(7)};
  std::string reason;
  const auto source = plan_maps(spec, reason);
  ASSERT_TRUE(source);
  ASSERT_EQ(source->tasks.size(), 2U);
  EXPECT_EQ(source->tasks[0].lead, std::chrono::hours(12));
  EXPECT_EQ(source->tasks[0].file, "hens_wind_2024_01_01.jpg");
  EXPECT_EQ(source->tasks[1].lead, std::chrono::hours(6));
  EXPECT_EQ(source->tasks[1].file, "hens_wind_2024_01_01_6h.jpg");
}

TEST(MapFields, EveryInitialTimeHasItsOwnName) {
  JobSpec spec = test::example_manifest().spec;
  spec.initial_conditions.times = {parse_time("2024-01-01T00"), parse_time("2024-01-01T12"),
                                   parse_time("2024-01-02T06")};
  std::string reason;
  const auto source = plan_maps(spec, reason);
  ASSERT_TRUE(source);
  ASSERT_EQ(source->tasks.size(), 3U);
  EXPECT_EQ(source->tasks[0].file, "hens_wind_2024_01_01_0000z.jpg");
  EXPECT_EQ(source->tasks[1].file, "hens_wind_2024_01_01_1200z.jpg");
  EXPECT_EQ(source->tasks[2].file, "hens_wind_2024_01_02.jpg");
}

TEST(MapFields, ComeFromTheFirstOutputThatHasBothComponents) {
  JobSpec spec = test::example_manifest().spec;
  spec.output.insert(spec.output.begin(), OutputSpec{});
  spec.output[0].variables = {"t2m", "u10m"};
  spec.output[1].variables = {"z500", "v10m", "u10m"};
  std::string reason;
  const auto source = plan_maps(spec, reason);
  ASSERT_TRUE(source);
  EXPECT_EQ(source->output, 1);
  EXPECT_EQ(source->u, 2);
  EXPECT_EQ(source->v, 1);
  spec.output.pop_back();
  EXPECT_FALSE(plan_maps(spec, reason));
  EXPECT_NE(reason.find("u10m and v10m"), std::string::npos);
}

}  // namespace
}  // namespace hens
