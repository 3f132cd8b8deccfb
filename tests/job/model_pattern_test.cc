// Patterns of model packages: braces and stars as a shell has them.
#include "job/model_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "job/spec_text.h"
#include "support/test_data.h"

namespace hens {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ModelPattern, BracesAreAlternativesInTheirOrder) {
  EXPECT_THAT(expand_model_pattern("hf://a/b_seed{12,16,17}"),
              ElementsAre("hf://a/b_seed12", "hf://a/b_seed16", "hf://a/b_seed17"));
  EXPECT_THAT(expand_model_pattern("{a,b}/{1,2}"), ElementsAre("a/1", "a/2", "b/1", "b/2"));
  EXPECT_THAT(expand_model_pattern("x{7}y"), ElementsAre("x7y"));
  EXPECT_THAT(expand_model_pattern("synth:mini?seed=5"), ElementsAre("synth:mini?seed=5"));
}

TEST(ModelPattern, TwoDotsCountAsAShellDoes) {
  EXPECT_THAT(expand_model_pattern("s{9..11}"), ElementsAre("s9", "s10", "s11"));
  EXPECT_THAT(expand_model_pattern("s{09..11}"), ElementsAre("s09", "s10", "s11"));
  EXPECT_EQ(expand_model_pattern("synth:mini?seed={102..130}").size(), 29u);
}

TEST(ModelPattern, StarsAreTheFoldersThatAreThere) {
  const test::TemporaryFolder folder;
  for (const char* name : {"sfno_b_seed2", "sfno_a_seed1", "other", ".hidden"}) fs::create_directories(folder / name);
  publish_file(folder / "sfno_c_seed3", "a file");
  const std::string root = folder.path().string();
  EXPECT_THAT(expand_model_pattern(root + "/sfno_*_seed{1,2}"),
              ElementsAre(root + "/sfno_a_seed1", root + "/sfno_b_seed2"));
  EXPECT_THAT(expand_model_pattern(root + "/*"),
              ElementsAre(root + "/other", root + "/sfno_a_seed1", root + "/sfno_b_seed2"));
}

TEST(ModelPattern, WhatExistsUnderItsNameIsMeantAsItIs) {
  const test::TemporaryFolder folder;
  fs::create_directories(folder / "a{1,2}*");
  const std::string literal = (folder / "a{1,2}*").string();
  EXPECT_THAT(expand_model_pattern(literal), ElementsAre(literal));
}

TEST(ModelPattern, SaysWhatIsWrong) {
  const auto told = [](const std::string& pattern) -> std::string {
    try {
      expand_model_pattern(pattern);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_spec);
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(told("a{1,2"), HasSubstr("without a }"));
  EXPECT_THAT(told("a{}"), HasSubstr("expected words"));
  EXPECT_THAT(told("a{1,}"), HasSubstr("expected words"));
  EXPECT_THAT(told("a{3..1}"), HasSubstr("expected two whole numbers"));
  EXPECT_THAT(told("a{1..2000000000}"), HasSubstr("expected two whole numbers"));
  EXPECT_THAT(told("a{x..z}"), HasSubstr("expected two whole numbers"));
  EXPECT_THAT(told("{1..200}{1..200}"), HasSubstr("more than 10000"));
  EXPECT_THAT(told("hf://a/sfno_*"), HasSubstr("cannot be asked"));
  EXPECT_THAT(told("/nowhere/sfno_*"), HasSubstr("matches no folder"));
  EXPECT_THAT(test::problems_with({"models='hf://a/sfno_*'"}), HasSubstr("models: has a *"));
  EXPECT_THAT(test::problems_with({"models=['synth:mini?seed={1,2}', 'synth:mini?seed=2']"}), HasSubstr("twice"));
}

}  // namespace
}  // namespace hens
