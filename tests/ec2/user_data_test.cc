// Facts about user data: what comes first, what arrives unchanged, what does not fit.
#include "ec2/user_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace hens::ec2 {
namespace {

using testing::HasSubstr;

MachineConfig config() {
  MachineConfig config{"name", "0123456789abcdef", "us-east-1"};
  config.shutdown_minutes = 45;
  return config;
}

TEST(UserData, ArmsTheTimerBeforeItDoesAnythingElse) {
  const std::string script = render_user_data(config());
  EXPECT_TRUE(script.starts_with("#!/bin/bash\nminutes=45\nshutdown -P \"+$minutes\"")) << script.substr(0, 200);
}

TEST(UserData, LeavesNoPlaceholder) {
  const std::string script = render_user_data(config());
  EXPECT_EQ(script.find("%FILES%"), std::string::npos);
  EXPECT_EQ(script.find("%MINUTES%"), std::string::npos);
}

TEST(UserData, HasAJobOnlyWhereThereIsOne) {
  MachineConfig with_job = config();
  EXPECT_EQ(render_user_data(with_job).find("base64 -d"), std::string::npos);
  with_job.job_text = "name: x\n";
  EXPECT_THAT(render_user_data(with_job), HasSubstr("\nbmFtZTogeAo=\n"));
}

TEST(UserData, RefusesWhatEc2WouldRefuse) {
  MachineConfig large = config();
  large.job_text = std::string(3000, '#');
  EXPECT_LE(render_user_data(large).size(), 16384u);
  large.job_text = std::string(16000, '#');
  EXPECT_THROW(render_user_data(large), Error);
}

TEST(UserData, QuotesWhateverItIsTold) {
  EXPECT_EQ(shell_quoted("a'b; $(rm -rf /)"), "'a'\\''b; $(rm -rf /)'");
  MachineConfig hostile = config();
  hostile.image = "x' ; reboot ; '";
  EXPECT_THAT(render_user_data(hostile), HasSubstr("image='x'\\'' ; reboot ; '\\'''\n"));
}

}  // namespace
}  // namespace hens::ec2
