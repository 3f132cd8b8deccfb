// Where keys come from, in which order, and when new ones are asked for.
#include "net/s3_credentials.h"

#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace hens {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// An environment, answers by method and address, and a clock.
struct World {
  std::map<std::string, std::string> variables, answers;
  std::vector<std::string> asked;
  std::vector<std::vector<std::string>> headers;
  Moment now = parse_moment("2026-01-01T00:00:00Z");
  fs::path folder = fs::path(::testing::TempDir()) / "s3_credentials";

  World() {
    fs::remove_all(folder);
    fs::create_directories(folder);
    variables = {{"HOME", folder.string()}};
  }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << text;
  }

  CredentialSources sources() {
    return {[this](const char* name) { return variables.contains(name) ? variables[name] : std::string(); },
            [this](const HttpRequest& request) -> std::optional<std::string> {
              const std::string method = request.method.empty() ? "GET" : request.method;
              asked.push_back(method + " " + request.url);
              headers.push_back(request.headers);
              const auto found = answers.find(asked.back());
              return found == answers.end() ? std::nullopt : std::optional(found->second);
            },
            [this] { return now; }};
  }
};

std::string role(const std::string& key, const std::string& expiration) {
  return "{\"Code\": \"Success\", \"AccessKeyId\": \"" + key +
         "\", \"SecretAccessKey\": \"secret\", \"Token\": \"token-" + key + "\", \"Expiration\": \"" + expiration +
         "\"}";
}

void give_instance_role(World& world, const std::string& key, const std::string& expiration) {
  const std::string base = "http://169.254.169.254/latest/";
  world.answers["PUT " + base + "api/token"] = "imds-token";
  world.answers["GET " + base + "meta-data/iam/security-credentials/"] = "hens-role\n";
  world.answers["GET " + base + "meta-data/iam/security-credentials/hens-role"] = role(key, expiration);
}

TEST(S3Credentials, TheEnvironmentIsFirst) {
  World world;
  world.write(".aws/credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = x\n");
  give_instance_role(world, "ROLE", "2026-01-01T06:00:00Z");
  world.variables["AWS_ACCESS_KEY_ID"] = "ENV", world.variables["AWS_SECRET_ACCESS_KEY"] = "s";
  world.variables["AWS_SESSION_TOKEN"] = "t";
  AwsCredentialChain chain(world.sources());
  EXPECT_EQ(chain.keys().access_key, "ENV");
  EXPECT_EQ(chain.keys().session_token, "t");
  EXPECT_TRUE(world.asked.empty());
  // They stay what they are: nobody can renew them.
  EXPECT_FALSE(chain.renew(chain.keys()));
}

TEST(S3Credentials, HalfAPairIsSaid) {
  World world;
  world.variables["AWS_ACCESS_KEY_ID"] = "ENV";
  AwsCredentialChain chain(world.sources());
  EXPECT_THROW(chain.keys(), Error);
}

TEST(S3Credentials, ThenTheFileOfSharedOnes) {
  World world;
  world.write("own",
              "# mine\n[default]\naws_access_key_id=A\naws_secret_access_key=B\n"
              "[ other ]\naws_access_key_id = C\naws_secret_access_key = D=\naws_session_token = E\n");
  world.variables["AWS_SHARED_CREDENTIALS_FILE"] = (world.folder / "own").string();
  EXPECT_EQ(AwsCredentialChain(world.sources()).keys().access_key, "A");
  world.variables["AWS_PROFILE"] = "other";
  const AwsKeys keys = AwsCredentialChain(world.sources()).keys();
  EXPECT_EQ(keys.access_key + keys.secret_key + keys.session_token, "CD=E");
  world.variables["AWS_PROFILE"] = "absent";
  try {
    AwsCredentialChain(world.sources()).keys();
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::credentials);
    EXPECT_THAT(error.what(), HasSubstr("AWS_PROFILE=absent"));
  }
}

