#include "net/s3_signature.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/checksum.h"

namespace hens {
namespace {

constexpr const char* algorithm = "AWS4-HMAC-SHA256";

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Blanks at the ends go, those in a row become one.
std::string header_value(std::string_view text) {
  std::string value;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t';
    if (!blank) {
      value += c;
    } else if (!value.empty() && value.back() != ' ') {
      value += ' ';
    }
  }
  if (value.ends_with(' ')) value.pop_back();
  return value;
}

Pairs canonical_headers(const Pairs& headers) {
  Pairs canonical;
  for (const auto& [name, value] : headers) {
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    canonical.emplace_back(std::move(lower), header_value(value));
  }
  std::ranges::sort(canonical);
  return canonical;
}

std::string signed_headers(const Pairs& canonical) {
  std::string names;
  for (const auto& [name, value] : canonical) names += (names.empty() ? "" : ";") + name;
  return names;
}

std::string scope_text(const SigningScope& scope) {
  return fmt::format("{}/{}/{}/aws4_request", scope.time.substr(0, 8), scope.region, scope.service);
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

}  // namespace

std::string aws_encoded(std::string_view text, bool is_path) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool plain = letter || std::string_view("-._~").find(c) != std::string_view::npos || (is_path && c == '/');
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return encoded;
}

std::string canonical_query(const Pairs& query) {
  Pairs encoded;
  for (const auto& [name, value] : query) encoded.emplace_back(aws_encoded(name, false), aws_encoded(value, false));
  std::ranges::sort(encoded);
  std::string text;
  for (const auto& [name, value] : encoded) text += (text.empty() ? "" : "&") + name + "=" + value;
  return text;
}

std::string canonical_request(const RequestToSign& request) {
  const Pairs headers = canonical_headers(request.headers);
  std::string text = request.method + "\n" + request.path + "\n" + canonical_query(request.query) + "\n";
  for (const auto& [name, value] : headers) text += name + ":" + value + "\n";
  return text + "\n" + signed_headers(headers) + "\n" + request.payload_sha256;
}

std::string string_to_sign(const RequestToSign& request, const SigningScope& scope) {
  return fmt::format("{}\n{}\n{}\n{}", algorithm, scope.time, scope_text(scope),
                     sha256_hex(std::string_view(canonical_request(request))));
}

std::string authorization(const RequestToSign& request, const AwsKeys& keys, const SigningScope& scope) {
  std::string key = hmac_sha256("AWS4" + keys.secret_key, scope.time.substr(0, 8));
  for (const std::string& part : {scope.region, scope.service, std::string("aws4_request")}) {
    key = hmac_sha256(key, part);
  }
  return fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm, keys.access_key,
                     scope_text(scope), signed_headers(canonical_headers(request.headers)),
                     hex(hmac_sha256(key, string_to_sign(request, scope))));
}

}  // namespace hens
