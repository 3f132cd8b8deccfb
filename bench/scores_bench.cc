// What scoring one field of many members costs, in time and in memory: of 29 models, from a store that makes its fields
// up.
//
//   scores_bench [MEMBERS_OF_A_MODEL [ROWS [MEMORY_MIB]]]    256 of each, 181 rows (and twice as many columns), 256 MiB
#include <chrono>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>
#include <sys/resource.h>

#include "scores/member_scores.h"

namespace {

using namespace hens;

constexpr int models = 29;

// Fields of standard deviation 2 without a file: what is measured is what scores cost, not the disk of the stores.
class MadeUpStore : public Store {
 public:
  explicit MadeUpStore(const LatLonGrid& grid) { layout_.domain.grid = grid, layout_.variables = {"t2m"}; }
  std::vector<PrescribedFile> prescribed_files() const override { return {}; }
  std::vector<StoredFile> publish_metadata() override { return {}; }
  std::unique_ptr<MemberWriter> member(int, int) override { return nullptr; }
  std::vector<std::string> member_files(int, int) const override { return {}; }
  bool is_member_file(std::string_view) const override { return false; }
  const StoreLayout& layout() const override { return layout_; }
  std::vector<float> read(int, int, int member, int) const override {
    std::vector<float> field(layout_.domain.grid.points());
    uint32_t state = 2'654'435'769u * static_cast<uint32_t>(member + 1);
    for (float& x : field) {
      float sum = 0.0f;
      for (int k = 0; k < 3; ++k) state = state * 1'664'525u + 1'013'904'223u, sum += static_cast<float>(state >> 8);
      x = 280.0f + 4.0f * (sum / 16'777'216.0f - 1.5f);
    }
    return field;
  }

 private:
  StoreLayout layout_;
};

int number(int argc, char** argv, int at, int otherwise) { return argc > at ? std::atoi(argv[at]) : otherwise; }

}  // namespace

int main(int argc, char** argv) {
  const int members = number(argc, argv, 1, 256), rows = number(argc, argv, 2, 181);
  const LatLonGrid grid = equiangular_grid(rows, 2 * (rows - 1));
  const MadeUpStore store(grid);
  std::vector<ScoreRegion> regions;
  for (const RegionBox& box : standard_regions()) regions.emplace_back(box, grid);
  std::vector<ModelFields> ensemble;
  for (int model = 0; model < models; ++model) {
    ModelFields& fields = ensemble.emplace_back(ModelFields{model, {}, {}});
    for (int member = 0; member < members; ++member) {
      fields.members.push_back(member);
      fields.fields.push_back({&store, 0, 0, model * members + member, 0, "made up"});
    }
  }
  const TruthFields truth{store.read(0, 0, -1, 0), {}};
  MemberScores scores({"t2m", {}, &grid, &regions, {{283.0f}}}, models, false);
  const auto start = std::chrono::steady_clock::now();
  scores.add_time(0, ensemble, truth, {uint64_t(number(argc, argv, 3, 256)) << 20, fs::current_path()});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double values = static_cast<double>(models * members) * static_cast<double>(grid.points());
  fmt::print("{} members of {} x {} ({:.0f} MiB): {:.1f} s, {:.1f} ns a value, peak memory {:.0f} MiB, crps {:.4f}\n",
             models * members, grid.nlat(), grid.nlon(), values * 4 / 1048576, seconds, seconds / values * 1e9,
             static_cast<double>(usage.ru_maxrss) / 1024, scores.entries().back().scores.front().value);
}
