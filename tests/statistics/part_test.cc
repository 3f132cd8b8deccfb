#include "statistics/part.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "statistics/merge.h"
#include "support/test_data.h"

namespace hens {
namespace {

constexpr size_t points = part_tile + 1000;  // a whole tile and a short one

std::vector<PairPlan> two_pairs() {
  PairPlan all{.fixed = {250.0, 32'768.0}, .moments = true, .extremes = true, .histogram = Lattice{0.5}};
  all.thresholds = {{280.0f}, {290.0f, Exceedance::above}};
  return {all, {.fixed = {0.0, 65'536.0}, .moments = true}};
}

std::vector<float> field_of(int member) {
  std::vector<float> field(points);
  std::mt19937 random(static_cast<unsigned>(member));
  std::normal_distribution<float> normal(0.0f, member % 7 == 0 ? 40.0f : 3.0f);  // some beyond the windows
  for (size_t p = 0; p < points; ++p) field[p] = 280.0f + normal(random);
  return field;
}

std::unique_ptr<Accumulator> sums_of(const MemberSet& members) {
  auto sums = make_host_accumulator(two_pairs(), points);
  for (const auto& [first, last] : members.ranges()) {
    for (int m = first; m <= last; ++m) {
      std::vector<float> field = field_of(m);
      sums->add(0, field.data(), {.member = m});
      for (float& x : field) x -= 280.0f;
      sums->add(1, field.data(), {.member = m});
    }
  }
  return sums;
}

PartHeader header_of(const MemberSet& members) {
  return {.forecast_hash = "hash",
          .run_identity = "identity",
          .members = members,
          .points = points,
          .plan = plan_digest(two_pairs()),
          .attempt = 3,
          .finished = "2024-01-01T00:00:00.000Z"};
}

fs::path written(const test::TemporaryFolder& folder, const MemberSet& members) {
  const PartHeader header = header_of(members);
  const fs::path path = folder.path() / part_name(header, 4, "20240101T00");
  write_part(path, header, *sums_of(members));
  return path;
}

bool equal(const TileTotals& a, const TileTotals& b) {
  return a.members == b.members && a.sum == b.sum && a.squares == b.squares && a.lowest == b.lowest &&
         a.highest == b.highest && a.above == b.above && a.first == b.first && a.begin == b.begin &&
         a.counts == b.counts;
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST(Part, SaysWhatIsInIt) {
  const test::TemporaryFolder folder;
  const PartReader part(written(folder, {{0, 3}, {8, 8}}));
  EXPECT_EQ(part.header().members.text(), "0-3,8");
  EXPECT_EQ(part.header().attempt, 3);
  EXPECT_EQ(part.header().finished, "2024-01-01T00:00:00.000Z");
  EXPECT_TRUE(part.holds(two_pairs(), points));
  EXPECT_FALSE(part.holds(two_pairs(), points + 1));
  EXPECT_FALSE(part.holds({two_pairs()[0]}, points));
  part.check();
}

// However the members are split and in which order the parts come, the sums are the same.
TEST(Merge, DoesNotDependOnTheSplit) {
  const test::TemporaryFolder folder;
  const PartReader whole(written(folder, {{0, 11}}));
  const PartReader a(written(folder, {{0, 1}, {6, 7}})), b(written(folder, {{2, 3}, {8, 11}})),
      c(written(folder, {{4, 5}}));
  for (int pair = 0; pair < 2; ++pair) {
    for (size_t tile = 0; tile < tiles_of(points); ++tile) {
      const TileTotals expected = merge_tile({{&whole}}, two_pairs(), pair, tile);
      EXPECT_EQ(expected.members, 12);
      EXPECT_TRUE(equal(merge_tile({{&a}, {&b}, {&c}}, two_pairs(), pair, tile), expected));
      EXPECT_TRUE(equal(merge_tile({{&c}, {&b}, {&a}}, two_pairs(), pair, tile), expected));
    }
  }
}

TEST(Merge, MembersOfSeveralModelsGetNumbersOfTheirOwn) {
  const test::TemporaryFolder folder;
  const PartReader part(written(folder, {{0, 3}}));
  const TileTotals plain = merge_tile({{&part}}, two_pairs(), 0, 0);
  const TileTotals both = merge_tile({{&part, 100}, {&part, 0}}, two_pairs(), 0, 0);
  const TileTotals moved = merge_tile({{&part, 100}}, two_pairs(), 0, 0);
  for (size_t p = 0; p < part_tile; ++p) {
    ASSERT_EQ(moved.lowest[p], plain.lowest[p] + 100);
    ASSERT_EQ(static_cast<uint32_t>(~moved.highest[p]), static_cast<uint32_t>(~plain.highest[p]) + 100);
  }
  EXPECT_EQ(both.lowest, plain.lowest) << "of equal values the lowest number";
  EXPECT_EQ(both.highest, plain.highest);
}

TEST(Part, CanBeGoneOnWith) {
  const test::TemporaryFolder folder;
  const PartReader first(written(folder, {{0, 7}})), whole(written(folder, {{0, 8}}));
  const auto sums = make_host_accumulator(two_pairs(), points);
  first.load(*sums);
  std::vector<float> field = field_of(8);
  sums->add(0, field.data(), {.member = 8});
  for (float& x : field) x -= 280.0f;
  sums->add(1, field.data(), {.member = 8});
  write_part(folder / "grown", header_of({{0, 8}}), *sums);
  const PartReader grown(folder / "grown");
  for (size_t tile = 0; tile < tiles_of(points); ++tile) {
    EXPECT_TRUE(equal(merge_tile({{&grown}}, two_pairs(), 0, tile), merge_tile({{&whole}}, two_pairs(), 0, tile)));
  }
}

TEST(Part, DamageIsNamedWhereverItIs) {
  const test::TemporaryFolder folder;
  const fs::path path = written(folder, {{0, 1}});
  const std::string good = read_file(path);
  const auto look = [&] {
    const PartReader part(path);
    part.check();
  };
  EXPECT_EQ(error_of(look), "");
  std::mt19937 random(7);
  std::vector<size_t> places{good.size() - 1, good.size() - 9, good.size() - 20, good.size() - 30, good.size() - 300};
  for (int k = 0; k < 40; ++k) places.push_back(12 + random() % (good.size() - 12));
  for (const size_t at : places) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    publish_file(path, bad);
    EXPECT_THAT(error_of(look), testing::HasSubstr("is damaged")) << "byte " << at;
  }
  for (const size_t size : {size_t{0}, size_t{11}, size_t{40}, good.size() / 2, good.size() - 1}) {
    publish_file(path, good.substr(0, size));
    EXPECT_THAT(error_of(look), testing::HasSubstr("is damaged")) << size << " bytes";
  }
}

TEST(Merge, OverlapsAreRefusedByName) {
  const test::TemporaryFolder folder;
  const PartReader a(written(folder, {{0, 3}})), b(written(folder, {{4, 5}})), c(written(folder, {{2, 2}, {7, 7}}));
  EXPECT_EQ(error_of([&] { refuse_overlaps({&a, &b}); }), "");
  EXPECT_THAT(error_of([&] { refuse_overlaps({&a, &b, &c}); }),
              testing::AllOf(testing::HasSubstr(a.path().string()), testing::HasSubstr(c.path().string()),
                             testing::HasSubstr("member 2")));
  EXPECT_EQ(disjoint_parts({&c, &b, &a}), (std::vector<const PartReader*>{&a, &b}));
}

TEST(MemberSet, IsASetOfRanges) {
  MemberSet set{{4, 5}, {0, 1}};
  set.add(2);
  EXPECT_EQ(set.text(), "0-2,4-5");
  set.add(3);
  EXPECT_EQ(set.text(), "0-5");
  set.add(9, 12);
  EXPECT_EQ(set.size(), 10);
  EXPECT_EQ(set.last(), 12);
  EXPECT_TRUE(set.contains(12) && set.contains(0) && !set.contains(7) && !set.contains(13));
  EXPECT_TRUE(set.includes({{1, 3}, {10, 10}}) && !set.includes({{4, 6}}));
  EXPECT_EQ(set.first_common({{6, 8}, {11, 20}}), 11);
  EXPECT_FALSE(set.intersects({{6, 8}}));
  EXPECT_EQ(member_set_from(to_json(set)), set);
  EXPECT_THROW(member_set_from({{5, 4}}), Error);
  EXPECT_THROW(member_set_from({{0, 4}, {3, 8}}), Error);
  EXPECT_THROW(member_set_from({"x"}), Error);
}

}  // namespace
}  // namespace hens
