#include "source/units.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <regex>
#include <string_view>
#include <utility>
#include <vector>

namespace hens {
namespace {

// A unit in terms of kg, m, s and K: its size is factor * 10^ten. Powers of ten are kept apart, for hPa to be 100 Pa
// and g kg-1 1/1000 without a rounding.
struct Unit {
  double factor = 1;
  int ten = 0;
  int kg = 0, m = 0, s = 0, K = 0;
  double offset = 0;       // K, of temperatures that do not count from absolute zero
  bool of_masses = false;  // grams stand in it, also where they cancel
};

Unit power(Unit unit, int n) {
  return {std::pow(unit.factor, n), unit.ten * n, unit.kg * n, unit.m * n, unit.s * n, unit.K * n, 0, unit.of_masses};
}

Unit product(const Unit& a, const Unit& b) {
  return {a.factor * b.factor, a.ten + b.ten, a.kg + b.kg, a.m + b.m,
          a.s + b.s,           a.K + b.K,     0,           a.of_masses || b.of_masses};
}

bool has_dimensions(const Unit& unit, int kg, int m, int s, int K) {
  return unit.kg == kg && unit.m == m && unit.s == s && unit.K == K;
}

double size_of(const Unit& unit) {
  const double tens = std::pow(10.0, std::abs(unit.ten));  // exact up to 10^22
  return unit.ten >= 0 ? unit.factor * tens : unit.factor / tens;
}

std::string lower_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

struct Named {
  const char* name;
  Unit unit;
};

constexpr Unit gram{1, -3, 1, 0, 0, 0, 0, true}, metre{1, 0, 0, 1}, second{1, 0, 0, 0, 1}, pascal{1, 0, 1, -1, -2},
    bar{1, 5, 1, -1, -2}, joule{1, 0, 1, 2, -2}, kelvin{1, 0, 0, 0, 0, 1}, one{};
constexpr Unit minute{60, 0, 0, 0, 1}, hour{3600, 0, 0, 0, 1}, day{86400, 0, 0, 0, 1};
constexpr Unit knot{1852.0 / 3600, 0, 0, 1, -1}, kilometre_per_hour{1 / 3.6, 0, 0, 1, -1},
    mile_per_hour{1609.344 / 3600, 0, 0, 1, -1}, foot{0.3048, 0, 0, 1};
constexpr Unit celsius{1, 0, 0, 0, 0, 1, 273.15}, fahrenheit{5.0 / 9, 0, 0, 0, 0, 1, 459.67 * 5 / 9};
constexpr Unit geopotential_metre{1, 0, 0, 1}, percent{1, -2};

// Symbols take prefixes as they are (hPa), names in front (hectopascal). `gpm` is a height here: whose gravity makes it
// geopotential is the source's to say.
constexpr Named prefixed_symbols[]{{"m", metre}, {"g", gram},  {"s", second}, {"Pa", pascal},
                                   {"bar", bar}, {"J", joule}, {"K", kelvin}, {"gpm", geopotential_metre}};
constexpr Named prefixed_names[]{{"meter", metre},   {"metre", metre}, {"gram", gram},   {"second", second},
                                 {"pascal", pascal}, {"bar", bar},     {"joule", joule}, {"kelvin", kelvin}};
struct Prefix {
  const char* text;
  int ten;
};
constexpr Prefix symbol_prefixes[]{{"da", 1}, {"h", 2}, {"k", 3}, {"M", 6}, {"d", -1}, {"c", -2}, {"m", -3}, {"u", -6}};
constexpr Prefix name_prefixes[]{{"deca", 1},  {"deka", 1},   {"hecto", 2},  {"kilo", 3},
                                 {"deci", -1}, {"centi", -2}, {"milli", -3}, {"micro", -6}};

constexpr Named symbols[]{{"h", hour},
                          {"d", day},
                          {"C", celsius},
                          {"F", fahrenheit},
                          {"mb", {1, 2, 1, -1, -2}},
                          {"gpdm", {1, 1, 0, 1}},
                          {"gpdam", {1, 1, 0, 1}},
                          {"gpkm", {1, 3, 0, 1}},
                          {"%", percent}};
constexpr Named names[]{{"sec", second},
                        {"min", minute},
                        {"minute", minute},
                        {"hr", hour},
                        {"hour", hour},
                        {"day", day},
                        {"knot", knot},
                        {"kt", knot},
                        {"kn", knot},
                        {"kph", kilometre_per_hour},
                        {"kmh", kilometre_per_hour},
                        {"mph", mile_per_hour},
                        {"ft", foot},
                        {"foot", foot},
                        {"feet", foot},
                        {"atm", {101325, 0, 1, -1, -2}},
                        {"atmosphere", {101325, 0, 1, -1, -2}},
                        {"degc", celsius},
                        {"degf", fahrenheit},
                        {"degk", kelvin},
                        {"celsius", celsius},
                        {"centigrade", celsius},
                        {"fahrenheit", fahrenheit},
                        {"hpa", {1, 2, 1, -1, -2}},
                        {"mbar", {1, 2, 1, -1, -2}},
                        {"pa", pascal},
                        {"percent", percent},
                        {"pct", percent},
                        {"fraction", one},
                        {"proportion", one},
                        {"dimensionless", one},
                        {"unitless", one}};

template <size_t n>
std::optional<Unit> find(const Named (&table)[n], std::string_view name) {
  const auto* found = std::ranges::find_if(table, [&](const Named& entry) { return name == entry.name; });
  return found == std::end(table) ? std::nullopt : std::optional(found->unit);
}

template <size_t n, size_t k>
std::optional<Unit> find_prefixed(const Named (&table)[n], const Prefix (&prefixes)[k], std::string_view name) {
  if (const auto unit = find(table, name)) return unit;
  for (const Prefix& prefix : prefixes) {
    if (!name.starts_with(prefix.text)) continue;
    auto unit = find(table, name.substr(std::string_view(prefix.text).size()));
    if (!unit) continue;
    unit->ten += prefix.ten;
    return unit;
  }
  return std::nullopt;
}

// One word of a unit: a symbol, whose case counts, or a name, also in the plural.
std::optional<Unit> word_unit(const std::string& word) {
  if (const auto unit = find(symbols, word)) return unit;
  if (const auto unit = find_prefixed(prefixed_symbols, symbol_prefixes, word)) return unit;
  std::string name = lower_case(word);
  for (int attempt = 0; attempt < 2 && name.size() > 1; ++attempt) {
    if (const auto unit = find(names, name)) return unit;
    if (const auto unit = find_prefixed(prefixed_names, name_prefixes, name)) return unit;
    if (!name.ends_with('s')) break;
    name.pop_back();
  }
  return std::nullopt;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// Characters and words of several spellings in one of them.
std::string normal(std::string text) {
  for (const auto& [from, to] : std::initializer_list<std::pair<const char*, const char*>>{{"\u2103", "degC"},
                                                                                           {"\u2109", "degF"},
                                                                                           {"\u00b0", "deg"},
                                                                                           {"\u00ba", "deg"},
                                                                                           {"\u207b", "-"},
                                                                                           {"\u2212", "-"},
                                                                                           {"\u00b9", "1"},
                                                                                           {"\u00b2", "2"},
                                                                                           {"\u00b3", "3"},
                                                                                           {"\u00b7", "."},
                                                                                           {"\u22c5", "."},
                                                                                           {"\u00b5", "u"},
                                                                                           {"\u03bc", "u"}}) {
    replace_all(text, from, to);
  }
  static const std::regex degrees("\\bdeg(?:ree)?s?[ _.]*(C|F|K)(?:elsius|entigrade|ahrenheit|elvin)?\\b",
                                  std::regex::icase);
  static const std::regex geopotential("\\bgeopotential[ _]*(?:metre|meter)s?\\b", std::regex::icase);
  text = std::regex_replace(text, degrees, "deg$1");
  text = std::regex_replace(text, geopotential, "gpm");
  const size_t first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  return first == text.npos ? "" : text.substr(first, last - first + 1);
}

// The grammar: factors, each a number or a word with a power, multiplied (blank, `.`, `*`) or divided (`/`, `per`).
class UnitReader {
 public:
  explicit UnitReader(const std::string& text) : text_(text) {}

  std::optional<Unit> read() {
    Unit unit;
    bool inverse = false;
    int factors = 0;
    static const std::regex separator("[ \t.*]*(/|per\\b)?[ \t]*", std::regex::icase);
    static const std::regex factor(
        R"((?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|([A-Za-z_%]+))(?:(?:\*\*|\^)[ ]?\(?([+-]?\d{1,2})\)?|([+-]?\d{1,2}))?)");
    while (true) {
      std::smatch part;
      if (take(separator, part) && part[1].matched) {
        if (std::exchange(inverse, true)) return std::nullopt;
      }
      if (at_ == text_.size()) return inverse || factors == 0 ? std::nullopt : std::optional(unit);
      if (!take(factor, part)) return std::nullopt;
      const auto one_factor = part[1].matched ? number(part[1]) : word_unit(part[2]);
      if (!one_factor) return std::nullopt;
      const std::string exponent = part[3].matched ? part[3] : part[4];
      const int n = (exponent.empty() ? 1 : std::stoi(exponent)) * (std::exchange(inverse, false) ? -1 : 1);
      // A temperature that does not count from zero stands alone, or means nothing.
      if (one_factor->offset != 0) return factors == 0 && n == 1 && at_ == text_.size() ? one_factor : std::nullopt;
      unit = product(unit, power(*one_factor, n));
      ++factors;
    }
  }

 private:
  bool take(const std::regex& pattern, std::smatch& part) {
    const bool found = std::regex_search(text_.begin() + static_cast<long>(at_), text_.end(), part, pattern,
                                         std::regex_constants::match_continuous);
    if (found) at_ += static_cast<size_t>(part.length());
    return found;
  }

  static std::optional<Unit> number(const std::string& digits) {
    Unit unit;
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), unit.factor);
    if (error != std::errc() || !(unit.factor > 0) || !std::isfinite(unit.factor)) return std::nullopt;
    return unit;
  }

