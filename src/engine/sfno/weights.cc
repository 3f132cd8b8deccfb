#include "engine/sfno/weights.h"

#include <cassert>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "base/read_ahead.h"
#include "sfno/pointwise.h"
#include "sfno/weights.h"

namespace hens::engine {
namespace {

constexpr uint64_t alignment = 256;

at::Tensor padded_to(const at::Tensor& t, int64_t columns) { return at::constant_pad_nd(t, {0, columns - t.size(-1)}); }

// The input channels as the engine lays them: the state's, one of padding if their number is odd, the forcing's.
at::Tensor input_columns(const at::Tensor& weight, const Sizes& sizes) {
  at::Tensor wide = at::zeros({weight.size(0), sizes.input_width()}, weight.options());
  const int64_t state = sizes.channels, forcing = weight.size(1) - state;
  wide.narrow(1, 0, state).copy_(weight.narrow(1, 0, state));
  if (forcing > 0) wide.narrow(1, sizes.state_width(), forcing).copy_(weight.narrow(1, state, forcing));
  return wide;
}

// Fuses and lays out one entry after the other.
class Fuser {
 public:
  Fuser(const ModelPackage& package, const Sizes& sizes, at::Device device,
        const std::function<void(const WeightEntry&, const at::Tensor&)>& take)
      : package_(package),
        sizes_(sizes),
        load_(package, device),
        device_(device),
        take_(take),
        entries_(weight_entries(sizes)) {}

  void fuse() {
    const int64_t embed = sizes_.embed, inputs = package_.config.input_channels();
    const Linear first = load_.linear("encoder.fwd.0", inputs, embed, true);
    encoder_second_ = load_.linear("encoder.fwd.2", embed, embed, false).weight.to(at::kDouble);
    decoder_first_ = load_.linear("decoder.fwd.0", embed, embed, true);
    give(input_columns(first.weight, sizes_));
    give(padded_to(first.bias, sizes_.width()));
    for (int i = 0; i < sizes_.blocks; ++i) fuse_block(i);
    give(padded_to(decoder_first_.weight, sizes_.width()));
    give(padded_to(decoder_first_.bias, sizes_.width()));
    give(padded_to(load_.linear("decoder.fwd.2", embed, sizes_.channels, false).weight, sizes_.width()));
    lay_out_big_skip();
    give(padded_to(at::tensor(package_.mean), sizes_.state_width()));
    give(padded_to(at::tensor(package_.std), sizes_.state_width()));
    assert(next_ == entries_.size());
  }

 private:
  void fuse_block(int i) {
    const int64_t embed = sizes_.embed, hidden = sizes_.hidden, width = sizes_.width();
    const std::string name = fmt::format("blocks.{}.", i);
    const double scale = fuse_filter(name, i == 0);
    give(at::full({1}, norm_epsilon * scale * scale));
    for (const char* norm : {"norm0", "norm1"}) {
      const Norm loaded = load_.norm(name + norm, embed);
      give(padded_to(loaded.weight, width));
      give(padded_to(loaded.bias, width));
    }
    const Linear fc1 = load_.linear(name + "mlp.fwd.0", embed, hidden, true);
    const Linear fc2 = load_.linear(name + "mlp.fwd.3", hidden, embed, true);
    give(padded_to(fc1.weight, width));
    give(padded_to(fc1.bias, sizes_.hidden_width()));
    give(padded_to(fc2.weight, sizes_.hidden_width()));
    give(padded_to(fc2.bias, width));
    at::Tensor skip = load_.linear(name + "outer_skip", embed, embed, false).weight.to(at::kDouble);
    if (i == 0) skip = at::mm(skip, encoder_second_);
    if (i == sizes_.blocks - 1) skip = at::mm(decoder_first_.weight.to(at::kDouble), skip);
    give(padded_to(skip, width));
  }

  // Gives [l, re im, out, in] times a power of two, which it returns.
  double fuse_filter(const std::string& name, bool after_encoder) {
    const int64_t embed = sizes_.embed;
    const at::Tensor source =
        tensor_of(load_.view(name + "filter.filter.weight", {embed, embed, sizes_.lmax})).to(device_);
    at::Tensor filter = at::view_as_real(source).permute({2, 3, 1, 0});  // [l, re im, out, in]
    if (after_encoder) filter = at::matmul(filter.to(at::kDouble), encoder_second_);
    const double rms = std::sqrt(filter.square().mean(at::kDouble).item<double>() * 2);
    const double scale = rms > 0 ? std::exp2(-std::round(std::log2(rms * std::sqrt(embed)))) : 1.0;
    give(padded_to(filter * scale, sizes_.width()));
    return scale;
  }

