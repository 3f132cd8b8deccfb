// A makani model package as it lies on disk: configuration, statistics, static fields and the checkpoint's tensors.
//
// Everything in a package is untrusted: nothing is executed, every size is checked against the file before memory is
// taken, and errors name the file and the tensor, key or byte offset. Tensors are views into a memory map of the
// checkpoint: opening an 8.9 GB package reads only its directory.
#pragma once

#include <complex>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/time.h"
#include "grid/grid_kind.h"
#include "grid/lat_lon_grid.h"

namespace hens {

enum class ElementType { float32, complex64 };

// A tensor of the checkpoint: a view, valid while the ModelPackage lives. Contiguous, C order; `data` may be unaligned
// (the older stream format packs without padding).
struct TensorView {
  ElementType type = ElementType::float32;
  std::vector<int64_t> shape;
  const std::byte* data = nullptr;
  // Of zip archives: the entry that holds the data, and the CRC that its directory claims.
  std::span<const std::byte> entry;
  std::optional<uint32_t> crc32;
  int64_t elements() const;
  size_t bytes() const { return static_cast<size_t>(elements()) * (type == ElementType::complex64 ? 8 : 4); }
};

// What config.json says about the network, checked: every number is positive and bounded, every mode is one that hens
// knows; an unsupported value is an Error{bad_input} naming the key, the value and what is supported.
struct ModelConfig {
  int nlat = 0, nlon = 0;  // outer grid
  int scale_factor = 1;    // inner grid is nlat / scale_factor x nlon / scale_factor
  int embed_dim = 0, num_layers = 0;
  double mlp_ratio = 2.0;
  int inner_nlat = 0, inner_nlon = 0;
  int lmax = 0, mmax = 0;  // degrees 0..lmax-1, orders 0..mmax-1
  GridKind model_grid = GridKind::equiangular, sht_grid = GridKind::legendre_gauss;
  bool add_grid = false, add_cos_to_grid = false, add_zenith = false, add_orography = false, add_landmask = false;
  int grid_frequencies = 1;
  bool big_skip = true;               // residual_transform.weight is present
  bool has_coordinates = false;       // lat and lon in the config: grid features are radians, else fractions
  std::vector<std::string> channels;  // canonical names; a package's `2d` is d2m
  Duration time_step = model_step;    // dhours times dt; jobs are planned in steps of model_step, and no other is taken
  int static_channels() const;        // grid + orography + land mask
  int input_channels() const;         // channels + zenith + static_channels
};

struct ModelPackage {
  fs::path folder;
  ModelConfig config;
  LatLonGrid grid;                            // outer grid; latitudes 90 .. -90
  std::vector<float> mean, std;               // [channel]
  std::vector<float> orography;               // [lat, lon] surface geopotential, m2 s-2; empty if unused
  std::vector<float> land_mask;               // [lat, lon] fraction of land, 0..1; empty if unused
  std::map<std::string, TensorView> weights;  // names without `module.` and `model.`; dhconv weights are [in, out, l]
  std::shared_ptr<const MappedFile> checkpoint;  // what the views look into
  std::string checkpoint_format;                 // "zip" | "stream"

  // The tensor `name`, to be read now: of a zip archive its bytes are held against their CRC, so that a file that
  // changed since its digest was made goes into no forecast. Throws Error{bad_input} naming the tensor and the
  // checkpoint where it is not there, its shape differs or its bytes are not those that were written.
  const TensorView& tensor(const std::string& name, const std::vector<int64_t>& shape) const;
  int64_t parameters() const;  // complex numbers counted once
};

// Opens a package. Throws Error{missing_input} naming a missing file, {bad_input} naming what is wrong.
ModelPackage open_package(const fs::path& folder);

// SHA-256 over the files that shape a forecast (config.json, statistics, static fields, checkpoint), name by name.
// Reads all of the checkpoint, seconds at full size, and checks its CRCs (checkpoint_sha256).
std::string package_digest(const fs::path& folder);

}  // namespace hens
