// Pieces of HTML and SVG, from texts that nobody vouches for. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/table.h"

namespace hens {

// As text of an element or value of a quoted attribute: & < > " ' as references, control characters other than line
// ends and tabs as U+FFFD, bytes that are no UTF-8 as \xe9. Nothing in the result can end an element or an attribute.
std::string escaped(std::string_view text);

std::string base64(std::string_view bytes);

// A table whose header cells say their scope; the first cell of a row heads it. The title is its caption. It scrolls by
// itself where it is wider than the page.
std::string html_table(const Table& table);

// Horizontal bars from 0, each with its name on the left and its value as a text behind it, as a figure that is told in
// words, too. Requires one at least, values >= 0.
struct Bar {
  std::string name;
  double value = 0.0;
  std::string text;
};
std::string svg_bars(const std::string& title, const std::vector<Bar>& bars);

// The Content-Security-Policy's word for an inline script with exactly this text: 'sha256-...'.
std::string script_hash(std::string_view script);

}  // namespace hens
