// The truth that the GPU's kernel is held against: plain loops.
#include <algorithm>
#include <cassert>
#include <mutex>

#include "base/parallel.h"
#include "statistics/accumulate.h"
#include "statistics/accumulator.h"

namespace hens {
namespace {

constexpr size_t piece = 65'536;  // points

PairView view_of(const PairPlan& plan, PairSums& sums, size_t points) {
  const auto data = [](auto& numbers) { return numbers.empty() ? nullptr : numbers.data(); };
  PairView view{.fixed = plan.fixed,
                .lattice = plan.histogram.value_or(Lattice{}),
                .thresholds = static_cast<int>(plan.thresholds.size()),
                .points = points,
                .sum = data(sums.sum),
                .squares = data(sums.squares),
                .lowest = data(sums.lowest),
                .highest = data(sums.highest),
                .above = data(sums.above),
                .base = data(sums.base),
                .bins = data(sums.bins)};
  assert(plan.thresholds.size() <= most_thresholds);
  std::ranges::copy(plan.thresholds, view.threshold);
  return view;
}

class HostAccumulator final : public Accumulator {
 public:
  HostAccumulator(std::vector<PairPlan> plan, size_t points, ThresholdValues thresholds)
      : plan_(std::move(plan)), points_(points), thresholds_(std::move(thresholds)) {
    HostAccumulator::clear();
  }

  void add(int pair, const float* field, const FieldOf& of) override {
    const PairPlan& plan = plan_.at(static_cast<size_t>(pair));
    PairSums& sums = sums_[static_cast<size_t>(pair)];
    PairView view = view_of(plan, sums, points_);
    if (!plan.threshold_fields.empty()) view.threshold_fields = thresholds_.at(plan.threshold_fields).data();
    double* const state = plan.window < 0 ? nullptr : window(plan.window, of.slot);
    const bool last = of.position + 1 == of.count;
    std::mutex mutex;
    bool good = true;
    // Pieces that are worth a thread.
    parallel_for(static_cast<int64_t>((points_ + piece - 1) / piece), [&](int64_t begin, int64_t end) {
      std::vector<Outlier> outliers;
      bool all = true;
      for (size_t point = static_cast<size_t>(begin) * piece;
           point < std::min(points_, static_cast<size_t>(end) * piece); ++point) {
        float x = field[point];
        if (state != nullptr) {
          state[point] = reduced(plan.reduce, of.position == 0, state[point], x);
          if (!last) continue;
          x = finished(plan.reduce, state[point], of.count);
        }
        all &= accumulate(view, point, x, static_cast<uint32_t>(of.member),
                          [&](uint32_t where, int32_t bin) { outliers.push_back({where, bin}); });
      }
      const std::lock_guard guard(mutex);
      sums.outliers.insert(sums.outliers.end(), outliers.begin(), outliers.end());
      good &= all;
    });
    if (!good) refuse(of.slot, pair);
  }

  std::vector<int> refused(int slots) override {
    std::vector<int> pairs = std::move(refused_);
    pairs.resize(static_cast<size_t>(slots), -1);
    refused_.clear();
    return pairs;
  }

  void copy(int pair, PairSums& into) override { into = sums_.at(static_cast<size_t>(pair)); }
  void set(int pair, const PairSums& sums) override { sums_.at(static_cast<size_t>(pair)) = sums; }

  void clear() override {
    sums_.clear();
    for (const PairPlan& pair : plan_) sums_.emplace_back(pair, points_);
  }

  const std::vector<PairPlan>& plan() const override { return plan_; }
  size_t points() const override { return points_; }

 private:
  void refuse(int slot, int pair) {
    if (refused_.size() <= static_cast<size_t>(slot)) refused_.resize(static_cast<size_t>(slot) + 1, -1);
    int& first = refused_[static_cast<size_t>(slot)];
    if (first < 0 || pair < first) first = pair;
  }

  double* window(int number, int slot) {
    const auto w = static_cast<size_t>(number), s = static_cast<size_t>(slot);
    if (windows_.size() <= w) windows_.resize(w + 1);
    if (windows_[w].size() <= s) windows_[w].resize(s + 1);
    windows_[w][s].resize(points_);
    return windows_[w][s].data();
  }

  std::vector<PairPlan> plan_;
  size_t points_;
  ThresholdValues thresholds_;
  std::vector<PairSums> sums_;                             // [pair]
  std::vector<std::vector<std::vector<double>>> windows_;  // [window][slot][point]
  std::vector<int> refused_;                               // [slot]
};

}  // namespace

std::unique_ptr<Accumulator> make_host_accumulator(std::vector<PairPlan> plan, size_t points,
                                                   ThresholdValues thresholds) {
  return std::make_unique<HostAccumulator>(std::move(plan), points, std::move(thresholds));
}

int bytes_a_point(const PairPlan& plan) {
  const int histogram = plan.histogram ? 4 + 2 * window_bins : 0;
  return (plan.moments ? 16 : 0) + (plan.extremes ? 16 : 0) + 2 * static_cast<int>(plan.thresholds.size()) + histogram;
}

}  // namespace hens
