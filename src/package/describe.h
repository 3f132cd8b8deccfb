// What a model package holds, for people and for programs; a package with missing or damaged files is described too.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "base/files.h"

namespace hens {

// Keys: folder, complete, digest, missing[], problems[], grid, network, channels[], parameters, checkpoint, files[];
// derived[]: examples of the variables that hens makes of the channels. `complete` means that open_package succeeds and
// every tensor of the network is there with its shape and its bytes; `missing` names every file that is needed and
// absent, `problems` everything else that is wrong. Parts that cannot be known, because their file is missing, are
// null. Reads every file for its SHA-256: seconds at full size. Throws Error{missing_input} where there is no such
// folder.
nlohmann::ordered_json describe_json(const fs::path& folder);

// The same for a terminal, with a line break at the end.
std::string describe_text(const nlohmann::ordered_json& description);

}  // namespace hens
