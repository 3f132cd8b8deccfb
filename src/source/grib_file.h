// A GRIB file of the user's as fields: messages are found by what they hold, not by where they are.
#pragma once

#include "source/file_source.h"

namespace hens {

// Reads the headers of all messages. Geopotential may be there as heights in gpm, specific humidity as relative
// humidity with temperature. Of several forecasts valid at one time the latest cycle's is taken. Throws
// Error{bad_input} naming `origin`: a truncated message, or several ensemble members.
std::unique_ptr<FieldFile> open_grib_file(const fs::path& path, const std::string& origin);

}  // namespace hens
