// Addresses of buckets, and the servers that have them.
#include "net/s3_place.h"

#include <map>

#include <gtest/gtest.h>

#include "base/error.h"

namespace hens {
namespace {

Variables variables(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const char* name) {
    const auto found = values.find(name);
    return found == values.end() ? std::string() : found->second;
  };
}

TEST(S3Place, UrlsAreBucketAndPrefix) {
  const S3Url url = parse_s3_url("s3://my-bucket.2/runs/huge 1/");
  EXPECT_EQ(url.bucket, "my-bucket.2");
  EXPECT_EQ(url.prefix, "runs/huge 1");
  EXPECT_EQ(url.key("members/a.json"), "runs/huge 1/members/a.json");
  EXPECT_EQ(url.text(), "s3://my-bucket.2/runs/huge 1");
  EXPECT_EQ(parse_s3_url("s3://abc").key("run.json"), "run.json");
  EXPECT_EQ(parse_s3_url("s3://abc/").key(""), "");
  EXPECT_EQ(parse_s3_url("s3://abc/x").key(""), "x/");
}

TEST(S3Place, OtherTextsAreRefused) {
  for (const char* text :
       {"", "s3:/a/b", "http://abc/x", "s3://", "s3://ab", "s3://Upper/x", "s3://a_b/x", "s3://-ab/x", "s3://abc/../x",
        "s3://abc/x/./y", "s3://abc/x//y", "s3://abc//x", "s3://abc/x?a=b", "s3://abc/x#y", "s3://abc/x\ny",
        "s3://abc/x\\y", "s3://user:pass@abc/x"}) {
    try {
      const S3Url url = parse_s3_url(text);
      ADD_FAILURE() << text << " became " << url.text();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage) << text;
    }
  }
}

TEST(S3Place, AmazonsServersAreByRegion) {
  const S3Server server = s3_server("bucket", variables({{"AWS_REGION", "eu-central-1"}}));
  EXPECT_EQ(server.base, "https://bucket.s3.eu-central-1.amazonaws.com");
  EXPECT_EQ(server.host, "bucket.s3.eu-central-1.amazonaws.com");
  EXPECT_EQ(server.path, "");
  EXPECT_EQ(s3_server("bucket", variables({})).region, "us-east-1");
  EXPECT_EQ(s3_server("bucket", variables({{"AWS_DEFAULT_REGION", "us-west-2"}})).region, "us-west-2");
  EXPECT_EQ(in_region(server, "bucket", "ap-east-1").base, "https://bucket.s3.ap-east-1.amazonaws.com");
  // No certificate covers a name with a dot below the service's.
  EXPECT_EQ(s3_server("a.b", variables({})).base, "https://s3.us-east-1.amazonaws.com/a.b");
  EXPECT_EQ(s3_server("abc", variables({{"AWS_REGION", "cn-north-1"}})).host, "abc.s3.cn-north-1.amazonaws.com.cn");
}

TEST(S3Place, AnotherServerHasTheBucketInThePath) {
  const auto server = s3_server("bucket", variables({{"AWS_ENDPOINT_URL", "http://10.0.0.1:9000/store/"}}));
  EXPECT_EQ(server.base, "http://10.0.0.1:9000/store/bucket");
  EXPECT_EQ(server.host, "10.0.0.1:9000");
  EXPECT_EQ(server.path, "/store/bucket");
  EXPECT_EQ(in_region(server, "bucket", "x-1").base, server.base);
  const Variables both = variables({{"AWS_ENDPOINT_URL", "http://a:1"}, {"AWS_ENDPOINT_URL_S3", "https://b:443"}});
  EXPECT_EQ(s3_server("bucket", both).host, "b");  // as libcurl's Host header has it
  EXPECT_EQ(s3_server("bucket", both).base, "https://b:443/bucket");
  for (const char* wrong : {"10.0.0.1:9000", "ftp://a", "http://", "http://u:p@a", "http://a?b", "http://a b"}) {
    EXPECT_THROW(s3_server("bucket", variables({{"AWS_ENDPOINT_URL", wrong}})), Error) << wrong;
  }
  EXPECT_THROW(s3_server("bucket", variables({{"AWS_REGION", "eu/../x"}})), Error);
}

}  // namespace
}  // namespace hens
