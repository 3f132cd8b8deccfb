#include "source/gfs_decode.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <optional>
#include <span>

#include "base/error.h"
#include "grid/channels.h"
#include "source/grib_message.h"
#include "source/grib_parts.h"
#include "source/grid_match.h"
#include "source/humidity.h"

namespace hens {
namespace {

using nlohmann::json;

constexpr uint64_t largest_message = 256 << 20;

// ---- in the worker ----

// What a part of the file holds, beside what was looked for.
struct Found {
  std::optional<GribPart> part;
  std::string others;  // what it holds instead
};

// The field that the index promised, among those of the message.
Found find_field(std::span<const std::byte> message, const std::string& field, const std::string& origin) {
  Found found;
  for (GribPart& part : split_grib_fields(message, origin)) {
    const GribLabel label = read_grib_label(part.bytes, origin);
    if (label.field == field && label.aside.empty()) {
      found.part = std::move(part);
      return found;
    }
    found.others += fmt::format("{}'{}{}{}'", found.others.empty() ? "" : ", ", label.text,
                                label.aside.empty() ? "" : ", ", label.aside);
  }
  return found;
}

constexpr const char* stale_index =
    "the index does not belong to this file; if the mirror's is stale, make it anew (wgrib2 FILE >FILE.idx)";

// That a message is what the index promised.
void check_message(const fs::path& part, const GfsMessage& promised, Time cycle, const std::string& origin) {
  const std::string bytes = read_file(part, largest_message);
  const auto message = std::as_bytes(std::span(bytes));
  if (!message.empty() && !bytes.starts_with("GRIB")) {
    fail(ExitCode::bad_input, "{}: no whole GRIB message: the {} bytes that the index names do not begin with GRIB; {}",
         origin, bytes.size(), stale_index);
  }
  check_grib_message(message, origin);
  const Found found = find_field(message, promised.field, origin);
  if (!found.part) {
    fail(ExitCode::bad_input, "{}: wrong message: the index promises {}, the message holds {}; {}", origin,
         promised.field, found.others, stale_index);
  }
  const GribLabel label = read_grib_label(found.part->bytes, origin);
  if (label.reference_time != cycle || label.valid_time != cycle) {
    fail(ExitCode::bad_input, "{}: wrong cycle: the message is of {} and valid at {}; expected the analysis of {}",
         origin, iso_time(label.reference_time), iso_time(label.valid_time), iso_time(cycle));
  }
}

// A message of the analysis in its file.
struct Input {
  std::string path, field, name;  // name: "580 of the index, TMP:500 mb:anl"
};

Input input_from(const json& facts) { return {facts.at("path"), facts.at("field"), facts.at("name")}; }

// The message as a field on `grid`, in its own units.
std::vector<double> field_of(const Input& input, const LatLonGrid& grid, const std::string& origin) {
  const std::string bytes = read_file(input.path, largest_message);
  const Found found = find_field(std::as_bytes(std::span(bytes)), input.field, origin);
  if (!found.part) fail(ExitCode::bad_input, "{}: the message changed in the cache: run again", origin);
  const GribField field = decode_grib(found.part->bytes, origin);
  return take_points(field.values, field.lon.size(), 1, match_grid(field.lat, field.lon, grid, origin));
}

// The first of `inputs`. The others are copies of it and must hold the same.
std::vector<double> only_field(const std::vector<Input>& inputs, const LatLonGrid& grid, const std::string& origin) {
  const std::vector<double> values = field_of(inputs.front(), grid, origin);
  const auto equal = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  for (const Input& copy : std::span(inputs).subspan(1)) {
    if (std::ranges::equal(values, field_of(copy, grid, origin), equal)) continue;
    fail(ExitCode::bad_input, "{}: records {} and {} of the index are of one name and hold different values", origin,
         inputs.front().name, copy.name);
  }
  return values;
}

std::vector<double> values_of(const json& facts, const std::string& origin) {
  std::vector<Input> inputs;
  for (const json& input : facts.at("inputs")) inputs.push_back(input_from(input));
  const LatLonGrid grid{facts.at("lat").get<std::vector<double>>(), facts.at("lon").get<std::vector<double>>()};
  std::vector<double> values = only_field(inputs, grid, origin);
  const auto recipe = static_cast<GfsRecipe>(facts.at("recipe").get<int>());
  if (recipe == GfsRecipe::height_times_gravity) {
    const double gravity = facts.at("gravity");
    for (double& height : values) height *= gravity;
  }
  if (recipe == GfsRecipe::from_relative_humidity) {
    const std::vector<double> temperature = field_of(input_from(facts.at("temperature")), grid, origin);
    const double pressure = channel_info(facts.at("channel").get<std::string>()).level.value_or(0) * 100.0;
    for (size_t i = 0; i < values.size(); ++i) values[i] = specific_humidity(values[i], temperature[i], pressure);
  }
  return values;
}

class GfsSession : public DecodeSession {
 public:
  DecodeMessage answer(const DecodeMessage& request) override {
    const json& facts = request.facts;
    const std::string origin = facts.at("origin");
    if (facts.at("op") == "check") {
      const Time cycle{Duration(facts.at("cycle").get<int64_t>())};
      check_message(facts.at("path").get<std::string>(), {"", facts.at("field")}, cycle, origin);
      return {json::object(), {}, {}};
    }
    const std::vector<double> values = values_of(facts, origin);
    const auto field = std::make_shared<const std::vector<float>>(values.begin(), values.end());
    return {json::object(), std::as_bytes(std::span(*field)), {}, field};
  }
};

std::unique_ptr<DecodeSession> make_session() { return std::make_unique<GfsSession>(); }

// ---- in the program ----

json input_json(const GfsPlan& plan, size_t record, const std::vector<fs::path>& parts) {
  const auto needed = plan.needed.find(record);
  const GfsRecord& named = plan.records[record];
  return {{"path", parts.at(std::distance(plan.needed.begin(), needed)).string()},
          {"field", needed->second.field},
          {"name", fmt::format("{} ({}:{}:{})", named.number, named.parameter, named.level, named.forecast)}};
}

}  // namespace

std::string gfs_origin(const GfsPlan& plan, const std::string& channel) {
  return fmt::format("{}: channel {}", plan.url, channel);
}

GfsDecoder::GfsDecoder() : decoder_(make_session) {}

void GfsDecoder::check_message(const fs::path& part, const GfsMessage& promised, Time cycle,
                               const std::string& origin) {
  const json facts{{"op", "check"},
                   {"path", part.string()},
                   {"field", promised.field},
                   {"cycle", cycle.time_since_epoch().count()},
                   {"origin", origin}};
  decoder_.call({facts, {}, {}}, origin);
}

std::vector<float> GfsDecoder::channel(const GfsPlan& plan, size_t pick, const std::vector<fs::path>& parts,
                                       const LatLonGrid& grid, double gravity) {
  const GfsPick& wanted = plan.picks.at(pick);
  const std::string origin = gfs_origin(plan, wanted.channel);
  json facts{{"op", "channel"},    {"channel", wanted.channel},
             {"origin", origin},   {"recipe", static_cast<int>(wanted.recipe)},
             {"gravity", gravity}, {"lat", grid.lat},
             {"lon", grid.lon},    {"inputs", json::array({input_json(plan, wanted.record, parts)})}};
  for (const size_t copy : wanted.copies) facts["inputs"].push_back(input_json(plan, copy, parts));
  if (wanted.recipe == GfsRecipe::from_relative_humidity) {
    facts["temperature"] = input_json(plan, wanted.temperature, parts);
  }
  const DecodeMessage answer = decoder_.call({facts, {}, {}}, origin);
  std::vector<float> field(grid.points());
  if (answer.data.size() != field.size() * sizeof(float)) {
    fail(ExitCode::bad_input, "{}: {} bytes came of a field of {} points", origin, answer.data.size(), field.size());
  }
  std::memcpy(field.data(), answer.data.data(), answer.data.size());
  return field;
}

}  // namespace hens
