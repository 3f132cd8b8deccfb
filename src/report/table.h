// Tables of text for people, and the few number formats that the reports share. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hens {

enum class Align { left, right };

struct Column {
  std::string header;
  Align align = Align::left;
};

// Rows may be shorter than the columns: what is missing is blank.
struct Table {
  std::string title;
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
};

// Columns two blanks apart under a ruled header, no trailing blanks; the title above it where there is one.
std::string as_text(const Table& table);

// GitHub's tables, the title as a `###` heading. Bars in cells are escaped.
std::string as_markdown(const Table& table);

// Columns of characters that UTF-8 `text` takes on a terminal, one a code point.
int display_width(const std::string& text);

// `text` in at most `width` columns, its middle replaced by an ellipsis where it is longer. Requires width >= 3.
std::string shortened(const std::string& text, int width);

// `value` with `digits` decimals, halves away from zero as in decimal: 905.255, which no double holds, gives "905.26".
std::string fixed(double value, int digits);

// A fraction >= 0 as a percentage that never claims more than there is: whole per cents downwards, "<1%", "<0.01%",
// "0%".
std::string percent_text(double fraction);

std::string forecast_text(double hours);                     // "24 hours", "10 days"
std::string seconds_text(double seconds);                    // "2416s (40 min)"
std::string plural(int64_t count, const std::string& noun);  // "1 member", "2 members"

}  // namespace hens
