#include "run/layout.h"

#include <gtest/gtest.h>

#include "support/test_data.h"

namespace hens {
namespace {

JobSpec two_lengths() {
  return parse_job_spec(R"(
name: layouts
initial_conditions: {source: analytic, times: [2024-01-01T00:00:00Z, 2024-01-02T12:00:00Z]}
models: [/a, /b]
ensemble: {members: 3}
perturbation: {method: correlated_spherical_gaussian}
forecast: {steps: [4, 40]}
output:
  - {variables: [u10m, z500], format: zarr}
  - {name: daily, variables: [t2m], format: netcdf, every: 1d, initial_state: false}
)",
                        "layouts.yaml", "/tmp");
}

TEST(Layout, IsASpecsOutputForOneModelAndLength) {
  const JobSpec spec = two_lengths();
  const LayoutFacts facts{equiangular_grid(5, 8), {"first", "second"}};
  const StoreLayout daily = store_layout(spec, facts, spec.output[1], 1, 1);
  EXPECT_EQ(daily.format, StoreFormat::netcdf);
  EXPECT_EQ(daily.variables, std::vector<std::string>{"t2m"});
  EXPECT_EQ(daily.members, 3);
  EXPECT_EQ(daily.times, spec.initial_conditions.times);
  EXPECT_EQ(daily.leads.size(), 10u) << "each day of ten, without the initial state";
  EXPECT_EQ(daily.leads.front(), std::chrono::hours(24));
  EXPECT_EQ(daily.domain.grid, facts.grid);
  EXPECT_NE(daily.source.find("second"), std::string::npos) << daily.source;
  EXPECT_EQ(store_layout(spec, facts, spec.output[0], 0, 0).leads.size(), 5u);
}

TEST(Layout, TakesOverHowMembersAreStored) {
  JobSpec spec = two_lengths();
  EXPECT_TRUE(store_layout(spec, {equiangular_grid(5, 8), {"a", "b"}}, spec.output[0], 0, 0).keep_bits.empty());
  OutputSpec& output = spec.output[0];
  output.layout = OutputLayout::weatherbench, output.shard = false, output.keep_bits = {{"z500", 12}, {"all", 9}};
  const StoreLayout layout = store_layout(spec, {equiangular_grid(5, 8), {"a", "b"}}, output, 0, 0);
  EXPECT_EQ(layout.layout, OutputLayout::weatherbench);
  EXPECT_FALSE(layout.shard);
  EXPECT_EQ(layout.keep_bits, (std::vector<int>{9, 12})) << "u10m, z500";
}

TEST(Layout, HasAStoreForEachLengthModelAndOutputInThatOrder) {
  const test::TemporaryFolder folder;
  const JobSpec spec = two_lengths();
  const std::vector<RunStore> stores = open_stores(folder.path(), spec, {equiangular_grid(5, 8), {"first", "second"}});
  std::vector<std::string> paths;
  for (const RunStore& store : stores) {
    paths.push_back(store.folder.string());
    EXPECT_EQ(store.folder, store_folder(spec, spec.output[store.output], store.length, store.model));
  }
  EXPECT_EQ(paths, (std::vector<std::string>{"nsteps_0004/hens_0.zarr", "nsteps_0004/daily_0.netcdf",
                                             "nsteps_0004/hens_1.zarr", "nsteps_0004/daily_1.netcdf",
                                             "nsteps_0040/hens_0.zarr", "nsteps_0040/daily_0.netcdf",
                                             "nsteps_0040/hens_1.zarr", "nsteps_0040/daily_1.netcdf"}));
  EXPECT_TRUE(fs::is_empty(folder.path())) << "opening writes nothing";
}

}  // namespace
}  // namespace hens