  void lay_out_big_skip() {
    const int64_t outputs = sizes_.channels;
    at::Tensor skip = at::zeros({outputs, sizes_.input_width()}, at::device(device_).dtype(at::kFloat));
    if (package_.config.big_skip) skip = input_columns(load_.big_skip("residual_transform"), sizes_);
    const at::Tensor high = skip.to(at::kHalf);
    give(at::cat({high, high}, 1));
    give(skip - high.to(at::kFloat));
  }

  void give(const at::Tensor& values) {
    const WeightEntry& entry = entries_.at(next_++);
    assert(values.sizes() == at::IntArrayRef(entry.shape));
    const at::Tensor rounded = values.to(device_, entry.type).contiguous();
    if (!at::isfinite(rounded).all().item<bool>()) {
      fail(ExitCode::bad_input,
           "{}: fused into {} it has values that are not finite, or too large for 16 bits: set forecast.engine to "
           "reference",
           package_.checkpoint->path().string(), entry.name);
    }
    take_(entry, rounded);
  }

  const ModelPackage& package_;
  const Sizes& sizes_;
  WeightLoader load_;
  at::Device device_;
  const std::function<void(const WeightEntry&, const at::Tensor&)>& take_;
  std::vector<WeightEntry> entries_;
  size_t next_ = 0;
  at::Tensor encoder_second_;  // [out, in] double
  Linear decoder_first_;
};

}  // namespace

uint64_t WeightEntry::bytes() const {
  uint64_t count = type == at::kHalf ? 2 : 4;
  for (const int64_t size : shape) count *= static_cast<uint64_t>(size);
  return count;
}

std::vector<WeightEntry> weight_entries(const Sizes& sizes) {
  const int64_t embed = sizes.embed, width = sizes.width(), hidden = sizes.hidden, wide = sizes.hidden_width();
  const int64_t channels = sizes.channels, input = sizes.input_width(), state = sizes.state_width();
  std::vector<WeightEntry> entries;
  uint64_t offset = 0;
  const auto add = [&](const std::string& name, at::ScalarType type, std::vector<int64_t> shape) {
    entries.push_back({name, type, std::move(shape), offset});
    offset += (entries.back().bytes() + alignment - 1) / alignment * alignment;
  };
  add("encoder.weight", at::kHalf, {embed, input});
  add("encoder.bias", at::kFloat, {width});
  for (int i = 0; i < sizes.blocks; ++i) {
    const std::string block = fmt::format("block{}.", i);
    add(block + "filter", at::kHalf, {sizes.lmax, 2, embed, width});
    add(block + "epsilon", at::kFloat, {1});
    for (const char* vector : {"norm0.weight", "norm0.bias", "norm1.weight", "norm1.bias"}) {
      add(block + vector, at::kFloat, {width});
    }
    add(block + "fc1.weight", at::kHalf, {hidden, width});
    add(block + "fc1.bias", at::kFloat, {wide});
    add(block + "fc2.weight", at::kHalf, {embed, wide});
    add(block + "fc2.bias", at::kFloat, {width});
    add(block + "skip", at::kHalf, {embed, width});
  }
  add("decoder.first", at::kFloat, {embed, width});
  add("decoder.first.bias", at::kFloat, {width});
  add("decoder.last", at::kHalf, {channels, width});
  add("big_skip", at::kHalf, {channels, 2 * input});
  add("big_skip.rest", at::kHalf, {channels, input});
  add("mean", at::kFloat, {state});
  add("std", at::kFloat, {state});
  return entries;
}

uint64_t weight_bytes(const std::vector<WeightEntry>& entries) {
  return (entries.back().offset + entries.back().bytes() + alignment - 1) / alignment * alignment;
}

void fuse_weights(const ModelPackage& package, const Sizes& sizes, at::Device device,
                  const std::function<void(const WeightEntry& entry, const at::Tensor& values)>& take) {
  const ReadAhead ahead(package.checkpoint->path());
  Fuser(package, sizes, device, take).fuse();
}

}  // namespace hens::engine
