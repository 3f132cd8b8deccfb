// 1x1 convolutions.
#include "engine/kernels/launch.cuh"

namespace hens::engine {

void launch(const GemmPlan& plan, const Plain& epilogue) { launch_tiles<shapes::Pointwise>(plan.inside(), epilogue); }
void launch(const GemmPlan& plan, const Mlp& epilogue) { launch_tiles<shapes::Pointwise>(plan.inside(), epilogue); }
void launch(const GemmPlan& plan, const SkipNorm& epilogue) {
  launch_tiles<shapes::Pointwise>(plan.inside(), epilogue);
}
void launch(const GemmPlan& plan, const EncoderGelu& epilogue) {
  launch_tiles<shapes::Pointwise>(plan.inside(), epilogue);
}
void launch(const GemmPlan& plan, const DecoderGelu& epilogue) {
  launch_tiles<shapes::Pointwise>(plan.inside(), epilogue);
}
void launch(const GemmPlan& plan, const NextState& epilogue) { launch_tiles<shapes::State>(plan.inside(), epilogue); }

}  // namespace hens::engine
