// Legendre sums along latitude, both ways, and the spectral convolution between.
#include "engine/gemm/launch.cuh"
#include "engine/sfno/transform_epilogues.cuh"

namespace hens::engine {

template void launch(const GemmPlan&, const LegendreAnalysis&);
template void launch(const GemmPlan&, const LegendreSynthesis&);
template void launch(const GemmPlan&, const SpectralConvolution&);

}  // namespace hens::engine
