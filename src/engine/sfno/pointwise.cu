// 1x1 convolutions.
#include "engine/gemm/launch.cuh"
#include "engine/sfno/layer_epilogues.cuh"

namespace hens::engine {

template void launch(const GemmPlan&, const Plain&);
template void launch(const GemmPlan&, const Mlp&);
template void launch(const GemmPlan&, const SkipNorm&);
template void launch(const GemmPlan&, const EncoderGelu&);
template void launch(const GemmPlan&, const Decoder&);

}  // namespace hens::engine
