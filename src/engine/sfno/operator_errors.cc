#include "engine/sfno/operator_errors.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include "engine/sfno/layers.h"
#include "engine/sfno/transform.h"
#include "sht/transform.h"

namespace hens::engine {
namespace {

// All tensors here are on the CPU, in double unless they are said to be halves.
class Operators {
 public:
  Operators(const Backend& backend, const Sizes& sizes) : backend_(backend), sizes_(sizes) {}

  void transforms(const Grid& grid, OperatorErrors& errors) {
    Sizes few = sizes_;
    few.embed = 8;
    const int width = few.width();
    const Buffer fourier(backend_, sizeof(__half) * static_cast<size_t>(Transform::coefficients(few, grid)));
    const Buffer degrees(backend_, sizeof(__half) * static_cast<size_t>(Transform::spectrum_halves(few)));
    const Buffer field(backend_, sizeof(__half) * static_cast<size_t>(grid.rows() * width));
    Transform transform(backend_, few, grid, fourier.as<__half>());
    transform.prepare_analysis(field.as<__half>());
    transform.prepare_synthesis(degrees.as<__half>());
    const sht::ShtSize size{grid.kind, grid.nlat, grid.nlon, few.lmax, few.orders};
    const std::vector<int64_t> in_rows{few.lmax + 1, few.orders, 2, width};

    const at::Tensor points = random({grid.nlat, grid.nlon, few.embed});
    send(field, folded(points, grid, width));
    transform.fourier_analysis(field.as<__half>(), fourier.as<__half>());
    transform.legendre_analysis(fourier.as<__half>(), degrees.as<__half>());
    const at::Tensor rows = receive(degrees, in_rows).narrow(0, 0, few.lmax).narrow(3, 0, few.embed) / spectrum_scale;
    const at::Tensor spectrum = at::view_as_real(sht::RealSht(size, at::kDouble, at::kCPU)(points.permute({2, 0, 1})));
    errors.analysis = worse(errors.analysis, relative_l2(rows.permute({3, 0, 1, 2}) * below_diagonal(few), spectrum));

    const at::Tensor coefficients = random({few.embed, few.lmax, few.orders, 2}) * below_diagonal(few);
    at::Tensor scaled = at::zeros(in_rows, at::kDouble);
    scaled.narrow(0, 0, few.lmax).narrow(3, 0, few.embed).copy_(coefficients.permute({1, 2, 3, 0}) * spectrum_scale);
    send(degrees, scaled);
    transform.legendre_synthesis(degrees.as<__half>(), fourier.as<__half>());
    transform.fourier_synthesis(fourier.as<__half>(),
                                FourierSynthesis{.out = field.as<__half>(), .quads = grid.quads(), .columns = width});
    const at::Tensor made = unfolded(receive(field, {grid.nlat, grid.quads(), 4, width}), grid).narrow(2, 0, few.embed);
    const at::Tensor expected =
        sht::InverseRealSht(size, at::kDouble, at::kCPU)(at::view_as_complex(coefficients.contiguous()));
    errors.synthesis = worse(errors.synthesis, relative_l2(made.permute({2, 0, 1}), expected));
  }

  void convolution(OperatorErrors& errors) {
    Sizes few = sizes_;
    few.lmax = std::min(sizes_.lmax, 24);  // weights of 40 MB
    few.orders = std::min(sizes_.orders, few.lmax);
    const int width = few.width();
    const int64_t embed = few.embed;
    const at::Tensor input = random({few.lmax, few.orders, 2, embed});
    const at::Tensor weights =
        random({few.lmax, 2, embed, embed}) / std::sqrt(2.0 * static_cast<double>(embed));  // [.., out, in]
    const Buffer from = sent(padded(input, width)), by = sent(padded(weights, width));
    const Buffer to(backend_, from.bytes());
    launch(convolution_plan(backend_, few, from.as<__half>(), by.as<__half>()),
           engine::convolution(few, to.as<__half>()));
    const at::Tensor made = receive(to, {few.lmax, few.orders, 2, width}).narrow(3, 0, embed);
    const auto complex = [](const at::Tensor& t) { return at::complex(t.select(-2, 0), t.select(-2, 1)); };
    const at::Tensor product = at::bmm(
        complex(input), at::complex(weights.select(1, 0), weights.select(1, 1)).transpose(1, 2));  // [l, m, out]
    const at::Tensor expected = at::stack({at::real(product), at::imag(product)}, 2);
    const at::Tensor counted = below_diagonal(few).unsqueeze(-1);
    errors.convolution = relative_l2(made * counted, expected * counted);
  }

