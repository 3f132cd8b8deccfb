// The answers of S3 that are read.
#include "net/s3_xml.h"

#include <gtest/gtest.h>

namespace hens {
namespace {

TEST(S3Xml, FindsElementsByName) {
  const std::string list =
      "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3\"><KeyCount>2</KeyCount>"
      "<Contents><Key>a&amp;b</Key><Size>1</Size><ETag>&quot;x&quot;</ETag></Contents>"
      "<Contents><Key>c&#x26;&#39;d</Key><Size>22</Size></Contents></ListBucketResult>";
  const auto entries = xml_elements(list, "Contents");
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(xml_text(entries[0], "Key"), "a&b");
  EXPECT_EQ(xml_text(entries[0], "ETag"), "\"x\"");
  EXPECT_EQ(xml_text(entries[1], "Key"), "c&'d");
  EXPECT_EQ(xml_text(entries[1], "Size"), "22");
  EXPECT_EQ(xml_text(entries[1], "ETag"), "");
}

TEST(S3Xml, WhatIsNotClosedIsNotThere) {
  EXPECT_TRUE(xml_elements("<Contents><Key>a</Key>", "Contents").empty());
  EXPECT_EQ(xml_text("<Key>a", "Key"), "");
  EXPECT_EQ(xml_text("", "Key"), "");
  EXPECT_EQ(xml_text("<Key>&unknown; &amp &#99999999; &</Key>", "Key"), "&unknown; &amp &#99999999; &");
}

}  // namespace
}  // namespace hens
