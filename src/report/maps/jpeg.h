// Pictures as JPEG files. The one place that knows libjpeg. Thread-safe.
#pragma once

#include <string>

#include "report/maps/canvas.h"

namespace hens {

// The file's bytes: full colour resolution, so that words stay sharp. The same picture gives the same bytes.
// Requires 1 <= quality <= 100 and a picture of at most 65500 pixels a side.
std::string encode_jpeg(const Picture& picture, int quality);

}  // namespace hens