  // With few `tiles_behind` the ring of the layer between goes round several times.
  void mlp(int tiles_behind, OperatorErrors& errors) {
    const Grid grid{GridKind::equiangular, 8, sizes_.outer.nlon};
    const int width = sizes_.width(), wide = sizes_.hidden_width();
    const int64_t embed = sizes_.embed, hidden = sizes_.hidden, rows = grid.rows();
    const at::Tensor input = random({rows, embed});
    const at::Tensor fc1 = random({hidden, embed}) / std::sqrt(static_cast<double>(embed)), bias1 = random({hidden});
    const at::Tensor fc2 = random({embed, hidden}) / std::sqrt(static_cast<double>(hidden)), bias2 = random({embed});
    const ChainedJobs jobs = mlp_jobs(backend_, sizes_, grid, tiles_behind);
    const Buffer u = sent(padded(input, width)), w1 = sent(padded(fc1, width)), w2 = sent(padded(fc2, wide));
    const Buffer b1 = sent_floats(padded(bias1, wide)), b2 = sent_floats(padded(bias2, width));
    const Buffer sums(backend_, sizeof(float) * static_cast<size_t>(mlp_sum_floats(sizes_, grid)));
    const ChainMemory memory{Buffer(backend_, sizeof(__half) * static_cast<size_t>(jobs.ring_rows * wide)),
                             Buffer(backend_, sizeof(uint32_t) * static_cast<size_t>(jobs.counters))};
    const MlpWeights weights{w1.as<__half>(), w2.as<__half>(), b1.as<float>(), b2.as<float>()};
    launch(mlp_plan(backend_, sizes_, grid, jobs, u.as<__half>(), weights, memory),
           engine::mlp(sizes_, grid, weights, memory, u.as<__half>(), sums.as<float>()));
    const at::Tensor made =
        at::matmul(folding() / 4, receive(u, {rows / 4, 4, width})).narrow(2, 0, embed).reshape({rows, embed});
    const at::Tensor expected = at::addmm(bias2, at::gelu(at::addmm(bias1, input, fc1.t())), fc2.t());
    errors.mlp = worse(errors.mlp, relative_l2(made, expected));
  }

 private:
  static double relative_l2(const at::Tensor& actual, const at::Tensor& expected) {
    return ((actual - expected).norm() / expected.norm()).item<double>();
  }
  static double worse(double a, double b) { return std::isnan(a) || b <= a ? a : b; }  // NaN, if either is
  at::Tensor random(at::IntArrayRef shape) { return at::randn(shape, generator_, at::kDouble); }
  static at::Tensor padded(const at::Tensor& t, int64_t columns) {
    return at::constant_pad_nd(t, {0, columns - t.size(-1)});
  }
  // 1 where degree >= order: [l, m, 1]
  static at::Tensor below_diagonal(const Sizes& sizes) {
    return at::ones({sizes.lmax, sizes.orders}, at::kDouble).tril().unsqueeze(-1);
  }
  // What takes a quad's four points to c0 .. c3 (quads.h), and back but for a factor of 4.
  static at::Tensor folding() {
    return at::tensor({1., 1., 1., 1., 1., 1., -1., -1., 1., -1., 1., -1., 1., -1., -1., 1.}, at::kDouble).view({4, 4});
  }
  // [lat, lon, channel] -> [lat, quad, 4, width]
  static at::Tensor folded(const at::Tensor& points, const Grid& grid, int width) {
    std::vector<int64_t> from;
    for (int quad = 0; quad < grid.quads(); ++quad) {
      for (int i = 0; i < 4; ++i) from.push_back(longitude_of(quad, i, grid.half()));
    }
    const at::Tensor quads =
        points.index_select(1, at::tensor(from)).view({grid.nlat, grid.quads(), 4, points.size(2)});
    return padded(at::matmul(folding(), quads), width);
  }
  static at::Tensor unfolded(const at::Tensor& field, const Grid& grid) {
    std::vector<int64_t> from;
    for (int lon = 0; lon < grid.nlon; ++lon) from.push_back(in_quads(lon, grid.half()));
    return at::matmul(folding() / 4, field)
        .view({grid.nlat, 4 * grid.quads(), field.size(3)})
        .index_select(1, at::tensor(from));
  }

  void send(const Buffer& to, const at::Tensor& values) const {
    const at::Tensor halves = values.to(at::kHalf).contiguous();
    upload(backend_, to.as<void>(), halves.const_data_ptr(), halves.nbytes());
  }
  Buffer sent(const at::Tensor& values) const {
    Buffer buffer(backend_, static_cast<size_t>(values.numel()) * sizeof(__half));
    send(buffer, values);
    return buffer;
  }
  Buffer sent_floats(const at::Tensor& values) const {
    Buffer buffer(backend_, static_cast<size_t>(values.numel()) * sizeof(float));
    const at::Tensor floats = values.to(at::kFloat).contiguous();
    upload(backend_, buffer.as<void>(), floats.const_data_ptr(), floats.nbytes());
    return buffer;
  }
  at::Tensor receive(const Buffer& from, at::IntArrayRef shape) const {
    const at::Tensor halves = at::empty(shape, at::kHalf);
    download(backend_, halves.mutable_data_ptr(), from.as<void>(), halves.nbytes());
    return halves.to(at::kDouble);
  }

  const Backend& backend_;
  const Sizes& sizes_;
  at::Generator generator_ = at::detail::createCPUGenerator(1);
};

}  // namespace

OperatorErrors operator_errors(const Backend& backend, const Sizes& sizes) {
  const at::NoGradGuard no_gradients;
  OperatorErrors errors;
  Operators operators(backend, sizes);
  for (const Grid& grid : {sizes.outer, sizes.inner}) operators.transforms(grid, errors);
  operators.convolution(errors);
  for (const int behind : {24, tiles_behind(backend)}) operators.mlp(behind, errors);
  return errors;
}

}  // namespace hens::engine
