#include "source/zarr_dataset.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/ranges.h>

#include "base/error.h"
#include "base/json.h"

namespace hens {
namespace {

using nlohmann::json;

constexpr uint64_t largest_metadata = uint64_t{16} << 20;
constexpr size_t most_arrays = 10'000, most_kept = 4'000'000, most_missing_values = 100;

std::optional<json> find_key(const json& object, const std::string& key) {
  const auto found = object.find(key);
  return found == object.end() ? std::nullopt : std::optional(*found);
}

// Python's json writes NaN and Infinity as they are, which JSON does not have: made texts, as Zarr has them.
std::string with_quoted_nan(std::string_view text) {
  std::string quoted;
  bool in_text = false;
  for (size_t i = 0; i < text.size();) {
    size_t word = 0;
    for (const std::string_view known : {"NaN", "Infinity", "-Infinity"}) {
      if (!in_text && text.substr(i).starts_with(known)) word = known.size();
    }
    if (word > 0) {
      quoted.append("\"").append(text.substr(i, word)).append("\"");
      i += word;
      continue;
    }
    if (in_text && text[i] == '\\' && i + 1 < text.size())
      quoted += text[i++];
    else if (text[i] == '"')
      in_text = !in_text;
    quoted += text[i++];
  }
  return quoted;
}

// ---- attributes ----

// The eight bytes of a double in base64, as xarray writes _FillValue into stores of format 3.
std::optional<double> base64_double(const std::string& text) {
  static const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() != 12 || text[11] != '=') return std::nullopt;
  unsigned char bytes[9] = {};
  for (size_t k = 0; k < 12; k += 4) {
    uint32_t four = 0;
    for (size_t i = k; i < k + 4; ++i) {
      const size_t digit = text[i] == '=' && i == 11 ? 0 : digits.find(text[i]);
      if (digit == std::string::npos) return std::nullopt;
      four = four << 6 | static_cast<uint32_t>(digit);
    }
    for (size_t i = 0; i < 3; ++i) bytes[k / 4 * 3 + i] = static_cast<unsigned char>(four >> (16 - 8 * i));
  }
  double value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// Numbers of an attribute; what JSON cannot write stands there as a text.
std::vector<double> numbers_of(const json& attribute, const std::string& what) {
  std::vector<double> numbers;
  for (const json& value : attribute.is_array() ? attribute : json::array({attribute})) {
    const std::string text = value.is_string() ? value.get<std::string>() : "";
    if (value.is_number()) {
      numbers.push_back(value.get<double>());
    } else if (text == "NaN" || value.is_null()) {
      numbers.push_back(std::nan(""));
    } else if (text == "Infinity" || text == "-Infinity") {
      numbers.push_back(text == "Infinity" ? HUGE_VAL : -HUGE_VAL);
    } else if (const auto decoded = base64_double(text)) {
      numbers.push_back(*decoded);
    } else {
      fail(ExitCode::bad_input, "{} is not a number: mend it or leave it out", what);
    }
  }
  if (numbers.empty() || numbers.size() > most_missing_values) {
    fail(ExitCode::bad_input, "{} has {} numbers: expected 1 to {}", what, numbers.size(), most_missing_values);
  }
  return numbers;
}

void find_valid_range(const json& attributes, const ZarrNumberType& type, const std::string& what, Packing& packing) {
  const bool packed = attributes.contains("scale_factor") || attributes.contains("add_offset");
  const auto limit = [&](const json& value, double number, bool low) {
    const bool unpacked = packed && type.kind != ZarrNumberType::Kind::floating && value.is_number_float();
    if (unpacked) {
      (low ? packing.unpacked_low : packing.unpacked_high) = number;
    } else {
      (low ? packing.low : packing.high) = packing.stored(number);
    }
  };
  if (const auto range = find_key(attributes, "valid_range")) {
    const std::vector<double> numbers = numbers_of(*range, what + ": attribute valid_range");
    if (numbers.size() != 2) fail(ExitCode::bad_input, "{}: attribute valid_range: expected two numbers", what);
    limit(range->at(0), numbers[0], true);
    limit(range->at(1), numbers[1], false);
  }
  for (const bool low : {true, false}) {
    const char* name = low ? "valid_min" : "valid_max";
    if (const auto value = find_key(attributes, name)) {
      limit(*value, numbers_of(*value, fmt::format("{}: attribute {}", what, name)).front(), low);
    }
  }
}

}  // namespace

ZarrDataset::ZarrDataset(std::shared_ptr<const ZarrObjects> objects, const std::string& origin)
    : Dataset(origin), objects_(std::move(objects)) {
  if (const auto root = metadata("zarr.json")) {
    read_store_3(*root);
  } else {
    read_store_2();
  }
}

// An object of JSON; none where there is no such file.
std::optional<json> ZarrDataset::metadata(const std::string& key) const {
  const ObjectPart part{ObjectPart::Kind::whole, key, 0, largest_metadata, true};
  const auto bytes = objects_->get(part);
  if (!bytes) return std::nullopt;
  const std::string what = origin() + "/" + key;
  json parsed = parse_json(with_quoted_nan({reinterpret_cast<const char*>(bytes->data()), bytes->size()}), what);
  if (!parsed.is_object()) fail(ExitCode::bad_input, "{}: is no mapping in JSON", what);
  return parsed;
}

void ZarrDataset::read_store_3(const json& root) {
  if (find_key(root, "node_type") == "array") {
    fail(ExitCode::bad_input, "{}: is one array of Zarr: expected the store that it lies in, with its coordinates",
         origin());
  }
  const json consolidated = root.value("consolidated_metadata", json());
  if (consolidated.is_object() && consolidated.contains("metadata") && consolidated["metadata"].is_object()) {
    for (const auto& [name, node] : consolidated["metadata"].items()) {
      if (node.is_object() && find_key(node, "node_type") == "array") add_3(name, node);
    }
    return;
  }
  complete_ = objects_->lists();
  for (const std::string& name : objects_->list()) {
    try_to_add(name, [&] {
      const auto node = metadata(name + "/zarr.json");
      if (node && find_key(*node, "node_type") != "group") add_3(name, *node);
    });
  }
}

void ZarrDataset::read_store_2() {
  constexpr std::string_view array = "/.zarray";
  if (const auto consolidated = metadata(".zmetadata")) {
    const json nodes = consolidated->value("metadata", json());
    if (!nodes.is_object()) fail(ExitCode::bad_input, "{}/.zmetadata: has no metadata", origin());
    for (const auto& [key, node] : nodes.items()) {
      if (!key.ends_with(array)) continue;
      const std::string name = key.substr(0, key.size() - array.size());
      add_2(name, node, nodes.value(name + "/.zattrs", json::object()));
    }
    return;
  }
  const bool is_group = metadata(".zgroup").has_value();
  if (!is_group || !objects_->lists()) {
    fail(ExitCode::bad_input,
         "{}: is no Zarr store: it has neither zarr.json nor {}; of a run's folder name the store "
         "in it, as runs/a/hens_0.zarr",
         origin(),
         objects_->lists() ? ".zgroup"
                           : ".zmetadata (consolidated metadata, which a store of format 2 that "
                             "cannot be listed needs: zarr.consolidate_metadata)");
  }
  for (const std::string& name : objects_->list()) {
    try_to_add(name, [&] {
      const auto node = metadata(name + "/.zarray");
      if (node) add_2(name, *node, metadata(name + "/.zattrs").value_or(json::object()));
    });
  }
}

template <typename MakeLayout>
void ZarrDataset::add(const std::string& name, const MakeLayout& make) const {
  if (!is_array_name(name)) return;  // of groups below the top, or a way out of the store
  if (variables_.size() == most_arrays) fail(ExitCode::bad_input, "{}: has more than {} arrays", origin(), most_arrays);
  DatasetVariable variable{static_cast<int>(nodes_.size()), name, {}, {}, false, 0};
  Node node;
  try {
    ZarrLayout layout = make(origin() + "/" + name);
    variable.dimensions = layout.dimensions;
    variable.shape = {layout.shape.begin(), layout.shape.end()};
    variable.numeric = layout.numeric && layout.dimensions.size() == layout.shape.size();
    node.array = std::make_unique<ZarrArray>(std::move(layout), name, origin(), *objects_, cache_);
  } catch (const Error& error) {  // whoever asks for it is told
    node.problem = error.what();
  }
  nodes_.push_back(std::move(node));
  variables_.push_back(std::move(variable));
}

// A folder whose metadata cannot be read is a problem of whoever asks for that array.
template <typename Add>
void ZarrDataset::try_to_add(const std::string& name, const Add& add_it) const {
  if (!is_array_name(name)) return;
  try {
    add_it();
  } catch (const Error& error) {
    add(name, [&](const std::string&) -> ZarrLayout { throw error; });
  }
}

void ZarrDataset::add_3(const std::string& name, const json& node) const {
  add(name, [&](const std::string& what) { return zarr_layout_3(node, what); });
}

void ZarrDataset::add_2(const std::string& name, const json& node, const json& attributes) const {
  add(name, [&](const std::string& what) { return zarr_layout_2(node, attributes, what); });
}

const DatasetVariable* ZarrDataset::find(const std::string& name) const {
  const DatasetVariable* found = Dataset::find(name);
  if (!found && !complete_ && is_array_name(name) && !absent_.contains(name)) {
    const auto node = metadata(name + "/zarr.json");
    if (node && find_key(*node, "node_type") != "group") {
      add_3(name, *node);
      found = Dataset::find(name);
    } else {
      absent_.insert(name);
    }
  }
  if (!found) return nullptr;
  if (const std::string& problem = nodes_[found->id].problem; !problem.empty())
    fail(ExitCode::bad_input, "{}", problem);
  return found;
}

const ZarrArray& ZarrDataset::array_of(const DatasetVariable& variable) const {
  const Node& node = nodes_.at(variable.id);
  if (!node.problem.empty()) fail(ExitCode::bad_input, "{}", node.problem);
  return *node.array;
}

std::string ZarrDataset::text(const DatasetVariable& variable, const char* attribute) const {
  const Node& node = nodes_.at(variable.id);
  return node.array ? node.array->layout().attribute(attribute) : "";
}

std::string ZarrDataset::label(const DatasetVariable& variable, size_t index) const {
  if (!variable.numeric || variable.shape.size() != 1 || index >= variable.shape[0]) return "";
  return fmt::format("{}", read_all(variable)[index]);
}

Packing ZarrDataset::packing_of(const ZarrArray& array, const DatasetVariable& variable, bool coordinate) const {
  const ZarrLayout& layout = array.layout();
  const json& attributes = layout.attributes;
  const std::string what = origin() + "/" + variable.name;
  Packing packing;
  packing.single = layout.type.kind == ZarrNumberType::Kind::floating && layout.type.bytes == 4;
  if (const std::string word = layout.attribute("_Unsigned");
      !word.empty() && layout.type.kind != ZarrNumberType::Kind::floating) {
    packing.wrap = std::ldexp(1.0, static_cast<int>(layout.type.bytes) * 8);
    packing.is_unsigned = word == "true" || word == "True";
  }
  const auto number = [&](const char* name, double otherwise) {
    const auto value = find_key(attributes, name);
    return value ? numbers_of(*value, fmt::format("{}: attribute {}", what, name)).front() : otherwise;
  };
  packing.scale = number("scale_factor", 1.0);
  packing.offset = number("add_offset", 0.0);
  for (const char* name : {"_FillValue", "missing_value"}) {
    const auto marks = find_key(attributes, name);
    if (!marks) continue;
    for (const double mark : numbers_of(*marks, fmt::format("{}: attribute {}", what, name))) {
      packing.missing.push_back(packing.stored(mark));
    }
  }
  if (layout.fill_is_missing && !coordinate) packing.missing.push_back(packing.stored(layout.fill_value));
  find_valid_range(attributes, layout.type, what, packing);
  return packing;
}

std::optional<std::vector<double>> ZarrDataset::find_slab(const DatasetVariable& variable,
                                                          const std::vector<size_t>& start,
                                                          const std::vector<size_t>& count) const {
  const ZarrArray& array = array_of(variable);
  std::string unwritten;
  auto values = array.read({start.begin(), start.end()}, {count.begin(), count.end()}, false, unwritten);
  if (!values && unwritten_.size() < 3) unwritten_.insert(unwritten);
  if (!values) return std::nullopt;
  const Packing packing = packing_of(array, variable, false);
  if (packing.changes_nothing()) return values;
  for (double& value : *values) value = packing.value(value);
  return values;
}

std::vector<double> ZarrDataset::read_all(const DatasetVariable& variable) const {
  if (const auto known = coordinates_.find(variable.name); known != coordinates_.end()) return known->second;
  const ZarrArray& array = array_of(variable);
  std::string unwritten;
  auto values = *array.read(std::vector<uint64_t>(variable.shape.size(), 0),
                            {variable.shape.begin(), variable.shape.end()}, true, unwritten);
  const Packing packing = packing_of(array, variable, true);
  for (double& value : values) value = packing.value(value);
  if (values.size() <= most_kept && coordinates_.size() < 100) coordinates_[variable.name] = values;
  return values;
}

std::string ZarrDataset::remark() const {
  if (unwritten_.empty()) return "";
  return fmt::format(
      "never written: {} (writers leave out chunks that hold the fill value alone; for such a field: "
      "write_empty_chunks of zarr-python)",
      fmt::join(unwritten_, ", "));
}

}  // namespace hens
