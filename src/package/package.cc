#include "package/package.h"

#include <algorithm>
#include <cmath>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file_kind.h"
#include "base/json.h"
#include "package/byte_reader.h"
#include "package/checkpoint.h"
#include "package/config_reader.h"
#include "package/network_tensors.h"
#include "package/npy.h"
#include "package/package_files.h"
#include "package/static_field.h"
#include "package/zip_format.h"

namespace hens {
namespace {

constexpr std::string_view skip_name = "residual_transform.weight";

// makani 0.2 puts the group, of which there is one, before the filter's [in, out, l].
void drop_group(const fs::path& path, const std::string& name, TensorView& tensor) {
  if (!name.ends_with("filter.filter.weight") || tensor.shape.size() != 4) return;
  if (tensor.shape[0] != 1) {
    fail(ExitCode::bad_input, "{}: {} has {} groups; supported: 1", path.string(), name, tensor.shape[0]);
  }
  tensor.shape.erase(tensor.shape.begin());
}

// Whoever reads a tensor relies on the size of its elements.
void check_type(const fs::path& path, const std::string& name, const TensorView& tensor) {
  const bool filter = name.ends_with("filter.filter.weight");
  if ((tensor.type == ElementType::complex64) != filter) {
    fail(ExitCode::bad_input, "{}: {} has {} elements, {} were expected", path.string(), name,
         filter ? "real" : "complex", filter ? "complex" : "real");
  }
}

// A network with further parts is another network.
void reject_unknown_tensors(const ModelPackage& package) {
  const std::vector<std::string> unknown = unknown_tensors(package);
  if (unknown.empty()) return;
  fail(ExitCode::bad_input, "{}: {} is no part of the network that {} describes", package.checkpoint->path().string(),
       unknown.front(), config_file);
}

}  // namespace

int64_t TensorView::elements() const {
  int64_t count = 1;
  for (const int64_t n : shape) count *= n;
  return count;
}

const TensorView& ModelPackage::tensor(const std::string& name, const std::vector<int64_t>& shape) const {
  const std::string file = checkpoint ? checkpoint->path().string() : (folder / checkpoint_file).string();
  const auto found = weights.find(name);
  if (found == weights.end()) {
    fail(ExitCode::bad_input, "{}: tensor {} [{}] is missing", file, name, fmt::join(shape, ", "));
  }
  if (found->second.shape != shape) {
    fail(ExitCode::bad_input, "{}: tensor {} is [{}], the configuration needs [{}]", file, name,
         fmt::join(found->second.shape, ", "), fmt::join(shape, ", "));
  }
  const TensorView& view = found->second;
  if (view.crc32 && zip::crc32(view.entry) != *view.crc32) {
    fail(ExitCode::bad_input,
         "{}: tensor {} does not have the CRC of its archive: the file is damaged or changed while it was read; fetch "
         "it "
         "again",
         file, name);
  }
  return view;
}

int64_t ModelPackage::parameters() const {
  int64_t count = 0;
  for (const auto& [name, tensor] : weights) count += tensor.elements();
  return count;
}

std::vector<std::string_view> needed_files(const ModelConfig& config) {
  std::vector<std::string_view> files = {config_file, means_file, stds_file};
  if (config.add_orography) files.push_back(orography_file);
  if (config.add_landmask) files.push_back(land_mask_file);
  files.push_back(checkpoint_file);
  return files;
}

void check_kind_of_file(const fs::path& path, std::string_view name, const std::string& origin) {
  const MappedFile file(path);
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  const bool right = name.ends_with(".json")  ? try_parse_json(bytes).has_value()
                     : name.ends_with(".npy") ? bytes.starts_with("\x93NUMPY")
                     : name.ends_with(".nc")  ? bytes.starts_with("CDF") || bytes.starts_with("\x89HDF")
                                              : bytes.starts_with("PK") || bytes.starts_with("\x80");
  if (!right)
    fail(ExitCode::bad_input, "{}: begins as no {} does: '{}'{}", origin, name,
         printable(std::string(bytes.substr(0, 40))), file_kind_hint(file.bytes()));
}

std::vector<float> read_statistics(const fs::path& path, const std::vector<std::string>& channels, bool positive) {
  const NpyArray array = read_npy(path);
  const auto& shape = array.shape;
  const auto count = static_cast<int64_t>(channels.size());
  if (shape.size() != 4 || shape[0] != 1 || shape[1] < count || shape[2] != 1 || shape[3] != 1) {
    fail(ExitCode::bad_input, "{}: is [{}]; expected: [1, {}, 1, 1]", path.string(), fmt::join(shape, ", "), count);
  }
  std::vector<float> values = array.as<float>();
  values.resize(channels.size());
  for (size_t k = 0; k < values.size(); ++k) {
    if (!std::isfinite(values[k]) || (positive && !(values[k] > 0))) {
      fail(ExitCode::bad_input, "{}: channel {} has {}; expected: a finite{} number", path.string(), channels[k],
           values[k], positive ? " positive" : "");
    }
  }
  return values;
}

std::vector<float> read_orography(const fs::path& folder, const LatLonGrid& grid) {
  return read_static_field(folder / orography_file, "Z", grid);
}

std::vector<float> read_land_mask(const fs::path& folder, const LatLonGrid& grid) {
  constexpr float slack = 1e-3f;  // interpolation and packing leave such
  std::vector<float> mask = read_static_field(folder / land_mask_file, "LSM", grid);
  const auto outside = std::ranges::find_if(mask, [](float v) { return v < -slack || v > 1 + slack; });
  if (outside != mask.end()) {
    fail(ExitCode::bad_input, "{}: LSM has {}; expected: fractions of land from 0 to 1",
         (folder / land_mask_file).string(), *outside);
  }
  return mask;
}

void read_weights(ModelPackage& package) {
  const fs::path& path = package.checkpoint->path();
  Checkpoint checkpoint = read_checkpoint(*package.checkpoint, is_network_tensor);
  package.checkpoint_format = std::move(checkpoint.format);
  for (auto& [full_name, tensor] : checkpoint.tensors) {
    const std::string name(bare_tensor_name(full_name));
    drop_group(path, name, tensor);
    check_type(path, name, tensor);
    const bool added = package.weights.try_emplace(name, std::move(tensor)).second;
    if (!added) fail(ExitCode::bad_input, "{}: tensor {} is there with and without prefix", path.string(), name);
  }
  package.config.big_skip = package.weights.contains(std::string(skip_name));
}

ModelPackage open_package(const fs::path& folder) {
  PackageConfig config = read_config(folder / config_file);
  ModelPackage package{.folder = folder, .config = std::move(config.model), .grid = std::move(config.grid)};
  package.mean = read_statistics(folder / means_file, package.config.channels, false);
  package.std = read_statistics(folder / stds_file, package.config.channels, true);
  if (package.config.add_orography) package.orography = read_orography(folder, package.grid);
  if (package.config.add_landmask) package.land_mask = read_land_mask(folder, package.grid);
  package.checkpoint = std::make_shared<const MappedFile>(folder / checkpoint_file);
  read_weights(package);
  reject_unknown_tensors(package);
  return package;
}

std::string package_digest(const fs::path& folder) {
  // As `sha256sum` lists them, so that `sha256sum FILES | sha256sum` tells the same.
  std::string listing;
  for (const std::string_view name : needed_files(read_config(folder / config_file).model)) {
    const fs::path path = folder / name;
    listing += fmt::format("{}  {}\n", name == checkpoint_file ? checkpoint_sha256(path) : sha256_file(path), name);
  }
  return sha256_hex(listing);
}

}  // namespace hens
