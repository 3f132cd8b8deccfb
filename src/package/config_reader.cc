#include "package/config_reader.h"

#include <cmath>
#include <limits>
#include <set>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file_kind.h"
#include "base/json.h"
#include "grid/channels.h"

namespace hens {
namespace {

using nlohmann::json;

constexpr uint64_t config_limit = uint64_t{8} << 20;  // a HENS config has 22 KB, most of it lat and lon

// Typed access to the keys of one config, with errors that name file, key and value.
class Config {
 public:
  Config(const fs::path& path, const std::string& text) : path_(path) {
    auto values = try_parse_json(text);
    if (!values) {
      const std::string kind = file_kind_hint(std::as_bytes(std::span(text)));
      if (!kind.empty() && kind.find("JSON") == kind.npos)
        fail(ExitCode::bad_input, "{}: is no JSON{}", path.string(), kind);
    }
    values_ = values ? std::move(*values) : parse_json(text, path.string());
    if (!values_.is_object()) fail(ExitCode::bad_input, "{}: a JSON object was expected", path.string());
  }

  template <typename... Args>
  [[noreturn]] void wrong(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ExitCode::bad_input, "{}: {}", path_.string(), fmt::format(format, std::forward<Args>(args)...));
  }

  // The value of `key`; nullptr where it is absent, null or "None".
  const json* find(const char* key) const {
    const auto found = values_.find(key);
    if (found == values_.end() || found->is_null() || *found == "None") return nullptr;
    return &*found;
  }
  const json& required(const char* key) const {
    const json* value = find(key);
    if (value == nullptr) wrong("{} is missing; is this a makani package?", key);
    return *value;
  }

  int whole(const char* key, const json& value, int least, int most) const {
    // makani writes some counts as 2.0
    const double number = value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
    if (!(number >= least && number <= most && number == std::floor(number))) {
      wrong("{} is {}; supported: whole numbers from {} to {}", key, shown(value), least, most);
    }
    return static_cast<int>(number);
  }
  int whole(const char* key, int least, int most) const { return whole(key, required(key), least, most); }
  int whole_or(const char* key, int otherwise, int least, int most) const {
    const json* value = find(key);
    return value == nullptr ? otherwise : whole(key, *value, least, most);
  }

  // A number in (0, most].
  double positive_or(const char* key, double otherwise, double most) const {
    const json* value = find(key);
    if (value == nullptr) return otherwise;
    const double number = value->is_number() ? value->get<double>() : std::numeric_limits<double>::quiet_NaN();
    if (!(number > 0 && number <= most)) wrong("{} is {}; supported: above 0, at most {}", key, shown(*value), most);
    return number;
  }

  bool flag(const char* key) const {
    const json* value = find(key);
    if (value == nullptr) return false;
    if (!value->is_boolean()) wrong("{} is {}; supported: true, false", key, shown(*value));
    return value->get<bool>();
  }

  // Where `key` is there, its value must be `supported`: hens computes nothing else.
  void only(const char* key, const json& supported) const {
    const json* value = find(key);
    if (value != nullptr && *value != supported) wrong("{} is {}; supported: {}", key, shown(*value), supported.dump());
  }
  void absent(const char* key) const {
    const json* value = find(key);
    if (value != nullptr) wrong("{} is {}; supported: none", key, shown(*value));
  }

  std::vector<double> numbers(const char* key, size_t count) const {
    const json& list = required(key);
    if (!list.is_array() || list.size() != count)
      wrong("{} is {}; expected: a list of {} numbers", key, shown(list), count);
    std::vector<double> values;
    for (const json& item : list) {
      if (!item.is_number()) wrong("{} holds {}; expected: {} numbers", key, shown(item), count);
      values.push_back(item.get<double>());
    }
    return values;
  }

  static std::string shown(const json& value) {
    std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
    if (text.size() > 80) text = text.substr(0, 77) + "...";
    return text;
  }

