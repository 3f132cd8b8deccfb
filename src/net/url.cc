#include "net/url.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "base/checksum.h"
#include "base/error.h"
#include "base/secrets.h"
#include "net/hugging_face.h"

namespace hens {
namespace {

constexpr std::string_view region_key = "?region=";

struct SchemeAndRest {
  std::string scheme;  // lower case; empty: a path
  std::string rest;    // behind "://"
};

SchemeAndRest split_scheme(const std::string& url) {
  const size_t end = url.find("://");
  if (end == std::string::npos || end == 0) return {"", url};
  std::string scheme = url.substr(0, end);
  if (!std::all_of(scheme.begin(), scheme.end(), [](unsigned char c) { return std::isalnum(c); })) return {"", url};
  for (char& c : scheme) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return {scheme, url.substr(end + 3)};
}

// Splits at the first slash; the second half is without it.
std::pair<std::string, std::string> split_slash(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return {text, ""};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

std::string percent_encoded(std::string_view path) {
  std::string text;
  for (const char c : path) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) || std::string_view("/-._~").find(c) != std::string::npos;
    text += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return text;
}

std::string percent_decoded(const std::string& url, std::string_view path) {
  std::string text;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      text += path[i];
      continue;
    }
    const auto digit = [&](size_t at) {
      return at < path.size() && std::isxdigit(static_cast<unsigned char>(path[at]));
    };
    if (!digit(i + 1) || !digit(i + 2)) fail(ExitCode::bad_input, "{}: '%' without two hexadecimal digits", url);
    text += static_cast<char>(std::stoi(std::string(path.substr(i + 1, 2)), nullptr, 16));
    i += 2;
  }
  return text;
}

std::string joined(std::string base, const std::string& path) {
  while (base.ends_with('/')) base.pop_back();
  return base + "/" + path;
}

Address file_address(const std::string& url, const std::string& rest) {
  const auto [host, path] = split_slash(rest);
  if (!(host.empty() || host == "localhost") || path.empty()) {
    fail(ExitCode::bad_input, "{}: expected file:///absolute/path", url);
  }
  return {fs::path("/" + percent_decoded(url, path)), ""};
}

// An address that needs no further mirror: http(s)://, file:// or a path. Encoded for HTTP, as is for a folder.
Address mirrored(const std::string& url, const std::string& mirror, const std::string& path, bool encode) {
  const SchemeAndRest parts = split_scheme(mirror);
  const std::string tail = encode ? percent_encoded(path) : path;
  if (parts.scheme.empty()) return {fs::path(joined(mirror, path)), ""};
  if (parts.scheme == "file") return file_address(url, joined(parts.rest, tail));
  if (parts.scheme == "http" || parts.scheme == "https") return {"", joined(mirror, tail)};
  fail(ExitCode::bad_input, "mirror {}: expected http://, https://, file:// or a folder", mirror);
}

Address s3_address(const std::string& url, std::string rest, const Mirrors& mirrors, std::string region) {
  if (const size_t at = rest.rfind(region_key); at != std::string::npos) {
    region = rest.substr(at + region_key.size());
    rest.resize(at);
  }
  const auto [bucket, key] = split_slash(rest);
  const auto is_label = [](const std::string& text, std::string_view more) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](unsigned char c) {
      return std::isalnum(c) || c == '-' || more.find(static_cast<char>(c)) != std::string::npos;
    });
  };
  if (!is_label(bucket, "._") || key.empty() || !is_label(region, "")) {
    fail(ExitCode::bad_input, "{}: expected s3://bucket/key, with ?region=name where it is not us-east-1", url);
  }
  if (!mirrors.s3.empty()) return mirrored(url, mirrors.s3, bucket + "/" + key, true);
  // The certificate's wildcard covers one label only, so a bucket with dots goes into the path.
  if (bucket.find('.') != std::string::npos) {
    return {"", fmt::format("https://s3.{}.amazonaws.com/{}/{}", region, bucket, percent_encoded(key))};
  }
  return {"", fmt::format("https://{}.s3.{}.amazonaws.com/{}", bucket, region, percent_encoded(key))};
}

// Google's public buckets, by their XML interface's address.
Address gs_address(const std::string& url, const std::string& rest, const Mirrors& mirrors) {
  const auto [bucket, key] = split_slash(rest);
  if (bucket.empty() || key.empty()) fail(ExitCode::bad_input, "{}: expected gs://bucket/key", url);
  const std::string path = "storage.googleapis.com/" + bucket + "/" + percent_encoded(key);
  if (!mirrors.https.empty()) return mirrored(url, mirrors.https, path, false);
  return {"", "https://" + path};
}

