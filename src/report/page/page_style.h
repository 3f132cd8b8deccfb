// What the page looks like, and the one thing that moves on it. Constants.
#pragma once

namespace hens {

// Light and dark by the reader's setting, one column on a phone, black on white in print. Texts have a contrast of at
// least 4.5 to 1 with what is behind them in both.
extern const char* const page_style;

// Turns each `.frames` with several figures into one figure and a slider. Without it all figures are there.
extern const char* const page_script;

}  // namespace hens