 private:
  const fs::path& path_;
  json values_;
};

// What the network of hens is, in makani's words; keys that a config lacks have these values there too.
void check_network(const Config& config) {
  config.only("nettype", "SFNO");
  config.only("operator_type", "dhconv");
  config.only("filter_type", "linear");
  config.only("separable", false);
  config.only("normalization_layer", "instance_norm");
  config.only("activation_function", "gelu");
  config.only("use_mlp", true);
  config.only("encoder_layers", 1);
  config.only("bias", false);
  config.absent("factorization");
  const json* embedding = config.find("pos_embed");
  if (embedding != nullptr && *embedding != false) config.only("pos_embed", "none");
}

// What a step is: six hours, one state in, one state out, normalised by mean and standard deviation.
Duration check_step(const Config& config) {
  const int hours = config.whole_or("dhours", 6, 1, 1000) * config.whole_or("dt", 1, 1, 1000);
  const Duration step = std::chrono::hours(hours);
  if (step != model_step) {
    config.wrong("dhours times dt is {} hours; supported: {}", hours, model_step / std::chrono::hours(1));
  }
  config.only("n_history", 0);
  config.only("n_future", 0);
  config.only("normalization", "zscore");
  config.only("history_normalization_mode", "none");
  config.only("target", "default");
  config.only("normalize_residual", false);
  config.only("roll", false);
  config.only("data_grid_type", "equiangular");
  return step;
}

GridKind grid_kind(const Config& config, const char* key, GridKind otherwise) {
  const json* value = config.find(key);
  if (value == nullptr) return otherwise;
  if (*value == "equiangular") return GridKind::equiangular;
  if (*value == "legendre-gauss") return GridKind::legendre_gauss;
  config.wrong("{} is {}; supported: \"equiangular\", \"legendre-gauss\"", key, Config::shown(*value));
}

void read_sizes(const Config& config, ModelConfig& model) {
  model.nlat = config.whole("img_shape_x", 3, 10'000);
  model.nlon = config.whole("img_shape_y", 4, 20'000);
  for (const char* key : {"img_crop_shape_x", "img_local_shape_x"}) config.only(key, model.nlat);
  for (const char* key : {"img_crop_shape_y", "img_local_shape_y"}) config.only(key, model.nlon);
  model.scale_factor = config.whole("scale_factor", 1, 64);
  model.embed_dim = config.whole("embed_dim", 1, 16'384);
  model.num_layers = config.whole("num_layers", 1, 128);
  model.mlp_ratio = config.positive_or("mlp_ratio", 2.0, 64.0);
  model.model_grid = grid_kind(config, "model_grid_type", GridKind::equiangular);
  model.sht_grid = grid_kind(config, "sht_grid_type", GridKind::legendre_gauss);

  model.inner_nlat = model.nlat / model.scale_factor;
  model.inner_nlon = model.nlon / model.scale_factor;
  const double fraction = config.positive_or("hard_thresholding_fraction", 1.0, 1.0);
  model.lmax = static_cast<int>(model.inner_nlat * fraction);
  const int orders = model.inner_nlon / 2 + 1;
  model.mmax = static_cast<int>(orders * fraction);
  if (model.inner_nlat < 2 || model.inner_nlon < 2 || model.lmax < 1 || model.mmax < 1) {
    config.wrong("scale_factor {} and hard_thresholding_fraction {} leave no degrees of a grid of {} x {}",
                 model.scale_factor, fraction, model.nlat, model.nlon);
  }
  if (static_cast<int>(model.embed_dim * model.mlp_ratio) < 1)
    config.wrong("mlp_ratio {} leaves no width", model.mlp_ratio);
}

void read_channels(const Config& config, ModelConfig& model) {
  const json& names = config.required("channel_names");
  if (!names.is_array() || names.empty() || names.size() > 4096) {
    config.wrong("channel_names is {}; expected: a list of 1 to 4096 names", Config::shown(names));
  }
  std::set<std::string> seen;
  for (const json& name : names) {
    if (!name.is_string()) config.wrong("channel_names holds {}; expected: text", Config::shown(name));
    model.channels.push_back(canonical_channel(name.get<std::string>()));
    if (!seen.insert(model.channels.back()).second) config.wrong("channel_names has {} twice", Config::shown(name));
  }
  json positions = json::array();  // the statistics' channels that the network sees: all, in order
  for (size_t k = 0; k < model.channels.size(); ++k) positions.push_back(k);
  for (const char* key : {"in_channels", "out_channels"}) {
    const json* value = config.find(key);
    if (value != nullptr && *value != positions) {
      config.wrong("{} is {}; supported: 0 to {} in order", key, Config::shown(*value), positions.size() - 1);
    }
  }
}

void read_forcing(const Config& config, ModelConfig& model) {
  model.add_zenith = config.flag("add_zenith");
  model.add_orography = config.flag("add_orography");
  model.add_landmask = config.flag("add_landmask");
  model.add_grid = config.flag("add_grid");
  if (model.add_grid) {
    if (config.find("gridtype") == nullptr) config.wrong("gridtype is missing; supported: \"sinusoidal\"");
    config.only("gridtype", "sinusoidal");
    model.grid_frequencies = config.whole_or("grid_num_frequencies", 1, 1, 1024);
    model.add_cos_to_grid = config.flag("add_cos_to_grid");
  }
  const json* inputs = config.find("N_in_channels");
  if (inputs != nullptr && *inputs != model.input_channels()) {
    config.wrong("N_in_channels is {}, but channels and forcing make {}", Config::shown(*inputs),
                 model.input_channels());
  }
}

// hens' grid runs north to south and eastward from 0; an equiangular one has a row on either pole.
void check_grid(const Config& config, const LatLonGrid& grid, GridKind kind) {
  constexpr double tolerance = 0.01;  // degrees; some configs hold float32 coordinates, the finest grid has 0.018
  const LatLonGrid expected = equiangular_grid(grid.nlat(), grid.nlon());
  for (int i = 0; i < grid.nlat(); ++i) {
    const bool descends = i == 0 || grid.lat[i] < grid.lat[i - 1];
    const bool fits = kind == GridKind::legendre_gauss || std::abs(grid.lat[i] - expected.lat[i]) <= tolerance;
    if (!(descends && fits && std::abs(grid.lat[i]) <= 90)) {
      config.wrong("lat[{}] is {}; expected: {} (rows from 90 to -90)", i, grid.lat[i], expected.lat[i]);
    }
  }
  for (int j = 0; j < grid.nlon(); ++j) {
    if (!(std::abs(grid.lon[j] - expected.lon[j]) <= tolerance && grid.lon[j] >= 0)) {
      config.wrong("lon[{}] is {}; expected: {} (columns eastward from 0)", j, grid.lon[j], expected.lon[j]);
    }
  }
}

LatLonGrid read_grid(const Config& config, ModelConfig& model) {
  // makani takes coordinates from the config only where it has both.
  model.has_coordinates = config.find("lat") != nullptr && config.find("lon") != nullptr;
  if (!model.has_coordinates) {
    if (model.model_grid != GridKind::equiangular) config.wrong("lat and lon are needed beside this model_grid_type");
    return equiangular_grid(model.nlat, model.nlon);
  }
  LatLonGrid grid{config.numbers("lat", model.nlat), config.numbers("lon", model.nlon)};
  check_grid(config, grid, model.model_grid);
  return grid;
}

}  // namespace

int ModelConfig::static_channels() const {
  const int waves = add_cos_to_grid ? 2 : 1;
  return (add_grid ? 2 * waves * grid_frequencies : 0) + (add_orography ? 1 : 0) + (add_landmask ? 2 : 0);
}

int ModelConfig::input_channels() const {
  return static_cast<int>(channels.size()) + (add_zenith ? 1 : 0) + static_channels();
}

PackageConfig read_config(const fs::path& path) { return parse_config(path, read_file(path, config_limit)); }

PackageConfig parse_config(const fs::path& path, const std::string& text) {
  const Config config(path, text);
  config.required("nettype");
  check_network(config);
  PackageConfig result;
  result.model.time_step = check_step(config);
  read_sizes(config, result.model);
  read_channels(config, result.model);
  read_forcing(config, result.model);
  result.grid = read_grid(config, result.model);
  return result;
}

}  // namespace hens
