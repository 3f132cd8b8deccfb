// AWS Signature Version 4, by Amazon's description ("Create a signed AWS API request"; "Signature Calculations for the
// Authorization Header" of the Amazon S3 API Reference). Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hens {

struct AwsKeys {
  std::string access_key, secret_key;
  std::string session_token;  // of temporary keys; else empty
};

struct RequestToSign {
  std::string method;                                      // "GET"
  std::string path;                                        // encoded, from the slash on
  std::vector<std::pair<std::string, std::string>> query;  // not encoded
  // All that are signed, among them Host and, with S3, x-amz-content-sha256 and x-amz-date. Names in any case.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string payload_sha256;  // hexadecimal
};

struct SigningScope {
  std::string time;  // 20130524T000000Z
  std::string region, service = "s3";
};

// Everything but A-Z a-z 0-9 - . _ ~ as %XX of its bytes; slashes stay where `is_path`.
std::string aws_encoded(std::string_view text, bool is_path);

// "a=b&c=", encoded and in the order that is signed.
std::string canonical_query(const std::vector<std::pair<std::string, std::string>>& query);

std::string canonical_request(const RequestToSign& request);
std::string string_to_sign(const RequestToSign& request, const SigningScope& scope);

// The value of the header Authorization.
std::string authorization(const RequestToSign& request, const AwsKeys& keys, const SigningScope& scope);

}  // namespace hens
