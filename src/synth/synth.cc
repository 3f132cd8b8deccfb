#include "synth/synth.h"

#include <algorithm>
#include <deque>
#include <future>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/cpus.h"
#include "base/error.h"
#include "grid/channels.h"
#include "package/config_reader.h"
#include "package/npy.h"
#include "package/package_files.h"
#include "package/static_field.h"
#include "synth/checkpoint_writer.h"
#include "synth/synth_climate.h"
#include "synth/synth_planet.h"
#include "synth/synth_weights.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

constexpr int epoch = 70;
constexpr size_t block_floats = size_t{1} << 22;

// makani's name of a channel.
std::string package_channel(const std::string& name) { return name == "d2m" ? "2d" : name; }

Json counting(size_t n) {
  Json list = Json::array();
  for (size_t k = 0; k < n; ++k) list.push_back(k);
  return list;
}

std::vector<std::string> channels_of(const SynthSize& size) {
  std::vector<std::string> names = hens_channels();
  const std::vector<int>& levels = hens_levels();
  for (int level = 1; static_cast<int>(names.size()) < size.channels; ++level) {
    if (std::ranges::find(levels, level) == levels.end()) names.push_back(fmt::format("z{}", level));
  }
  names.resize(static_cast<size_t>(size.channels));
  return names;
}

// The base configuration of makani 0.1, as its trainer leaves it in a package; most of it shapes no forecast.
Json config_of(const SynthSize& size, const LatLonGrid& grid) {
  Json channels = Json::array();
  for (const std::string& name : channels_of(size)) channels.push_back(package_channel(name));
  const size_t n = channels.size();
  Json config = {{"nettype", "SFNO"},
                 {"model_grid_type", "equiangular"},
                 {"sht_grid_type", "legendre-gauss"},
                 {"data_grid_type", "equiangular"},
                 {"filter_type", "linear"},
                 {"scale_factor", size.scale_factor},
                 {"embed_dim", size.embed_dim},
                 {"num_layers", size.num_layers},
                 {"complex_activation", "real"},
                 {"normalization_layer", "instance_norm"},
                 {"hard_thresholding_fraction", 1.0},
                 {"use_mlp", true},
                 {"mlp_ratio", 2},
                 {"separable", false},
                 {"operator_type", "dhconv"},
                 {"activation_function", "gelu"},
                 {"pos_embed", "none"}};
  for (const char* prefix : {"img", "img_crop", "img_local"}) {
    config[std::string(prefix) + "_shape_x"] = size.nlat;
    config[std::string(prefix) + "_shape_y"] = size.nlon;
  }
  config.update({{"n_history", 0},
                 {"n_future", 0},
                 {"dt", 1},
                 {"dhours", 6},
                 {"history_normalization_mode", "none"},
                 {"target", "default"},
                 {"normalize_residual", false},
                 {"normalization", "zscore"},
                 {"add_grid", true},
                 {"gridtype", "sinusoidal"},
                 {"grid_num_frequencies", 16},
                 {"roll", false},
                 {"add_zenith", size.sun},
                 {"add_orography", true},
                 {"orography_path", "/invariants/orography.nc"},
                 {"add_landmask", true},
                 {"landmask_path", "/invariants/land_sea_mask.nc"},
                 {"global_means_path", "/stats/global_means.npy"},
                 {"global_stds_path", "/stats/global_stds.npy"},
                 {"channel_names", channels},
                 {"in_channels", counting(n)},
                 {"out_channels", counting(n)},
                 {"N_in_predicted_channels", n},
                 {"N_in_channels", n + 35 + (size.sun ? 1 : 0)},  // 2 x 16 waves, orography, sea and land, sun
                 {"N_out_channels", n},
                 {"N_target_channels", n},
                 {"crop_size_x", "None"},
                 {"crop_size_y", "None"},
                 {"max_epochs", epoch},
                 {"lat", grid.lat},
                 {"lon", grid.lon}});
  return config;
}

void write_statistics(const fs::path& folder, const SynthSize& size) {
  const std::vector<std::string>& known = hens_channels();
  std::vector<float> means, stds;
  for (const std::string& name : channels_of(size)) {
    const bool is_known = std::ranges::find(known, name) != known.end();
    const ChannelClimate climate = is_known ? channel_climate(name) : ChannelClimate{0, 1};
    means.push_back(climate.mean);
    stds.push_back(climate.std);
  }
  const std::vector<int64_t> shape = {1, static_cast<int64_t>(means.size()), 1, 1};
  publish_file(folder / means_file, npy_bytes(means, shape));
  publish_file(folder / stds_file, npy_bytes(stds, shape));
}

void write_planet(const fs::path& folder, const LatLonGrid& grid) {
  const Planet planet = make_planet(grid);
  write_static_field(folder / orography_file, {"Z", "m**2 s**-2", "Geopotential", planet.orography}, grid);
  write_static_field(folder / land_mask_file, {"LSM", "(0 - 1)", "Land-sea mask", planet.land_mask}, grid);
}

// A tensor's floats block by block, a few blocks ahead of the writer, one thread each.
void stream_weights(const SynthWeights& weights, const std::function<void(std::span<const std::byte>)>& write) {
  const size_t ahead = std::clamp<size_t>(usable_cpus(), 1, 8);
  std::deque<std::future<std::vector<float>>> blocks;
  uint64_t next = 0;
  while (next < weights.floats() || !blocks.empty()) {
    while (next < weights.floats() && blocks.size() < ahead) {
      const size_t count = std::min<uint64_t>(block_floats, weights.floats() - next);
      blocks.push_back(std::async(std::launch::async, [&weights, next, count] {
        std::vector<float> block(count);
        weights.fill(next, block);
        return block;
      }));
      next += count;
    }
    const std::vector<float> block = blocks.front().get();
    blocks.pop_front();
    write(std::as_bytes(std::span(block)));
  }
}

void write_weights(const fs::path& path, const ModelConfig& model, uint64_t seed) {
  uint64_t position = 0;
  write_checkpoint(path, network_tensors(model), "module.model.", epoch,
                   [&](const NetworkTensor& tensor, const auto& write) {
                     stream_weights(SynthWeights(tensor, seed, position++), write);
                   });
}

}  // namespace

SynthSize synth_size(const std::string& name) {
  if (name == "mini") return {};
  if (name == "hens") return {.nlat = 721, .nlon = 1440, .embed_dim = 620};
  fail(ExitCode::usage, "synthetic package size '{}'; known: mini, hens", name);
}

void write_synthetic_package(const fs::path& folder, const SynthSize& size, uint64_t seed) {
  const LatLonGrid grid = equiangular_grid(size.nlat, size.nlon);
  // config.json is last to come and so first to go: a package of another size or seed may lie here.
  std::error_code none;
  fs::remove(folder / config_file, none);
  const std::string config = config_of(size, grid).dump(2) + "\n";
  publish_file(folder / "metadata.json",
               Json{{"entrypoint", {{"name", "networks.model_package:load_time_loop"}}}}.dump(2) + "\n");
  write_statistics(folder, size);
  write_planet(folder, grid);
  write_weights(folder / checkpoint_file, parse_config(folder / config_file, config).model, seed);
  publish_file(folder / config_file, config);
}

}  // namespace hens
