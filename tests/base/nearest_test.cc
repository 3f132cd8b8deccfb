#include "base/nearest.h"

#include <gtest/gtest.h>

namespace hens {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("steps", "steps"), 0);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("step", "steps"), 1);
  EXPECT_EQ(edit_distance("stops", "steps"), 1);
  EXPECT_EQ(edit_distance("setps", "steps"), 1) << "neighbours swapped";
  EXPECT_EQ(edit_distance("kitten", "sitting"), edit_distance("sitting", "kitten"));
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
}

TEST(Nearest, FindsWhatWasMeantAndNothingElse) {
  const std::vector<std::string> words{"forecast", "ensemble", "output", "report"};
  EXPECT_EQ(nearest("forcast", words), "forecast");
  EXPECT_EQ(nearest("ouptut", words), "output");
  EXPECT_EQ(nearest("xyzzy", words), "");
  EXPECT_EQ(nearest("forecast", {}), "");
  EXPECT_NE(did_you_mean("ensembel", words).find("'ensemble'"), std::string::npos);
  EXPECT_EQ(did_you_mean("xyzzy", words), "");
}

}  // namespace
}  // namespace hens
