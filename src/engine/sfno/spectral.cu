// Legendre sums along latitude, both ways, and the spectral convolution between.
#include "engine/gemm/launch.cuh"

namespace hens::engine {

void launch(const GemmPlan& plan, const LegendreForward& epilogue) {
  launch_tiles<shapes::Legendre>(plan.inside(), epilogue);
}
void launch(const GemmPlan& plan, const LegendreInverse& epilogue) {
  launch_tiles<shapes::Legendre>(plan.inside(), epilogue);
}
void launch(const GemmPlan& plan, const Mixing& epilogue) { launch_tiles<shapes::Mixing>(plan.inside(), epilogue); }

}  // namespace hens::engine
