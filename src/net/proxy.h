// Which proxy libcurl takes for an address, by its rules for the environment: for messages about proxies that do not
// answer. Thread-safe as long as nobody changes the environment.
#pragma once

#include <string>

namespace hens {

// "https_proxy=http://proxy.example:3128"; empty where none is used: no variable (http_proxy, https_proxy, HTTPS_PROXY,
// all_proxy, ALL_PROXY), or the host stands in no_proxy.
std::string proxy_for(const std::string& url);

}  // namespace hens
