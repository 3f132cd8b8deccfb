#include "net/s3_place.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/secrets.h"

namespace hens {
namespace {

constexpr std::string_view scheme = "s3://";
constexpr size_t longest_key = 1024;  // bytes, of an object's key; S3's limit

bool is_bucket_name(std::string_view name) {
  const auto alphanumeric = [](char c) { return std::islower(static_cast<unsigned char>(c)) || std::isdigit(c); };
  return name.size() >= 3 && name.size() <= 63 && alphanumeric(name.front()) && alphanumeric(name.back()) &&
         std::ranges::all_of(name, [&](char c) { return alphanumeric(c) || c == '-' || c == '.'; });
}

std::string region_of(const Variables& variables) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (const std::string value = variables(name); !value.empty()) return value;
  }
  return "us-east-1";
}

// Behind scheme://, up to the path.
std::string authority_of(const std::string& address) {
  const size_t begin = address.find("://") + 3;
  return address.substr(begin, address.find('/', begin) - begin);
}

S3Server custom_server(std::string endpoint, const char* variable, const std::string& bucket, std::string region) {
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const bool known = endpoint.starts_with("http://") || endpoint.starts_with("https://");
  const std::string authority = known ? authority_of(endpoint) : "";
  if (authority.empty() || authority.find('@') != std::string::npos ||
      endpoint.find_first_of(" ?#\t\r\n") != std::string::npos) {
    fail(ExitCode::usage, "{}={}: expected an address as https://host:9000", variable, redacted(endpoint));
  }
  const size_t path = endpoint.find('/', endpoint.find("://") + 3);
  S3Server server{.region = std::move(region), .custom = true};
  server.host = authority;
  // A port that the scheme has anyway is not in the Host header that libcurl sends.
  const std::string_view usual = endpoint.starts_with("https:") ? ":443" : ":80";
  if (server.host.ends_with(usual)) server.host.resize(server.host.size() - usual.size());
  server.path = (path == std::string::npos ? "" : endpoint.substr(path)) + "/" + bucket;
  server.base = endpoint + "/" + bucket;
  return server;
}

S3Server amazons_server(const std::string& bucket, const std::string& region) {
  const std::string domain = region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const std::string host = "s3." + region + "." + domain;
  S3Server server{.region = region};
  // A certificate for *.s3.region.amazonaws.com does not cover a name with a dot.
  const bool in_path = bucket.find('.') != std::string::npos;
  server.host = in_path ? host : bucket + "." + host;
  server.path = in_path ? "/" + bucket : "";
  server.base = "https://" + server.host + server.path;
  return server;
}

}  // namespace

Variables process_environment() {
  return [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
}

bool is_s3_url(const std::string& text) { return text.starts_with(scheme); }

S3Url parse_s3_url(const std::string& text) {
  const auto refuse = [&](const std::string& why) {
    fail(ExitCode::usage, "{}: {}; expected s3://bucket/prefix", redacted(text), why);
  };
  if (!is_s3_url(text)) refuse("is no address of S3");
  std::string rest = text.substr(scheme.size());
  while (rest.ends_with('/')) rest.pop_back();
  const size_t slash = rest.find('/');
  S3Url url{rest.substr(0, slash), slash == std::string::npos ? "" : rest.substr(slash + 1)};
  if (!is_bucket_name(url.bucket)) refuse("'" + redacted(url.bucket) + "' is no name of a bucket");
  if (url.prefix.size() > longest_key / 2) refuse("the prefix is too long");
  const bool odd = std::ranges::any_of(url.prefix, [](unsigned char c) { return c < ' ' || c == 127; });
  if (odd || url.prefix.find_first_of("?#\\") != std::string::npos) refuse("the prefix has ?, #, \\ or control codes");
  const std::string parts = "/" + url.prefix + "/";
  for (const char* part : {"/./", "/../", "//"}) {
    if (url.prefix.empty()) break;
    if (parts.find(part) != std::string::npos) refuse("the prefix has an empty part, or one of dots");
  }
  return url;
}

S3Server s3_server(const std::string& bucket, const Variables& variables) {
  const std::string region = region_of(variables);
  const bool plain =
      std::ranges::all_of(region, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-'; });
  if (!plain) fail(ExitCode::usage, "AWS_REGION={}: expected a region as eu-central-1", region);
  for (const char* name : {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}) {
    if (const std::string value = variables(name); !value.empty()) return custom_server(value, name, bucket, region);
  }
  return amazons_server(bucket, region);
}

S3Server in_region(const S3Server& server, const std::string& bucket, const std::string& region) {
  if (!server.custom) return amazons_server(bucket, region);
  S3Server other = server;
  other.region = region;
  return other;
}

}  // namespace hens
