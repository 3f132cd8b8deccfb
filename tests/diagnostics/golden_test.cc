// Derived variables against what the peer computed: every case of golden/diagnostics, in double and in float32, on the
// host and, where there is one, on a GPU by the same text.
#include <cmath>
#include <functional>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "diagnostics/column.h"
#include "diagnostics/heat_index.h"
#include "diagnostics/humidity.h"
#include "diagnostics/wind.h"
#include "package/npy.h"
#include "support/devices.h"
#include "support/test_data.h"

namespace hens {
namespace {

using Tensors = std::vector<at::Tensor>;

at::Tensor golden(const std::string& name) {
  const NpyArray array = read_npy(test::data_root() / "golden/diagnostics" / (name + ".npy"));
  const std::vector<double> values = array.as<double>();
  return at::tensor(values, at::kDouble).view(array.shape);
}

Tensors rows(const at::Tensor& fields, int64_t first, int64_t count) {
  return fields.narrow(0, first, count).unbind(0);
}

std::vector<double> levels_of(const std::string& name) {
  const at::Tensor levels = golden(name);
  return {levels.const_data_ptr<double>(), levels.const_data_ptr<double>() + levels.numel()};
}

// NaN fails. A difference of zero is one of zero: what is clipped is exact.
void expect_close(const at::Tensor& actual, const at::Tensor& expected, double relative, const std::string& what) {
  ASSERT_EQ(actual.sizes(), expected.sizes()) << what;
  const at::Tensor a = actual.to(at::kCPU, at::kDouble).contiguous(), b = expected.contiguous();
  double worst = 0;
  for (int64_t i = 0; i < a.numel(); ++i) {
    const double x = a.const_data_ptr<double>()[i], y = b.const_data_ptr<double>()[i];
    const double difference = std::abs(x - y) / std::max(std::abs(y), 1e-300);
    if (x == y) continue;
    if (!(difference <= worst)) worst = difference;
  }
  EXPECT_TRUE(worst <= relative) << what << ": " << worst << ", allowed are " << relative;
}

class Golden : public test::OnDevice {
 protected:
  void SetUp() override {
    HENS_REQUIRE_DATA("golden/diagnostics");
    OnDevice::SetUp();
  }

