#include "source/grib_message.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <eccodes.h>
#include <filesystem>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "base/file_kind.h"

namespace hens {
namespace {

constexpr long longest_axis = 100000;
constexpr long most_points = 1L << 27;  // 12 times a grid of 0.1 degrees; 1 GiB of values

// ---- framing: no ecCodes yet ----

uint64_t big_endian(std::span<const std::byte> bytes, size_t at, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value << 8 | std::to_integer<uint64_t>(bytes[at + i]);
  return value;
}

bool is_mark(std::span<const std::byte> bytes, const char* mark) {
  return bytes.size() >= 4 && std::memcmp(bytes.data(), mark, 4) == 0;
}

// Length that the message at the front of `bytes` claims. Throws where there is no such message or it is not whole.
uint64_t message_length(std::span<const std::byte> bytes, const std::string& origin) {
  constexpr size_t indicator = 16;  // section 0 of edition 2
  if (bytes.size() < indicator || !is_mark(bytes, "GRIB")) {
    fail(ExitCode::bad_input, "{}: no whole GRIB message: {} bytes{}; fetch the file again", origin, bytes.size(),
         bytes.size() < indicator ? "" : " that do not begin with GRIB");
  }
  const int edition = std::to_integer<int>(bytes[7]);
  if (edition != 1 && edition != 2) {
    fail(ExitCode::bad_input, "{}: GRIB edition {}: expected 1 or 2", origin, edition);
  }
  const uint64_t length = edition == 2 ? big_endian(bytes, 8, 8) : big_endian(bytes, 4, 3);
  if (edition == 1 && length >= 0x800000) {
    fail(ExitCode::bad_input, "{}: a GRIB 1 message longer than 8 MiB: convert it with grib_set -s edition=2", origin);
  }
  if (length < indicator + 4 || length > bytes.size()) {
    fail(ExitCode::bad_input, "{}: truncated: the GRIB message has {} bytes, {} are there; fetch the file again",
         origin, length, bytes.size());
  }
  if (!is_mark(bytes.subspan(length - 4), "7777")) {
    fail(ExitCode::bad_input, "{}: damaged: the GRIB message of {} bytes does not end with 7777; fetch the file again",
         origin, length);
  }
  return length;
}

// ---- ecCodes ----

// What this thread reads, and what ecCodes said last about it; its default is to print to stderr, between lines of
// JSON.
struct Reading {
  std::string origin, last_words;
};

Reading& reading() {
  thread_local Reading reading;
  return reading;
}

// The folder of definitions is compiled into the library; without it ecCodes ends the process.
void require_definitions() {
  const char* path = codes_definition_path(nullptr);
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (folder.starts_with("/MEMFS") || std::filesystem::exists(std::filesystem::path(folder) / "boot.def")) return;
  }
  fail(ExitCode::missing_input,
       "ecCodes finds no boot.def in '{}': install libeccodes-data, or set "
       "ECCODES_DEFINITION_PATH to its definitions",
       path ? path : "");
}

// Holds ecCodes for this thread.
class EcCodes {
 public:
  explicit EcCodes(const std::string& origin) : lock_(mutex()) {
    static std::once_flag once;
    std::call_once(once, [] {
      require_definitions();
      codes_context_set_logging_proc(nullptr,
                                     [](const codes_context*, int, const char* text) { reading().last_words = text; });
      // Without this a malformed message can abort the process; the library's frames carry unwind tables.
      codes_set_codes_assertion_failed_proc([](const char* text) {
        fail(ExitCode::bad_input, "{}: ecCodes cannot read the GRIB message: {}", reading().origin, text);
      });
    });
    reading() = {origin, ""};
  }

 private:
  static std::mutex& mutex() {
    static std::mutex mutex;
    return mutex;
  }
  std::lock_guard<std::mutex> lock_;
};

// One message open in ecCodes. Lives within an EcCodes.
class Message {
 public:
  Message(std::span<const std::byte> bytes, const std::string& origin)
      : origin_(origin), handle_(codes_handle_new_from_message(nullptr, bytes.data(), bytes.size())) {
    if (!handle_)
      fail(ExitCode::bad_input, "{}: ecCodes cannot read the GRIB message: {}", origin, reading().last_words);
  }

  std::optional<long> find_number(const char* key) const {
    long value = 0;
    return codes_get_long(handle_.get(), key, &value) == CODES_SUCCESS ? std::optional(value) : std::nullopt;
  }

  std::optional<std::string> find_text(const char* key) const {
    char buffer[256] = "";
    size_t size = sizeof buffer;
    if (codes_get_string(handle_.get(), key, buffer, &size) != CODES_SUCCESS) return std::nullopt;
    return std::string(buffer, strnlen(buffer, sizeof buffer));
  }

