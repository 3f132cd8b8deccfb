// A call of tiles, prepared: operands where their data lie, jobs uploaded, tensor maps made. Launched any number of
// times with an epilogue (kernels/epilogues.cuh), whose pointers may change from launch to launch.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "engine/device/backend.h"
#include "engine/sfno/epilogues.cuh"

namespace hens::engine {

// What a plan must know of its tiles' shape: what two blocks share, and the rows that one copy of Hopper's brings.
struct TileTraits {
  TileMode mode;
  Shared shared;
  int a_rows, b_rows;
  int hopper_columns, ampere_columns;
};

template <typename Shape>
constexpr TileTraits traits() {
  constexpr bool shares_a = Shape::shared == Shared::a;
  static_assert(shares_a || !Shape::n_major);
  return {Shape::mode,
          Shape::shared,
          shares_a ? tile_rows / 2 : tile_rows,
          Shape::n_major ? copy_columns
          : shares_a     ? Shape::hopper_columns
                         : Shape::hopper_columns / 2,
          Shape::hopper_columns,
          Shape::ampere_columns};
}

// Of both layers.
using LayerTraits = std::array<TileTraits, 2>;
template <typename Shape>
constexpr LayerTraits layer_traits() {
  return {traits<typename LayersOf<Shape>::First>(), traits<typename LayersOf<Shape>::Second>()};
}

class GemmPlan {
 public:
  // `a`, `b`: one operand a segment, at most max_segments; jobs name no others. `backend` and the operands' data
  // outlive the plan. Asserts what TMA demands: alignment of 16 bytes, of the data and of every stride.
  GemmPlan(const Backend& backend, const LayerTraits& tiles, const std::vector<Operand>& a,
           const std::vector<Operand>& b, const std::vector<TileJob>& jobs);
  ~GemmPlan();
  GemmPlan(GemmPlan&&) noexcept;
  GemmPlan& operator=(GemmPlan&&) noexcept;

  // Floating-point operations of one launch, padding of the tiles' columns included.
  double flop() const { return flop_; }

  struct Inside;
  const Inside& inside() const { return *inside_; }

 private:
  std::unique_ptr<Inside> inside_;
  double flop_ = 0;
};

void launch(const GemmPlan& plan, const FourierForward& epilogue);
void launch(const GemmPlan& plan, const LegendreForward& epilogue);
void launch(const GemmPlan& plan, const LegendreInverse& epilogue);
void launch(const GemmPlan& plan, const FourierInverse& epilogue);
void launch(const GemmPlan& plan, const FourierInverseNorm& epilogue);
void launch(const GemmPlan& plan, const Mixing& epilogue);
void launch(const GemmPlan& plan, const Plain& epilogue);
void launch(const GemmPlan& plan, const Mlp& epilogue);
void launch(const GemmPlan& plan, const SkipNorm& epilogue);
void launch(const GemmPlan& plan, const EncoderGelu& epilogue);
void launch(const GemmPlan& plan, const Decoder& epilogue);

}  // namespace hens::engine
