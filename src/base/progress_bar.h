// The line that shows how far work is: pure text, laid out for a terminal's width. Log draws it.
#pragma once

#include <string>
#include <string_view>

namespace hens {

struct ProgressState {
  std::string label;  // what is going on
  double done = 0, total = 0;
  std::string unit;          // plural; "bytes" is shown as kB, MB, GB
  double done_at_start = 0;  // what was there before the clock started: a resumed run is no faster for it
  double seconds = 0;        // since the start
  std::string detail = {};   // what a wide terminal shows behind all else
};

// Work per second since the start; 0 while nothing can be said.
double progress_rate(const ProgressState& state);

// Seconds until the end at that rate; negative while nothing can be said.
double progress_seconds_left(const ProgressState& state);

// `label [=====>    ]  42 %  420/1000 member-steps  3.1/s  3:07 left  detail`, at most `width` columns: a narrow
// terminal loses the detail first, then the bar, then the end of the text.
std::string progress_line(const ProgressState& state, int width);

// 1:05:09, 3:07, 0:42.
std::string clock_text(double seconds);

// A count with its unit's scale: 420, 1.5e+09 -> "1.50 GB" for bytes.
std::string amount_text(double amount, std::string_view unit);

}  // namespace hens