  long number(const char* key) const {
    long value = 0;
    check(codes_get_long(handle_.get(), key, &value), key);
    return value;
  }

  double real(const char* key) const {
    double value = 0;
    check(codes_get_double(handle_.get(), key, &value), key);
    return value;
  }

  std::string text(const char* key) const {
    char buffer[256] = "";
    size_t size = sizeof buffer;
    check(codes_get_string(handle_.get(), key, buffer, &size), key);
    return std::string(buffer, strnlen(buffer, sizeof buffer));
  }

  // Field values in scanning order, exactly `count`; NaN where missing.
  std::vector<double> values(size_t count) {
    size_t size = 0;
    check(codes_get_size(handle_.get(), "values", &size), "values");
    if (size != count) fail(ExitCode::bad_input, "{}: {} values for a grid of {} points", origin_, size, count);
    constexpr double missing = -1e300;
    const bool has_bitmap = number("bitmapPresent") != 0;
    if (has_bitmap) check(codes_set_double(handle_.get(), "missingValue", missing), "missingValue");
    std::vector<double> values(size);
    check(codes_get_double_array(handle_.get(), "values", values.data(), &size), "values");
    if (size != count) fail(ExitCode::bad_input, "{}: {} of {} values decoded", origin_, size, count);
    if (has_bitmap) std::ranges::replace(values, missing, std::numeric_limits<double>::quiet_NaN());
    return values;
  }

 private:
  void check(int status, const char* key) const {
    if (status == CODES_SUCCESS) return;
    fail(ExitCode::bad_input, "{}: ecCodes cannot read '{}': {}{}{}", origin_, key, codes_get_error_message(status),
         reading().last_words.empty() ? "" : "; ", reading().last_words);
  }

