#include "forecast/reference_check.h"

#include <algorithm>
#include <cmath>

#include "sfno/reference_engine.h"

namespace hens {
namespace {

bool is_milestone(int step) {
  for (int unit = 1; unit <= step; unit *= 10) {
    if (step == unit || step == 2 * unit || step == 4 * unit) return true;
  }
  return false;
}

}  // namespace

bool is_checked(int member, double fraction) {
  return std::floor((member + 1) * fraction + 1e-9) > std::floor(member * fraction + 1e-9);
}

ReferenceCheck::ReferenceCheck(const ModelPackage& package, const Engine& engine, SunKind sun)
    : engine_(engine), reference_(make_reference_engine(package, engine.device(), {Precision::fp32, sun})) {}

void ReferenceCheck::start(const at::Tensor& states, Time valid_time) {
  reference_->start(states, valid_time, {});
  results_.assign(static_cast<size_t>(states.size(0)), nlohmann::ordered_json::array());
}

void ReferenceCheck::step(int step, bool last) {
  reference_->step();
  if (last || is_milestone(step)) compare(step);
}

void ReferenceCheck::compare(int step) {
  const std::vector<std::string>& names = engine_.channel_names();
  const at::Tensor std = engine_.channel_std().to(at::kDouble).reshape({-1});
  std::vector<std::vector<double>> squares(results_.size());  // [member][channel], in variances
  for (int c = 0; c < static_cast<int>(names.size()); ++c) {
    const at::Tensor difference =
        (engine_.channels({c}) - reference_->channels({c})).to(at::kDouble) / std[c].item<double>();
    const at::Tensor mean = difference.square().mean(std::vector<int64_t>{1, 2, 3}).cpu();
    for (size_t m = 0; m < squares.size(); ++m) squares[m].push_back(mean[static_cast<int64_t>(m)].item<double>());
  }
  for (size_t m = 0; m < squares.size(); ++m) {
    double sum = 0;
    size_t worst = 0;
    for (size_t c = 0; c < names.size(); ++c) {
      sum += squares[m][c];
      // What is not a number is the worst of all.
      if (std::isnan(squares[m][c]) || squares[m][c] > squares[m][worst]) worst = c;
    }
    results_[m].push_back({{"step", step},
                           {"rms_std", std::sqrt(sum / static_cast<double>(names.size()))},
                           {"worst_channel", names[worst]},
                           {"worst_rms_std", std::sqrt(squares[m][worst])}});
  }
}

nlohmann::ordered_json ReferenceCheck::result(int position) const { return results_.at(static_cast<size_t>(position)); }

}  // namespace hens