TEST(S3Credentials, ThenAContainersRoleWithItsToken) {
  World world;
  world.write("token", "secret-token\n");
  world.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
  world.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = (world.folder / "token").string();
  world.answers["GET http://169.254.170.23/v1/credentials"] = role("CONTAINER", "2026-01-01T06:00:00Z");
  EXPECT_EQ(AwsCredentialChain(world.sources()).keys().session_token, "token-CONTAINER");
  EXPECT_THAT(world.headers.back(), ElementsAre("Authorization: secret-token"));

  world.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/x";
  world.answers["GET http://169.254.170.2/v2/x"] = role("ECS", "2026-01-01T06:00:00Z");
  EXPECT_EQ(AwsCredentialChain(world.sources()).keys().access_key, "ECS");
}

TEST(S3Credentials, ATokenIsNotSentToJustAnyHost) {
  World world;
  world.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://evil.example/credentials";
  EXPECT_THROW(AwsCredentialChain(world.sources()).keys(), Error);
  EXPECT_TRUE(world.asked.empty());
}

TEST(S3Credentials, ThenTheInstancesRoleByToken) {
  World world;
  give_instance_role(world, "ROLE", "2026-01-01T06:00:00Z");
  AwsCredentialChain chain(world.sources());
  EXPECT_EQ(chain.keys().access_key, "ROLE");
  EXPECT_THAT(world.headers.back(), ElementsAre("X-aws-ec2-metadata-token: imds-token"));
  EXPECT_EQ(chain.origin(), "the instance's role hens-role");
  world.variables["AWS_EC2_METADATA_DISABLED"] = "true";
  EXPECT_THROW(AwsCredentialChain(world.sources()).keys(), Error);
}

TEST(S3Credentials, AServiceAccountTakesItsRole) {
  World world;
  world.write("jwt", "a.b.c");
  world.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = (world.folder / "jwt").string();
  world.variables["AWS_ROLE_ARN"] = "arn:aws:iam::123456789012:role/hens";
  world.variables["AWS_REGION"] = "eu-west-1";
  world.answers["POST https://sts.eu-west-1.amazonaws.com/"] =
      "<R><Credentials><AccessKeyId>WEB</AccessKeyId><SecretAccessKey>s&amp;</SecretAccessKey>"
      "<SessionToken>t</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration></Credentials></R>";
  const AwsKeys keys = AwsCredentialChain(world.sources()).keys();
  EXPECT_EQ(keys.access_key + keys.secret_key, "WEBs&");
}

TEST(S3Credentials, NewOnesAreAskedForBeforeTheyEnd) {
  World world;
  give_instance_role(world, "FIRST", "2026-01-01T01:00:00Z");
  AwsCredentialChain chain(world.sources());
  EXPECT_EQ(chain.keys().access_key, "FIRST");
  const size_t asked = world.asked.size();
  world.now += 54min;
  EXPECT_EQ(chain.keys().access_key, "FIRST");
  EXPECT_EQ(world.asked.size(), asked);
  give_instance_role(world, "SECOND", "2026-01-01T07:00:00Z");
  world.now += 2min;
  EXPECT_EQ(chain.keys().access_key, "SECOND");
}

TEST(S3Credentials, OldOnesServeWhileNoNewOnesCome) {
  World world;
  give_instance_role(world, "FIRST", "2026-01-01T01:00:00Z");
  AwsCredentialChain chain(world.sources());
  chain.keys();
  world.answers.clear();
  world.now += 58min;
  EXPECT_EQ(chain.keys().access_key, "FIRST");
  world.now += 3min;
  EXPECT_THROW(chain.keys(), Error);
}

TEST(S3Credentials, WhatAServerRefusesIsRenewed) {
  World world;
  give_instance_role(world, "FIRST", "2026-01-01T06:00:00Z");
  AwsCredentialChain chain(world.sources());
  const AwsKeys first = chain.keys();
  EXPECT_FALSE(chain.renew(first));  // there are no others yet
  give_instance_role(world, "SECOND", "2026-01-01T07:00:00Z");
  EXPECT_TRUE(chain.renew(first));
  EXPECT_EQ(chain.keys().access_key, "SECOND");
  EXPECT_TRUE(chain.renew(first));  // another thread noticed as late
}

TEST(S3Credentials, NoneAtAllSaysWhereWasLooked) {
  World world;
  try {
    AwsCredentialChain(world.sources()).keys();
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::credentials);
    EXPECT_THAT(error.what(), HasSubstr("AWS_ACCESS_KEY_ID"));
  }
}

}  // namespace
}  // namespace hens
