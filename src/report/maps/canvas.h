// A canvas to draw maps on: lines, areas, pictures and words, anti-aliased. The one place that knows Cairo.
//
// Coordinates are pixels from the top left corner, x rightward, y downward. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "report/maps/map_colour.h"

namespace hens {

struct Pixel {
  double x = 0.0, y = 0.0;
};

// 8-bit RGB, rows from the top, no padding.
struct Picture {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;  // [height, width, 3]
};

enum class TextAlign { left, centre, right };

struct TextStyle {
  double size = 18.0;  // pixels
  bool bold = false;
  Colour colour{0.13, 0.15, 0.18};
  TextAlign align = TextAlign::left;
};

// What is drawn of a text where there are no fonts, since Cairo's own has ASCII alone: 60°N as 60N, a dot between words
// as a hyphen, anything else as a question mark.
std::string in_ascii(const std::string& text);

class Canvas {
 public:
  // Filled with `background`. Requires 1 <= width, height <= 32767.
  Canvas(int width, int height, const Colour& background);
  ~Canvas();
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  void line(std::span<const Pixel> points, double width, const Colour& colour);  // round joins and caps
  void area(std::span<const Pixel> corners, const Colour& colour);
  // Lays `picture` with its top left corner at `corner`, a whole pixel.
  void picture(const Pixel& corner, const Picture& picture);
  // `baseline` is the point at the text's left end, middle or right end, by its alignment.
  void text(const Pixel& baseline, const std::string& text, const TextStyle& style);
  double text_width(const std::string& text, const TextStyle& style) const;

  // From here to unclip() only what lies within the polygon is drawn. Does not nest.
  void clip(std::span<const Pixel> corners);
  void unclip();

  // What was drawn. Throws std::runtime_error where Cairo gave up (out of memory).
  Picture result() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hens
