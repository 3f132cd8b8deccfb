// The version of hens, as the programs, the reports and the User-Agent say it.
#pragma once

namespace hens {
extern const char* const version;
}
