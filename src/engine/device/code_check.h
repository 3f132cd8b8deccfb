// Whether this program has kernels for a card.
#pragma once

namespace hens::engine {

// Whether the program has machine code for the current device, or the driver can make it.
bool have_code();

}  // namespace hens::engine
