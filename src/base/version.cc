#include "base/version.h"

namespace hens {
const char* const version = HENS_VERSION;
}
