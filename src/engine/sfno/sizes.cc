#include "engine/sfno/sizes.h"

#include <algorithm>

#include "base/error.h"

namespace hens::engine {

bool keeps_spectrum(const Sizes& sizes, const Grid& grid) {
  const int exact = grid.kind == GridKind::legendre_gauss ? 2 * grid.nlat - 1 : grid.nlat - 1;
  return 2 * (sizes.lmax - 1) <= exact && sizes.orders <= grid.half();
}

Sizes sizes_of(const ModelConfig& config) {
  Sizes sizes;
  sizes.outer = {config.model_grid, config.nlat, config.nlon};
  sizes.inner = {config.sht_grid, config.inner_nlat, config.inner_nlon};
  for (const Grid& grid : {sizes.outer, sizes.inner}) {
    if (grid.nlon % 2 == 0) continue;
    fail(ExitCode::bad_spec,
         "forecast.engine: fast: the model's grid of {} x {} has an odd number of longitudes; the fast engine folds "
         "circles in half: set forecast.engine to reference",
         grid.nlat, grid.nlon);
  }
  if (sizes.outer.kind == sizes.inner.kind && sizes.outer.nlat == sizes.inner.nlat) {
    fail(ExitCode::bad_spec,
         "forecast.engine: fast: the model's inner grid is its outer one, so that its skips take fields as they are; "
         "the fast engine has their spectra alone: set forecast.engine to reference");
  }
  if (config.num_layers < 2) {
    fail(ExitCode::bad_spec,
         "forecast.engine: fast: the model has {} block; expected 2 or more: set forecast.engine to reference",
         config.num_layers);
  }
  sizes.lmax = config.lmax;
  sizes.orders = std::min(config.lmax, config.mmax);
  sizes.channels = static_cast<int>(config.channels.size());
  sizes.forcing = config.input_channels() - sizes.channels;
  sizes.sun = config.add_zenith;
  sizes.embed = config.embed_dim;
  sizes.hidden = static_cast<int>(config.embed_dim * config.mlp_ratio);
  sizes.blocks = config.num_layers;
  return sizes;
}

}  // namespace hens::engine
