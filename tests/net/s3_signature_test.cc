// Signatures as Amazon publishes them.
#include "net/s3_signature.h"

#include <gtest/gtest.h>

#include "base/checksum.h"

namespace hens {
namespace {

constexpr const char* of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in a Single
// Chunk", examples.
const AwsKeys s3_keys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
const SigningScope s3_scope{"20130524T000000Z", "us-east-1"};

std::string signature_of(const std::string& authorization) {
  return authorization.substr(authorization.find("Signature=") + 10);
}

RequestToSign s3_request(const std::string& method, const std::string& path) {
  return {
      method, path, {}, {{"Host", "examplebucket.s3.amazonaws.com"}, {"x-amz-date", "20130524T000000Z"}}, of_nothing};
}

TEST(S3Signature, OfAnObjectsRange) {
  RequestToSign request = s3_request("GET", "/test.txt");
  request.headers.emplace_back("Range", "bytes=0-9");
  request.headers.emplace_back("x-amz-content-sha256", of_nothing);
  EXPECT_EQ(authorization(request, s3_keys, s3_scope),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(S3Signature, OfAnObjectWritten) {
  RequestToSign request = s3_request("PUT", "/" + aws_encoded("test$file.text", true));
  request.payload_sha256 = sha256_hex(std::string_view("Welcome to Amazon S3."));
  EXPECT_EQ(request.payload_sha256, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
  request.headers.emplace_back("Date", "Fri, 24 May 2013 00:00:00 GMT");
  request.headers.emplace_back("x-amz-storage-class", "REDUCED_REDUNDANCY");
  request.headers.emplace_back("x-amz-content-sha256", request.payload_sha256);
  EXPECT_EQ(signature_of(authorization(request, s3_keys, s3_scope)),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(S3Signature, OfAQueryWithoutAValue) {
  RequestToSign request = s3_request("GET", "/");
  request.query = {{"lifecycle", ""}};
  request.headers.emplace_back("x-amz-content-sha256", of_nothing);
  EXPECT_EQ(signature_of(authorization(request, s3_keys, s3_scope)),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(S3Signature, OfAList) {
  RequestToSign request = s3_request("GET", "/");
  request.query = {{"prefix", "J"}, {"max-keys", "2"}};
  request.headers.emplace_back("x-amz-content-sha256", of_nothing);
  EXPECT_EQ(canonical_query(request.query), "max-keys=2&prefix=J");
  EXPECT_EQ(signature_of(authorization(request, s3_keys, s3_scope)),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

// The Signature Version 4 test suite: get-vanilla and get-vanilla-query-order-key-case.
TEST(S3Signature, OfTheTestSuite) {
  const AwsKeys keys{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};
  const SigningScope scope{"20150830T123600Z", "us-east-1", "service"};
  RequestToSign request{
      "GET", "/", {}, {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}}, of_nothing};
  EXPECT_EQ(canonical_request(request),
            std::string("GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\n") +
                of_nothing);
  EXPECT_EQ(signature_of(authorization(request, keys, scope)),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  request.query = {{"Param2", "value2"}, {"Param1", "value1"}};
  EXPECT_EQ(signature_of(authorization(request, keys, scope)),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
}

TEST(S3Signature, EncodesBytes) {
  EXPECT_EQ(aws_encoded("a b/c~d_e-f.g+%\xc3\xa9", false), "a%20b%2Fc~d_e-f.g%2B%25%C3%A9");
  EXPECT_EQ(aws_encoded("a/b c", true), "a/b%20c");
  EXPECT_EQ(canonical_query({{"b", "2"}, {"a", "x y"}, {"a", "/"}}), "a=%2F&a=x%20y&b=2");
}

}  // namespace
}  // namespace hens