  struct Delete {
    void operator()(codes_handle* handle) const noexcept { codes_handle_delete(handle); }
  };
  std::string origin_;
  std::unique_ptr<codes_handle, Delete> handle_;
};

// ---- names ----

bool is_one_of(const std::string& text, std::initializer_list<const char*> choices) {
  return std::ranges::any_of(choices, [&](const char* choice) { return text == choice; });
}

// Names of GFS, GDAS, IFS and ERA5, in both editions; a field on a height is 10u by its name, or u on 10 m. ECMWF's
// edition 1 has 10u on the surface. A name alone is not believed: a mean over a layer of heights may carry it, too.
std::string single_level_field(const std::string& name, const std::string& surface, long level) {
  struct Named {
    const char *grib, *plain, *ours;
    long height;  // m
  };
  static const std::vector<Named> names{{"10u", "u", "u10m", 10},    {"10v", "v", "v10m", 10},
                                        {"100u", "u", "u100m", 100}, {"100v", "v", "v100m", 100},
                                        {"2t", "t", "t2m", 2},       {"2d", "dpt", "d2m", 2}};
  for (const Named& named : names) {
    const bool on_height = surface == "heightAboveGround" && level == named.height;
    if (name == named.grib && (on_height || surface == "surface")) return named.ours;
    if (name == named.plain && on_height) return named.ours;
  }
  if (name == "sp" && surface == "surface") return "sp";
  if (is_one_of(name, {"msl", "prmsl"}) && is_one_of(surface, {"meanSea", "surface", "unknown"})) return "msl";
  // PWAT exists for layers near the ground too.
  const bool whole_column = is_one_of(surface, {"entireAtmosphere", "atmosphereSingleLayer", "surface", "unknown"});
  if (is_one_of(name, {"tcwv", "pwat"}) && whole_column) return "tcwv";
  return "";
}

std::string field_name(const std::string& name, const std::string& surface, long level) {
  const bool in_pascal = surface == "isobaricInPa";
  if (!in_pascal && surface != "isobaricInhPa") return single_level_field(name, surface, level);
  const bool whole = level > 0 && level <= (in_pascal ? 110000 : 1100) && (!in_pascal || level % 100 == 0);
  if (!whole || !is_one_of(name, {"u", "v", "w", "z", "t", "q", "r", "gh"})) return "";
  return fmt::format("{}{}", name, in_pascal ? level / 100 : level);
}

// ---- what is no state at one moment ----

std::string stated_step(const Message& message) { return message.find_text("stepRange").value_or("?"); }

// What ECMWF's archive calls the kinds of data that are made of several states, or of none.
std::string kind_aside(const std::string& kind) {
  static const std::vector<std::pair<const char*, const char*>> kinds{{"em", "ensemble mean"},
                                                                      {"es", "ensemble spread"},
                                                                      {"ep", "event probability"},
                                                                      {"pb", "probability boundary"},
                                                                      {"pd", "probability"},
                                                                      {"taem", "time average of ensemble means"},
                                                                      {"taes", "time average of ensemble spreads"},
                                                                      {"efi", "extreme forecast index"},
                                                                      {"efic", "extreme forecast index"},
                                                                      {"sot", "shift of tails"},
                                                                      {"cd", "climate distribution"},
                                                                      {"ci", "cluster information"},
                                                                      {"cm", "cluster mean"},
                                                                      {"cs", "cluster spread"},
                                                                      {"cr", "cluster representative"},
                                                                      {"ea", "analysis error"},
                                                                      {"ef", "first guess error"},
                                                                      {"4i", "analysis increment"},
                                                                      {"me", "model error"},
                                                                      {"ssd", "simulated satellite"},
                                                                      {"sim", "simulated satellite"},
                                                                      {"hcmean", "hindcast climate mean"},
                                                                      {"fcmean", "mean over time"},
                                                                      {"fcmax", "maximum over time"},
                                                                      {"fcmin", "minimum over time"},
                                                                      {"fcstdev", "spread over time"},
                                                                      {"wem", "weighted ensemble mean"},
                                                                      {"wes", "weighted ensemble spread"},
                                                                      {"tf", "trajectory"},
                                                                      {"sa", "satellite observation"},
                                                                      {"ra", "radar observation"}};
  for (const auto& [name, meaning] : kinds) {
    if (kind == name) return meaning;
  }
  return "";
}

// GRIB 2, code table 4.0: only templates 0 and 1 (and 60, a member of a hindcast, and 117, of a large
// ensemble) are a field at one moment of one
// forecast.
std::string template_aside(const Message& message) {
  const long product = message.number("productDefinitionTemplateNumber");
  if (product == 0 || product == 1 || product == 60 || product == 117) return "";
  if (product == 5 || product == 9) return "probability";
  if (product == 6 || product == 10) return "percentile";
  if (product == 7) return "analysis or forecast error";
  if ((product >= 2 && product <= 4) || (product >= 12 && product <= 14)) {
    const auto derived = message.find_number("derivedForecast");
    return derived == 4 ? "ensemble spread" : derived == 0 || derived == 1 ? "ensemble mean" : "ensemble statistic";
  }
  if (product == 8 || product == 11) return "statistic over the steps " + stated_step(message);
  return fmt::format("product of template 4.{}", product);
}

// GRIB 2, code table 4.3.
std::string process_aside(long process) {
  switch (process) {
    case 5:
      return "probability";
    case 6:
    case 7:
      return "analysis or forecast error";
    case 8:
      return "observation";
    case 9:
      return "climatology";
    case 10:
      return "probability-weighted forecast";
    case 18:
      return "difference of forecasts";
    case 20:
    case 21:
      return "analysis increment";
    default:
      return "";
  }
}

// GRIB 1, code table 5: 0, 1 and 10 are a field at one moment.
std::string range_aside(const Message& message) {
  const long range = message.number("timeRangeIndicator");
  if (range == 0 || range == 1 || range == 10) return "";
  return fmt::format("statistic over the steps {} (time range indicator {})", stated_step(message), range);
}

std::string aside_of(const Message& message) {
  if (std::string kind = kind_aside(message.find_text("dataType").value_or("")); !kind.empty()) return kind;
  const bool edition_2 = message.number("edition") == 2;
  if (std::string aside = edition_2 ? template_aside(message) : range_aside(message); !aside.empty()) return aside;
  if (const auto step = message.find_text("stepType"); step && *step != "instant") {
    return fmt::format("{} over the steps {}", *step, stated_step(message));
  }
  return edition_2 ? process_aside(message.find_number("typeOfGeneratingProcess").value_or(255)) : "";
}

// ---- when ----

// 20150912, 1800
Time message_time(long date, long clock, const std::string& origin) {
  const std::chrono::year_month_day day{std::chrono::year(static_cast<int>(date / 10000)),
                                        std::chrono::month(static_cast<unsigned>(date / 100 % 100)),
                                        std::chrono::day(static_cast<unsigned>(date % 100))};
  if (date < 0 || !day.ok() || clock < 0 || clock % 100 > 59 || clock / 100 > 23) {
    fail(ExitCode::bad_input, "{}: the message has no valid time: date {}, time {}", origin, date, clock);
  }
  return std::chrono::sys_days(day) + std::chrono::hours(clock / 100) + std::chrono::minutes(clock % 100);
}

GribLabel label_of(const Message& message, const std::string& origin) {
  const std::string name = message.text("shortName"), surface = message.text("typeOfLevel");
  const long level = message.number("level");
  GribLabel label;
  label.field = field_name(name, surface, level);
  label.text = fmt::format("{}, {} {}", name, surface, level);
  label.reference_time = message_time(message.number("dataDate"), message.number("dataTime"), origin);
  label.valid_time = message_time(message.number("validityDate"), message.number("validityTime"), origin);
  label.member = message.find_number("perturbationNumber").value_or(0);
  label.perturbed = label.member != 0 || message.find_text("dataType").value_or("") == "pf";
  if (!label.field.empty()) label.aside = aside_of(message);
  return label;
}

// ---- grid ----

std::vector<double> axis(double first, double step, long count) {
  std::vector<double> points(count);
  for (long i = 0; i < count; ++i) points[i] = first + step * static_cast<double>(i);
  return points;
}

std::vector<double> latitudes(const Message& message, long count) {
  const double first = message.real("latitudeOfFirstGridPointInDegrees");
  const double last = message.real("latitudeOfLastGridPointInDegrees");
  return axis(first, count > 1 ? (last - first) / static_cast<double>(count - 1) : 0.0, count);
}

std::vector<double> longitudes(const Message& message, long count) {
  const double first = message.real("longitudeOfFirstGridPointInDegrees");
  const double last = message.real("longitudeOfLastGridPointInDegrees");
  const double direction = message.number("iScansNegatively") ? -1.0 : 1.0;
  double span = std::fmod(direction * (last - first), 360.0);
  if (span <= 0) span += 360.0;
  return axis(first, count > 1 ? direction * span / static_cast<double>(count - 1) : 0.0, count);
}

// Values in scanning order as [lat, lon].
std::vector<double> in_rows(const Message& message, std::vector<double> values, size_t nlat, size_t nlon) {
  const bool columns_first = message.number("jPointsAreConsecutive") != 0;
  const bool boustrophedon = message.number("alternativeRowScanning") != 0;
  const size_t lines = columns_first ? nlon : nlat, length = columns_first ? nlat : nlon;
  for (size_t line = 1; boustrophedon && line < lines; line += 2) {
    std::reverse(values.begin() + line * length, values.begin() + (line + 1) * length);
  }
  if (!columns_first) return values;
  std::vector<double> rows(values.size());
  for (size_t j = 0; j < nlon; ++j) {
    for (size_t i = 0; i < nlat; ++i) rows[i * nlon + j] = values[j * nlat + i];
  }
  return rows;
}

}  // namespace

