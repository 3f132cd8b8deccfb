// The files of a makani model package and the reading of its statistics.
#pragma once

#include <string_view>
#include <vector>

#include "base/files.h"
#include "package/package.h"

namespace hens {

inline constexpr std::string_view config_file = "config.json";
inline constexpr std::string_view means_file = "global_means.npy";
inline constexpr std::string_view stds_file = "global_stds.npy";
inline constexpr std::string_view orography_file = "orography.nc";
inline constexpr std::string_view land_mask_file = "land_mask.nc";
inline constexpr std::string_view checkpoint_file = "training_checkpoints/best_ckpt_mp0.tar";

// Which of these a package of this configuration needs, in the order above.
std::vector<std::string_view> needed_files(const ModelConfig& config);

// Throws Error{bad_input} naming `origin` unless `path` begins as the file `name` of a package does: the login page of
// a network, say, does not.
void check_kind_of_file(const fs::path& path, std::string_view name, const std::string& origin);

// Per-channel numbers of a .npy file [1, n, 1, 1], the first `channels` of them. Throws Error{missing_input}, or
// {bad_input} naming the file and channel: another shape, fewer channels, not finite, or (`positive`) not above 0.
std::vector<float> read_statistics(const fs::path& path, const std::vector<std::string>& channels, bool positive);

// orography.nc's Z and land_mask.nc's LSM in `folder`, [lat, lon] of `grid`. Errors as read_static_field; the mask's
// values must be fractions.
std::vector<float> read_orography(const fs::path& folder, const LatLonGrid& grid);
std::vector<float> read_land_mask(const fs::path& folder, const LatLonGrid& grid);

// The network's tensors, named without prefix, spectral filters as [in, out, l], and config.big_skip. `package` has its
// checkpoint mapped.
void read_weights(ModelPackage& package);

}  // namespace hens
