// A call of tiles, prepared: operands where their data lie, jobs uploaded, tensor maps made. Launched any number of times
// with an epilogue (kernels/epilogues.cuh), whose pointers may change from launch to launch.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "engine/backend.h"
#include "engine/kernels/epilogues.cuh"

namespace hens::engine {

template <typename Shape>
constexpr int box_rows() {
  return Shape::n_major ? copy_columns : Shape::hopper_columns;
}

class GemmPlan {
 public:
  // `a`, `b`: one operand a segment, at most max_segments; jobs name no others. `backend` and the operands' data outlive
  // the plan. Asserts what TMA demands: alignment of 16 bytes, of the data and of every stride.
  // `b_rows`: rows of B that one copy brings, box_rows() of the tile's shape.
  GemmPlan(const Backend& backend, int b_rows, const std::vector<Operand>& a, const std::vector<Operand>& b,
           const std::vector<TileJob>& jobs);
  ~GemmPlan();
  GemmPlan(GemmPlan&&) noexcept;
  GemmPlan& operator=(GemmPlan&&) noexcept;

  struct Inside;
  const Inside& inside() const { return *inside_; }

 private:
  std::unique_ptr<Inside> inside_;
};

void launch(const GemmPlan& plan, const FourierForward& epilogue);
void launch(const GemmPlan& plan, const LegendreForward& epilogue);
void launch(const GemmPlan& plan, const LegendreInverse& epilogue);
void launch(const GemmPlan& plan, const FourierInverse& epilogue);
void launch(const GemmPlan& plan, const FourierInverseNorm& epilogue);
void launch(const GemmPlan& plan, const FourierInverseResidual& epilogue);
void launch(const GemmPlan& plan, const Mixing& epilogue);
void launch(const GemmPlan& plan, const Plain& epilogue);
void launch(const GemmPlan& plan, const BiasGelu& epilogue);
void launch(const GemmPlan& plan, const BiasStatistics& epilogue);
void launch(const GemmPlan& plan, const SkipNorm& epilogue);
void launch(const GemmPlan& plan, const EncoderGelu& epilogue);
void launch(const GemmPlan& plan, const DecoderGelu& epilogue);
void launch(const GemmPlan& plan, const NextState& epilogue);

}  // namespace hens::engine
