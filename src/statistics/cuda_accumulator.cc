#include <algorithm>
#include <cstring>
#include <utility>

#include <cuda_runtime_api.h>

#include "base/error.h"
#include "statistics/accumulate_kernel.h"
#include "statistics/accumulator.h"

namespace hens {
namespace {

constexpr size_t fields_of_outliers = 16;  // room for so many fields that lie outside of all windows
constexpr int most_slots = 1024;           // runtime.batch is no larger
constexpr int none_refused = 0x7F7F7F7F;   // four equal bytes, for cudaMemset

static_assert(sizeof(PairOutlier) * fields_of_outliers == outlier_bytes_a_point);

void check(cudaError_t code, const char* what) {
  if (code == cudaSuccess) return;
  fail(ExitCode::gpu, "the GPU failed at {}: {}", what, cudaGetErrorString(code));
}

// Device memory. Freed with the object.
class DeviceBytes {
 public:
  DeviceBytes() = default;
  explicit DeviceBytes(size_t bytes) : bytes_(bytes) {
    if (cudaMalloc(&data_, bytes) == cudaSuccess) return;
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    fail(ExitCode::gpu,
         "statistics want {:.1f} GB more of the GPU's memory, and {:.1f} of {:.1f} GB are free: ask for fewer "
         "quantiles, "
         "lead times or variables (hens validate says what fits)",
         static_cast<double>(bytes) / 1e9, static_cast<double>(free) / 1e9, static_cast<double>(total) / 1e9);
  }
  DeviceBytes(DeviceBytes&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  DeviceBytes& operator=(DeviceBytes&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~DeviceBytes() { cudaFree(data_); }

  size_t bytes() const { return bytes_; }
  template <typename T>
  T* as(size_t offset = 0) const {
    return reinterpret_cast<T*>(static_cast<std::byte*>(data_) + offset);
  }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

// The sums of one pair in one piece of memory, the widest numbers first.
class DevicePair {
 public:
  DevicePair(const PairPlan& plan, size_t points) : plan_(plan), points_(points) {
    // What is kept, with the byte that all of it is filled with for no member.
    if (plan.moments) sum_ = room<int64_t>(points, 0), squares_ = room<uint64_t>(points, 0);
    if (plan.extremes) lowest_ = room<uint64_t>(points, 0xFF), highest_ = room<uint64_t>(points, 0);
    if (plan.histogram) base_ = room<int32_t>(points, 0x80), bins_ = room<uint16_t>(points * window_bins, 0);
    if (!plan.thresholds.empty()) above_ = room<uint16_t>(points * plan.thresholds.size(), 0);
    memory_ = DeviceBytes(std::max<size_t>(used_, 1));
    clear();
  }

  void clear() {
    for (const Field& field : fields_) {
      check(cudaMemsetAsync(memory_.as<void>(field.offset), field.fill, field.bytes, nullptr), "clearing sums");
    }
  }

  PairView view() const {
    PairView view{.fixed = plan_.fixed,
                  .lattice = plan_.histogram.value_or(Lattice{}),
                  .thresholds = static_cast<int>(plan_.thresholds.size()),
                  .points = points_,
                  .sum = at<int64_t>(sum_),
                  .squares = at<uint64_t>(squares_),
                  .lowest = at<uint64_t>(lowest_),
                  .highest = at<uint64_t>(highest_),
                  .above = at<uint16_t>(above_),
                  .base = at<int32_t>(base_),
                  .bins = at<uint16_t>(bins_)};
    std::ranges::copy(plan_.thresholds, view.threshold);
    return view;
  }

 private:
  struct Field {
    size_t offset, bytes;
    int fill;
  };
  template <typename T>
  int room(size_t count, int fill) {
    fields_.push_back({used_, count * sizeof(T), fill});
    used_ += (count * sizeof(T) + 255) / 256 * 256;
    return static_cast<int>(fields_.size()) - 1;
  }
  template <typename T>
  T* at(int field) const {
    return field < 0 ? nullptr : memory_.as<T>(fields_[static_cast<size_t>(field)].offset);
  }

  PairPlan plan_;
  size_t points_, used_ = 0;
  int sum_ = -1, squares_ = -1, lowest_ = -1, highest_ = -1, base_ = -1, bins_ = -1, above_ = -1;
  std::vector<Field> fields_;
  DeviceBytes memory_;
};

class CudaAccumulator final : public Accumulator {
 public:
  CudaAccumulator(std::vector<PairPlan> plan, size_t points, const ThresholdValues& thresholds)
      : plan_(std::move(plan)), points_(points) {
    check(cudaGetDevice(&device_), "asking for the GPU");
    for (const PairPlan& pair : plan_) pairs_.emplace_back(pair, points);
    for (const auto& [name, values] : thresholds) {
      const DeviceBytes& memory = thresholds_.emplace(name, values.size() * sizeof(float)).first->second;
      upload(memory.as<float>(), values);
    }
    refused_ = DeviceBytes(most_slots * sizeof(int));
    forget_refused();
    const bool histograms = std::ranges::any_of(plan_, [](const PairPlan& pair) { return pair.histogram.has_value(); });
    outlier_count_ = DeviceBytes(sizeof(unsigned));
    outliers_ = DeviceBytes(histograms ? points * outlier_bytes_a_point : 1);
    drained_.resize(plan_.size());
    forget_outliers();
  }

  void add(int pair, const float* field, const FieldOf& of) override {
    const PairPlan& plan = plan_.at(static_cast<size_t>(pair));
    const bool last = of.position + 1 == of.count;
    if (plan.histogram && last) make_room_for_outliers();
    const WindowView window{plan.window < 0 ? nullptr : state(plan.window, of.slot), plan.reduce, of.position,
                            of.count};
    PairView view = pairs_[static_cast<size_t>(pair)].view();
    if (!plan.threshold_fields.empty()) view.threshold_fields = thresholds_.at(plan.threshold_fields).as<float>();
    const int code =
        launch_accumulate(view, window, field, static_cast<uint32_t>(of.member), pair, refused_.as<int>() + of.slot,
                          {outliers_.as<PairOutlier>(), outlier_count_.as<unsigned>()}, nullptr);
    check(static_cast<cudaError_t>(code), "adding a field to statistics");
  }

  std::vector<int> refused(int slots) override {
    std::vector<int> pairs(static_cast<size_t>(slots));
    download(pairs, refused_.as<int>());
    for (int& pair : pairs) pair = pair == none_refused ? -1 : pair;
    forget_refused();
    return pairs;
  }

  void copy(int pair, PairSums& into) override {
    check(cudaSetDevice(device_), "choosing the GPU");  // of this thread
    drain();
    into.resize(plan_.at(static_cast<size_t>(pair)), points_);
    const PairView view = pairs_[static_cast<size_t>(pair)].view();
    download(into.sum, view.sum), download(into.squares, view.squares);
    download(into.lowest, view.lowest), download(into.highest, view.highest);
    download(into.above, view.above), download(into.base, view.base), download(into.bins, view.bins);
    into.outliers = drained_[static_cast<size_t>(pair)];
  }

  void set(int pair, const PairSums& sums) override {
    drain();
    const PairView view = pairs_.at(static_cast<size_t>(pair)).view();
    upload(view.sum, sums.sum), upload(view.squares, sums.squares);
    upload(view.lowest, sums.lowest), upload(view.highest, sums.highest);
    upload(view.above, sums.above), upload(view.base, sums.base), upload(view.bins, sums.bins);
    drained_[static_cast<size_t>(pair)] = sums.outliers;
  }

  void clear() override {
    for (DevicePair& pair : pairs_) pair.clear();
    for (auto& outliers : drained_) outliers.clear();
    forget_outliers();
  }

  const std::vector<PairPlan>& plan() const override { return plan_; }
  size_t points() const override { return points_; }

 private:
  template <typename T>
  static void download(std::vector<T>& to, const T* from) {
    check(cudaMemcpy(to.data(), from, to.size() * sizeof(T), cudaMemcpyDeviceToHost), "bringing sums to the host");
  }
  template <typename T>
  static void upload(T* to, const std::vector<T>& from) {
    check(cudaMemcpy(to, from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice), "bringing sums to the GPU");
  }

  void forget_refused() { check(cudaMemsetAsync(refused_.as<int>(), 0x7F, refused_.bytes(), nullptr), "clearing"); }
  void forget_outliers() {
    check(cudaMemsetAsync(outlier_count_.as<unsigned>(), 0, sizeof(unsigned), nullptr), "clearing outliers");
    possible_ = 0;
  }

  // A field may have as many outliers as points. Few have any: only the bound is counted here, and the GPU is asked how
  // many there are when the bound reaches the end.
  void make_room_for_outliers() {
    if (possible_ + points_ > points_ * fields_of_outliers) drain();
    possible_ += points_;
  }

  void drain() {
    std::vector<unsigned> count(1);
    download(count, outlier_count_.as<unsigned>());
    std::vector<PairOutlier> outliers(count[0]);
    download(outliers, outliers_.as<PairOutlier>());
    for (const PairOutlier& one : outliers) drained_[static_cast<size_t>(one.pair)].push_back({one.point, one.bin});
    forget_outliers();
  }

  double* state(int number, int slot) {
    const auto w = static_cast<size_t>(number), s = static_cast<size_t>(slot);
    if (windows_.size() <= w) windows_.resize(w + 1);
    while (windows_[w].size() <= s) windows_[w].emplace_back(points_ * sizeof(double));
    return windows_[w][s].as<double>();
  }

  int device_ = 0;
  std::vector<PairPlan> plan_;
  size_t points_;
  std::vector<DevicePair> pairs_;
  std::map<std::string, DeviceBytes> thresholds_;
  std::vector<std::vector<DeviceBytes>> windows_;  // [window][slot]
  DeviceBytes refused_, outliers_, outlier_count_;
  std::vector<std::vector<Outlier>> drained_;  // [pair]
  size_t possible_ = 0;                        // at most so many outliers are on the GPU
};

}  // namespace

std::unique_ptr<Accumulator> make_cuda_accumulator(std::vector<PairPlan> plan, size_t points,
                                                   const ThresholdValues& thresholds) {
  return std::make_unique<CudaAccumulator>(std::move(plan), points, thresholds);
}

bool cuda_accumulator_works() {
  int devices = 0;
  return cudaGetDeviceCount(&devices) == cudaSuccess && devices > 0 && have_accumulate();
}

}  // namespace hens
