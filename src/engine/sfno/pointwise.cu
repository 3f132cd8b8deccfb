// 1x1 convolutions.
#include "engine/gemm/launch.cuh"

namespace hens::engine {

void launch(const GemmPlan& plan, const Plain& epilogue) { launch_tiles<shapes::Pointwise>(plan.inside(), epilogue); }
void launch(const GemmPlan& plan, const Mlp& epilogue) { launch_tiles<shapes::Mlp>(plan.inside(), epilogue); }
void launch(const GemmPlan& plan, const SkipNorm& epilogue) {
  launch_tiles<shapes::Pointwise>(plan.inside(), epilogue);
}
void launch(const GemmPlan& plan, const EncoderGelu& epilogue) {
  launch_tiles<shapes::Pointwise>(plan.inside(), epilogue);
}
void launch(const GemmPlan& plan, const Decoder& epilogue) { launch_tiles<shapes::Decoder>(plan.inside(), epilogue); }

}  // namespace hens::engine
