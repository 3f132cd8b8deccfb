// What a URL means: the local file or the HTTP address behind it, after schemes and mirrors. Pure functions.
#pragma once

#include <string>

#include "base/files.h"

namespace hens {

// Base addresses that stand in for a scheme's hosts; empty: the hosts themselves. A mirror may be http(s)://, file://
// or a folder.
struct Mirrors {
  std::string s3, hf, https;
};

// Exactly one of the two is set.
struct Address {
  fs::path local;
  std::string http;
  std::string text() const { return http.empty() ? local.string() : http; }
};

// Throws Error{bad_input} naming the URL for a scheme that is not known, a part that is missing, a user name or
// password in the address (none is ever sent), or blanks and control characters. `s3_region` is used where the URL has
// no `?region=`.
Address resolve_url(const std::string& url, const Mirrors& mirrors, const std::string& s3_region);

// $AWS_REGION, else $AWS_DEFAULT_REGION, else us-east-1.
std::string default_s3_region();

// Two spellings of one object are one: without fragment, s3's `?region=`, and what signs a request (unsigned_url).
std::string canonical_url(const std::string& url);

// Where the file lies beneath a cache: `hf/datasets/<owner>/<name>/<path>`, so that the files of a folder keep their
// names and stay together. A URL that does not make a plain path (queries, dots, odd characters) becomes
// `hashed/<digest>`.
fs::path cache_path(const std::string& canonical_url);

}  // namespace hens
