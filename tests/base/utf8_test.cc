#include "base/utf8.h"

#include <gtest/gtest.h>

namespace hens {
namespace {

TEST(Utf8, IsToldFromOtherBytes) {
  for (const char* text : {"", "plain", "caf\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8c\x8d"}) EXPECT_TRUE(is_utf8(text));
  for (const char* text : {"caf\xe9", "\xff", "a\x80", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82", "\xf5\x80\x80\x80"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Utf8, OtherBytesAreShown) {
  EXPECT_EQ(shown_bytes("/data/caf\xe9/\xc3\xa9"), "/data/caf\\xe9/\xc3\xa9");
  EXPECT_EQ(shown_bytes("\xe2\x82"), "\\xe2\\x82");
}

}  // namespace
}  // namespace hens
