#include "net/proxy.h"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <string_view>

#include <fmt/format.h>

namespace hens {
namespace {

std::string first_set(std::initializer_list<const char*> names, bool with_name) {
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return with_name ? fmt::format("{}={}", name, value) : value;
  }
  return "";
}

std::string host_of(const std::string& url) {
  const size_t begin = url.find("://") == std::string::npos ? 0 : url.find("://") + 3;
  std::string authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.find(':'));
}

// example.com and .example.com stand for the host itself and all below it; * for every host.
bool is_excepted(const std::string& host) {
  const std::string list = first_set({"no_proxy", "NO_PROXY"}, false);
  for (size_t at = 0; at < list.size();) {
    const size_t end = std::min(list.find_first_of(", ", at), list.size());
    std::string_view name = std::string_view(list).substr(at, end - at);
    at = end + 1;
    if (name == "*") return true;
    if (name.starts_with('.')) name.remove_prefix(1);
    if (name.empty()) continue;
    if (host == name || (host.ends_with(name) && host[host.size() - name.size() - 1] == '.')) return true;
  }
  return false;
}

}  // namespace

std::string proxy_for(const std::string& url) {
  if (is_excepted(host_of(url))) return "";
  return url.starts_with("https:") ? first_set({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}, true)
                                   : first_set({"http_proxy", "all_proxy", "ALL_PROXY"}, true);
}

}  // namespace hens