  const std::string& text_;
  size_t at_ = 0;
};

std::optional<Unit> parse_unit(const std::string& units) {
  if (units.size() > 60) return std::nullopt;
  const std::string text = normal(units);
  for (const char* fraction : {"(0 - 1)", "(0-1)", "0-1", "0 - 1"}) {
    if (text == fraction) return one;
  }
  return UnitReader(text).read();
}

bool is_temperature(const ChannelInfo& channel) { return channel.units == "K"; }

}  // namespace

std::optional<UnitConversion> unit_conversion(const std::string& units, const ChannelInfo& channel, bool is_height,
                                              double gravity) {
  if (units.find_first_not_of(" \t") == units.npos) return UnitConversion{is_height ? gravity : 1.0, 0};
  const auto unit = parse_unit(units);
  if (!unit) return std::nullopt;
  const double size = size_of(*unit);
  const auto plain = [&](bool fits) { return fits ? std::optional(UnitConversion{size, 0}) : std::nullopt; };
  if (is_temperature(channel)) {
    return has_dimensions(*unit, 0, 0, 0, 1) ? std::optional(UnitConversion{size, unit->offset}) : std::nullopt;
  }
  if (channel.quantity == "z") {
    if (has_dimensions(*unit, 0, 1, 0, 0)) return UnitConversion{size * gravity, 0};
    return plain(!is_height && has_dimensions(*unit, 0, 2, -2, 0));
  }
  if (channel.units == "m s-1") return plain(has_dimensions(*unit, 0, 1, -1, 0));
  if (channel.units == "Pa s-1") return plain(has_dimensions(*unit, 1, -1, -3, 0));
  if (channel.units == "Pa") return plain(has_dimensions(*unit, 1, -1, -2, 0));
  if (channel.units == "kg kg-1") return plain(has_dimensions(*unit, 0, 0, 0, 0));
  if (channel.units == "%") {  // a ratio of masses under this name is another quantity
    const bool fits = has_dimensions(*unit, 0, 0, 0, 0) && !unit->of_masses;
    return fits ? std::optional(UnitConversion{size_of(product(*unit, {1, 2})), 0}) : std::nullopt;
  }
  if (channel.units == "kg m-2") {  // a depth of water of 1000 kg m-3
    if (has_dimensions(*unit, 0, 1, 0, 0)) return UnitConversion{size_of(product(*unit, {1, 3})), 0};
    return plain(has_dimensions(*unit, 1, -2, 0, 0));
  }
  return std::nullopt;
}

std::string expected_units(const ChannelInfo& channel, bool is_height) {
  if (channel.quantity == "z") return is_height ? "m, km, dam or gpm" : "m2 s-2, or a height in m, km, dam or gpm";
  if (is_temperature(channel)) return "K, degC or degF";
  if (channel.units == "m s-1") return "m s-1, km h-1 or knots";
  if (channel.units == "Pa") return "Pa, hPa, kPa or mbar";
  if (channel.units == "kg kg-1") return "kg kg-1, g kg-1 or 1";
  if (channel.units == "%") return "% or 1";
  if (channel.units == "kg m-2") return "kg m-2 or mm";
  return channel.units;
}

std::optional<double> pressure_unit(const std::string& units) {
  const auto unit = parse_unit(units);
  return unit && has_dimensions(*unit, 1, -1, -2, 0) ? std::optional(size_of(*unit)) : std::nullopt;
}

}  // namespace hens
