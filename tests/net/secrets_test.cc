// Nothing secret in any text that leaves the program.
#include "base/secrets.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/url.h"

namespace hens {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Secrets, ParametersThatSignAreHidden) {
  for (const char* name :
       {"X-Amz-Signature", "x-amz-signature", "X-Amz-Credential", "X-Amz-Security-Token", "X-Goog-Signature",
        "X-Goog-Credential", "Signature", "sig", "token", "access_token", "AWSAccessKeyId", "api_key", "apikey",
        "password", "client_secret", "Policy", "Key-Pair-Id"}) {
    const std::string url = std::string("https://host.example/a/b.grib2?x=1&") + name + "=PLANTED%2Fabc/+=&y=2";
    const std::string hidden = redacted("cannot fetch '" + url + "': 403; try again");
    EXPECT_THAT(hidden, Not(HasSubstr("PLANTED"))) << name;
    EXPECT_THAT(hidden, HasSubstr(std::string("?x=1&") + name + "=***&y=2': 403; try again")) << name;
  }
}

TEST(Secrets, StayHiddenWhereAUrlIsShownEncoded) {
  try {
    resolve_url("https://host.example/a?X-Amz-Signature=PLANTED\n&b=1", {}, "us-east-1");
    ADD_FAILURE() << "a line break in a URL was taken";
  } catch (const std::exception& error) {
    EXPECT_THAT(redacted(error.what()), Not(HasSubstr("PLANTED")));
  }
}

TEST(Secrets, UsersAndPasswordsAreHidden) {
  EXPECT_EQ(redacted("https://user:PLANTED@host.example/path?a=b"), "https://***@host.example/path?a=b");
  EXPECT_EQ(redacted("override mirrors.s3=http://PLANTED@127.0.0.1:80/x, and https://a.b/c"),
            "override mirrors.s3=http://***@127.0.0.1:80/x, and https://a.b/c");
  EXPECT_EQ(redacted("https://user:P@LAN#TED@host/x"), "https://***@host/x");
  EXPECT_EQ(redacted("https://host.example/mail@place"), "https://host.example/mail@place");
}

TEST(Secrets, PlainTextStays) {
  for (const char* text : {"channel t2m at 2024-01-01T00:00:00Z is 14.85", "s3://bucket/key?region=eu-west-1",
                           "a=b&c=d", "synth:mini?seed=102", "s3://noaa-gfs-bdp-pds/gfs.20240101/00/atmos/f000", ""}) {
    EXPECT_EQ(redacted(text), text);
  }
}

TEST(Secrets, ValuesOfTheEnvironmentAreHidden) {
  ::setenv("HF_TOKEN", "hf_PLANTEDplanted", 1);
  EXPECT_EQ(redacted("Authorization: Bearer hf_PLANTEDplanted."), "Authorization: Bearer ***.");
  ::unsetenv("HF_TOKEN");
}

TEST(Secrets, JsonIsHiddenThroughout) {
  const nlohmann::ordered_json json{{"b", {"https://h.example/?sig=PLANTED", 1}},
                                    {"a", {{"url", "ftp://u:PLANTED@h/"}}}};
  EXPECT_EQ(redacted_json(json).dump(), R"({"b":["https://h.example/?sig=***",1],"a":{"url":"ftp://***@h/"}})");
}

// A resumed run has a new signature, and the same object.
TEST(Secrets, OneObjectHasOneNameHoweverItIsSigned) {
  const std::string plain = "https://bucket.example/a.nc?version=3";
  EXPECT_EQ(unsigned_url(plain), plain);
  EXPECT_EQ(canonical_url(plain + "&X-Amz-Algorithm=A&X-Amz-Date=1&X-Amz-Expires=9&X-Amz-Signature=00"), plain);
  EXPECT_EQ(canonical_url(plain + "&Expires=17&Signature=abc&Key-Pair-Id=K#part"), plain);
  EXPECT_EQ(canonical_url("https://acc.example/c/a.nc?sv=2022&sr=b&se=2027&sp=r&sig=00"), "https://acc.example/c/a.nc");
  EXPECT_EQ(canonical_url("https://h.example/a.nc?token=00"), "https://h.example/a.nc");
  EXPECT_EQ(canonical_url("https://h.example/a?sp=3&key=b"), "https://h.example/a?sp=3&key=b")
      << "not signed: these name the object";
}

}  // namespace
}  // namespace hens
