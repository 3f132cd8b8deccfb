// Fourier sums along longitude, both ways.
#include "engine/gemm/launch.cuh"

namespace hens::engine {

void launch(const GemmPlan& plan, const FourierForward& epilogue) {
  launch_tiles<shapes::Fourier>(plan.inside(), epilogue);
}
void launch(const GemmPlan& plan, const FourierInverse& epilogue) {
  launch_tiles<shapes::Fourier>(plan.inside(), epilogue);
}
void launch(const GemmPlan& plan, const FourierInverseNorm& epilogue) {
  launch_tiles<shapes::Fourier>(plan.inside(), epilogue);
}

}  // namespace hens::engine
