#include "report/maps/canvas.h"

#include <cairo.h>
#include <cassert>
#include <stdexcept>

namespace hens {
namespace {

struct SurfaceDeleter {
  void operator()(cairo_surface_t* surface) const noexcept { cairo_surface_destroy(surface); }
};
struct ContextDeleter {
  void operator()(cairo_t* context) const noexcept { cairo_destroy(context); }
};
using Surface = std::unique_ptr<cairo_surface_t, SurfaceDeleter>;
using Context = std::unique_ptr<cairo_t, ContextDeleter>;

void check(cairo_status_t status) {
  if (status != CAIRO_STATUS_SUCCESS) throw std::runtime_error(std::string("Cairo: ") + cairo_status_to_string(status));
}

Surface make_surface(int width, int height) {
  Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height));
  check(cairo_surface_status(surface.get()));
  return surface;
}

// Row `y` of an RGB24 surface: one native 32-bit word a pixel, 0x00RRGGBB.
uint32_t* row(cairo_surface_t* surface, int y) {
  unsigned char* data = cairo_image_surface_get_data(surface);
  return reinterpret_cast<uint32_t*>(data + static_cast<ptrdiff_t>(y) * cairo_image_surface_get_stride(surface));
}

void set_colour(cairo_t* context, const Colour& colour) {
  cairo_set_source_rgba(context, colour.red, colour.green, colour.blue, colour.alpha);
}

void set_font(cairo_t* context, const TextStyle& style) {
  cairo_select_font_face(context, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                         style.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(context, style.size);
}

// The text as the chosen font can draw it. Where a machine has no fonts, Cairo draws with its own.
std::string drawable(cairo_t* context, const std::string& text) {
  const bool cairos_own = cairo_scaled_font_get_type(cairo_get_scaled_font(context)) == CAIRO_FONT_TYPE_USER;
  return cairos_own ? in_ascii(text) : text;
}

void add_path(cairo_t* context, std::span<const Pixel> points) {
  cairo_new_path(context);
  for (const Pixel& point : points) cairo_line_to(context, point.x, point.y);
}

}  // namespace

std::string in_ascii(const std::string& text) {
  std::string ascii;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      ascii += text[i];
    } else if (text.compare(i, 2, "·") == 0) {
      ascii += '-';
    } else if (byte >= 0xc0 && text.compare(i, 2, "°") != 0) {  // the first byte of a character
      ascii += '?';
    }
  }
  return ascii;
}

struct Canvas::State {
  Surface surface;
  Context context;
};

Canvas::Canvas(int width, int height, const Colour& background) : state_(std::make_unique<State>()) {
  assert(width >= 1 && width <= 32767 && height >= 1 && height <= 32767);
  state_->surface = make_surface(width, height);
  state_->context.reset(cairo_create(state_->surface.get()));
  cairo_t* context = state_->context.get();
  check(cairo_status(context));
  set_colour(context, background);
  cairo_paint(context);
  cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND);
  cairo_set_line_cap(context, CAIRO_LINE_CAP_ROUND);
  // Words look the same on every machine: no hinting to its screen.
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_set_font_options(context, options);
  cairo_font_options_destroy(options);
}

Canvas::~Canvas() = default;

void Canvas::line(std::span<const Pixel> points, double width, const Colour& colour) {
  add_path(state_->context.get(), points);
  set_colour(state_->context.get(), colour);
  cairo_set_line_width(state_->context.get(), width);
  cairo_stroke(state_->context.get());
}

void Canvas::area(std::span<const Pixel> corners, const Colour& colour) {
  add_path(state_->context.get(), corners);
  cairo_close_path(state_->context.get());
  set_colour(state_->context.get(), colour);
  cairo_fill(state_->context.get());
}

void Canvas::picture(const Pixel& corner, const Picture& picture) {
  const Surface source = make_surface(picture.width, picture.height);
  for (int y = 0; y < picture.height; ++y) {
    uint32_t* words = row(source.get(), y);
    const uint8_t* rgb = picture.rgb.data() + static_cast<size_t>(y) * picture.width * 3;
    for (int x = 0; x < picture.width; ++x, rgb += 3) {
      words[x] = (static_cast<uint32_t>(rgb[0]) << 16) | (static_cast<uint32_t>(rgb[1]) << 8) | rgb[2];
    }
  }
  cairo_surface_mark_dirty(source.get());
  cairo_set_source_surface(state_->context.get(), source.get(), corner.x, corner.y);
  cairo_paint(state_->context.get());
}

void Canvas::text(const Pixel& baseline, const std::string& text, const TextStyle& style) {
  const double share = style.align == TextAlign::left ? 0.0 : style.align == TextAlign::centre ? 0.5 : 1.0;
  const double left = baseline.x - share * text_width(text, style);
  cairo_t* context = state_->context.get();
  set_font(context, style);
  set_colour(context, style.colour);
  cairo_move_to(context, left, baseline.y);
  cairo_show_text(context, drawable(context, text).c_str());
}

double Canvas::text_width(const std::string& text, const TextStyle& style) const {
  set_font(state_->context.get(), style);
  cairo_text_extents_t extents{};
  cairo_text_extents(state_->context.get(), drawable(state_->context.get(), text).c_str(), &extents);
  return extents.x_advance;
}

void Canvas::clip(std::span<const Pixel> corners) {
  add_path(state_->context.get(), corners);
  cairo_close_path(state_->context.get());
  cairo_clip(state_->context.get());
}

void Canvas::unclip() { cairo_reset_clip(state_->context.get()); }

Picture Canvas::result() const {
  check(cairo_status(state_->context.get()));
  cairo_surface_t* surface = state_->surface.get();
  cairo_surface_flush(surface);
  Picture picture{cairo_image_surface_get_width(surface), cairo_image_surface_get_height(surface), {}};
  picture.rgb.reserve(static_cast<size_t>(picture.width) * picture.height * 3);
  for (int y = 0; y < picture.height; ++y) {
    const uint32_t* words = row(surface, y);
    for (int x = 0; x < picture.width; ++x) {
      for (const int shift : {16, 8, 0}) picture.rgb.push_back(static_cast<uint8_t>(words[x] >> shift));
    }
  }
  return picture;
}

}  // namespace hens