std::vector<std::span<const std::byte>> split_grib_messages(std::span<const std::byte> bytes,
                                                            const std::string& origin) {
  constexpr std::string_view mark = "GRIB";
  std::vector<std::span<const std::byte>> messages;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at)) {
    const uint64_t length = message_length(bytes.subspan(at), fmt::format("{}: message at byte {}", origin, at));
    messages.push_back(bytes.subspan(at, length));
    at += length;
  }
  if (messages.empty()) fail(ExitCode::bad_input, "{}: holds no GRIB message{}", origin, file_kind_hint(bytes));
  return messages;
}

void check_grib_message(std::span<const std::byte> message, const std::string& origin) {
  if (message_length(message, origin) != message.size()) {
    fail(ExitCode::bad_input, "{}: {} bytes that hold a GRIB message of {}: the index does not belong to this file",
         origin, message.size(), message_length(message, origin));
  }
}

GribLabel read_grib_label(std::span<const std::byte> bytes, const std::string& origin) {
  check_grib_message(bytes, origin);
  const EcCodes held(origin);
  return label_of(Message(bytes, origin), origin);
}

GribField decode_grib(std::span<const std::byte> bytes, const std::string& origin) {
  check_grib_message(bytes, origin);
  const EcCodes held(origin);
  Message message(bytes, origin);
  GribField field{label_of(message, origin), {}, {}, {}};
  if (const std::string grid = message.text("gridType"); grid != "regular_ll") {
    fail(ExitCode::bad_input,
         "{}: grid of type '{}': expected a regular latitude-longitude grid (regular_ll); remap it first", origin,
         grid);
  }
  const long nlat = message.number("Nj"), nlon = message.number("Ni");
  if (nlat < 1 || nlon < 1 || nlat > longest_axis || nlon > longest_axis || nlat * nlon > most_points) {
    fail(ExitCode::bad_input, "{}: a grid of {}x{} points cannot be right", origin, nlat, nlon);
  }
  field.lat = latitudes(message, nlat);
  field.lon = longitudes(message, nlon);
  field.values = in_rows(message, message.values(nlat * nlon), nlat, nlon);
  return field;
}

}  // namespace hens
