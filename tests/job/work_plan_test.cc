// Facts about the plan: order, shards that are disjoint, complete, balanced and keep pairs together, names.
#include "job/work_plan.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "job/spec_text.h"

namespace hens {
namespace {

using test::parse_with;
using ::testing::ElementsAre;

JobSpec spec_of(int models, int times, int members, const std::string& steps) {
  JobSpec spec = parse_with({"forecast.steps=" + steps});
  spec.models.assign(models, "package");
  for (int k = 1; k < times; ++k)
    spec.initial_conditions.times.push_back(spec.initial_conditions.times[0] + k * model_step);
  spec.ensemble.members = members;
  return spec;
}

std::tuple<int, int, int, int> pair_of(const MemberId& task) {
  return {task.length, task.model, task.time, breeding_group(task.member, false)};
}

// How many pairs each shard got of the members `wanted`; checks on the way what holds for every number of shards.
std::vector<int> pairs_by_shard(const JobSpec& spec, int shards, const std::vector<int>& wanted) {
  const std::vector<MemberId> whole = select_members(spec, {wanted});
  std::map<std::tuple<int, int, int, int>, int> owner;  // of a pair
  std::vector<int> pairs(shards, 0);
  size_t count = 0;
  for (int shard = 0; shard < shards; ++shard) {
    size_t last = 0;
    for (const MemberId& task : select_members(spec, {wanted, shard, shards})) {
      const auto at = std::find(whole.begin() + static_cast<int>(last), whole.end(), task);
      EXPECT_NE(at, whole.end()) << "a shard has the plan's members in the plan's order";
      last = static_cast<size_t>(at - whole.begin());
      ++count;
      const auto [entry, fresh] = owner.emplace(pair_of(task), shard);
      EXPECT_EQ(entry->second, shard) << "a pair is in two shards";
      pairs[shard] += fresh ? 1 : 0;
    }
  }
  EXPECT_EQ(count, whole.size()) << shards << " shards are not complete, or not disjoint";
  return pairs;
}

TEST(WorkPlan, GoesThroughModelsThenLengthsTimesAndMembers) {
  const std::vector<MemberId> plan = plan_members(spec_of(2, 2, 3, "[4, 40]"));
  ASSERT_EQ(plan.size(), 24u);
  EXPECT_TRUE(std::is_sorted(plan.begin(), plan.end(), [](const MemberId& a, const MemberId& b) {
    return std::tie(a.model, a.length, a.time, a.member) < std::tie(b.model, b.length, b.time, b.member);
  }));
  EXPECT_EQ(plan.front(), (member_id(0, 0, 0, 0)));
  EXPECT_EQ(plan.back(), (member_id(1, 1, 1, 2)));
  EXPECT_EQ(std::adjacent_find(plan.begin(), plan.end()), plan.end()) << "a member twice";
}

TEST(WorkPlan, IsAllSelectedByDefault) {
  const JobSpec spec = spec_of(2, 3, 5, "[4, 8]");
  EXPECT_EQ(select_members(spec, {}), plan_members(spec));
}

TEST(WorkPlan, ShardsAreDisjointCompleteAndBalancedWithinAPair) {
  for (const int members : {1, 2, 5, 8}) {
    const JobSpec spec = spec_of(2, 2, members, "[4, 8]");
    for (int shards = 1; shards <= 50; ++shards) {
      const std::vector<int> pairs = pairs_by_shard(spec, shards, {});
      const auto [least, most] = std::minmax_element(pairs.begin(), pairs.end());
      EXPECT_LE(*most - *least, 1) << members << " members, " << shards << " shards";
    }
  }
}

TEST(WorkPlan, ShardsOfChosenMembersAreBalanced) {
  const JobSpec spec = spec_of(2, 4, 40, "[4]");
  for (const int shards : {2, 3, 4, 8, 20}) {
    const std::vector<int> pairs = pairs_by_shard(spec, shards, {17, 16, 3, 3});  // any order, repeated
    EXPECT_EQ(std::accumulate(pairs.begin(), pairs.end(), 0), 2 * 4 * 2);
    const auto [least, most] = std::minmax_element(pairs.begin(), pairs.end());
    EXPECT_LE(*most - *least, 1) << shards << " shards";
  }
}

TEST(WorkPlan, SelectsTheMembersAskedForOfEveryModelAndTime) {
  const std::vector<MemberId> tasks = select_members(spec_of(2, 1, 20, "[4]"), {{17, 2}});
  EXPECT_THAT(
      tasks, ElementsAre(member_id(0, 0, 0, 2), member_id(0, 0, 0, 17), member_id(0, 1, 0, 2), member_id(0, 1, 0, 17)));
}

TEST(WorkPlan, NamesAMemberThatTheJobDoesNotHave) {
  for (const int member : {20, -1}) {
    try {
      select_members(spec_of(1, 1, 20, "[4]"), {{3, member}});
      FAIL() << "selected";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_EQ(std::string(error.what()), fmt::format("--members {}: the job has members 0 to 19", member));
    }
  }
}

TEST(WorkPlan, PairsMembersAsPlusAndMinus) {
  EXPECT_EQ(breeding_group(6, false), 3);
  EXPECT_EQ(breeding_group(7, false), 3);
  EXPECT_EQ(breeding_group(0, true), 0) << "the control is alone";
  for (const int k : {1, 2}) EXPECT_EQ(breeding_group(k, true), 1);
  for (const int k : {3, 4}) EXPECT_EQ(breeding_group(k, true), 2);
}

TEST(WorkPlan, ShardsOwnAControlAloneAndWholePairsBehindIt) {
  JobSpec spec = spec_of(1, 1, 7, "[4]");
  spec.ensemble.control = true;
  std::vector<std::vector<int>> shards;
  for (int shard = 0; shard < 4; ++shard) {
    shards.emplace_back();
    for (const MemberId& task : select_members(spec, {{}, shard, 4})) shards.back().push_back(task.member);
  }
  EXPECT_EQ(shards, (std::vector<std::vector<int>>{{0}, {1, 2}, {3, 4}, {5, 6}}));
}

TEST(ParseShard, ReadsPartAndNumberOfParts) {
  const Selection selection = parse_shard("3/8", {{17}});
  EXPECT_EQ(selection.shard, 3);
  EXPECT_EQ(selection.shards, 8);
  EXPECT_THAT(selection.members, ElementsAre(17)) << "keeps what was selected before";
  EXPECT_EQ(parse_shard("0/1").shards, 1);
}

TEST(ParseShard, RefusesEverythingElse) {
  for (const char* text : {"", "3", "8/8", "-1/8", "3/", "/8", "3/8/9", "3 /8", "0/0", "a/b", "1/99999999999"}) {
    try {
      parse_shard(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage) << text;
    }
  }
}

TEST(ParseMembers, ReadsNumbersAndRanges) {
  EXPECT_THAT(parse_members("17,42"), ElementsAre(17, 42));
  EXPECT_THAT(parse_members("8-10,3,9"), ElementsAre(3, 8, 9, 10));
  EXPECT_THAT(parse_members("0"), ElementsAre(0));
}

TEST(ParseMembers, RefusesEverythingElse) {
  for (const char* text : {"", ",", "1,", "a", "3-1", "-1", "1-", "1 2", "1.5", "0-99999999", "99999999999"}) {
    try {
      parse_members(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage) << text;
    }
  }
}

TEST(WorkPlan, NamesFoldersStoresAndMarkers) {
  const JobSpec one = spec_of(2, 1, 4, "[40]"), two = spec_of(2, 2, 4, "[4, 400]");
  EXPECT_EQ(length_folder(one, 0), "");
  EXPECT_EQ(length_folder(two, 0), "nsteps_0004");
  EXPECT_EQ(length_folder(two, 1), "nsteps_0400");
  OutputSpec output;
  EXPECT_EQ(store_name(one, output, 1), "hens_1.zarr");
  output.format = StoreFormat::netcdf;
  EXPECT_EQ(store_name(one, output, 0), "hens_0.netcdf");
  EXPECT_EQ(marker_name(two, member_id(1, 0, 1, 3)), "members/nsteps_0400_model_0_20240101T06_member_0003.json");
}

TEST(WorkPlan, NamesEachMarkerDifferently) {
  const JobSpec spec = spec_of(3, 3, 12, "[4, 40]");
  std::set<std::string> names;
  for (const MemberId& task : plan_members(spec)) EXPECT_TRUE(names.insert(marker_name(spec, task)).second);
}

TEST(OutputLeads, AreTheMultiplesOfTheInterval) {
  using std::chrono::hours;
  OutputSpec output;
  EXPECT_THAT(output_leads(output, 2), ElementsAre(hours(0), hours(6), hours(12)));
  output.initial_state = false;
  EXPECT_THAT(output_leads(output, 2), ElementsAre(hours(6), hours(12)));
  output.every = hours(24);
  EXPECT_THAT(output_leads(output, 9), ElementsAre(hours(24), hours(48)));
  output.initial_state = true;
  EXPECT_THAT(output_leads(output, 3), ElementsAre(hours(0)));
}

TEST(WorkPlan, NumbersMembersAsTheListHasThemAndFindsThemByTheirMarkers) {
  const JobSpec spec = spec_of(2, 2, 3, "[4, 40]");
  const WorkPlan plan(spec);
  const std::vector<MemberId> list = plan_members(spec);
  ASSERT_EQ(plan.size(), list.size());
  EXPECT_EQ(plan.per_model_and_length(), 6U);
  for (size_t number = 0; number < list.size(); ++number) {
    EXPECT_EQ(plan.task(number), list[number]);
    EXPECT_EQ(plan.number(list[number]), number);
    const std::string marker = plan.marker(list[number]);
    EXPECT_EQ(marker, marker_name(spec, list[number]));
    EXPECT_EQ(plan.find_marker(marker.substr(marker.find('/') + 1)), number);
  }
  const std::string good = plan.marker(list[0]).substr(8);
  ASSERT_TRUE(plan.find_marker(good)) << good;
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{{"nsteps_0004", "nsteps_0005"},
                                                                                 {"nsteps_0004", "nsteps_4"},
                                                                                 {"nsteps_0004", "nsteps_00004"},
                                                                                 {"model_0", "model_2"},
                                                                                 {"model_0", "model_00"},
                                                                                 {"member_0000", "member_0003"},
                                                                                 {"member_0000", "member_-001"},
                                                                                 {"_member", "1_member"},
                                                                                 {".json", ".json~"},
                                                                                 {"nsteps", ".nsteps"}}) {
    std::string name = good;
    name.replace(name.find(from), from.size(), to);
    EXPECT_FALSE(plan.find_marker(name)) << name;
  }
}

}  // namespace
}  // namespace hens
