#include "base/sealed_json.h"

#include "base/checksum.h"
#include "base/error.h"
#include "base/files.h"
#include "base/json.h"

namespace hens {

using Json = nlohmann::ordered_json;

std::string sealed_text(Json json) {
  json["digest"] = sha256_hex(json.dump());
  return json.dump(1) + "\n";
}

Json read_sealed(const fs::path& path, uint64_t limit) {
  const std::string text = read_file(path, limit);
  auto json = try_parse_json<Json>(text);
  if (!json) fail(ExitCode::bad_input, "{}: is damaged: it is no JSON of ours", path.string());
  try {
    if (json->is_object() && json->erase("digest") == 1 && sealed_text(*json) == text) return std::move(*json);
  } catch (const Json::exception& error) {  // strings that are no UTF-8 cannot be written again
    fail(ExitCode::bad_input, "{}: is damaged: {}", path.string(), error.what());
  }
  fail(ExitCode::bad_input, "{}: is damaged: its digest does not match its content", path.string());
}

}  // namespace hens
