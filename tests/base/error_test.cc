#include "base/error.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace hens {
namespace {

TEST(Error, CarriesCodeAndFormattedMessage) {
  try {
    fail(ExitCode::bad_spec, "{}:{}: {}", "job.yaml", 3, "no such key");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_spec);
    EXPECT_STREQ(error.what(), "job.yaml:3: no such key");
    return;
  }
  FAIL() << "fail() came back";
}

// What scripts and job services rely on: the promised numbers.
TEST(ExitCode, NumbersAreThePromisedOnes) {
  EXPECT_EQ(static_cast<int>(ExitCode::usage), 64);
  EXPECT_EQ(static_cast<int>(ExitCode::bad_input), 65);
  EXPECT_EQ(static_cast<int>(ExitCode::missing_input), 66);
  EXPECT_EQ(static_cast<int>(ExitCode::unavailable), 69);
  EXPECT_EQ(static_cast<int>(ExitCode::bug), 70);
  EXPECT_EQ(static_cast<int>(ExitCode::gpu), 71);
  EXPECT_EQ(static_cast<int>(ExitCode::cannot_create), 73);
  EXPECT_EQ(static_cast<int>(ExitCode::io), 74);
  EXPECT_EQ(static_cast<int>(ExitCode::interrupted), 75);
  EXPECT_EQ(static_cast<int>(ExitCode::credentials), 77);
  EXPECT_EQ(static_cast<int>(ExitCode::bad_spec), 78);
  EXPECT_EQ(static_cast<int>(ExitCode::not_finite), 80);
  EXPECT_EQ(static_cast<int>(ExitCode::members_failed), 81);
}

TEST(OutputErrorCode, TellsWhatCannotBeCreatedFromWhatCannotBeWritten) {
  for (const int number : {EACCES, EPERM, EROFS, ENOENT, ENOTDIR}) {
    EXPECT_EQ(output_error_code(number), ExitCode::cannot_create) << errno_text(number);
  }
  for (const int number : {ENOSPC, EIO, EDQUOT, EFBIG}) {
    EXPECT_EQ(output_error_code(number), ExitCode::io) << errno_text(number);
  }
  EXPECT_EQ(errno_text(ENOSPC), "No space left on device");
}

}  // namespace
}  // namespace hens
