#include "engine/sfno/network.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <optional>

#include <c10/util/Half.h>
#include <fmt/format.h>

#include "engine/gemm/plan.h"
#include "engine/sfno/layers.h"
#include "engine/sfno/tile_jobs.h"
#include "engine/sfno/transform.h"
#include "sfno/pointwise.h"

namespace hens::engine {
namespace {

struct Block {
  NormWeights norm0, norm1;
  std::optional<ConvolutionLayer> convolution;
  std::optional<GemmPlan> skip;
  std::optional<MlpLayer> mlp;
};

}  // namespace

struct FastNetwork::Inside {
  Inside(const Backend& backend, const Sizes& sizes, DeviceWeights weights);

  const Backend& backend;
  const Sizes sizes;
  const DeviceWeights weights;
  const int width;  // of channels

  Buffer input, fourier, spectra[2], mixed, points, field;
  Buffer partial, norms, folded_decoder, decoder_constant, sun;
  ChainMemory chain;
  std::optional<Transform> outer, inner;
  std::optional<GemmPlan> encoder, first_fourier, inner_fourier, decoder;
  std::optional<GemmPlan> resampling_legendre, resampling_fourier;  // where the inner grid does not keep a spectrum
  std::vector<Block> blocks;

  const float* input_of = nullptr;  // the state that `input` holds
  PhaseObserver observer;
  mutable std::optional<NamedRange> range;  // of the phase that is being launched

  __half* spectrum_of(int block) const { return spectra[block % 2].as<__half>(); }  // the block's input
  Affine affine(int which) const {
    return {norms.as<float>() + 2 * which * width, norms.as<float>() + (2 * which + 1) * width};
  }
  bool one_state_tile() const { return sizes.state_width() <= shapes::State::columns(backend.kernels()); }

  void make_buffers();
  Block make_block(int i);
  ChainedJobs mlp_jobs(const Grid& grid) const {
    return engine::mlp_jobs(backend, sizes, grid, backend.tiles_behind());
  }
  ChainedJobs decoder_jobs() const;
  void make_decoder();

