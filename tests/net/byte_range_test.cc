#include "net/byte_range.h"

#include <random>

#include <gtest/gtest.h>

namespace hens {
namespace {

constexpr uint64_t gap = 64 * 1024, limit = uint64_t{8} << 20;

ByteRange span_of(const std::vector<ByteRange>& ranges) {
  const auto groups = merge_ranges(ranges, gap, limit);
  EXPECT_EQ(groups.size(), 1u);
  return groups[0].span;
}

TEST(MergeRanges, NeighboursOverlapsAndSmallGapsAreOneRequest) {
  EXPECT_EQ(span_of({{0, 9}, {10, 19}}), (ByteRange{0, 19}));
  EXPECT_EQ(span_of({{10, 19}, {0, 14}}), (ByteRange{0, 19}));
  EXPECT_EQ(span_of({{0, 99}, {10, 19}}), (ByteRange{0, 99})) << "a range inside another ends nothing early";
  EXPECT_EQ(span_of({{0, 9}, {10 + gap, 20 + gap}}), (ByteRange{0, 20 + gap})) << "64 kB between them";
  EXPECT_EQ(merge_ranges({{0, 9}, {11 + gap, 20 + gap}}, gap, limit).size(), 2u) << "one byte more";
}

TEST(MergeRanges, OpenRangesStandAlone) {
  const auto groups = merge_ranges({{100, {}}, {90, 99}, {110, 120}}, gap, limit);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[1].span, (ByteRange{100, {}}));
  EXPECT_EQ(merge_ranges({{.tail = 20}, {0, 9}, {.tail = 30}}, gap, limit).size(), 3u)
      << "nobody knows where tails begin";
}

TEST(MergeRanges, AGroupStaysWithinTheLimitUnlessOneRangeIsLonger) {
  EXPECT_EQ(merge_ranges({{0, limit / 2 - 1}, {limit / 2, limit - 1}}, gap, limit).size(), 1u);
  EXPECT_EQ(merge_ranges({{0, limit / 2 - 1}, {limit / 2, limit}}, gap, limit).size(), 2u);
  EXPECT_EQ(span_of({{0, 3 * limit}}), (ByteRange{0, 3 * limit}));
}

TEST(MergeRanges, TopOfTheNumbersDoesNotWrap) {
  const uint64_t top = UINT64_MAX;
  const auto groups = merge_ranges({{0, top}, {top, top}, {top - 1, {}}}, gap, limit);
  size_t parts = 0;
  for (const auto& group : groups) parts += group.parts.size();
  EXPECT_EQ(parts, 3u);
}

TEST(MergeRanges, ServesEveryRangeOnceFromASpanThatHoldsIt) {
  std::mt19937 generator(3);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<ByteRange> ranges;
    for (size_t i = 0, n = generator() % 30; i < n; ++i) {
      const uint64_t first = generator() % 3000;
      ranges.push_back({first, first + generator() % 200});
    }
    std::vector<int> served(ranges.size(), 0);
    const auto groups = merge_ranges(ranges, 50, 700);
    for (size_t g = 0; g < groups.size(); ++g) {
      const ByteRange& span = groups[g].span;
      EXPECT_LE(groups[g > 0 ? g - 1 : 0].span.first, span.first);
      EXPECT_LE(*span.last - span.first + 1, 700u);
      for (const size_t part : groups[g].parts) {
        ++served[part];
        EXPECT_LE(span.first, ranges[part].first);
        EXPECT_GE(*span.last, *ranges[part].last);
      }
    }
    EXPECT_EQ(served, std::vector<int>(ranges.size(), 1));
  }
}

TEST(RangeText, IsWhatHttpWants) {
  EXPECT_EQ(range_text({0, 0}), "0-0");
  EXPECT_EQ(range_text({5, {}}), "5-");
  EXPECT_EQ(range_text({.tail = 20}), "-20");
}

TEST(ContentRange, IsReadStrictly) {
  const auto range = parse_content_range("bytes 10-19/100");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 10u);
  EXPECT_EQ(range->last, 19u);
  EXPECT_EQ(range->total, 100u);
  EXPECT_EQ(parse_content_range("bytes 0-0/*")->total, std::nullopt);
  for (const char* text : {"", "bytes", "bytes 10-19", "bytes 10-19/", "bytes 19-10/100", "bytes 10-100/100",
                           "bytes */100", "octets 10-19/100", "bytes 10-19/100x", "bytes -10-19/100", "bytes 10-19/-1",
                           "bytes 0-99999999999999999999/*", "bytes 10 - 19/100"}) {
    EXPECT_FALSE(parse_content_range(text)) << text;
  }
}

}  // namespace
}  // namespace hens
