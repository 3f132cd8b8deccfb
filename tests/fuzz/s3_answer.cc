// Answers of a server of S3 and of STS: lists, errors, and the names in them that become paths.
#include "fuzz/target.h"
#include "net/s3_xml.h"
#include "run/results_bucket.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz::value_or_error([&] {
    for (const std::string_view entry : xml_elements(text, "Contents")) {
      const std::string key = xml_text(entry, "Key");
      if (!is_safe_path(key)) continue;
      // What passes lies below the folder.
      const fs::path path = (fs::path("/run") / key).lexically_normal();
      if (!path.string().starts_with("/run/")) std::abort();
    }
  });
  fuzz::value_or_error([&] { is_safe_path(std::string(text)); });
  fuzz::value_or_error([&] { xml_text(text, "Code"); });
  return 0;
}
