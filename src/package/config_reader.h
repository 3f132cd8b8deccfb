// config.json of a makani model package: the training configuration, read for what shapes a forecast.
#pragma once

#include "base/files.h"
#include "package/package.h"

namespace hens {

struct PackageConfig {
  ModelConfig model;  // all but big_skip, which the checkpoint tells
  LatLonGrid grid;    // the config's lat and lon, or the equiangular grid of its size
};

// Throws Error{missing_input}, or {bad_input} naming the key, its value and what is supported. The text "None" is null,
// and null is an absent key, as makani reads them. A network that computes something else than hens does is refused,
// never approximated.
PackageConfig read_config(const fs::path& path);

// The same from the file's content; `path` is for messages.
PackageConfig parse_config(const fs::path& path, const std::string& text);

}  // namespace hens
