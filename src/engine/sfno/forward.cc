// The page of a step: what each launch reads, multiplies by and writes. 16-bit floats but where it says fp32; `channel`
// and `hidden` are padded to sizes.h's widths; `part` is real, imaginary; rows are in the order of quads.h.
//
//   buffer                  shape                                     written by                read by
//   state    (a member's)   fp32 [lat][quad][point][state channel]    decoder                   set_input
//   input                   [lat][quad][point][high, low][input]      set_input, decoder        encoder, decoder
//   field    X              [lat][quad][c0 .. c3][channel], folded    encoder, last block       analysis, decoder
//   points   U              [lat][quad][point][channel]               synthesis                 MLP
//            in its place   [lat][quad][c0 .. c3][channel], folded    MLP                       analysis, decoder
//   fourier  G of analysis  [north + south, north - south][northern row][position of m][part][channel]
//            G of synthesis [lat][position of m][part][channel]       the transform's one half  its other half
//   spectrum S_i            [l][m][part][channel]                     analysis, skip i - 1      convolution i, skip i
//   mixed    T              [l][m][part][channel]                     convolution, analysis     synthesis, skip
//   ring                    [row of the ring][channel or hidden]      a chain's first layer     its second
//
//   weights: encoder.weight [channel][input], filter [l][part][out][in], skip [out][in], fc1 [hidden][in],
//            fc2 [out][hidden], decoder.first fp32 [out][in], decoder.last [state channel][in],
//            big_skip [state channel][high, high][input], big_skip.rest [state channel][low][input]
//
// Spectra are multiplied by spectrum_scale. G has the even orders first. U goes to its spectrum before its norm: a
// channel whose mean is beyond some 1000 overflows 16 bits there (the member leaves the finite numbers, and is given
// up), and degree 0 is rounded at 2^-12 of the mean, which counts where that is many times the channel's standard
// deviation.
#include "engine/sfno/forward.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/sfno/tile_jobs.h"
#include "sfno/pointwise.h"

