#include "package/describe.h"

#include <algorithm>
#include <optional>

#include <fmt/ranges.h>

#include "base/checksum.h"
#include "base/error.h"
#include "grid/derived_variables.h"
#include "package/checkpoint.h"
#include "package/config_reader.h"
#include "package/network_tensors.h"
#include "package/package_files.h"
#include "package/static_field.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

// Does what may fail for the user's reasons; what failed is noted and the description goes on.
template <typename Step>
bool attempt(std::vector<std::string>& problems, const Step& step) {
  try {
    step();
    return true;
  } catch (const Error& error) {
    problems.emplace_back(error.what());
    return false;
  }
}

// `digest` makes the SHA-256 of a file.
Json file_json(const fs::path& folder, std::string_view name, bool present, std::string (*digest)(const fs::path&),
               std::vector<std::string>& problems) {
  Json file = {{"name", name}, {"present", present}, {"bytes", nullptr}, {"sha256", nullptr}};
  if (!present) return file;
  attempt(problems, [&] {
    file["sha256"] = digest(folder / name);
    file["bytes"] = fs::file_size(folder / name);
  });
  return file;
}

// The digest that package_digest makes, from the sums that are known already.
Json digest_of(const Json& files) {
  std::string listing;
  for (const Json& file : files) {
    if (!file["sha256"].is_string()) return nullptr;
    listing += fmt::format("{}  {}\n", file["sha256"].get<std::string>(), file["name"].get<std::string>());
  }
  return sha256_hex(listing);
}

std::string_view grid_name(GridKind kind) { return kind == GridKind::equiangular ? "equiangular" : "legendre-gauss"; }

Json grid_json(const PackageConfig& config) {
  const auto& [lat, lon] = config.grid;
  return {{"nlat", lat.size()},
          {"nlon", lon.size()},
          {"latitude", {lat.front(), lat.back()}},
          {"longitude", {lon.front(), lon.back()}},
          {"kind", grid_name(config.model.model_grid)},
          {"coordinates_in_config", config.model.has_coordinates}};
}

Json network_json(const ModelConfig& model) {
  return {{"embed_dim", model.embed_dim},
          {"num_layers", model.num_layers},
          {"mlp_ratio", model.mlp_ratio},
          {"scale_factor", model.scale_factor},
          {"inner_grid", {model.inner_nlat, model.inner_nlon}},
          {"inner_grid_kind", grid_name(model.sht_grid)},
          {"lmax", model.lmax},
          {"mmax", model.mmax},
          {"input_channels", model.input_channels()},
          {"forcing",
           {{"zenith", model.add_zenith},
            {"grid_frequencies", model.add_grid ? model.grid_frequencies : 0},
            {"cosines_of_grid", model.add_cos_to_grid},
            {"orography", model.add_orography},
            {"land_mask", model.add_landmask}}}};
}

// What can be derived of the model's channels; a level stands for those that it has.
std::vector<std::string> derived_names(const ModelConfig& model) {
  std::vector<std::string> names;
  for (const std::string& name : derived_examples()) {
    if (can_give(name, model.channels, model.add_orography)) names.push_back(name);
  }
  return names;
}

// A package read part by part, each as far as its file allows.
class Description {
 public:
  explicit Description(const fs::path& folder) : folder_(folder) {
    std::error_code none;
    if (!fs::is_directory(folder, none)) fail(ExitCode::missing_input, "{}: there is no such folder", folder.string());
    if (present(config_file)) {
      attempt(problems_, [&] { config_ = read_config(folder_ / config_file); });
    }
    // Without a configuration, the package is taken to need what HENS packages need.
    files_ = needed_files(config_ ? config_->model : ModelConfig{.add_orography = true, .add_landmask = true});
    if (!config_) return;
    package_.folder = folder_;
    package_.config = config_->model;
    read_fields();
    read_checkpoint();
  }

  Json json() {
    Json files = Json::array(), missing = Json::array();
    const bool read = package_.checkpoint != nullptr && !package_.weights.empty();
    for (const std::string_view name : files_) {
      // What could not be read at all is among the problems already.
      const auto digest = name == checkpoint_file && read ? checkpoint_sha256 : sha256_file;
      files.push_back(file_json(folder_, name, present(name), digest, problems_));
      if (!present(name)) missing.push_back(name);
    }
    Json description = {{"folder", folder_.string()},
                        {"complete", missing.empty() && problems_.empty()},
                        {"digest", config_ ? digest_of(files) : Json()},
                        {"missing", missing},
                        {"problems", problems_},
                        {"grid", config_ ? grid_json(*config_) : Json()},
                        {"network", config_ ? network_json(config_->model) : Json()},
                        {"channels", config_ ? Json(config_->model.channels) : Json()},
                        {"derived", config_ ? Json(derived_names(config_->model)) : Json()},
                        {"parameters", read ? Json(package_.parameters()) : Json()},
                        {"checkpoint", read ? checkpoint_json() : Json()},
                        {"files", files}};
    return description;
  }

 private:
  bool present(std::string_view name) const {
    std::error_code none;
    return fs::exists(folder_ / name, none);
  }

