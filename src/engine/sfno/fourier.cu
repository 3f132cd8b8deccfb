// Fourier sums along longitude, both ways.
#include "engine/gemm/launch.cuh"
#include "engine/sfno/transform_epilogues.cuh"

namespace hens::engine {

template void launch(const GemmPlan&, const FourierAnalysis&);
template void launch(const GemmPlan&, const FourierSynthesis&);
template void launch(const GemmPlan&, const FourierSynthesisNorm&);

}  // namespace hens::engine
