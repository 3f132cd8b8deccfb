// JSON of unknown origin: bounded depth, no key twice, and sealed records that notice any damage.
#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/sealed_json.h"
#include "support/test_data.h"

namespace hens {
namespace {

using ::testing::HasSubstr;

std::string nested(int depth, const char* open, const char* close) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += open;
  text += "0";
  for (int i = 0; i < depth; ++i) text += close;
  return text;
}

std::string why(const std::string& text) {
  try {
    parse_json(text, "file.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_input);
    return error.what();
  }
  return "";
}

TEST(Json, DepthIsBounded) {
  EXPECT_TRUE(try_parse_json(nested(deepest_json, "[", "]")));
  for (const int depth : {deepest_json + 1, 100'000}) {
    EXPECT_FALSE(try_parse_json(nested(depth, "[", "]"))) << depth;
    EXPECT_FALSE(try_parse_json(nested(depth, "{\"a\":", "}"))) << depth;
    EXPECT_FALSE(try_parse_json(std::string(depth, '['))) << "never closed";
  }
  EXPECT_THAT(why(nested(65, "[", "]")), HasSubstr("file.json: is no JSON: nested more than 64 deep"));
}

TEST(Json, BracketsInStringsAreNoDepth) {
  EXPECT_EQ(parse_json("{\"a\": \"" + std::string(1000, '[') + "\\\"[\"}", "f")["a"], std::string(1000, '[') + "\"[");
}

TEST(Json, AKeyIsThereOnce) {
  EXPECT_THAT(why(R"({"a": 1, "b": {"c": 1, "c": 2}})"), HasSubstr("key 'c' is there twice"));
  EXPECT_EQ(why(R"({"a": {"c": 1}, "b": {"c": 2}, "c": [{"c": 3}, {"c": 4}]})"), "");
}

TEST(Json, WhatIsNoJsonSaysWhere) {
  for (const char* text : {"", "{", "[1,]", "{\"a\" 1}", "nan", "\"\xff\"", "1 2"}) {
    EXPECT_THAT(why(text), HasSubstr("file.json: is no JSON")) << text;
  }
}

TEST(SealedJson, AnyChangedByteIsNoticed) {
  const TemporaryFolder folder;
  const std::string text = sealed_text({{"kind", "a record"}, {"numbers", {1, 2.5, -3}}, {"text", "\u00e9"}});
  publish_file(folder / "record.json", text);
  EXPECT_EQ(read_sealed(folder / "record.json", 4096)["numbers"][1], 2.5);
  for (size_t byte = 0; byte < text.size(); ++byte) {
    for (const int flip : {0x01, 0x20, 0x80}) {
      std::string damaged = text;
      damaged[byte] = static_cast<char>(damaged[byte] ^ flip);
      publish_file(folder / "record.json", damaged);
      EXPECT_THROW(read_sealed(folder / "record.json", 4096), Error) << byte << " " << flip;
    }
  }
  publish_file(folder / "record.json", text + " ");
  EXPECT_THROW(read_sealed(folder / "record.json", 4096), Error);
  publish_file(folder / "record.json", text);
  EXPECT_THROW(read_sealed(folder / "record.json", 10), Error) << "larger than any such record";
}

TEST(SealedJson, DeepNestingIsDamage) {
  const TemporaryFolder folder;
  publish_file(folder / "record.json", "{\"digest\":" + nested(100'000, "[", "]") + "}");
  EXPECT_THROW(read_sealed(folder / "record.json", 1 << 20), Error);
}

}  // namespace
}  // namespace hens
