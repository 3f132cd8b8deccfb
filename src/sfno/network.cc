#include "sfno/network.h"

#include <fmt/format.h>

#include "sfno/weights.h"

namespace hens {
namespace {

sht::ShtSize outer_size(const ModelConfig& c) { return {c.model_grid, c.nlat, c.nlon, c.lmax, c.mmax}; }
sht::ShtSize inner_size(const ModelConfig& c) { return {c.sht_grid, c.inner_nlat, c.inner_nlon, c.lmax, c.mmax}; }

// As torch-harmonics tells grids apart; equal ones are the same points.
bool same_grid(const sht::ShtSize& a, const sht::ShtSize& b) { return a.nlat == b.nlat && a.grid == b.grid; }

// Rows of zeros up to a multiple of 16: matrix products whose rows are whole cache lines are up to twice as fast.
at::Tensor padded(const at::Tensor& weight) { return at::constant_pad_nd(weight, {0, 0, 0, -weight.size(0) & 15}); }

}  // namespace

Network::Network(const ModelPackage& package, at::Device device)
    : outer_analysis_(outer_size(package.config), device),
      inner_analysis_(inner_size(package.config), device),
      outer_synthesis_(outer_size(package.config), device),
      inner_synthesis_(inner_size(package.config), device),
      channels_(static_cast<int64_t>(package.config.channels.size())) {
  const ModelConfig& config = package.config;
  const int64_t embed = config.embed_dim, hidden = static_cast<int64_t>(embed * config.mlp_ratio);
  const WeightLoader load(package, device);
  encoder_ = {load.linear("encoder.fwd.0", config.input_channels(), embed, true),
              load.linear("encoder.fwd.2", embed, embed, false)};
  const bool resample = !same_grid(outer_size(config), inner_size(config));
  for (int i = 0; i < config.num_layers; ++i) {
    const bool from_outer = i == 0, to_outer = i == config.num_layers - 1;
    const std::string name = fmt::format("blocks.{}.", i);
    blocks_.push_back({from_outer, to_outer, resample && from_outer != to_outer,
                       SpectralConv(load.view(name + "filter.filter.weight", {embed, embed, config.lmax}), device),
                       load.norm(name + "norm0", embed), load.norm(name + "norm1", embed),
                       TwoLayer{load.linear(name + "mlp.fwd.0", embed, hidden, true),
                                load.linear(name + "mlp.fwd.3", hidden, embed, true)},
                       load.linear(name + "outer_skip", embed, embed, false).weight});
  }
  decoder_ = {load.linear("decoder.fwd.0", embed, embed, true),
              {padded(load.linear("decoder.fwd.2", embed, channels_, false).weight), {}}};
  if (config.big_skip) big_skip_ = padded(load.big_skip("residual_transform"));
}

at::Tensor Network::operator()(const at::Tensor& input, const NetworkProbe& probe) const {
  const auto see = [&](const std::string& name, const at::Tensor& tensor) {
    if (probe) probe(name, tensor);
  };
  see("input", input);                        // [H, W, input channels]
  at::Tensor x = two_layer(input, encoder_);  // [H, W, embed]
  see("encoder", x);
  for (size_t i = 0; i < blocks_.size(); ++i) {
    x = run(blocks_[i], x);  // [h, w, embed]; after the last [H, W, embed]
    see(fmt::format("block{}", i), x);
  }
  at::Tensor padded = two_layer(x, decoder_);  // [H, W, channels and padding]
  if (big_skip_.defined()) add_product_(padded, input.slice(2, 0, big_skip_.size(1)), big_skip_);
  const at::Tensor y = padded.slice(2, 0, channels_);  // [H, W, channels]
  see("output", y);
  return y;
}

at::Tensor Network::run(const Block& block, const at::Tensor& x) const {
  const auto& analysis = block.from_outer ? outer_analysis_ : inner_analysis_;
  const auto& synthesis = block.to_outer ? outer_synthesis_ : inner_synthesis_;
  const sht::Spectrum s = analysis(x);                            // [l, m, embed]
  const at::Tensor residual = block.resample ? synthesis(s) : x;  // on the grid of the result
  at::Tensor a = synthesis(block.filter(s));                      // [lat, lon, embed]
  instance_norm_(a, block.norm0);
  at::gelu_(a);
  a = two_layer(a, block.mlp);
  instance_norm_(a, block.norm1);
  add_product_(a, residual, block.outer_skip);
  return a;
}

}  // namespace hens