  template <typename Step>
  void read_file_if_present(std::string_view name, const Step& step) {
    const bool needed = std::ranges::find(files_, name) != files_.end();
    if (needed && present(name)) attempt(problems_, step);
  }

  void read_fields() {
    const auto& channels = config_->model.channels;
    read_file_if_present(means_file, [&] { read_statistics(folder_ / means_file, channels, false); });
    read_file_if_present(stds_file, [&] { read_statistics(folder_ / stds_file, channels, true); });
    read_file_if_present(orography_file, [&] { read_orography(folder_, config_->grid); });
    read_file_if_present(land_mask_file, [&] { read_land_mask(folder_, config_->grid); });
  }

  void read_checkpoint() {
    read_file_if_present(checkpoint_file, [&] {
      package_.checkpoint = std::make_shared<const MappedFile>(folder_ / checkpoint_file);
      read_weights(package_);
      for (const std::string& problem : missing_or_wrong_tensors(package_)) {
        problems_.push_back(fmt::format("{}: {}", checkpoint_file, problem));
      }
    });
  }

  Json checkpoint_json() const {
    uint64_t bytes = 0;
    for (const auto& [name, tensor] : package_.weights) bytes += tensor.bytes();
    return {{"format", package_.checkpoint_format}, {"tensors", package_.weights.size()}, {"tensor_bytes", bytes}};
  }

  const fs::path& folder_;
  std::optional<PackageConfig> config_;
  std::vector<std::string_view> files_;
  ModelPackage package_;  // what could be read of it
  std::vector<std::string> problems_;
};

// 1234567 -> 1,234,567
std::string grouped(uint64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) text.insert(at, ",");
  return text;
}

std::string names_text(std::string line, const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (line.size() + name.size() > 110) text += line + "\n", line = std::string(11, ' ');
    line += " " + name;
  }
  return text + line + "\n";
}

std::string model_text(const Json& d) {
  const Json &grid = d["grid"], &net = d["network"];
  const auto range = [](const Json& ends) {
    return fmt::format("{} .. {}", ends[0].get<double>(), ends[1].get<double>());
  };
  const auto number = [](const Json& value) { return value.get<int>(); };
  std::string text =
      fmt::format("grid        {} x {} ({}), latitude {}, longitude {}\n", number(grid["nlat"]), number(grid["nlon"]),
                  grid["kind"].get<std::string>(), range(grid["latitude"]), range(grid["longitude"]));
  text += fmt::format(
      "network     SFNO, {} blocks, embedding {}, inner grid {} x {} ({}), {} degrees, {} orders, {} input channels\n",
      number(net["num_layers"]), number(net["embed_dim"]), number(net["inner_grid"][0]), number(net["inner_grid"][1]),
      net["inner_grid_kind"].get<std::string>(), number(net["lmax"]), number(net["mmax"]),
      number(net["input_channels"]));
  if (d["checkpoint"].is_object()) {
    const Json& checkpoint = d["checkpoint"];
    text += fmt::format("checkpoint  {}, {} tensors, {} parameters, {} bytes of weights\n",
                        checkpoint["format"].get<std::string>(), checkpoint["tensors"].get<uint64_t>(),
                        grouped(d["parameters"].get<uint64_t>()), grouped(checkpoint["tensor_bytes"].get<uint64_t>()));
  }
  // In lines of at most 13 channels, the levels of one variable.
  const auto channels = d["channels"].get<std::vector<std::string>>();
  text += names_text(fmt::format("channels    {}:", channels.size()), channels);
  return text + names_text("derived    ", d["derived"].get<std::vector<std::string>>());
}

std::string files_text(const Json& files) {
  std::string text = "files\n";
  for (const Json& file : files) {
    const bool read = file["bytes"].is_number() && file["sha256"].is_string();
    text += fmt::format("  {:<40} {:>15}  {}\n", file["name"].get<std::string>(),
                        read                          ? grouped(file["bytes"].get<uint64_t>())
                        : file["present"].get<bool>() ? "unreadable"
                                                      : "missing",
                        read ? file["sha256"].get<std::string>() : "");
  }
  return text;
}

std::string list_text(const char* title, const Json& lines) {
  std::string text;
  for (const Json& line : lines) text += fmt::format("  {}\n", line.get<std::string>());
  return lines.empty() ? "" : fmt::format("{}\n{}", title, text);
}

}  // namespace

nlohmann::ordered_json describe_json(const fs::path& folder) { return Description(folder).json(); }

std::string describe_text(const Json& d) {
  std::string text = fmt::format("package     {}\n", d["folder"].get<std::string>());
  text += fmt::format("state       {}\n", d["complete"].get<bool>() ? "complete" : "not usable, see below");
  if (d["grid"].is_object()) text += model_text(d);
  if (d["digest"].is_string()) text += fmt::format("digest      {}\n", d["digest"].get<std::string>());
  return text + files_text(d["files"]) + list_text("missing", d["missing"]) + list_text("problems", d["problems"]);
}

}  // namespace hens
