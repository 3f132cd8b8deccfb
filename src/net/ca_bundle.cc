#include "net/ca_bundle.h"

#include <cstdlib>
#include <filesystem>

#include "base/error.h"

namespace hens {
namespace {

namespace fs = std::filesystem;

std::string existing(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return "";
  std::error_code none;
  if (fs::exists(value, none)) return value;
  fail(ExitCode::unavailable, "{}={}: there is no such file or folder of certificate authorities: correct or unset it",
       variable, value);
}

void add_origin(CaBundle& bundle, const char* variable, const std::string& path) {
  bundle.origin += fmt::format("{}{}={}", bundle.origin.empty() ? "" : ", ", variable, path);
}

}  // namespace

CaBundle ca_bundle() {
  CaBundle bundle;
  std::error_code none;
  for (const char* variable : {"CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}) {
    const std::string path = existing(variable);
    if (path.empty()) continue;
    (fs::is_directory(path, none) ? bundle.folder : bundle.file) = path;
    add_origin(bundle, variable, path);
    break;
  }
  if (const std::string folder = existing("SSL_CERT_DIR"); !folder.empty() && bundle.folder.empty()) {
    bundle.folder = folder;
    add_origin(bundle, "SSL_CERT_DIR", folder);
  }
  return bundle;
}

}  // namespace hens
