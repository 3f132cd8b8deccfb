// Records of ours: as they are, and sealed anew, so that damage gets past the digest.
#pragma once

#include "base/json.h"
#include "base/sealed_json.h"
#include "fuzz/target.h"

namespace hens::fuzz {

template <typename Read>
void read_record(const std::string& name, const uint8_t* data, size_t size, const Read& read) {
  value_or_error([&] { read(folder().put(name, data, size)); });
  value_or_error([&] {
    auto json = try_parse_json<nlohmann::ordered_json>(text(data, size));
    if (!json || !json->is_object()) return;
    json->erase("digest");
    std::string sealed;
    try {
      sealed = sealed_text(*json);
    } catch (const nlohmann::json::exception&) {  // strings that are no UTF-8: nobody could have sealed that
      return;
    }
    read(folder().put(name, reinterpret_cast<const uint8_t*>(sealed.data()), sealed.size()));
  });
}

}  // namespace hens::fuzz