  using Formula = std::function<Tensors(const at::Tensor& in)>;
  // In double; the tolerance of float32 is that of golden/diagnostics/README.md: some roundings, the exponential's
  // slope.
  void check(const std::string& name, double in_double, const Formula& formula, bool has_float32 = true) {
    const at::Tensor in = golden(name + "_input");
    expect_close(at::stack(formula(in.to(device()))), golden(name + "_output"), in_double, name);
    const at::Tensor single = at::stack(formula(in.to(device(), at::kFloat)));
    EXPECT_EQ(single.scalar_type(), at::kFloat);
    expect_close(single, golden(name + (has_float32 ? "_output_f32" : "_output")), 5e-6, name + " in float32");
  }
};

constexpr double same_formula = 1e-12;   // roundings of double
constexpr double logs_in_single = 1e-6;  // the peer has the logarithms of levels in float32

TEST_P(Golden, WindSpeed) {
  check("wind_speed", same_formula,
        [](const at::Tensor& in) -> Tensors { return {wind_speed(in[0], in[1]), wind_speed(in[2], in[3])}; });
}

TEST_P(Golden, RelativeHumidity) {
  check("relative_humidity", same_formula, [](const at::Tensor& in) {
    Tensors out;
    for (const int level : {1000, 850, 500, 200, 50}) {
      const auto k = static_cast<int64_t>(2 * out.size());
      out.push_back(relative_humidity(in[k], in[k + 1], level));
    }
    return out;
  });
}

TEST_P(Golden, RelativeHumidityAtTwoMetres) {
  check("relative_humidity_2m", same_formula,
        [](const at::Tensor& in) -> Tensors { return {relative_humidity_2m(in[0], in[1])}; });
}

// What the peer cuts off is cut off, to the bit.
TEST_P(Golden, HumiditiesAreClippedAsThePeers) {
  for (const std::string name : {"relative_humidity", "relative_humidity_2m"}) {
    const at::Tensor in = golden(name + "_input").to(device()), expected = golden(name + "_output");
    const at::Tensor first =
        (name == "relative_humidity" ? relative_humidity(in[0], in[1], 1000.0) : relative_humidity_2m(in[0], in[1]))
            .cpu();
    EXPECT_TRUE(at::equal(first == 100.0, expected[0] == 100.0)) << name;
    EXPECT_TRUE(at::equal(first == 0.0, expected[0] == 0.0)) << name;
  }
  EXPECT_GT((golden("relative_humidity_output") == 100.0).sum().item<int64_t>(), 0) << "a case that is cut off";
}

TEST_P(Golden, VapourPressureDeficit) {
  check("vapour_pressure_deficit", same_formula, [](const at::Tensor& in) -> Tensors {
    return {vapour_pressure_deficit(in[0], in[1]), vapour_pressure_deficit(in[2], in[3])};
  });
}

TEST_P(Golden, SurfacePressureAndItsVariants) {
  const std::vector<double> levels = levels_of("surface_pressure_levels");
  const at::Tensor ground = golden("surface_pressure_surface_geopotential");
  const auto n = static_cast<int64_t>(levels.size());
  const auto with = [&](const SurfacePressureOptions& options) {
    return [&, options](const at::Tensor& in) -> Tensors {
      return {surface_pressure(levels, rows(in, 0, n), options.temperature ? rows(in, n, n) : Tensors{},
                               ground.to(in.options()), options)};
    };
  };
  check("surface_pressure", logs_in_single, with({}));
  check("surface_pressure_no_adjustment", logs_in_single, with({.adjustment = false}));
  check("surface_pressure_no_temperature", logs_in_single, with({.temperature = false}));
}

TEST_P(Golden, TotalColumnWaterVapour) {
  const std::vector<double> levels{1000, 925, 850, 700, 500, 300, 200, 100};
  check("total_column_water_vapour", same_formula,
        [&](const at::Tensor& in) -> Tensors { return {total_column_water_vapour(levels, rows(in, 0, 8), in[8])}; });
}

TEST_P(Golden, VapourTransportAndItsComponents) {
  const std::vector<double> levels = levels_of("ivt_levels");
  check(
      "ivt", same_formula,
      [&](const at::Tensor& in) -> Tensors {
        return {vapour_transport(levels, rows(in, 0, 13), rows(in, 13, 13), rows(in, 26, 13))};
      },
      false);
  const at::Tensor in = golden("ivt_input").to(device());
  const at::Tensor east = vapour_transport(levels, rows(in, 0, 13), {}, rows(in, 26, 13), Transport::eastward);
  const at::Tensor north = vapour_transport(levels, {}, rows(in, 13, 13), rows(in, 26, 13), Transport::northward);
  expect_close(wind_speed(east, north).unsqueeze(0), golden("ivt_output"), same_formula, "of the components");
}

// The peer solved its equations to 1e-6 K.
TEST_P(Golden, HeatIndexAsFunctionAndAtTheNodesOfTheTable) {
  const at::Tensor in = golden("heat_index_input").to(device());
  expect_close(heat_index(in[0], in[1]).unsqueeze(0), golden("heat_index_output"), 1e-6 / 300, "function");
  expect_close(heat_index_table(in[0], in[1]).unsqueeze(0), golden("heat_index_table_output"), 1e-6 / 300, "table");
  // Computed in double, whatever comes in: of single numbers it is the function of these, rounded once.
  const at::Tensor single = in.to(at::kFloat), wide = single.to(at::kDouble);
  EXPECT_TRUE(at::equal(heat_index(single[0], single[1]), heat_index(wide[0], wide[1]).to(at::kFloat)));
}

INSTANTIATE_TEST_SUITE_P(, Golden, test::devices());

}  // namespace
}  // namespace hens