Address hf_address(const std::string& url, const std::string& rest, const Mirrors& mirrors) {
  const auto [kind, after_kind] = split_slash(rest);
  const bool dataset = kind == "datasets";
  const auto [owner, after_owner] = split_slash(dataset ? after_kind : rest);
  const auto [repository, path] = split_slash(after_owner);
  const size_t at = repository.find('@');
  const std::string name = repository.substr(0, at);
  const std::string revision = at == std::string::npos ? "main" : repository.substr(at + 1);
  if (owner.empty() || name.empty() || revision.empty() || path.empty()) {
    fail(ExitCode::bad_input, "{}: expected hf://datasets/owner/name[@revision]/path", url);
  }
  const std::string where = fmt::format("{}{}/{}/resolve/{}/", dataset ? "datasets/" : "", owner, name, revision);
  if (!mirrors.hf.empty()) return mirrored(url, mirrors.hf, where + path, true);
  return {"", hugging_face_endpoint() + "/" + where + percent_encoded(path)};
}

Address https_address(const std::string& url, const SchemeAndRest& parts, const Mirrors& mirrors) {
  const auto [host, path] = split_slash(parts.rest);
  if (host.find('@') != std::string::npos) {
    fail(ExitCode::bad_input, "{}://...@{}: a user name or password in the address is never sent: leave it out",
         parts.scheme, host.substr(host.rfind('@') + 1));
  }
  if (host.empty()) fail(ExitCode::bad_input, "{}: names no host", url);
  if (url.find(' ') != std::string::npos) fail(ExitCode::bad_input, "{}: a blank in a URL is written %20", url);
  if (parts.scheme == "https" && !mirrors.https.empty()) return mirrored(url, mirrors.https, host + "/" + path, false);
  return {"", url};
}

bool is_plain_component(std::string_view text) {
  return !text.empty() && text.front() != '.' && text.size() <= 200 &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) ||
                  std::string_view("._@+=,~:-").find(c) != std::string::npos;
         });
}

bool is_plain_path(std::string_view path) {
  if (path.size() > 1000) return false;
  while (true) {
    const size_t slash = path.find('/');
    if (!is_plain_component(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

Address resolve_url(const std::string& url, const Mirrors& mirrors, const std::string& s3_region) {
  if (url.empty()) fail(ExitCode::bad_input, "an empty URL: expected a path or scheme://...");
  const SchemeAndRest parts = split_scheme(url);
  if (parts.scheme.empty()) return {fs::path(url), ""};
  if (std::any_of(url.begin(), url.end(), [](unsigned char c) { return c < ' ' || c == 127; })) {
    // Redacted first: encoded, a signature would not be known any more.
    fail(ExitCode::bad_input, "'{}': control characters in a URL", percent_encoded(redacted(url)));
  }
  if (parts.scheme == "file") return file_address(url, parts.rest);
  if (parts.scheme == "s3") return s3_address(url, parts.rest, mirrors, s3_region);
  if (parts.scheme == "gs") return gs_address(url, parts.rest, mirrors);
  if (parts.scheme == "hf") return hf_address(url, parts.rest, mirrors);
  if (parts.scheme == "http" || parts.scheme == "https") return https_address(url, parts, mirrors);
  fail(ExitCode::bad_input, "{}: scheme '{}' is not known: expected a path, file, http, https, s3, gs or hf", url,
       parts.scheme);
}

std::string default_s3_region() {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  }
  return "us-east-1";
}

std::string canonical_url(const std::string& url) {
  const SchemeAndRest parts = split_scheme(url);
  std::string rest = parts.rest;
  if (parts.scheme == "s3") rest = rest.substr(0, rest.rfind(region_key));
  if (parts.scheme == "http" || parts.scheme == "https") rest = unsigned_url(rest.substr(0, rest.find('#')));
  return parts.scheme.empty() ? rest : parts.scheme + "://" + rest;
}

fs::path cache_path(const std::string& canonical_url) {
  const SchemeAndRest parts = split_scheme(canonical_url);
  if (!parts.scheme.empty() && is_plain_path(parts.rest)) return fs::path(parts.scheme) / parts.rest;
  return fs::path("hashed") / sha256_hex(canonical_url);
}

}  // namespace hens
