// Facts about the reports' number formats and tables.
#include "report/table.h"

#include <gtest/gtest.h>

#include "base/bytes_text.h"

namespace hens {
namespace {

TEST(Fixed, RoundsHalvesAwayFromZeroAsDecimalsDo) {
  EXPECT_EQ(fixed((904.74 + 905.77) / 2.0, 2), "905.26") << "the double lies below 905.255";
  EXPECT_EQ(fixed(2.675, 2), "2.68");
  EXPECT_EQ(fixed(-0.125, 2), "-0.13");
  EXPECT_EQ(fixed(0.1249, 2), "0.12");
  EXPECT_EQ(fixed(-0.001, 2), "0.00") << "no negative zero";
  EXPECT_EQ(fixed(1e6, 0), "1000000");
}

TEST(Percent, NeverClaimsMoreThanThereIs) {
  EXPECT_EQ(percent_text(0.0), "0%");
  EXPECT_EQ(percent_text(0.00009), "<0.01%");
  EXPECT_EQ(percent_text(0.005), "<1%");
  EXPECT_EQ(percent_text(0.01), "1%");
  EXPECT_EQ(percent_text(0.0652), "6%");
  EXPECT_EQ(percent_text(0.2007), "20%");
}

TEST(Texts, OfHoursSecondsAndBytes) {
  EXPECT_EQ(forecast_text(6), "6 hours");
  EXPECT_EQ(forecast_text(24), "24 hours");
  EXPECT_EQ(forecast_text(30), "30 hours");
  EXPECT_EQ(forecast_text(240), "10 days");
  EXPECT_EQ(seconds_text(12.34), "12.3s");
  EXPECT_EQ(seconds_text(2416.12), "2416s (40 min)");
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1536), "1.50 KiB");
  EXPECT_EQ(bytes_text(uint64_t{20} << 30), "20.0 GiB");
  EXPECT_EQ(plural(1, "member"), "1 member");
  EXPECT_EQ(plural(0, "member"), "0 members");
}

TEST(Shortened, KeepsBothEndsAndCountsCodePoints) {
  EXPECT_EQ(shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(shortened("abcdefgh", 5), "ab…gh");
  EXPECT_EQ(shortened("äöüßäöüß", 5), "äö…üß");
  for (int width = 3; width < 12; ++width) EXPECT_LE(display_width(shortened("äbcdéfghijkl", width)), width);
}

TEST(Table, AlignsColumnsAndLeavesNoTrailingBlanks) {
  const Table table{"Title", {{"n", Align::right}, {"what"}}, {{"1", "one"}, {"10"}, {"100", "ä hundred"}}};
  EXPECT_EQ(as_text(table), "Title\n  n  what\n---  ---------\n  1  one\n 10\n100  ä hundred\n");
}

TEST(Table, MarkdownEscapesBars) {
  const Table table{"", {{"a"}, {"b", Align::right}}, {{"x|y", "1"}}};
  EXPECT_EQ(as_markdown(table), "| a | b |\n|---|---:|\n| x\\|y | 1 |\n");
}

}  // namespace
}  // namespace hens
