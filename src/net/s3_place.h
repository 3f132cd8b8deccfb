// Where objects are: a bucket, a prefix in it, and the server that has them. Pure but for reading the environment.
#pragma once

#include <functional>
#include <string>

namespace hens {

// Where names of the environment and their values come from; "" where one is not set.
using Variables = std::function<std::string(const char* name)>;
Variables process_environment();

// s3://bucket/some/prefix
struct S3Url {
  std::string bucket;
  std::string prefix;  // without slashes at its ends; may be empty
  std::string text() const { return "s3://" + bucket + (prefix.empty() ? "" : "/" + prefix); }
  // The key of what is called `name` below the prefix.
  std::string key(const std::string& name) const { return prefix.empty() ? name : prefix + "/" + name; }
};

bool is_s3_url(const std::string& text);

// Throws Error{usage} naming the text where it is no s3:// with a bucket's name, or has a part of a path (., .., an
// empty one), a query or control characters that would make another key of it.
S3Url parse_s3_url(const std::string& text);

// The server that has a bucket.
struct S3Server {
  std::string base;     // http(s)://host[:port][/path] that keys are appended to; the bucket is part of it
  std::string host;     // as the Host header has it
  std::string path;     // of `base`, encoded, without a slash at its end: "" or "/bucket"
  std::string region;   // that requests are signed for
  bool custom = false;  // an endpoint that the environment names, in place of Amazon's
};

// AWS_ENDPOINT_URL_S3, else AWS_ENDPOINT_URL, with the bucket in the path; else Amazon's, with the bucket in the host's
// name where that is a name of one host (no dot in it). The region is AWS_REGION, else AWS_DEFAULT_REGION, else
// us-east-1. Throws Error{usage} naming a variable whose value is no http(s) address.
S3Server s3_server(const std::string& bucket, const Variables& variables);

// The same of another region, as a server's answer names it.
S3Server in_region(const S3Server& server, const std::string& bucket, const std::string& region);

}  // namespace hens
