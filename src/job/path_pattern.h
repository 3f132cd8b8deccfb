// Paths of analyses that may carry fields of strftime: analyses/%Y%m%d%H.nc.
#pragma once

#include <string>

#include "base/time.h"

namespace hens {

// The path or URL for `time`. Fields are the letters that stand for a part of a date or clock; `%%` is a percent sign,
// and so is any other one, as in 100%.nc and in the %20 of a URL. A file that lies under the name as written is meant
// as it is.
std::string filled_path(const std::string& pattern, Time time);

// `folder` as a part of a pattern: without fields.
std::string as_pattern(const std::string& folder);

}  // namespace hens
