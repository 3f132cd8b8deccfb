// How the aws command line's words are understood.
#include <gtest/gtest.h>

#include "ec2/aws.h"

namespace hens::ec2 {
namespace {

std::string answer(const std::string& code) {
  return "\nAn error occurred (" + code + ") when calling the RunInstances operation: We currently do not have it.\n";
}

TEST(AwsError, KeepsCodeSentenceAndOperation) {
  const AwsError error = parse_aws_error("ec2 run-instances", 254, answer("InvalidParameterValue"));
  EXPECT_EQ(error.aws_code(), "InvalidParameterValue");
  EXPECT_EQ(std::string(error.what()), "aws ec2 run-instances: InvalidParameterValue: We currently do not have it.");
  EXPECT_EQ(error.kind(), AwsErrorKind::other);
}

TEST(AwsError, ReadsRetriesAndPrefixes) {
  const AwsError error = parse_aws_error(
      "s3 cp", 1,
      "fatal error: An error occurred (404) when calling the HeadObject operation: Key \"x\" does not exist");
  EXPECT_EQ(error.kind(), AwsErrorKind::missing);
  EXPECT_EQ(parse_aws_error("x", 254,
                            "An error occurred (InternalError) when calling the RunInstances operation (reached max "
                            "retries: 4): An internal error has occurred")
                .kind(),
            AwsErrorKind::ambiguous);
}

TEST(AwsError, TheSentenceIsWholeWhateverStandsBeforeIt) {
  for (const char* between :
       {"", " (reached max retries: 0)", " (reached max retries: 4)", " (a: b) (reached max retries: 0)"}) {
    const AwsError error =
        parse_aws_error("ec2 run-instances", 254,
                        std::string("\nAn error occurred (InsufficientInstanceCapacity) when calling the RunInstances "
                                    "operation") +
                            between + ": We have no (more) of these: try again.\n");
    EXPECT_EQ(std::string(error.what()),
              "aws ec2 run-instances: InsufficientInstanceCapacity: We have no (more) of these: try again.")
        << between;
    EXPECT_EQ(error.kind(), AwsErrorKind::capacity);
  }
}

TEST(AwsError, RefusalsOfNewAccountsComeWithWhatToDo) {
  const struct {
    const char *code, *advice;
  } cases[] = {
      {"VcpuLimitExceeded", "service-quotas request-service-quota-increase --service-code ec2 --quota-code L-DB2E81BA"},
      {"InstanceLimitExceeded", "Service Quotas"},
      {"PendingVerification", "some hours"},
      {"OptInRequired", "AWS Regions"},
      {"Blocked", "AWS Support"},
      {"UnauthorizedOperation", "docs/ec2.md"}};
  for (const auto& [code, advice] : cases) {
    const std::string said = parse_aws_error("ec2 run-instances", 254, answer(code)).what();
    EXPECT_NE(said.find(advice), std::string::npos) << said;
    EXPECT_EQ(said.find("aws sso login"), std::string::npos) << "other credentials do not help: " << said;
  }
  const std::string nowhere =
      parse_aws_error("ec2 run-instances", 255, "Could not connect to the endpoint URL: \"https://ec2.us-esat-1.x/\"")
          .what();
  EXPECT_NE(nowhere.find("is the region spelt"), std::string::npos) << nowhere;
}

TEST(AwsError, OnlyCapacityIsCapacity) {
  EXPECT_EQ(classify("InsufficientInstanceCapacity", ""), AwsErrorKind::capacity);
  for (const char* code : {"InstanceLimitExceeded", "VcpuLimitExceeded", "MaxSpotInstanceCountExceeded", "Unsupported",
                           "InsufficientFreeAddressesInSubnet", "RequestLimitExceeded"}) {
    EXPECT_EQ(classify(code, ""), AwsErrorKind::other) << code;
  }
}

TEST(AwsError, SilenceIsNotNo) {
  for (const char* text :
       {"Read timeout on endpoint URL: \"https://ec2.us-east-1.amazonaws.com/\"",
        "Connect timeout on endpoint URL: \"https://x\"", "Could not connect to the endpoint URL: \"x\"",
        "Connection was closed before we received a valid response from endpoint URL"}) {
    EXPECT_EQ(parse_aws_error("x", 255, text).kind(), AwsErrorKind::ambiguous) << text;
  }
  EXPECT_EQ(parse_aws_error("x", 137, "").kind(), AwsErrorKind::ambiguous) << "killed before it could answer";
  EXPECT_EQ(parse_aws_error("x", 252, "aws: error: argument --foo").kind(), AwsErrorKind::other);
}

TEST(AwsError, CredentialsHaveTheirExitCode) {
  for (const char* text : {"Unable to locate credentials. You can configure credentials by running \"aws configure\".",
                           "The SSO session associated with this profile has expired or is otherwise invalid."}) {
    EXPECT_EQ(parse_aws_error("x", 253, text).code(), ExitCode::credentials) << text;
  }
  for (const char* code : {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "AuthFailure",
                           "UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "InvalidClientTokenId"}) {
    EXPECT_EQ(parse_aws_error("x", 254, answer(code)).code(), ExitCode::credentials) << code;
  }
}

TEST(AwsError, WhatIsGoneAndWhatIsInUse) {
  for (const char* code :
       {"InvalidGroup.NotFound", "InvalidInstanceID.NotFound", "InvalidKeyPair.NotFound", "NoSuchKey"}) {
    EXPECT_EQ(classify(code, ""), AwsErrorKind::missing) << code;
  }
  EXPECT_EQ(classify("DependencyViolation", ""), AwsErrorKind::in_use);
  EXPECT_EQ(classify("InvalidPermission.Duplicate", ""), AwsErrorKind::duplicate);
}

}  // namespace
}  // namespace hens::ec2
