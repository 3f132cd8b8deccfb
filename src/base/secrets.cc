#include "base/secrets.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <vector>

namespace hens {
namespace {

constexpr std::string_view mark = "***";
constexpr size_t shortest_secret = 8;  // of an environment's value: shorter ones may be words

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

bool is_secret_name(std::string_view name) {
  const std::string word = lower(name);
  for (const char* whole : {"sig", "key", "auth", "sas", "jwt", "code", "pwd", "user", "username"}) {
    if (word == whole) return true;
  }
  for (const char* part :
       {"signature", "token", "secret", "passw", "credential", "apikey", "api_key", "api-key", "accesskey",
        "access_key", "access-key", "keyid", "key-pair-id", "policy", "authorization", "accessid"}) {
    if (word.find(part) != std::string::npos) return true;
  }
  return false;
}

bool ends_address(char c) {
  return std::isspace(static_cast<unsigned char>(c)) || std::string_view("'\"<>`\\").find(c) != std::string_view::npos;
}

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' || c == '%';
}

// user:password@ between :// and the end of the host.
std::string without_users(std::string_view text) {
  constexpr std::string_view separator = "://";
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const size_t found = text.find(separator, at);
    if (found == text.npos) return result += text.substr(at);
    const size_t begin = found + separator.size();
    size_t end = begin;
    while (end < text.size() && !ends_address(text[end]) && text[end] != '/') ++end;
    const std::string_view authority = text.substr(begin, end - begin);
    const size_t query = std::min(authority.find_first_of("?#"), authority.size());
    // A password may hold ? and #: an @ after them still belongs to the user, as people type it.
    size_t user = authority.rfind('@');
    if (user != authority.npos && user > query && authority.substr(0, query).find('.') != authority.npos)
      user = authority.npos;
    result += text.substr(at, begin - at);
    if (user != authority.npos) result += mark;
    at = begin + (user == authority.npos ? 0 : user);
    if (user == authority.npos) {
      result += authority;
      at = end;
    }
  }
  return result;
}

// Calls `use(begin, value, end)` for each secret ?name=value or &name=value: where its name begins, where its value
// does, and where that ends.
template <typename Use>
void for_each_secret(std::string_view text, const Use& use) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (std::string_view("?&;#").find(text[at]) == std::string_view::npos) continue;
    size_t name_end = at + 1;
    while (name_end < text.size() && is_name_character(text[name_end])) ++name_end;
    if (name_end >= text.size() || text[name_end] != '=') continue;
    if (!is_secret_name(text.substr(at + 1, name_end - at - 1))) continue;
    size_t end = name_end + 1;
    while (end < text.size() && !ends_address(text[end]) && text[end] != '&' && text[end] != '#') ++end;
    use(at + 1, name_end + 1, end);
    at = end - 1;
  }
}

std::string without_parameters(std::string_view text) {
  std::string result;
  size_t done = 0;
  for_each_secret(text, [&](size_t, size_t value, size_t end) {
    result += text.substr(done, value - done);
    if (end > value) result += mark;
    done = end;
  });
  return result += text.substr(done);
}

void replace_environment(std::string& text) {
  for (const char* name :
       {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "DATABRICKS_TOKEN"}) {
    const char* value = std::getenv(name);
    const std::string_view secret = value == nullptr ? "" : value;
    if (secret.size() < shortest_secret) continue;
    for (size_t at; (at = text.find(secret)) != text.npos;) text.replace(at, secret.size(), mark);
  }
}

std::string parameter_name(const std::string& parameter) { return lower(parameter.substr(0, parameter.find('='))); }

bool names_a_signature(const std::string& name) {
  return name == "x-amz-signature" || name == "x-goog-signature" || name == "signature" || name == "sig";
}

bool names_a_token(const std::string& name) {
  return name == "token" || name == "access_token" || name == "auth_token" || name == "x-amz-security-token";
}

// What changes with each signature, and says nothing of which object is meant: S3, Google, Azure, CloudFront.
bool belongs_to_a_signature(const std::string& name) {
  if (names_a_signature(name) || name.starts_with("x-amz-") || name.starts_with("x-goog-")) return true;
  static constexpr std::array names{"expires",
                                    "policy",
                                    "key-pair-id",
                                    "awsaccesskeyid",
                                    "googleaccessid",
                                    "se",
                                    "st",
                                    "sp",
                                    "sv",
                                    "sr",
                                    "spr",
                                    "sip",
                                    "ss",
                                    "srt",
                                    "ske",
                                    "skoid",
                                    "sks",
                                    "skt",
                                    "sktid",
                                    "skv"};
  return std::ranges::any_of(names, [&](const char* known) { return name == known; });
}

template <typename Json>
Json redact_strings(Json json) {
  if (json.is_string()) return redacted(json.template get_ref<const std::string&>());
  if (json.is_array()) {
    for (Json& item : json) item = redact_strings(std::move(item));
  } else if (json.is_object()) {
    Json result = Json::object();
    for (auto& [key, value] : json.items()) result[redacted(key)] = redact_strings(value);
    return result;
  }
  return json;
}

}  // namespace

std::string redacted(std::string_view text) {
  std::string result = without_parameters(without_users(text));
  replace_environment(result);
  return result;
}

nlohmann::json redacted_json(nlohmann::json json) { return redact_strings(std::move(json)); }
nlohmann::ordered_json redacted_json(nlohmann::ordered_json json) { return redact_strings(std::move(json)); }

std::string unsigned_url(const std::string& url) {
  const size_t question = url.find('?');
  if (question == std::string::npos) return url;
  std::vector<std::string> parameters;
  bool is_signed = false;
  for (size_t at = question + 1; at <= url.size();) {
    const size_t end = std::min(url.find('&', at), url.size());
    parameters.push_back(url.substr(at, end - at));
    is_signed = is_signed || names_a_signature(parameter_name(parameters.back()));
    at = end + 1;
  }
  std::string kept;
  for (const std::string& parameter : parameters) {
    const std::string name = parameter_name(parameter);
    if (names_a_token(name) || (is_signed && belongs_to_a_signature(name))) continue;
    kept += (kept.empty() ? "?" : "&") + parameter;
  }
  return url.substr(0, question) + kept;
}

}  // namespace hens