namespace hens::engine {

// ---- a step ----

void Forward::run(float* state) {
  encode();                                                    // input -> X
  analyse(*outer_, field_.as<__half>(), spectrum(0));          // X -> S_0
  for (int i = 0; i + 1 < sizes_.blocks; ++i) inner_block(i);  // S_i -> S_i+1
  last_block();                                                // S_last -> U on the outer grid, X
  decode(state);                                               // U, X, input -> state, input
  range_.reset();
}

// X = gelu(E1 input + bias), folded. The encoder's second layer is fused into block 0.
void Forward::encode() {
  phase("encoder");
  launch(*encoder_plan_, {{input_.as<void>(), weights_.at<__half>("encoder.weight")}},
         EncoderGelu{.out = field_.as<__half>(), .bias = weights_.at<float>("encoder.bias"), .columns = width_});
}

// A folded field -> G -> its spectrum
void Forward::analyse(const Transform& grid, const __half* field, __half* spectrum) {
  phase("fourier analysis");
  grid.fourier_analysis(field, fourier_.as<__half>());
  phase("legendre analysis");
  grid.legendre_analysis(fourier_.as<__half>(), spectrum);
}

// A spectrum -> G -> U = gelu(norm0(field)), whose norm's statistics are G's
void Forward::synthesise(const Transform& grid, const __half* spectrum, const NormWeights& norm0) {
  phase("legendre synthesis");
  grid.legendre_synthesis(spectrum, fourier_.as<__half>());
  phase("norm");
  grid.norm(affine(0), norm0);
  phase("fourier synthesis");
  grid.fourier_synthesis(
      fourier_.as<__half>(),
      FourierSynthesisNorm{
          .out = points_.as<__half>(), .quads = grid.grid().quads(), .columns = width_, .norm = affine(0)});
}

// S_i+1 = skip S_i + norm1(spectrum of MLP(U)), U from filter S_i. The sum is not made on the grid: nothing but its
// spectrum is asked for, by the next block's convolution and by all skips that follow.
void Forward::inner_block(int i) {
  const Block& block = blocks_[static_cast<size_t>(i)];
  __half* mixed = mixed_.as<__half>();
  phase("spectral convolution");
  launch(*block.convolution_plan, {{spectrum(i), block.filter}}, convolution(sizes_, mixed));  // S_i -> T
  synthesise(*inner_, mixed, block.norm0);                                                     // T -> U
  mlp(block, sizes_.inner);                                                                    // U -> U, affine(1)
  if (i == 0 && !keeps_spectrum(sizes_, sizes_.inner)) resample();                             // S_0 -> S_0
  analyse(*inner_, points_.as<__half>(), mixed);                                               // U -> T
  phase("skip");
  launch(*block.skip_plan, {{spectrum(i), block.skip}},
         SkipNorm{.out = spectrum(i + 1), .u = mixed, .columns = width_, .norm = affine(1), .one = spectrum_of_one});
}

// The first block's residual is what the inner grid keeps of its spectrum: S_0 -> G -> X on the inner grid -> S_0
void Forward::resample() {
  phase("legendre synthesis");
  inner_->legendre_synthesis(spectrum(0), fourier_.as<__half>());
  phase("fourier synthesis");
  inner_->fourier_synthesis(
      fourier_.as<__half>(),
      FourierSynthesis{.out = field_.as<__half>(), .quads = sizes_.inner.quads(), .columns = width_});
  analyse(*inner_, field_.as<__half>(), spectrum(0));
}

// On the outer grid: X = synthesis(D1 skip S), which the decoder's first layer D1 gets beside norm1(U); and U.
void Forward::last_block() {
  const int last = sizes_.blocks - 1;
  const Block& block = blocks_.back();
  __half* mixed = mixed_.as<__half>();
  phase("skip");
  launch(*block.skip_plan, {{spectrum(last), block.skip}}, Plain{.out = mixed, .columns = width_});  // S -> T
  phase("legendre synthesis");
  outer_->legendre_synthesis(mixed, fourier_.as<__half>());  // T -> G
  phase("fourier synthesis");
  outer_->fourier_synthesis(
      fourier_.as<__half>(),
      FourierSynthesis{.out = field_.as<__half>(), .quads = sizes_.outer.quads(), .columns = width_});  // G -> X
  phase("spectral convolution");
  launch(*block.convolution_plan, {{spectrum(last), block.filter}}, convolution(sizes_, mixed));  // S -> T
  synthesise(*outer_, mixed, block.norm0);                                                        // T -> U
  mlp(block, sizes_.outer);                                                                       // U -> U, affine(1)
}

// U = M2 gelu(M1 U + bias) + bias, in place and folded, by way of the ring; then norm1's affine map of it
void Forward::mlp(const Block& block, const Grid& grid) {
  __half *points = points_.as<__half>(), *ring = chain_.ring.as<__half>();
  phase("mlp");
  clear(backend_, chain_.counters);
  launch(*block.mlp_plan, {{points, block.mlp.fc1}, {ring, block.mlp.fc2}},
         engine::mlp(sizes_, grid, block.mlp, chain_, points, mlp_sums_.as<float>()));
  phase("norm");
  field_norm(backend_, affine(1),
             {.partial = mlp_sums_.as<float>(), .tiles = mlp_sum_tiles(grid), .width = width_, .points = grid.points()},
             block.norm1);
}

// state = D2 gelu(D1 norm1(U) + X) + B input, the hidden layer by way of the ring. Input and big skip B are sums
// of two 16-bit floats: B input = B high (input high + input low) + B low (input high).
void Forward::decode(float* state) {
  __half* ring = chain_.ring.as<__half>();
  phase("norm");
  const FusedLayer first{.weight = decoder_weight_.as<__half>(), .constant = decoder_constant_.as<float>()};
  fuse_norm(backend_, first,
            {.weight = weights_.at<float>("decoder.first"),
             .bias = weights_.at<float>("decoder.first.bias"),
             .outputs = sizes_.embed,
             .width = width_},
            affine(1));
  phase("decoder");
  clear(backend_, chain_.counters);
  launch(*decoder_plan_,
         {{points_.as<void>(), first.weight},
          {ring, weights_.at<__half>("decoder.last")},
          {input_.as<void>(), weights_.at<__half>("big_skip")},
          {input_.as<void>(), weights_.at<__half>("big_skip.rest")}},
         Decoder{.first = {.out = ring, .constant = first.constant, .residual = field_.as<__half>(), .columns = width_},
                 .second = {.state = state,
                            // Rows may be replaced while they are read only if no other tile reads them.
                            .input = one_state_tile() ? input_.as<__half>() : nullptr,
                            .state_stride = sizes_.state_width(),
                            .input_stride = 2 * sizes_.input_width(),
                            .low = sizes_.input_width(),
                            .columns = sizes_.state_width()},
                 .done = chain_.counters.as<uint32_t>()});
  if (!one_state_tile()) set_input(backend_, input(), state_rows(state));
}

void Forward::phase(const char* name) {
  range_.reset();
  range_.emplace(name);
  if (observer_) observer_(name);
}

// ---- construction ----

Forward::Forward(const Backend& backend, const Sizes& sizes, DeviceWeights weights)
    : backend_(backend), sizes_(sizes), weights_(std::move(weights)), width_(sizes.width()) {
  make_buffers();
  make_transforms();
  make_encoder();
  for (int i = 0; i < sizes.blocks; ++i) blocks_.push_back(make_block(i));
  make_decoder();
}

void Forward::make_buffers() {
  const auto halves = [&](int64_t count) { return Buffer(backend_, static_cast<size_t>(count) * sizeof(__half)); };
  const auto floats = [&](int64_t count) { return Buffer(backend_, static_cast<size_t>(count) * sizeof(float)); };
  const Grid &o = sizes_.outer, &i = sizes_.inner;
  const int64_t most_rows = std::max(o.rows(), i.rows());
  input_ = halves(o.rows() * 2 * sizes_.input_width());
  fourier_ = halves(std::max(Transform::coefficients(sizes_, o), Transform::coefficients(sizes_, i)));
  for (Buffer& spectrum : spectra_) spectrum = halves(Transform::spectrum_halves(sizes_));
  mixed_ = halves(Transform::spectrum_halves(sizes_));
  int64_t ring = 0;
  int counters = 0;
  const auto make_room = [&](const ChainedJobs& jobs, int between) {
    ring = std::max(ring, jobs.ring_rows * between), counters = std::max(counters, jobs.counters);
  };
  for (const Grid& grid : {o, i}) {
    make_room(mlp_jobs(backend_, sizes_, grid, tiles_behind(backend_)), sizes_.hidden_width());
  }
  make_room(decoder_jobs(), width_);
  chain_ = {halves(ring), Buffer(backend_, sizeof(uint32_t) * static_cast<size_t>(counters))};
  points_ = halves(most_rows * width_);
  field_ = halves(most_rows * width_);
  mlp_sums_ = floats(std::max(mlp_sum_floats(sizes_, o), mlp_sum_floats(sizes_, i)));  // [tile][channel][value, square]
  affine_ = floats(4 * width_);                              // [norm 0, 1][scale, shift][channel]
  decoder_weight_ = halves(int64_t{sizes_.embed} * width_);  // [out][channel], norm1 fused in
  decoder_constant_ = floats(width_);                        // [out]
}

void Forward::make_transforms() {
  outer_.emplace(backend_, sizes_, sizes_.outer, fourier_.as<__half>());
  inner_.emplace(backend_, sizes_, sizes_.inner, fourier_.as<__half>());
  outer_->prepare_analysis(field_.as<__half>());
  inner_->prepare_analysis(points_.as<__half>());
  for (Transform* grid : {&*outer_, &*inner_}) grid->prepare_synthesis(mixed_.as<__half>());
  if (keeps_spectrum(sizes_, sizes_.inner)) return;
  inner_->prepare_synthesis(spectrum(0));
  inner_->prepare_analysis(field_.as<__half>());
}

void Forward::make_encoder() {
  const int64_t in = sizes_.input_width(), rows = sizes_.outer.rows();
  const LayerShape layer{{static_cast<int>(in)}, sizes_.used_width(), EncoderGelu::Tiles::columns(backend_.kernels())};
  encoder_plan_.emplace(plan_for<EncoderGelu>(
      backend_,
      {{matrix(input_.as<void>(), rows, in, 2 * in), matrix(weights_.at<void>("encoder.weight"), sizes_.embed, in)}},
      pointwise_jobs(rows, layer, Order::outwards)));
}

Forward::Block Forward::make_block(int i) {
  Block block;
  const std::string name = fmt::format("block{}.", i);
  const auto floats = [&](const char* what) { return weights_.at<float>(name + what); };
  const auto halves = [&](const char* what) { return weights_.at<__half>(name + what); };
  float epsilon = 0;
  download(backend_, &epsilon, floats("epsilon"), sizeof(float));
  block.filter = halves("filter");
  block.skip = halves("skip");
  block.mlp = {halves("fc1.weight"), halves("fc2.weight"), floats("fc1.bias"), floats("fc2.bias")};
  block.norm0 = {floats("norm0.weight"), floats("norm0.bias"), epsilon};
  block.norm1 = {floats("norm1.weight"), floats("norm1.bias"), static_cast<float>(norm_epsilon)};

  block.convolution_plan.emplace(convolution_plan(backend_, sizes_, spectrum(i), block.filter));
  const int64_t rows = int64_t{2} * sizes_.lmax * sizes_.orders;
  block.skip_plan.emplace(
      plan_for<SkipNorm>(backend_, {{matrix(spectrum(i), rows, width_), matrix(block.skip, sizes_.embed, width_)}},
                         spectral_rows_jobs(sizes_, SkipNorm::Tiles::columns(backend_.kernels()))));
  const Grid& grid = i == sizes_.blocks - 1 ? sizes_.outer : sizes_.inner;
  block.mlp_plan.emplace(mlp_plan(backend_, sizes_, grid, mlp_jobs(backend_, sizes_, grid, tiles_behind(backend_)),
                                  points_.as<__half>(), block.mlp, chain_));
  return block;
}

ChainedJobs Forward::decoder_jobs() const {
  const int in = sizes_.input_width(), used = sizes_.used_width();
  return chained_jobs(sizes_.outer.rows(), {{used}, used, DecoderGelu::Tiles::columns(backend_.kernels())},
                      {{used, 2 * in, in}, sizes_.state_width(), NextState::Tiles::columns(backend_.kernels())},
                      tiles_behind(backend_), Order::inwards);
}

void Forward::make_decoder() {
  const int64_t in = sizes_.input_width(), channels = sizes_.channels, rows = sizes_.outer.rows();
  const ChainedJobs jobs = decoder_jobs();
  const Operand x = matrix(input_.as<void>(), rows, 2 * in);
  decoder_plan_.emplace(plan_for<Decoder>(
      backend_,
      {{matrix(points_.as<void>(), rows, width_), matrix(decoder_weight_.as<void>(), sizes_.embed, width_)},
       {matrix(chain_.ring.as<void>(), jobs.ring_rows, width_),
        matrix(weights_.at<void>("decoder.last"), channels, width_)},
       {x, matrix(weights_.at<void>("big_skip"), channels, 2 * in)},
       {x, matrix(weights_.at<void>("big_skip.rest"), channels, in)}},
      jobs.jobs));
}

}  // namespace hens::engine