  void phase(const char* name) const {
    range.reset();
    range.emplace(name);
    if (observer) observer(name);
  }
  void forward(float* state);
  void analyse(const Transform& transform, const GemmPlan& fourier_of_field, __half* spectrum);
  void block_inside(const Block& block, const Transform& transform);
  void mlp(const Block& block, const Grid& grid);
  void resample();
  void finish_block(int i);
  void last_residual(const Block& block);
  void decode(float* state);
};

// ---- construction ----

FastNetwork::Inside::Inside(const Backend& backend_, const Sizes& sizes_, DeviceWeights weights_)
    : backend(backend_), sizes(sizes_), weights(std::move(weights_)), width(sizes.width()) {
  make_buffers();
  outer.emplace(backend, sizes, sizes.outer, fourier.as<__half>(), mixed.as<__half>());
  inner.emplace(backend, sizes, sizes.inner, fourier.as<__half>(), mixed.as<__half>());
  first_fourier.emplace(outer->fourier_of(field.as<__half>()));
  inner_fourier.emplace(inner->fourier_of(points.as<__half>()));
  if (!keeps_spectrum(sizes, sizes.inner)) {
    resampling_legendre.emplace(inner->legendre_of(spectrum_of(0)));
    resampling_fourier.emplace(inner->fourier_of(field.as<__half>()));
  }

  const int64_t in = sizes.input_width();
  encoder.emplace(backend, layer_traits<shapes::Pointwise>(),
                  std::vector{matrix(input.as<void>(), sizes.outer.rows(), in, 2 * in)},
                  std::vector{matrix(weights.at<void>("encoder.weight"), sizes.embed, in, in)},
                  pointwise_jobs(sizes.outer.rows(), sizes.used_width(), shapes::Pointwise::columns(backend.kernels()),
                                 {static_cast<int>(in)}, Order::outwards));
  for (int i = 0; i < sizes.blocks; ++i) blocks.push_back(make_block(i));
  make_decoder();
}

void FastNetwork::Inside::make_buffers() {
  const auto halves = [&](int64_t count) { return Buffer(backend, static_cast<size_t>(count) * sizeof(__half)); };
  const auto floats = [&](int64_t count) { return Buffer(backend, static_cast<size_t>(count) * sizeof(float)); };
  const Grid &o = sizes.outer, &i = sizes.inner;
  input = halves(o.rows() * 2 * sizes.input_width());
  fourier = halves(std::max(Transform::coefficients(sizes, o), Transform::coefficients(sizes, i)));
  for (Buffer& spectrum : spectra) spectrum = halves(Transform::spectrum_halves(sizes));
  mixed = halves(Transform::spectrum_halves(sizes));
  const int64_t most_rows = std::max(o.rows(), i.rows());
  int64_t ring = 0;
  int counters = 0;
  const auto make_room = [&](const ChainedJobs& jobs, int between) {
    ring = std::max(ring, jobs.ring_rows * between), counters = std::max(counters, jobs.counters);
  };
  make_room(mlp_jobs(o), sizes.hidden_width());
  make_room(mlp_jobs(i), sizes.hidden_width());
  make_room(decoder_jobs(), width);
  chain = {halves(ring), Buffer(backend, sizeof(uint32_t) * static_cast<size_t>(counters))};
  points = halves(most_rows * width);
  field = halves(most_rows * width);
  partial = floats(std::max(MlpLayer::partial_floats(sizes, o), MlpLayer::partial_floats(sizes, i)));
  norms = floats(4 * width);
  folded_decoder = halves(int64_t{sizes.embed} * width);
  decoder_constant = floats(width);
  sun = floats(2 * o.nlat + o.nlon);
}

ChainedJobs FastNetwork::Inside::decoder_jobs() const {
  const int in = sizes.input_width();
  return chained_jobs(
      sizes.outer.rows(), {{sizes.used_width()}, sizes.used_width(), shapes::Pointwise::columns(backend.kernels())},
      {{sizes.used_width(), 2 * in, in}, sizes.state_width(), shapes::State::columns(backend.kernels())},
      backend.tiles_behind(), Order::inwards);
}

Block FastNetwork::Inside::make_block(int i) {
  Block block;
  const std::string name = fmt::format("block{}.", i);
  const auto vector = [&](const char* what) { return weights.at<float>(name + what); };
  const auto halves = [&](const char* what) { return weights.at<__half>(name + what); };
  float epsilon = 0;
  download(backend, &epsilon, vector("epsilon"), sizeof(float));
  block.norm0 = {vector("norm0.weight"), vector("norm0.bias"), epsilon};
  block.norm1 = {vector("norm1.weight"), vector("norm1.bias"), static_cast<float>(norm_epsilon)};
  block.convolution.emplace(backend, sizes, spectrum_of(i), halves("filter"));

  const Operand rows = matrix(spectrum_of(i), int64_t{2} * sizes.lmax * sizes.orders, width, width);
  block.skip.emplace(backend, layer_traits<shapes::Pointwise>(), std::vector{rows},
                     std::vector{matrix(halves("skip"), sizes.embed, width, width)},
                     spectral_rows_jobs(sizes, shapes::Pointwise::columns(backend.kernels())));
  const Grid& grid = i == sizes.blocks - 1 ? sizes.outer : sizes.inner;
  const MlpWeights mlp{halves("fc1.weight"), halves("fc2.weight"), vector("fc1.bias"), vector("fc2.bias")};
  block.mlp.emplace(backend, sizes, grid, mlp_jobs(grid), mlp, points.as<__half>(), chain, partial.as<float>());
  return block;
}

// The hidden layer's ring, then the big skip of the network's input, whose low halves and weights' low halves add what
// 16 bits leave out.
void FastNetwork::Inside::make_decoder() {
  const int64_t in = sizes.input_width(), channels = sizes.channels, rows = sizes.outer.rows();
  const ChainedJobs jobs = decoder_jobs();
  const Operand x = matrix(input.as<void>(), rows, 2 * in, 2 * in);
  decoder.emplace(backend, layer_traits<shapes::Decoder>(),
                  std::vector{matrix(points.as<void>(), rows, width, width),
                              matrix(chain.ring.as<void>(), jobs.ring_rows, width, width), x, x},
                  std::vector{matrix(folded_decoder.as<void>(), sizes.embed, width, width),
                              matrix(weights.at<void>("decoder.last"), channels, width, width),
                              matrix(weights.at<void>("big_skip"), channels, 2 * in, 2 * in),
                              matrix(weights.at<void>("big_skip.rest"), channels, in, in)},
                  jobs.jobs);
}

// ---- a step ----

void FastNetwork::Inside::forward(float* state) {
  phase("encoder");
  launch(*encoder, EncoderGelu{field.as<__half>(), weights.at<float>("encoder.bias"), width});
  analyse(*outer, *first_fourier, spectrum_of(0));
  for (int i = 0; i + 1 < sizes.blocks; ++i) {
    block_inside(blocks[static_cast<size_t>(i)], *inner);
    finish_block(i);
  }
  last_residual(blocks.back());
  block_inside(blocks.back(), *outer);
  decode(state);
}

// X or U -> G -> their spectrum
void FastNetwork::Inside::analyse(const Transform& t, const GemmPlan& fourier_of_field, __half* spectrum) {
  phase("fourier forward");
  t.fourier_forward(fourier_of_field);
  phase("legendre forward");
  t.legendre_forward(spectrum);
}

// S -> U = M2 gelu(M1 gelu(norm0(synthesis(W S)))), and norm1's affine map of it
void FastNetwork::Inside::block_inside(const Block& block, const Transform& t) {
  phase("spectral convolution");
  block.convolution->launch(mixed.as<__half>());
  phase("legendre back");
  t.legendre_back();
  phase("norm");
  t.norm(norms.as<float>(), norms.as<float>() + width, block.norm0);
  phase("fourier back");
  t.fourier_back(FourierInverseNorm{points.as<__half>(), t.grid().quads(), width, affine(0)});
  mlp(block, t.grid());
}

void FastNetwork::Inside::mlp(const Block& block, const Grid& grid) {
  phase("mlp");
  block.mlp->launch();
  phase("norm");
  field_norm(backend, norms.as<float>() + 2 * width, norms.as<float>() + 3 * width, partial.as<float>(),
             MlpLayer::partial_tiles(grid), width, grid.points(), block.norm1);
}

// The first block's residual is what the inner grid keeps of its spectrum: S -> X on the inner grid -> S
void FastNetwork::Inside::resample() {
  phase("legendre back");
  inner->legendre_back(*resampling_legendre);
  phase("fourier back");
  inner->fourier_back(FourierInverse{field.as<__half>(), sizes.inner.quads(), width});
  analyse(*inner, *resampling_fourier, spectrum_of(0));
}

// The sum of skip and norm1(U) is not made on the grid: nothing but its spectrum is asked for, by the next block's
// convolution and by all skips that follow.
void FastNetwork::Inside::finish_block(int i) {
  if (i == 0 && resampling_legendre) resample();
  analyse(*inner, *inner_fourier, mixed.as<__half>());
  phase("skip");
  launch(*blocks[static_cast<size_t>(i)].skip,
         SkipNorm{spectrum_of(i + 1), mixed.as<__half>(), width, affine(1), spectrum_of_one});
}

// What the decoder's first layer gets beside norm1(U), in place of X: D1 S synthesis(s).
void FastNetwork::Inside::last_residual(const Block& block) {
  phase("skip");
  launch(*block.skip, Plain{mixed.as<__half>(), width});
  phase("legendre back");
  outer->legendre_back();
  phase("fourier back");
  outer->fourier_back(FourierInverse{field.as<__half>(), sizes.outer.quads(), width});
}

void FastNetwork::Inside::decode(float* state) {
  phase("norm");
  fold_norm(backend, folded_decoder.as<__half>(), decoder_constant.as<float>(), weights.at<float>("decoder.first"),
            weights.at<float>("decoder.first.bias"), affine(1), sizes.embed, width);
  const int64_t in = 2 * sizes.input_width(), out = sizes.state_width();
  phase("decoder");
  clear(backend, chain.done);
  // The input's rows may be replaced while they are read only if no other tile reads them.
  __half* next = one_state_tile() ? input.as<__half>() : nullptr;
  launch(*decoder, Decoder{{chain.ring.as<__half>(), decoder_constant.as<float>(), field.as<__half>(), width},
                           {state, next, out, in, sizes.input_width(), static_cast<int>(out)},
                           chain.done.as<uint32_t>()});
  if (!one_state_tile()) {
    set_input(backend, input.as<__half>(), state, sizes.outer.rows(), static_cast<int>(out), sizes.input_width());
  }
  range.reset();
}

// ---- outside ----

FastNetwork::FastNetwork(const Backend& backend, const Sizes& sizes, DeviceWeights weights,
                         const std::vector<float>& static_features)
    : inside_(std::make_unique<Inside>(backend, sizes, std::move(weights))) {
  const int64_t count = sizes.forcing - (sizes.sun ? 1 : 0), in = sizes.input_width();
  const int64_t first = sizes.state_width() + (sizes.sun ? 1 : 0);
  assert(static_cast<int64_t>(static_features.size()) == sizes.outer.points() * count);
  std::vector<uint16_t> rows(static_cast<size_t>(sizes.outer.rows() * 2 * in), 0);
  const int half = sizes.outer.half(), of_latitude = 4 * sizes.outer.quads();
  for (int64_t row = 0; row < sizes.outer.rows(); ++row) {
    const int at_row = static_cast<int>(row % of_latitude);
    const int64_t point = row / of_latitude * sizes.outer.nlon + longitude_of(at_row / 4, at_row % 4, half);
    for (int64_t f = 0; f < count; ++f) {
      const float value = static_features[static_cast<size_t>(point * count + f)];
      const c10::Half high(value);
      uint16_t* at = rows.data() + row * 2 * in + first + f;
      at[0] = high.x;
      at[in] = c10::Half(value - static_cast<float>(high)).x;
    }
  }
  upload(backend, inside_->input.as<void>(), rows.data(), rows.size() * sizeof(uint16_t));
}

FastNetwork::~FastNetwork() = default;

size_t FastNetwork::state_floats() const {
  return static_cast<size_t>(inside_->sizes.outer.rows() * inside_->sizes.state_width());
}

Scaling FastNetwork::scaling() const { return {inside_->weights.at<float>("mean"), inside_->weights.at<float>("std")}; }

void FastNetwork::set_sun(const SunOnGrid& sun) {
  Inside& n = *inside_;
  if (!n.sizes.sun) return;
  const Grid& grid = n.sizes.outer;
  std::vector<float> all = sun.constant;
  all.insert(all.end(), sun.amplitude.begin(), sun.amplitude.end());
  all.insert(all.end(), sun.cosine.begin(), sun.cosine.end());
  assert(static_cast<int>(all.size()) == 2 * grid.nlat + grid.nlon);
  float* at = n.sun.as<float>();
  upload(n.backend, at, all.data(), all.size() * sizeof(float));
  engine::set_sun(n.backend, n.input.as<__half>(), at, at + grid.nlat, at + 2 * grid.nlat, grid.nlat, grid.nlon,
                  n.sizes.state_width(), n.sizes.input_width());
}

void FastNetwork::step(float* state, std::shared_ptr<Backend::Graph>& graph) {
  Inside& n = *inside_;
  if (n.input_of != state) {
    set_input(n.backend, n.input.as<__half>(), state, n.sizes.outer.rows(), n.sizes.state_width(),
              n.sizes.input_width());
  }
  if (!graph) graph = n.backend.record([&n, state] { n.forward(state); });
  const NamedRange range("six hours of a member");
  n.backend.launch(*graph);
  n.input_of = state;
}

void FastNetwork::step_observed(float* state, const PhaseObserver& observer) {
  Inside& n = *inside_;
  set_input(n.backend, n.input.as<__half>(), state, n.sizes.outer.rows(), n.sizes.state_width(), n.sizes.input_width());
  n.observer = observer;
  n.forward(state);
  n.observer = {};
  n.input_of = state;
}

std::map<std::string, PhaseWork> FastNetwork::work() const {
  const Inside& n = *inside_;
  const Sizes& z = n.sizes;
  const double element = sizeof(__half), row = z.width() * element;
  const auto field = [&](const Grid& grid) { return static_cast<double>(grid.rows()) * row; };
  const auto coefficients = [&](const Transform& t) {  // of all rows
    double orders = 0;
    for (int lat = 0; lat < t.grid().nlat; ++lat) orders += t.active().orders(std::min(lat, t.grid().nlat - 1 - lat));
    return 2 * orders * row;
  };
  double pairs = 0;  // (l, m) with m <= l
  for (int l = 0; l < z.lmax; ++l) pairs += std::min(l + 1, z.orders);
  const double spectrum = 2 * pairs * row, weights = 2.0 * z.lmax * z.embed * row;

  std::map<std::string, PhaseWork> work;
  const auto add = [&](const char* phase, double flop, double bytes) {
    work[phase].flop += flop, work[phase].bytes += bytes;
  };
  const double rows = static_cast<double>(z.outer.rows());
  add("encoder", n.encoder->flop(), rows * z.input_width() * element + field(z.outer));
  const auto back = [&](const Transform& t) {
    add("legendre back", t.legendre_back_flop(), spectrum + coefficients(t));
    add("fourier back", t.fourier_back_flop(), coefficients(t) + field(t.grid()));
  };
  const auto forth = [&](const Transform& t, const GemmPlan& fourier) {
    add("fourier forward", fourier.flop(), field(t.grid()) + coefficients(t));
    add("legendre forward", t.legendre_forward_flop(), coefficients(t) + spectrum);
  };
  forth(*n.outer, *n.first_fourier);
  for (int i = 0; i < z.blocks; ++i) {
    const Block& block = n.blocks[static_cast<size_t>(i)];
    const bool last = i == z.blocks - 1;
    const Transform& to = last ? *n.outer : *n.inner;
    add("spectral convolution", block.convolution->flop(), 2 * spectrum + weights);
    back(to);
    add("mlp", block.mlp->flop(), 2 * field(to.grid()));
    add("skip", block.skip->flop(), (last ? 2 : 3) * spectrum);
    if (last) {
      back(*n.outer);
    } else {
      forth(*n.inner, *n.inner_fourier);
    }
  }
  if (n.resampling_legendre) {
    back(*n.inner);
    forth(*n.inner, *n.inner_fourier);
  }
  add("decoder", n.decoder->flop(),
      2 * field(z.outer) + rows * (2 * z.input_width() * element + z.state_width() * (sizeof(float) + 2 * element)));
  return work;
}

void FastNetwork::forget_input() { inside_->input_of = nullptr; }

}  // namespace hens::engine
